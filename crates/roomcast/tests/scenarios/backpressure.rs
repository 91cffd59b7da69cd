//! Clients that read too slowly, or never. Spec: features N8, as far as it is a limit.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use roomcast::{OutboxPolicy, Server, Socket};
use tokio::io::{AsyncRead, AsyncWrite, BufWriter, DuplexStream, ReadBuf};

use crate::support::{Frame, Host, answering, channel, echo_server, idle, reasons, socket};

const LIMIT: usize = 100_000;

fn server(policy: OutboxPolicy) -> Server {
    let io = Server::builder().max_outbox(LIMIT, policy).build();
    answering(&io);
    io
}

/// Emits to a client that does not read until its outbox is over the limit; gives the number of
/// events that were taken.
async fn fill(socket: &Socket) -> u32 {
    let text = "x".repeat(1000);
    for number in 0..10_000 {
        if socket.try_emit("fill", (number, &text)).is_err() {
            return number;
        }
        idle().await;
    }
    panic!("the outbox has no limit");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_closed_with_outbox_full() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut neighbour = host.joined().await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);

    fill(&socket).await;
    assert_eq!(reasons.next().await, "outbox full");
    neighbour.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_polls_is_closed_with_outbox_full() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);

    let taken = fill(&socket).await;
    assert_eq!(reasons.next().await, "outbox full");
    assert!(
        (90..=110).contains(&taken),
        "{taken} events of about 1000 bytes were taken"
    );
    client.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_closes_the_slow_receiver_only() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut reader = host.joined().await;
    let _slow = host.joined_polling().await;
    let text = "x".repeat(1000);

    for number in 0..200 {
        io.emit("all", (number, &text));
        assert!(
            reader
                .next_text()
                .await
                .starts_with(&format!(r#"42["all",{number},"#))
        );
    }
    assert_eq!(reasons.so_far(), ["outbox full"]);
    reader.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn drop_newest_leaves_events_out_and_keeps_the_client() {
    let io = server(OutboxPolicy::DropNewest);
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let taken = fill(&socket).await;
    assert!(socket.try_emit("dropped", ()).is_err());

    for number in 0..taken {
        assert!(
            client
                .next_text()
                .await
                .starts_with(&format!(r#"42["fill",{number},"#))
        );
    }
    idle().await;
    socket.emit("again", ());
    client.expect(r#"42["again"]"#).await;
}

/// The limit is checked before a message is queued: one that is larger than the limit still leaves.
#[tokio::test(start_paused = true)]
async fn one_message_larger_than_the_limit_leaves() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let large = "x".repeat(3 * LIMIT);

    socket(&io, &id).emit("large", &large);
    assert_eq!(
        client.next().await,
        Frame::Text(format!(r#"42["large","{large}"]"#))
    );
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn pending_bytes_rise_and_fall_with_the_outbox() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);

    socket.emit("event", "x".repeat(1000));
    assert!(socket.conn().pending_bytes() >= 1000);
    client.next().await;
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);
}

/// Pongs are queued beside the outbox: a client that reads none of them is read no more.
#[tokio::test(start_paused = true)]
async fn a_client_that_sends_pings_and_reads_no_pong_is_read_no_more() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;
    let ping = crate::support::masked(0x89, &[0; 125]);
    let all = ping.repeat(100_000);
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
    for _ in 0..sent / ping.len() {
        assert_eq!(client.next().await, Frame::Pong(vec![0; 125]));
    }
    let end = sent.next_multiple_of(ping.len());
    if end > sent {
        client.stream.write(&all[sent..end]).await;
        assert_eq!(client.next().await, Frame::Pong(vec![0; 125]));
    }
    client.expect_alive().await;
}

/// A connection that, once told so, answers every write with "0 bytes written".
struct Stuck {
    io: DuplexStream,
    takes_nothing: Arc<AtomicBool>,
}

impl AsyncRead for Stuck {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.takes_nothing.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Both kinds of writes are tried: an event, and the pong to a ping of the client.
#[tokio::test(start_paused = true)]
async fn a_connection_that_takes_0_bytes_of_a_write_ends_its_session() {
    for first in [0x81, 0x89] {
        let io = echo_server();
        let mut reasons = reasons(&io);
        let takes_nothing = Arc::new(AtomicBool::new(false));
        let host = Host::carried(&io, {
            let takes_nothing = Arc::clone(&takes_nothing);
            move |io| Stuck {
                io,
                takes_nothing: Arc::clone(&takes_nothing),
            }
        });
        let mut client = host.joined().await;

        takes_nothing.store(true, Ordering::Relaxed);
        client.send_frame(first, br#"421["alive"]"#).await;
        assert_eq!(reasons.next().await, "transport error");
    }
}

/// What lies in the buffer of a connection has not left: it counts, and nobody is told otherwise.
#[tokio::test(start_paused = true)]
async fn what_a_connection_buffers_leaves_without_a_further_frame_and_counts_until_then() {
    let io = echo_server();
    let host = Host::carried(&io, |io| BufWriter::with_capacity(1_000_000, io));
    let mut client = host.websocket().await;
    let socket = socket(&io, &client.join("/").await);
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
    assert_eq!(socket.conn().pending_bytes(), 0);
    client.expect_alive().await;
}
