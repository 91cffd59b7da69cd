//! Handlers of every event, in both directions. Spec: features 3.2, 3.3.

use roomcast::{Socket, Spread, Value};

use crate::support::{Host, channel, echo_server};

#[tokio::test]
async fn catch_all_handlers_see_every_event_first_and_the_prepended_one_before_all() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move |event: String, Spread(args): Spread<Value>| {
            teller.tell(format!("{name} {event} {}", args.len()))
        }
    };
    let (first, second, handler) = (call("first"), call("second"), call("handler"));
    io.on("event", move |Spread(args): Spread<Value>| {
        handler("-".to_owned(), Spread(args))
    });
    io.on_connect(move |socket: Socket| {
        socket.on_any(second.clone());
        socket.prepend_any(first.clone());
    });
    io.on("off", |socket: Socket| socket.off_any());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["event",1,2]"#).await;
    client.send(r#"42["nobody-handles-it"]"#).await;
    for expected in [
        "first event 2",
        "second event 2",
        "handler - 2",
        "first nobody-handles-it 0",
        "second nobody-handles-it 0",
    ] {
        assert_eq!(calls.next().await, expected);
    }
    client.send(r#"42["off"]"#).await;
    client.send(r#"42["event"]"#).await;
    client.expect_alive().await;
    assert_eq!(
        calls.so_far(),
        ["first off 0", "second off 0", "handler - 0"]
    );
}

#[tokio::test]
async fn outgoing_handlers_see_emits_and_broadcasts_but_no_acknowledgements() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move |event: String, value: Option<u32>| teller.tell(format!("{name} {event} {value:?}"))
    };
    let (first, second) = (call("first"), call("second"));
    io.on_connect(move |socket: Socket| {
        socket.on_any_outgoing(second.clone());
        socket.prepend_any_outgoing(first.clone());
        assert_eq!(socket.listeners_any_outgoing_count(), 2);
        assert_eq!(socket.listeners_any_count(), 0);
    });
    io.on("off", |socket: Socket| socket.off_any_outgoing());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",1]"#).await;
    io.emit("all", 2);
    client.expect(r#"42["all",2]"#).await;
    client.expect_alive().await;
    client.send(r#"42["off"]"#).await;
    client.send(r#"42["echo",3]"#).await;
    client.expect(r#"42["echo",3]"#).await;
    assert_eq!(
        calls.so_far(),
        [
            "first echo Some(1)",
            "second echo Some(1)",
            "first all Some(2)",
            "second all Some(2)"
        ]
    );
}

#[tokio::test]
async fn outgoing_handlers_see_binary_values() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.on_any_outgoing(move |_: String, bytes: bytes::Bytes| teller.tell(bytes));
    let host = Host::tcp(&io).await;
    let _client = host.joined().await;

    io.emit("bytes", bytes::Bytes::from_static(&[1, 2]));
    assert_eq!(calls.next().await, &[1, 2][..]);
}

#[tokio::test]
async fn catch_all_handlers_of_a_namespace_are_prepended_counted_and_removed() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move |event: String| teller.tell(format!("{name} {event}"))
    };
    io.on_any(call("second"));
    io.prepend_any(call("first"));
    io.on_any_outgoing(call("fourth"));
    io.prepend_any_outgoing(call("third"));
    assert_eq!(io.listeners_any_count(), 2);
    assert_eq!(io.listeners_any_outgoing_count(), 2);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send(r#"42["echo"]"#).await;
    client.expect(r#"42["echo"]"#).await;
    assert_eq!(
        calls.so_far(),
        ["first echo", "second echo", "third echo", "fourth echo"]
    );

    io.off_any();
    io.off_any_outgoing();
    client.send(r#"42["echo"]"#).await;
    client.expect(r#"42["echo"]"#).await;
    assert!(calls.so_far().is_empty());
    assert_eq!(io.listeners_any_count(), 0);
    assert_eq!(io.listeners_any_outgoing_count(), 0);
}

#[tokio::test]
async fn one_catch_all_handler_is_removed_by_its_id() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move |event: String| teller.tell(format!("{name} {event}"))
    };
    let (removed, kept) = (call("removed"), call("kept"));
    let (removed_out, kept_out) = (call("removed out"), call("kept out"));
    io.on_connect(move |socket: Socket| {
        let ids = [
            socket.on_any(removed.clone()),
            socket.on_any_outgoing(removed_out.clone()),
        ];
        socket.on_any(kept.clone());
        socket.on_any_outgoing(kept_out.clone());
        ids.into_iter().for_each(|id| socket.off_handler(id));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo"]"#).await;
    client.expect(r#"42["echo"]"#).await;
    assert_eq!(calls.so_far(), ["kept echo", "kept out echo"]);
}
