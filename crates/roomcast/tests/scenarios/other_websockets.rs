//! Sessions on WebSockets of another library, tokio-tungstenite. Spec: features 1.45.

use std::time::Duration;

use http::HeaderValue;
use roomcast::{DisconnectCause, DisconnectReason, Server, Socket, Transport};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support::{
    Frame, Host, Polling, Request, WebSocket, answering, channel, echo_server, foreign,
    foreign_tcp, idle, reasons, socket,
};

fn host(io: &Server) -> Host {
    foreign(io, WebSocketConfig::default())
}

async fn tcp(io: &Server) -> Host {
    foreign_tcp(io, WebSocketConfig::default()).await
}

async fn probed(host: &Host, polling: &Polling) -> WebSocket {
    let mut client = WebSocket::probe(host, &polling.sid).await;
    client.send("2probe").await;
    client.expect("3probe").await;
    client
}

#[tokio::test]
async fn another_library_carries_a_session_with_events_acknowledgements_and_bytes() {
    let io = echo_server();
    let (teller, mut heard) = channel();
    io.on("ask", async move |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("name", ()).await;
        teller.tell((socket.conn().transport(), answer.ok()));
    });
    let mut client = tcp(&io).await.joined().await;

    client.expect_alive().await;
    client.send(r#"42["echo","é",{"a":[1,null]}]"#).await;
    client.expect(r#"42["echo","é",{"a":[1,null]}]"#).await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[0, 1, 255]).await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[0, 1, 255]).await;
    client.send(r#"42["ask"]"#).await;
    client.expect(r#"420["name"]"#).await;
    client.send(r#"430["ada"]"#).await;
    let expected = (Transport::WebSocket, Some("ada".to_owned()));
    assert_eq!(heard.next().await, expected);
}

#[tokio::test]
async fn a_polling_session_moves_to_the_websocket_of_another_library() {
    let io = echo_server();
    let host = tcp(&io).await;
    let mut polling = host.polling().await;
    let socket = socket(&io, &polling.join("/").await);

    let mut client = probed(&host, &polling).await;
    polling.send("42[\"echo\",1]\x1e42[\"echo\",2]").await;
    client.send("5").await;
    client.expect(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",2]"#).await;
    client.expect_alive().await;
    assert_eq!(socket.conn().transport(), Transport::WebSocket);
    assert!(socket.conn().is_upgraded());
}

#[tokio::test(start_paused = true)]
async fn a_probe_by_another_library_that_is_never_finished_ends_and_polling_lives_on() {
    let io = Server::builder()
        .upgrade_timeout(Duration::from_secs(1))
        .build();
    answering(&io);
    let host = host(&io);
    let mut polling = host.joined_polling().await;

    let mut client = probed(&host, &polling).await;
    client.expect_closed().await;
    polling.expect_alive().await;
    let mut client = probed(&host, &polling).await;
    client.send("5").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn many_messages_keep_their_order_both_ways_over_another_library() {
    const COUNT: u32 = 5000;
    let io = echo_server();
    let mut client = tcp(&io).await.joined().await;

    let events: Vec<_> = (0..COUNT)
        .map(|number| format!(r#"42["echo",{number}]"#))
        .collect();
    let frames = events.iter();
    let frames = frames.map(|event| crate::support::masked(0x81, event.as_bytes()));
    let frames: Vec<u8> = frames.flatten().collect();
    for part in frames.chunks(10_000) {
        client.stream.write(part).await;
    }
    for event in &events {
        client.expect(event).await;
    }
}

/// Pings are the library's; those of Engine.IO are the session's.
#[tokio::test(start_paused = true)]
async fn the_heartbeat_runs_over_another_library_and_who_is_silent_is_closed() {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .build();
    let mut reasons = reasons(&io);
    let mut client = host(&io).joined().await;
    client.send_frame(0x89, b"frame").await;
    assert_eq!(client.next().await, Frame::Pong(b"frame".to_vec()));

    for _ in 0..3 {
        client.expect("2").await;
        client.send("3").await;
    }
    client.expect("2").await;
    let start = tokio::time::Instant::now();
    assert_eq!(client.next().await, Frame::Close(None));
    assert_eq!(reasons.next().await, "ping timeout");
    assert_eq!(start.elapsed().as_millis() / 10, 20);
}

#[tokio::test]
async fn a_request_for_another_librarys_websocket_is_refused_before_it_opens() {
    let (teller, mut told) = channel();
    let io = Server::builder()
        .allow_request(async |request| match request.query("key") {
            Some("good") => Ok(()),
            _ => Err(Some("key is wrong".to_owned())),
        })
        .on_connection_error(move |error| teller.tell(error.refusal.code().code()))
        .build();
    let host = host(&io);

    for (query, text, code) in [
        ("EIO=4&transport=websocket", "key is wrong", 4),
        (
            "EIO=3&transport=websocket&key=good",
            "Unsupported protocol version",
            5,
        ),
        ("EIO=4&transport=websocket&sid=abc", "Session ID unknown", 1),
        ("EIO=4&transport=pigeon&key=good", "Transport unknown", 0),
    ] {
        let answer = host.refused_upgrade(query).await;
        assert_eq!(answer.summary(), (400, text));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(told.next().await, code);
    }
    assert_eq!(io.engine().clients_count(), 0);
    let target = host.target("EIO=4&transport=websocket&key=good");
    WebSocket::session(&host, Request::get(&target)).await;
}

#[tokio::test]
async fn the_answer_of_another_library_has_the_headers_that_the_server_adds() {
    let io = Server::builder()
        .cors("https://app.example")
        .request_middleware(async |_| {
            let mut headers = http::HeaderMap::new();
            headers.insert("x-middleware", HeaderValue::from_static("1"));
            Ok::<_, String>(headers)
        })
        .on_initial_headers(|headers, _| {
            headers.insert("x-initial", HeaderValue::from_static("1"));
        })
        .build();
    let host = host(&io);

    let target = host.target("EIO=4&transport=websocket");
    let client = WebSocket::session(&host, Request::get(&target)).await;
    assert_eq!(client.head.header("x-middleware"), Some("1"));
    assert_eq!(client.head.header("x-initial"), Some("1"));
    let origin = client.head.header("access-control-allow-origin");
    assert_eq!(origin, Some("https://app.example"));

    let polling = host.polling().await;
    let client = WebSocket::probe(&host, &polling.sid).await;
    assert_eq!(client.head.header("x-middleware"), Some("1"));
    assert_eq!(client.head.header("x-initial"), None);
}

#[tokio::test]
async fn an_origin_that_is_not_allowed_is_refused_for_another_library_too() {
    let builder = Server::builder().cors("https://app.example");
    let host = host(&builder.check_websocket_origin().build());
    let target = host.target("EIO=4&transport=websocket");
    let from = |origin| Request::get(&target).header("origin", origin);

    let answer = host.request(from("https://evil.example").upgrade()).await;
    assert_eq!(answer.summary(), (400, "origin is not allowed"));
    WebSocket::session(&host, from("https://app.example")).await;
}

#[tokio::test]
async fn a_websocket_of_another_library_that_names_polling_is_closed_at_once() {
    let io = echo_server();
    let host = host(&io);
    let target = host.target("EIO=4&transport=polling");

    let mut client = WebSocket::open(&host, Request::get(&target)).await;
    client.expect_goodbye(None).await;
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test]
async fn older_clients_and_base64_get_bytes_in_their_form_over_another_library() {
    let io = Server::builder().allow_eio3().build();
    io.on("bytes", |socket: Socket| {
        socket.emit(
            "bytes",
            roomcast::Value::from(bytes::Bytes::from_static(&[1, 2, 3])),
        );
    });
    let host = host(&io);
    let header = r#"451-["bytes",{"_placeholder":true,"num":0}]"#;

    let target = host.target("EIO=3&transport=websocket");
    let mut client = WebSocket::session(&host, Request::get(&target)).await;
    client.expect("40").await;
    client.send(r#"42["bytes"]"#).await;
    client.expect(header).await;
    client.expect_binary(&[4, 1, 2, 3]).await;

    let target = host.target("EIO=4&transport=websocket&b64=1");
    let mut client = WebSocket::session(&host, Request::get(&target)).await;
    client.join("/").await;
    client.send(r#"42["bytes"]"#).await;
    client.expect(header).await;
    client.expect("bAQID").await;
}

#[tokio::test]
async fn who_closes_or_hangs_up_is_told_apart_over_another_library() {
    let io = echo_server();
    let (teller, mut causes) = channel();
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason.to_string(), cause));
    });
    let host = host(&io);

    let mut client = host.joined().await;
    client.send_frame(0x88, b"\x0f\xa0bye").await;
    assert_eq!(client.next().await, Frame::Close(Some(4000)));
    assert_eq!(client.next().await, Frame::End);
    let closed = ("transport close".to_owned(), DisconnectCause::Client);
    assert_eq!(causes.next().await, closed);

    drop(host.joined().await);
    let lost = (
        "transport close".to_owned(),
        DisconnectCause::ConnectionLost,
    );
    assert_eq!(causes.next().await, lost);
}

#[tokio::test]
async fn everything_that_was_sent_leaves_before_the_server_closes_another_librarys_websocket() {
    let io = echo_server();
    io.on("leave", |socket: Socket| {
        for number in 0..1000 {
            socket.emit("last", (number, "x".repeat(1000)));
        }
        socket.disconnect_and_close();
    });
    let mut client = tcp(&io).await.joined().await;

    client.send(r#"42["leave"]"#).await;
    for number in 0..1000 {
        let event = format!(r#"42["last",{number},"{}"]"#, "x".repeat(1000));
        client.expect(&event).await;
    }
    client.expect("41").await;
    client.expect_goodbye(None).await;
}

#[tokio::test]
async fn closing_the_server_closes_the_websockets_of_another_library() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = host(&io);
    let mut client = host.joined().await;

    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    client.expect_goodbye(None).await;
    closing.await.expect("it closes");
    assert_eq!(reasons.next().await, "server shutting down");
    let refused = host.refused_upgrade("EIO=4&transport=websocket").await;
    assert_eq!(refused.summary(), (400, "server is shutting down"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_the_close_of_another_library_is_cut_after_10_seconds() {
    let io = echo_server();
    let mut client = host(&io).joined().await;
    let start = tokio::time::Instant::now();

    io.disconnect_sockets_and_close();
    client.expect("41").await;
    client.expect_closed().await;
    assert_eq!(start.elapsed().as_secs(), 10);
    idle().await;
    assert_eq!(io.engine().clients_count(), 0);
}
