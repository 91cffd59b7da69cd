//! The buffer that WebSockets are read with. Spec: features 1.52.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use roomcast::Server;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::support::{Host, Teller, answering, channel};

/// Tells how many bytes each read asks for.
struct Measured(DuplexStream, Teller<usize>);

impl AsyncRead for Measured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.1.tell(buf.remaining());
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Measured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn packet() -> String {
    format!(r#"42["echo","{}"]"#, "x".repeat(1000))
}

#[tokio::test(start_paused = true)]
async fn a_websocket_is_read_with_a_buffer_of_the_chosen_length() {
    let io = Server::builder().read_buffer_bytes(100).build();
    answering(&io);
    let (teller, mut asked) = channel();
    let host = Host::carried(&io, move |far| Measured(far, teller.clone()));
    let mut client = host.joined().await;
    asked.so_far();

    client.send(&packet()).await;
    client.expect(&packet()).await;
    let asked = asked.so_far();
    assert!(asked.len() > 10, "{} reads", asked.len());
    assert!(asked.iter().all(|&bytes| bytes == 100), "{asked:?}");
}

#[tokio::test]
async fn requests_and_messages_are_read_whole_with_a_buffer_of_one_byte() {
    let io = Server::builder().read_buffer_bytes(1).build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(&packet()).await;
    client.expect(&packet()).await;
    host.joined_polling().await.expect_alive().await;
}
