//! The Engine.IO server without Socket.IO above it.

use std::time::Duration;

use roomcast::engine::{CloseReason, Connection, Engine, Message, Socket};

use crate::support::{Frame, Host, Request, Teller, WebSocket, channel, idle};

fn echo() -> Engine {
    Engine::new(|_: &Socket| |socket: &Socket, message: Message<'_>| socket.send(message))
}

async fn host(engine: &Engine) -> Host {
    Host::engine(engine, "/engine.io/").await
}

/// Tells what became of its session.
struct Recorder(Teller<String>);

impl Connection for Recorder {
    fn message(&mut self, socket: &Socket, message: Message<'_>) {
        if message == Message::Text("close".into()) {
            socket.send_text("last");
            socket.close();
        }
        self.0.tell(format!("{message:?}"));
    }

    fn closed(&mut self, _: &Socket, reason: CloseReason) {
        self.0.tell(reason.to_string());
    }
}

#[tokio::test]
async fn text_and_bytes_are_echoed_over_a_websocket() {
    let mut client = host(&echo()).await.websocket().await;

    client.send("4hello").await;
    client.expect("4hello").await;
    client.send_binary(&[1, 2, 3]).await;
    client.expect_binary(&[1, 2, 3]).await;
    client.send("4").await;
    client.expect("4").await;
    client.send_binary(&[]).await;
    client.expect_binary(&[]).await;
}

#[tokio::test]
async fn text_and_bytes_are_echoed_over_polling() {
    let client = host(&echo()).await.polling().await;

    client.send("4hello\x1ebAQID\x1e4").await;
    assert_eq!(client.get().await.text(), "4hello\x1ebAQID\x1e4");
}

#[tokio::test]
async fn each_session_has_data_of_its_own() {
    let engine = Engine::new(|_: &Socket| {
        let mut count = 0;
        move |socket: &Socket, _: Message<'_>| {
            count += 1;
            socket.send_text(&count.to_string());
        }
    });
    let host = host(&engine).await;
    let (mut one, mut other) = (host.websocket().await, host.websocket().await);

    for expected in ["41", "42"] {
        one.send("4x").await;
        one.expect(expected).await;
    }
    other.send("4x").await;
    other.expect("41").await;
    assert_eq!(engine.clients_count(), 2);
}

#[tokio::test]
async fn a_session_that_is_closed_sends_its_last_message_and_reads_no_more() {
    let (teller, mut heard) = channel();
    let engine = Engine::new(move |_: &Socket| Recorder(teller.clone()));
    let mut client = host(&engine).await.websocket().await;

    let close = crate::support::masked(0x81, b"4close");
    client
        .stream
        .write(&[close, crate::support::masked(0x81, b"4more")].concat())
        .await;
    client.expect("4last").await;
    client.expect_closed().await;
    assert_eq!(heard.next().await, r#"Text("close")"#);
    assert_eq!(heard.next().await, "forced close");
}

#[tokio::test]
async fn a_session_that_is_opened_can_be_sent_to_at_once() {
    let engine = Engine::new(|socket: &Socket| {
        socket.send_text("welcome");
        |_: &Socket, _: Message<'_>| {}
    });
    let host = host(&engine).await;

    host.websocket().await.expect("4welcome").await;
    host.polling().await.expect("4welcome").await;
}

#[tokio::test]
async fn the_options_are_those_of_the_socket_io_server() {
    let engine = Engine::builder()
        .path("/raw")
        .ping_interval(Duration::from_millis(1234))
        .max_http_buffer_size(10)
        .initial_packet("hi")
        .build(|_: &Socket| |socket: &Socket, message: Message<'_>| socket.send(message));
    let host = Host::engine(&engine, "/raw/").await;
    let mut client = host.websocket().await;

    client.expect("4hi").await;
    client.send("4123456789").await;
    client.expect("4123456789").await;
    client.send("41234567890").await;
    client.expect_close(Some(1009)).await;
    assert!(
        host.polling()
            .await
            .handshake
            .text()
            .contains(r#""pingInterval":1234"#)
    );
}

#[tokio::test]
async fn a_session_upgrades() {
    let host = host(&echo()).await;
    let polling = host.polling().await;
    let mut client = WebSocket::probe(&host, &polling.sid).await;

    client.send("2probe").await;
    client.expect("3probe").await;
    client.send("5").await;
    client.send("4hello").await;
    client.expect("4hello").await;
}

#[tokio::test]
async fn closing_the_engine_ends_its_sessions() {
    let (teller, mut heard) = channel();
    let engine = Engine::new(move |_: &Socket| Recorder(teller.clone()));
    let host = host(&engine).await;
    let mut client = host.websocket().await;
    let closing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.close().await }
    });

    client.expect_closed().await;
    drop(client);
    assert_eq!(heard.next().await, "server shutting down");
    crate::support::within("the end", closing)
        .await
        .expect("it does not panic");
    assert_eq!(engine.clients_count(), 0);
}

