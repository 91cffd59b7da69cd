//! Limits and faults on WebSockets of another library. Spec: features 1.45, 1.20, N8, N9.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Method;
use roomcast::engine::{Engine, Message, MessageSocket, ReceiveError, SocketMessage};
use roomcast::{DisconnectCause, DisconnectReason, OutboxPolicy, Server, Socket};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support::{
    Channels, Heard, accept, answering, channel, echo_server, foreign, gate, head, idle, pass,
    socket, within,
};

fn causes(io: &Server) -> Heard<(String, DisconnectCause)> {
    let (teller, heard) = channel();
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason.to_string(), cause));
    });
    heard
}

/// A server that takes messages of 1000 bytes, and an `echo` event of so many bytes.
fn limited() -> (Server, Heard<(String, DisconnectCause)>) {
    let io = Server::builder().max_http_buffer_size(1000).build();
    answering(&io);
    let causes = causes(&io);
    (io, causes)
}

fn packet(len: usize) -> String {
    let overhead = r#"42["echo",""]"#.len();
    format!(r#"42["echo","{}"]"#, "x".repeat(len - overhead))
}

fn oversize() -> (String, DisconnectCause) {
    let cause = DisconnectCause::Oversize { max_bytes: 1000 };
    ("transport error".to_owned(), cause)
}

#[tokio::test]
async fn a_message_over_the_servers_limit_closes_another_librarys_websocket_with_1009() {
    let (io, mut causes) = limited();
    let host = foreign(&io, WebSocketConfig::default());
    let mut client = host.joined().await;

    client.send(&packet(1000)).await;
    client.expect(&packet(1000)).await;
    client.send(&packet(1001)).await;
    client.expect_goodbye(Some(1009)).await;
    assert_eq!(causes.next().await, oversize());

    let mut client = host.joined().await;
    client.send_binary(&[0; 1001]).await;
    client.expect_goodbye(Some(1009)).await;
    assert_eq!(causes.next().await, oversize());
}

/// The library judges by the header: nothing of the payload need come.
#[tokio::test]
async fn a_message_over_the_librarys_own_limit_has_the_same_end_and_cause() {
    let (io, mut causes) = limited();
    let config = WebSocketConfig::default().max_frame_size(Some(1000));
    let mut client = foreign(&io, config).joined().await;

    client
        .stream
        .write(&[0x81, 0xfe, 0x03, 0xe9, 1, 2, 3, 4])
        .await;
    client.expect_close(Some(1009)).await;
    assert_eq!(causes.next().await, oversize());
}

#[tokio::test]
async fn what_is_no_packet_closes_another_librarys_websocket_and_says_why() {
    let io = Server::builder().explain_disconnects("why").build();
    let mut causes = causes(&io);
    let host = foreign(&io, WebSocketConfig::default());
    let detail = "'9' is no packet type, expected '0' to '6' or 'b'";

    let mut client = host.joined().await;
    client.send("9").await;
    let told = format!(r#"42["why",{{"cause":"parse-error","message":"{detail}"}}]"#);
    client.expect(&told).await;
    let close = client.read().await.expect("the server says goodbye");
    assert_eq!(close, (0x88, b"\x03\xf0parse-error".to_vec()));
    let cause = DisconnectCause::Parse(detail.into());
    assert_eq!(causes.next().await, ("parse error".to_owned(), cause));

    let mut client = foreign(&echo_server(), WebSocketConfig::default())
        .joined()
        .await;
    client.send("42[").await;
    client.expect_goodbye(None).await;
}

#[tokio::test]
async fn a_client_that_breaks_the_librarys_rules_is_closed_with_1002() {
    let io = echo_server();
    let mut causes = causes(&io);
    let mut client = foreign(&io, WebSocketConfig::default()).joined().await;

    // A reserved bit.
    client.send_frame(0xc1, b"3").await;
    client.expect_close(Some(1002)).await;
    let (reason, cause) = causes.next().await;
    assert_eq!((&*reason, cause.as_str()), ("transport error", "protocol"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_from_another_library_is_closed_with_outbox_full() {
    const LIMIT: usize = 500_000;
    let io = Server::builder()
        .max_outbox(LIMIT, OutboxPolicy::Disconnect)
        .build();
    let mut causes = causes(&io);
    let mut client = foreign(&io, WebSocketConfig::default()).websocket().await;
    let socket = socket(&io, &client.join("/").await);

    let text = "x".repeat(1000);
    let mut taken = 0;
    while socket.try_emit("fill", (taken, &text)).is_ok() {
        taken += 1;
        assert!(taken < 10_000, "the outbox has no limit");
        idle().await;
    }
    let (reason, cause) = causes.next().await;
    assert_eq!(reason, "outbox full");
    assert!(
        matches!(cause, DisconnectCause::SlowReader { pending_bytes } if pending_bytes > LIMIT)
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_library_holds_back_counts_until_it_has_left() {
    let io = echo_server();
    let mut client = foreign(&io, WebSocketConfig::default()).websocket().await;
    let socket = socket(&io, &client.join("/").await);
    idle().await;
    assert!(socket.conn().is_writable());
    let text = "x".repeat(200_000);

    socket.emit("large", &text);
    let (teller, mut told) = channel();
    let flushed = socket.conn().flushed();
    tokio::spawn(async move { teller.tell(flushed.await.is_ok()) });
    idle().await;
    // 64 kB have found room on the way.
    assert!(socket.conn().pending_bytes() > 200_000);
    assert!(!socket.conn().is_writable());
    assert!(told.so_far().is_empty());

    client.expect(&format!(r#"42["large","{text}"]"#)).await;
    assert!(told.next().await);
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn volatile_events_pass_a_websocket_of_another_library_only_when_it_is_idle() {
    let io = echo_server();
    let mut client = foreign(&io, WebSocketConfig::default()).websocket().await;
    let socket = socket(&io, &client.join("/").await);
    let text = "x".repeat(200_000);
    idle().await;

    socket.emit("large", &text);
    idle().await;
    socket.volatile().emit("dropped", ());
    client.expect(&format!(r#"42["large","{text}"]"#)).await;
    idle().await;
    socket.volatile().emit("taken", ());
    client.expect(r#"42["taken"]"#).await;
}

async fn text(received: &mut UnboundedReceiver<SocketMessage>) -> String {
    match within("a message", received.recv()).await {
        Some(SocketMessage::Text(text)) => text,
        other => panic!("expected text, found {other:?}"),
    }
}

/// RFC 8441: the handshake of HTTP/2 is a CONNECT, and has no header of that of HTTP/1.
#[tokio::test]
async fn the_head_needs_no_headers_of_a_handshake_and_may_be_a_connect() {
    let io = echo_server();
    for method in [Method::GET, Method::CONNECT] {
        let accepted = accept(&io, method, "EIO=4&transport=websocket").await;
        assert!(accepted.headers().is_empty());
        assert_eq!(accepted.max_message_bytes(), 1_000_000);
        let (socket, client, mut received) = Channels::new();

        accepted.carry(socket);
        assert!(text(&mut received).await.starts_with(r#"0{"sid":""#));
        client.send(SocketMessage::Text("40".to_owned())).unwrap();
        assert!(text(&mut received).await.starts_with(r#"40{"sid":""#));
    }
    let post = head(Method::POST, "EIO=4&transport=websocket");
    let answer = io.accept_websocket(&post).await.unwrap_err();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.body(), "Bad handshake method");
}

#[tokio::test]
async fn what_was_accepted_and_is_never_carried_leaves_nothing() {
    let io = echo_server();

    drop(accept(&io, Method::GET, "EIO=4&transport=websocket").await);
    assert_eq!(io.engine().clients_count(), 0);
}

/// What came while too many handlers waited is kept up to 1 MiB; what is beyond stays with the
/// library.
#[tokio::test(start_paused = true)]
async fn another_librarys_websocket_is_read_no_more_while_handlers_have_enough_to_do() {
    let io = Server::builder().max_waiting_handlers(2).build();
    let (gate, (teller, mut started)) = (gate(), channel());
    io.on("wait", {
        let gate = Arc::clone(&gate);
        async move |number: u32, _: String| {
            teller.tell(number);
            pass(&gate).await;
        }
    });
    let (websocket, client, mut received) = Channels::new();
    let counts = websocket.counts();
    let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
    accepted.carry(websocket);
    client.send(SocketMessage::Text("40".to_owned())).unwrap();
    assert!(text(&mut received).await.starts_with('0'));
    assert!(text(&mut received).await.starts_with("40"));
    let long = "x".repeat(400_000);
    for (number, text) in [
        (0, ""),
        (1, ""),
        (2, &long),
        (3, &long),
        (4, &long),
        (5, ""),
    ] {
        let packet = format!(r#"42["wait",{number},"{text}"]"#);
        client.send(SocketMessage::Text(packet)).unwrap();
    }

    idle().await;
    assert_eq!(started.so_far(), [0, 1]);
    assert_eq!(
        counts.given(),
        6,
        "all but the last event, behind the CONNECT"
    );
    let asked = counts.asked();
    io.emit("wake", ());
    assert_eq!(text(&mut received).await, r#"42["wake"]"#);
    idle().await;
    assert_eq!((counts.asked(), counts.given()), (asked, 6));
    gate.add_permits(6);
    idle().await;
    assert_eq!(started.so_far(), [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_panic_of_another_librarys_websocket_ends_its_session_only() {
    let io = echo_server();
    let mut causes = causes(&io);
    let mut neighbour = foreign(&io, WebSocketConfig::default()).joined().await;
    let (socket, client, mut received) = Channels::new();
    let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
    accepted.carry(socket);
    client.send(SocketMessage::Text("40".to_owned())).unwrap();
    assert!(text(&mut received).await.starts_with('0'));
    assert!(text(&mut received).await.starts_with("40"));

    client
        .send(SocketMessage::Text("panic".to_owned()))
        .unwrap();
    let lost = (
        "transport close".to_owned(),
        DisconnectCause::ConnectionLost,
    );
    assert_eq!(causes.next().await, lost);
    assert_eq!(within("the end", received.recv()).await, None);
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn the_engine_alone_is_carried_too() {
    let engine = Engine::new(|_: &_| {
        |socket: &roomcast::engine::Socket, message: Message<'_>| socket.send(message)
    });
    let (socket, client, mut received) = Channels::new();
    let head = head(Method::GET, "EIO=4&transport=websocket");
    let accepted = engine.accept_websocket(&head).await;

    accepted.expect("it is accepted").carry(socket);
    assert!(text(&mut received).await.starts_with('0'));
    client
        .send(SocketMessage::Text("4hello".to_owned()))
        .unwrap();
    assert_eq!(text(&mut received).await, "4hello");
    let bytes = SocketMessage::Binary(Bytes::from_static(&[1, 2]));
    client.send(bytes.clone()).unwrap();
    assert_eq!(within("bytes", received.recv()).await, Some(bytes));
    drop(client);
    engine.close().await;
    assert_eq!(engine.clients_count(), 0);
}

/// A WebSocket that breaks at the first message.
struct Broken;

impl MessageSocket for Broken {
    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        Poll::Pending
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, _: SocketMessage) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_websocket_that_takes_no_message_ends_its_session_with_a_transport_error() {
    let (teller, mut heard) = channel();
    let io = echo_server();
    io.on_connect(|_: Socket| {});
    let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
    accepted.carry(Broken);

    tokio::spawn({
        let engine = io.engine().clone();
        async move {
            while engine.clients_count() > 0 {
                tokio::task::yield_now().await;
            }
            teller.tell(engine.disconnect_counts());
        }
    });
    let lost = heard.next().await.into_iter().find(|(_, count)| *count > 0);
    assert_eq!(lost, Some(("connection-lost", 1)));
}
