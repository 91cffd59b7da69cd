//! Handlers: their order, their ends, and what happens when they fail. Spec: features 3.1–3.3, 3.12–3.15.

use std::sync::Arc;

use roomcast::{
    Ack, ArgumentError, DisconnectReason, Reply, Server, Socket, SocketError, Spread, State, Value,
};

use crate::support::{Host, channel, echo_server, errors, gate, pass};

#[tokio::test]
async fn handlers_start_in_arrival_order_while_one_waits() {
    let io = echo_server();
    let gate = gate();
    let (teller, mut started) = channel();
    io.on("step", {
        let gate = Arc::clone(&gate);
        async move |number: u32| {
            teller.tell(number);
            if number == 0 {
                pass(&gate).await;
            }
            number
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    for number in 0..4 {
        client
            .send(&format!(r#"42{number}["step",{number}]"#))
            .await;
    }
    for number in 1..4 {
        client.expect(&format!("43{number}[{number}]")).await;
    }
    gate.add_permits(1);
    client.expect("430[0]").await;
    assert_eq!(started.so_far(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_handler_may_await_an_answer_from_its_own_socket() {
    let io = Server::new();
    io.on("ask-me", async |socket: Socket| {
        socket
            .emit_with_ack::<String>("name", ())
            .await
            .map_err(|error| error.to_string())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"427["ask-me"]"#).await;
    client.expect(r#"420["name"]"#).await;
    client.send(r#"430["ada"]"#).await;
    client.expect(r#"437["ada"]"#).await;
}

#[tokio::test]
async fn an_argument_of_another_type_leaves_the_handler_uncalled_and_the_socket_open() {
    let io = echo_server();
    io.on("number", |number: u32| number);
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["number","seven"]"#).await;
    client.expect_alive().await;
    let SocketError::Argument { event, error } = errors.next().await else {
        panic!("it is an argument")
    };
    assert_eq!((&*event, error.index, error.expected), ("number", 0, "u32"));
}

#[tokio::test]
async fn an_argument_of_another_type_can_be_looked_at() {
    let io = Server::new();
    io.on("number", |number: Result<u32, ArgumentError>| {
        number.map_err(|error| error.index.to_string())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["number",7]"#).await;
    client.expect("431[7]").await;
    client.send(r#"422["number",{}]"#).await;
    client.expect(r#"432["0"]"#).await;
}

#[tokio::test]
async fn a_missing_argument_is_null_and_superfluous_ones_are_ignored() {
    let io = Server::new();
    io.on("maybe", |first: Option<u32>, second: Option<u32>| {
        (first, second)
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["maybe",1]"#).await;
    client.expect("431[1,null]").await;
    client.send(r#"422["maybe",1,2,3,4]"#).await;
    client.expect("432[1,2]").await;
}

#[tokio::test]
async fn what_a_handler_returns_is_the_acknowledgement() {
    let io = Server::new();
    io.on("text", || "text");
    io.on("tuple", || (1, "two"));
    io.on("none", || None::<u32>);
    io.on("ok", || Ok::<_, String>(5));
    io.on("err", || Err::<u32, _>("no".to_owned()));
    io.on("done", || Ok::<_, String>(()));
    io.on("list", || vec![1, 2]);
    io.on("empty", || Reply(()));
    io.on("nothing", || ());
    io.on("value", |value: Value| value);
    io.on("spread", |Spread(all): Spread<Value>| Spread(all));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    let cases = [
        (r#"["text"]"#, r#"["text"]"#),
        (r#"["tuple"]"#, r#"[1,"two"]"#),
        (r#"["none"]"#, "[null]"),
        (r#"["ok"]"#, "[5]"),
        (r#"["err"]"#, r#"["no"]"#),
        (r#"["done"]"#, "[]"),
        (r#"["list"]"#, "[[1,2]]"),
        (r#"["empty"]"#, "[]"),
        (r#"["value",{"a":[1]}]"#, r#"[{"a":[1]}]"#),
        (r#"["spread",1,2]"#, "[1,2]"),
    ];
    for (event, answer) in cases {
        client.send(&format!("421{event}")).await;
        client.expect(&format!("431{answer}")).await;
    }
    client.send(r#"421["nothing"]"#).await;
    client.send(r#"422["text"]"#).await;
    client.expect(r#"432["text"]"#).await;
}

#[tokio::test]
async fn nothing_is_answered_where_the_client_asked_for_nothing() {
    let io = echo_server();
    io.on("text", |ack: Ack| assert!(!ack.is_wanted()));
    io.on("text", || "text");
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["text"]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn only_the_first_answer_leaves() {
    let io = echo_server();
    io.on("twice", |ack: Ack| {
        ack.send(1);
        2
    });
    io.on("twice", || 3);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["twice"]"#).await;
    client.expect("431[1]").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn of_catch_all_middleware_and_handlers_one_answers_a_packet() {
    let io = echo_server();
    io.on_any(|event: String, ack: Ack| {
        if event == "any" {
            ack.send("any");
        }
    });
    io.event_middleware(async |event: String, ack: Ack| {
        if event == "any" || event == "middleware" {
            ack.send("middleware");
        }
        Ok::<_, String>(())
    });
    io.on("any", || "handler");
    io.on("middleware", || "handler");
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["any"]"#).await;
    client.expect(r#"431["any"]"#).await;
    client.send(r#"422["middleware"]"#).await;
    client.expect(r#"432["middleware"]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn an_acknowledgement_may_come_from_another_thread() {
    let io = Server::new();
    io.on("later", |number: u32, ack: Ack| {
        drop(std::thread::spawn(move || ack.send(number + 1)))
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["later",1]"#).await;
    client.expect("431[2]").await;
}

#[tokio::test]
async fn an_acknowledgement_after_the_disconnection_is_discarded() {
    let io = echo_server();
    let (teller, mut acks) = channel();
    io.on("keep", move |ack: Ack| teller.tell(ack));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send(r#"421["keep"]"#).await;
    let ack = acks.next().await;
    client.send("41").await;
    client.join("/").await;

    ack.send("too late");
    client.expect_alive().await;
}

#[tokio::test]
async fn handlers_of_one_event_run_in_their_order_those_of_the_namespace_first() {
    let io = Server::new();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move || teller.tell(name)
    };
    let (own_1, own_2) = (call("socket 1"), call("socket 2"));
    io.on_connect(move |socket: Socket| {
        socket.on("event", own_1.clone());
        socket.on("event", own_2.clone());
    });
    io.on("event", call("namespace 1"));
    io.on("event", call("namespace 2"));
    let host = Host::tcp(&io).await;
    host.joined().await.send(r#"42["event"]"#).await;

    for expected in ["namespace 1", "namespace 2", "socket 1", "socket 2"] {
        assert_eq!(calls.next().await, expected);
    }
}

#[tokio::test]
async fn a_once_handler_runs_once() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.on_connect(move |socket: Socket| {
        let teller = teller.clone();
        socket.once("event", move || teller.tell(()));
        assert_eq!(socket.event_names(), ["event"]);
    });
    io.on("names", |socket: Socket| socket.event_names());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["event"]"#).await;
    client.send(r#"42["event"]"#).await;
    client.send(r#"421["names"]"#).await;
    client.expect("431[[]]").await;
    assert_eq!(calls.so_far(), [()]);
}

#[tokio::test]
async fn handlers_are_removed_by_event_by_id_and_all_together() {
    let io = echo_server();
    io.on_connect(|socket: Socket| {
        socket.on("a", || "first");
        let second = socket.on("b", || "second");
        socket.on("b", || "third");
        socket.on("c", || "fourth");
        socket.off("a");
        socket.off_handler(second);
    });
    io.on("off-all", |socket: Socket| socket.off_all());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["a"]"#).await;
    client.send(r#"422["b"]"#).await;
    client.expect(r#"432["third"]"#).await;
    client.send(r#"42["off-all"]"#).await;
    client.send(r#"423["c"]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn handlers_of_a_namespace_are_removed_too() {
    let io = echo_server();
    io.on("a", || "first");
    let second = io.on("b", || "second");
    io.off("a");
    io.off_handler(second);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["a"]"#).await;
    client.send(r#"422["b"]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_handler_that_is_added_by_a_handler_waits_for_the_next_event() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.on("event", move |socket: Socket| {
        let teller = teller.clone();
        socket.once("event", move || teller.tell(()));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["event"]"#).await;
    client.expect_alive().await;
    assert_eq!(calls.so_far(), []);
    client.send(r#"42["event"]"#).await;
    client.expect_alive().await;
    assert_eq!(calls.so_far(), [()]);
}

#[tokio::test]
async fn events_after_the_disconnection_reach_no_handler() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.on("bye", |socket: Socket| socket.disconnect());
    io.on("late", move || teller.tell(()));
    let (told, mut reasons) = channel();
    io.on_disconnect(move |reason: DisconnectReason| told.tell(reason));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    let bye = crate::support::masked(0x81, br#"42["bye"]"#);
    let late = crate::support::masked(0x81, br#"42["late"]"#);
    client.stream.write(&[bye, late].concat()).await;
    client.expect("41").await;
    assert_eq!(
        reasons.next().await,
        DisconnectReason::ServerNamespaceDisconnect
    );
    host.joined().await.expect_alive().await;
    assert_eq!(calls.so_far(), []);
}

#[tokio::test]
async fn an_event_whose_catch_all_handler_disconnects_reaches_no_middleware() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.on_any(|socket: Socket| socket.disconnect());
    io.event_middleware(move || {
        teller.tell(());
        Ok::<_, String>(())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo"]"#).await;
    client.expect("41").await;
    assert_eq!(calls.so_far(), []);
}

#[tokio::test]
async fn an_event_whose_middleware_disconnects_reaches_no_other_middleware() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    io.event_middleware(|socket: Socket| {
        socket.disconnect();
        Ok::<_, String>(())
    });
    io.event_middleware(move || {
        teller.tell(());
        Ok::<_, String>(())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo"]"#).await;
    client.expect("41").await;
    assert_eq!(calls.so_far(), []);
}

#[tokio::test]
async fn reserved_names_are_the_hooks_as_in_javascript() {
    let io = echo_server();
    let (teller, mut calls) = channel();
    let call = |name: &'static str| {
        let teller = teller.clone();
        move || teller.tell(name)
    };
    let own = [call("own disconnecting"), call("own disconnect")];
    io.on("connection", move |socket: Socket| {
        let [disconnecting, disconnect] = own.clone();
        socket.on("disconnecting", disconnecting);
        socket.once("disconnect", disconnect);
    });
    io.on("connection", call("connection"));
    io.on("connect", call("connect"));
    io.on("disconnecting", call("disconnecting"));
    io.on("disconnect", call("disconnect"));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("41").await;
    client.join("/").await;
    io.off("connect");
    io.off("disconnect");
    client.send("41").await;
    client.join("/").await;
    assert_eq!(
        calls.so_far(),
        [
            "connection",
            "connect",
            "disconnecting",
            "own disconnecting",
            "disconnect",
            "own disconnect",
            "connection",
            "connect",
            "disconnecting",
            "own disconnecting",
            "own disconnect",
        ]
    );
}

#[tokio::test]
async fn an_event_named_error_is_an_event() {
    let io = echo_server();
    io.on("error", || "handled");
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["error"]"#).await;
    client.expect(r#"431["handled"]"#).await;
}

#[tokio::test]
async fn the_state_of_the_server_reaches_its_handlers() {
    let io = Server::builder().state(7_u32).build();
    io.on("state", |state: State<u32>| *state);
    io.on("missing", |_: State<u64>| 1);
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["state"]"#).await;
    client.expect("431[7]").await;
    client.send(r#"421["missing"]"#).await;
    assert!(matches!(errors.next().await, SocketError::Argument { .. }));
}

#[tokio::test]
async fn the_data_of_a_socket_is_kept_by_name_and_by_type() {
    let io = Server::new();
    io.on("set", |socket: Socket, name: String| {
        socket.data().set("name", &name);
        assert!(socket.data().insert(name.len()).is_none());
    });
    io.on("named", |socket: Socket| {
        socket.data().get::<String>("name")
    });
    io.on("typed", |len: roomcast::Data<usize>| *len);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["set","ada"]"#).await;
    client.send(r#"421["named"]"#).await;
    client.expect(r#"431["ada"]"#).await;
    client.send(r#"422["typed"]"#).await;
    client.expect("432[3]").await;
    let sockets = io.fetch_sockets().await.expect("it is no parent");
    assert_eq!(sockets[0].data().to_string(), r#"{"name":"ada"}"#);
}
