//! One connection to a server, whatever carries it.

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::within;

/// A connection and what was read from it but not yet looked at.
pub(crate) struct Stream {
    io: Box<dyn Duplex>,
    unread: BytesMut,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Stream {
    pub(crate) fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self {
            io: Box::new(io),
            unread: BytesMut::new(),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        within("the server to read", self.io.write_all(bytes))
            .await
            .expect("the server holds the connection");
    }

    /// Writes to a server that may hang up meanwhile.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        within("the server to read", self.io.write_all(bytes))
            .await
            .is_ok()
    }

    /// Tells the server that nothing more will come.
    pub(crate) async fn finish_writing(&mut self) {
        within("the end of writing", self.io.shutdown())
            .await
            .expect("the connection is open");
    }

    /// Reads up to and with `end`; `None` if the connection ends before.
    pub(crate) async fn read_until(&mut self, end: &[u8]) -> Option<BytesMut> {
        loop {
            if let Some(position) = self
                .unread
                .windows(end.len())
                .position(|window| window == end)
            {
                return Some(self.unread.split_to(position + end.len()));
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    /// Reads this many bytes; `None` if the connection ends before.
    pub(crate) async fn read_exact(&mut self, len: usize) -> Option<BytesMut> {
        while self.unread.len() < len {
            if !self.read_more().await {
                return None;
            }
        }
        Some(self.unread.split_to(len))
    }

    /// Reads until the server closes.
    pub(crate) async fn read_to_end(&mut self) -> BytesMut {
        while self.read_more().await {}
        let len = self.unread.len();
        let all = self.unread.split_to(len);
        self.unread.advance(0);
        all
    }

    /// Whether there was more; a reset counts as the end.
    async fn read_more(&mut self) -> bool {
        let read = within("the server to write", self.io.read_buf(&mut self.unread)).await;
        read.is_ok_and(|count| count > 0)
    }
}