/// 11, 15.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_closed_waits_30_seconds_for_the_poll_that_is_told() {
    let (teller, mut heard) = channel();
    let engine = Engine::builder()
        .ping_interval(Duration::from_secs(100))
        .build(move |socket: &Socket| {
            socket.close();
            Recorder(teller.clone())
        });
    let host = Host::memory_layer(engine.layer(), "/engine.io/");

    let start = tokio::time::Instant::now();
    let polling = host.polling().await;
    assert_eq!(polling.get().await.text(), "6\x1e1");
    assert_eq!(heard.next().await, "forced close");
    assert!(start.elapsed() < Duration::from_secs(1));
    let polling = host.polling().await;
    assert_eq!(heard.next().await, "forced close");
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(30) && waited < Duration::from_secs(31),
        "{waited:?}"
    );
    polling.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_a_closed_session_waits_for_the_poll_that_is_told_is_an_option() {
    let (teller, mut heard) = channel();
    let engine = Engine::builder()
        .close_timeout(Duration::from_secs(3))
        .build(move |socket: &Socket| {
            socket.close();
            Recorder(teller.clone())
        });
    let host = Host::memory_layer(engine.layer(), "/engine.io/");
    let polling = host.polling().await;

    let start = tokio::time::Instant::now();
    assert_eq!(heard.next().await, "forced close");
    assert!(start.elapsed() <= Duration::from_secs(3));
    polling.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_writable_and_has_nothing_pending() {
    let (teller, mut sockets) = channel();
    let engine = Engine::new(move |socket: &Socket| {
        teller.tell(socket.clone());
        |_: &Socket, _: Message<'_>| {}
    });
    let host = Host::memory_layer(engine.layer(), "/engine.io/");
    let mut client = host.websocket().await;
    let socket = sockets.next().await;
    idle().await;

    assert!(socket.is_writable());
    assert_eq!((socket.pending_bytes(), socket.sid()), (0, &*client.sid));
    socket.send_binary(&[7]);
    assert_eq!(client.next().await, Frame::Binary(vec![7]));
}

#[tokio::test]
async fn a_session_that_is_not_accepted_for_a_panic_is_forgotten() {
    let engine = Engine::new(|socket: &Socket| {
        assert_ne!(
            socket.request().query("user"),
            Some("bad"),
            "a bug of the application"
        );
        |socket: &Socket, message: Message<'_>| socket.send(message)
    });
    let host = host(&engine).await;

    assert_eq!(
        host.get("EIO=4&transport=polling&user=bad").await.status,
        400
    );
    let target = host.target("EIO=4&transport=websocket&user=bad");
    let mut client = WebSocket::open(&host, Request::get(&target)).await;
    client.expect_closed().await;
    assert_eq!(engine.clients_count(), 0);
    let mut client = host.websocket().await;
    client.send("4good").await;
    client.expect("4good").await;
}

#[tokio::test]
async fn a_connection_that_panics_loses_its_session_only() {
    let engine = Engine::new(|_: &Socket| {
        |socket: &Socket, message: Message<'_>| {
            assert_ne!(
                message,
                Message::Text("bad".into()),
                "a bug of the application"
            );
            socket.send(message);
        }
    });
    let host = host(&engine).await;
    let (mut neighbour, mut client) = (host.websocket().await, host.websocket().await);

    client.send("4bad").await;
    client.expect_closed().await;
    neighbour.send("4good").await;
    neighbour.expect("4good").await;
    assert_eq!(engine.clients_count(), 1);
}
