//! Middleware of connections and of events. Spec: features 2.11–2.13.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomcast::{Auth, Data, Refusal, Server, Socket, SocketError, State, Value};
use tokio::sync::Semaphore;

use crate::support::{Host, answering, channel, echo_server, errors, idle};

#[tokio::test]
async fn a_refusal_reaches_the_client_with_its_data_and_the_connection_stays() {
    let io = echo_server();
    io.of("/admin").middleware(|| {
        Err::<(), _>(
            Refusal::new("unauthorized")
                .with_data(std::collections::BTreeMap::from([("code", 401)])),
        )
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("40/admin,").await;
    client
        .expect(r#"44/admin,{"message":"unauthorized","data":{"code":401}}"#)
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_refusal_without_data_has_a_message_only() {
    let io = Server::new();
    io.middleware(|| Err::<(), _>("go away"));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40").await;
    client.expect(r#"44{"message":"go away"}"#).await;
}

#[tokio::test]
async fn a_refused_client_can_ask_again() {
    let io = echo_server();
    io.middleware(|Auth(auth): Auth<Value>| {
        if auth["token"] == "yes" {
            Ok(())
        } else {
            Err("no")
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send(r#"40{"token":"nope"}"#).await;
    client.expect(r#"44{"message":"no"}"#).await;
    client.send(r#"40{"token":"yes"}"#).await;
    assert!(client.next_text().await.starts_with(r#"40{"sid":""#));
    client.expect_alive().await;
}

#[tokio::test]
async fn middlewares_run_in_their_order_and_the_first_refusal_ends_it() {
    let io = Server::new();
    let (teller, mut calls) = channel();
    let call = move |number: u8| {
        let teller = teller.clone();
        async move || {
            teller.tell(number);
            if number == 2 { Err("second") } else { Ok(()) }
        }
    };
    for number in 1..=3 {
        io.middleware(call(number));
    }
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40").await;
    client.expect(r#"44{"message":"second"}"#).await;
    assert_eq!(calls.so_far(), [1, 2]);
}

#[tokio::test]
async fn what_a_middleware_returns_is_kept_for_the_handlers() {
    struct User {
        name: String,
    }
    let io = Server::new();
    io.middleware(
        async |Auth(name): Auth<std::collections::HashMap<String, String>>| {
            Ok::<_, String>(User {
                name: name["name"].clone(),
            })
        },
    );
    io.on("whoami", |user: Data<User>| user.name.clone());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send(r#"40{"name":"ada"}"#).await;
    assert!(client.next_text().await.starts_with("40"));
    client.send(r#"421["whoami"]"#).await;
    client.expect(r#"431["ada"]"#).await;
}

#[tokio::test]
async fn auth_of_another_type_is_a_refusal_that_names_no_types() {
    let io = echo_server();
    io.of("/typed")
        .middleware(|_: Auth<std::collections::HashMap<String, u32>>| Ok::<_, String>(()));
    io.of("/read").middleware(|socket: Socket| {
        socket.handshake().auth::<u32>()?;
        Ok::<_, Refusal>(())
    });
    io.of("/state")
        .middleware(|_: State<u32>| Ok::<_, String>(()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    for (namespace, message) in [
        ("/typed", "invalid auth"),
        ("/read", "invalid auth"),
        ("/state", "internal error"),
    ] {
        client
            .send(&format!(r#"40{namespace},{{"token":"text"}}"#))
            .await;
        client
            .expect(&format!(r#"44{namespace},{{"message":"{message}"}}"#))
            .await;
    }
    client.expect_alive().await;
}

#[tokio::test]
async fn an_argument_that_an_event_middleware_cannot_read_is_a_refusal_that_names_no_types() {
    let io = echo_server();
    io.event_middleware(|_: String, _: Option<u32>| Ok::<_, String>(()));
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo","text"]"#).await;
    assert_eq!(errors.next().await.to_string(), "invalid arguments");
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn the_socket_is_connected_only_after_the_middleware() {
    let io = Server::new();
    let gate = Arc::new(Semaphore::new(0));
    let (teller, mut seen) = channel();
    io.middleware({
        let gate = Arc::clone(&gate);
        async move |socket: Socket| {
            teller.tell(socket.is_connected());
            // Neither is possible yet, and neither does harm.
            socket.emit("too-early", ());
            socket.disconnect();
            gate.acquire()
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        }
    });
    io.on("connected", |socket: Socket| socket.is_connected());
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    client.send("40").await;
    assert!(!seen.next().await);
    idle().await;
    assert_eq!((io.sockets_count(), io.sockets().len()), (0, 0));

    gate.add_permits(1);
    assert!(client.next_text().await.starts_with(r#"40{"sid":""#));
    client.send(r#"421["connected"]"#).await;
    client.expect("431[true]").await;
}

#[tokio::test]
async fn rooms_that_were_joined_in_the_middleware_are_left_by_a_refused_socket() {
    let io = Server::new();
    io.middleware(|socket: Socket| {
        socket.join("vip");
        Err::<(), _>("no")
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40").await;
    client.expect(r#"44{"message":"no"}"#).await;
    assert_eq!(io.room_len("vip"), 0);
    assert_eq!(io.rooms().len(), 0);
}

#[tokio::test]
async fn a_broadcast_does_not_reach_a_socket_before_it_is_connected() {
    let io = echo_server();
    io.of("/vip").middleware(|socket: Socket| {
        socket.join("vip");
        socket.namespace().to("vip").emit("early", ());
        Ok::<_, String>(())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/vip").await;
    io.of("/vip").to("vip").emit("late", ());
    client.expect(r#"42/vip,["late"]"#).await;
}

#[tokio::test]
async fn the_connect_answer_comes_before_what_other_threads_send_to_a_room_of_the_middleware() {
    let io = Server::new();
    io.middleware(|socket: Socket| {
        socket.join("vip");
        Ok::<_, String>(())
    });
    let is_over = Arc::new(AtomicBool::new(false));
    let sending = std::thread::spawn({
        let (io, is_over) = (io.clone(), Arc::clone(&is_over));
        move || {
            while !is_over.load(Ordering::Relaxed) {
                io.to("vip").volatile().emit("early", ());
            }
        }
    });
    let host = Host::tcp(&io).await;

    for _ in 0..100 {
        let mut client = host.websocket().await;
        client.send("40").await;
        assert!(client.next_text().await.starts_with(r#"40{"sid":""#));
    }
    is_over.store(true, Ordering::Relaxed);
    sending.join().expect("it does not panic");
}

#[tokio::test]
async fn a_panicking_middleware_refuses_its_client_only() {
    let io = echo_server();
    io.of("/bad")
        .middleware(async || -> Result<(), String> { panic!("a bug of the application") });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("40/bad,").await;
    client
        .expect(r#"44/bad,{"message":"internal error"}"#)
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn an_event_middleware_sees_name_and_arguments_and_lets_pass() {
    let io = echo_server();
    let (teller, mut seen) = channel();
    io.event_middleware(move |event: String, first: Option<u32>| {
        teller.tell((event, first));
        Ok::<_, String>(())
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo",7]"#).await;
    client.expect(r#"42["echo",7]"#).await;
    assert_eq!(seen.next().await, ("echo".to_owned(), Some(7)));
}

#[tokio::test]
async fn an_event_that_is_refused_reaches_no_handler_and_is_told_to_on_error() {
    let io = Server::new();
    answering(&io);
    io.on_connect(|socket: Socket| {
        socket.middleware(async |event: String| match event.as_str() {
            "echo" => Err(Refusal::new("not allowed").with_data(403)),
            _ => Ok(()),
        });
    });
    let (teller, mut errors) = channel();
    io.on_error(move |error: SocketError| teller.tell(error));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["echo",1]"#).await;
    client.expect_alive().await;
    let SocketError::Refused(refusal) = errors.next().await else {
        panic!("it is a refusal")
    };
    assert_eq!(refusal, Refusal::new("not allowed").with_data(403));
}

#[tokio::test]
async fn catch_all_handlers_see_an_event_before_its_middleware() {
    let io = Server::new();
    let (teller, mut calls) = channel();
    let (any, middleware, handler) = (teller.clone(), teller.clone(), teller);
    io.event_middleware(move || {
        middleware.tell("middleware");
        Ok::<_, String>(())
    });
    io.on_any(move || any.tell("any"));
    io.on("event", move || handler.tell("handler"));
    let host = Host::tcp(&io).await;

    host.joined().await.send(r#"42["event"]"#).await;
    assert_eq!(
        [calls.next().await, calls.next().await, calls.next().await],
        ["any", "middleware", "handler"]
    );
}

#[tokio::test]
async fn an_event_middleware_may_answer_for_the_handler() {
    let io = echo_server();
    io.event_middleware(|event: String, ack: Option<roomcast::Ack>| match ack {
        Some(ack) if event == "forbidden" => {
            ack.send("no");
            Err("forbidden")
        }
        _ => Ok(()),
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["forbidden"]"#).await;
    client.expect(r#"431["no"]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn an_event_that_passes_after_its_socket_is_gone_reaches_no_handler() {
    let io = echo_server();
    let gate = Arc::new(Semaphore::new(0));
    io.event_middleware({
        let gate = Arc::clone(&gate);
        async move |event: String| {
            if event == "late" {
                gate.acquire()
                    .await
                    .expect("nobody closes the gate")
                    .forget();
            }
            Ok::<_, String>(())
        }
    });
    let (teller, mut calls) = channel();
    io.on("late", move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send(r#"42["late"]"#).await;
    client.send("41").await;
    client.join("/").await;

    gate.add_permits(1);
    client.expect_alive().await;
    assert_eq!(calls.so_far(), []);
}
