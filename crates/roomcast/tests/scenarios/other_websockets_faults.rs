//! Clients that misbehave on WebSockets of another library, and libraries that do. Spec: features
//! 1.45, 1.20, N8.

use std::io;
use std::task::{Context, Poll};

use http::Method;
use roomcast::engine::{MessageSocket, ReceiveError, SocketMessage};
use roomcast::{DisconnectCause, DisconnectReason, Server};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support::{
    Channels, Frame, Heard, accept, answering, channel, echo_server, foreign, foreign_tcp, idle,
    masked, within,
};

fn causes(io: &Server) -> Heard<(String, DisconnectCause)> {
    let (teller, heard) = channel();
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason.to_string(), cause));
    });
    heard
}

/// Pongs are tungstenite's, which has no limit for them.
#[tokio::test(start_paused = true)]
async fn a_client_that_pings_another_library_and_reads_no_pong_is_read_no_more() {
    let io = echo_server();
    let host = foreign(&io, WebSocketConfig::default());
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;
    let ping = masked(0x89, &[0; 125]);
    let all = ping.repeat(20_000);
    let mut sent = 0;

    let flood = async {
        while sent < all.len() {
            sent += client.stream.write_some(&all[sent..]).await;
        }
    };
    let limit = std::time::Duration::from_secs(1);
    let is_stopped = tokio::time::timeout(limit, flood).await.is_err();
    assert!(is_stopped, "all pings were read");
    neighbour.expect_alive().await;
    let end = sent.next_multiple_of(ping.len());
    for _ in 0..sent / ping.len() {
        assert_eq!(client.next().await, Frame::Pong(vec![0; 125]));
    }
    if end > sent {
        client.stream.write(&all[sent..end]).await;
        assert_eq!(client.next().await, Frame::Pong(vec![0; 125]));
    }
    client.expect_alive().await;
}

/// What the kernel has and nobody reads would make it reset the connection, ahead of the close.
#[tokio::test]
async fn a_client_that_sends_all_of_a_message_too_large_still_learns_of_1009() {
    let io = Server::builder().max_http_buffer_size(1000).build();
    answering(&io);
    let mut causes = causes(&io);
    let config = WebSocketConfig::default().max_frame_size(Some(1000));
    let mut client = foreign_tcp(&io, config).await.joined().await;

    client.send_binary(&vec![0; 5_000_000]).await;
    client.expect_close(Some(1009)).await;
    let cause = DisconnectCause::Oversize { max_bytes: 1000 };
    assert_eq!(causes.next().await, ("transport error".to_owned(), cause));
}

/// As on the server's own WebSockets.
#[tokio::test]
async fn text_that_is_not_utf_8_closes_another_librarys_websocket_with_1007() {
    for is_foreign in [true, false] {
        let io = echo_server();
        let mut causes = causes(&io);
        let host = match is_foreign {
            true => foreign(&io, WebSocketConfig::default()),
            false => crate::support::Host::memory(&io),
        };
        let mut client = host.joined().await;

        client.send_frame(0x81, b"4\xff").await;
        assert_eq!(client.next().await, Frame::Close(Some(1007)));
        let cause = DisconnectCause::Protocol("text is not valid UTF-8".into());
        assert_eq!(causes.next().await, ("transport error".to_owned(), cause));
    }
}

#[tokio::test]
async fn carrying_outside_of_a_runtime_panics_before_a_session_begins() {
    let io = echo_server();
    let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
    let (socket, _client, _received) = Channels::new();

    let elsewhere = std::thread::spawn(move || accepted.carry(socket));
    assert!(elsewhere.join().is_err());
    assert_eq!(io.engine().clients_count(), 0);
}

/// A WebSocket that panics where it is dropped.
struct Brittle(Channels);

impl Drop for Brittle {
    fn drop(&mut self) {
        panic!("as the test wants it");
    }
}

impl MessageSocket for Brittle {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        self.0.poll_receive(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        self.0.start_send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_panics_where_it_is_dropped_leaves_no_session_behind() {
    for last_words in [None, Some("panic")] {
        let io = echo_server();
        let mut causes = causes(&io);
        let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
        let (socket, client, mut received) = Channels::new();
        accepted.carry(Brittle(socket));
        client.send(SocketMessage::Text("40".to_owned())).unwrap();
        for _ in ["open", "connect"] {
            assert!(within("a packet", received.recv()).await.is_some());
        }

        if let Some(text) = last_words {
            client.send(SocketMessage::Text(text.to_owned())).unwrap();
        }
        drop(client);
        let lost = (
            "transport close".to_owned(),
            DisconnectCause::ConnectionLost,
        );
        assert_eq!(causes.next().await, lost);
        idle().await;
        assert_eq!(io.engine().clients_count(), 0);
    }
}
