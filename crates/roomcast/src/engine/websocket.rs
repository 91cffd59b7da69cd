//! The WebSocket transport: one upgraded connection, its decoder and what it still has to write.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomcast_websocket::{CloseCode, Decoder, OpCode, deflate};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::mailbox::{Entry, Mailbox};
use super::upgrade::Codecs;

/// An upgraded connection.
enum Connection {
    /// Taken out of the HTTP server: no wrapper, no left-over buffer.
    Tcp(TcpStream),
    /// TLS and whatever else the user's acceptor gave.
    Other(Box<dyn Stream>),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A WebSocket that was accepted. Frames of the peer are decoded where they were read.
pub(crate) struct WebSocket {
    connection: Connection,
    pub(crate) decoder: Decoder,
    deflater: Option<deflate::Deflater>,
    /// Bytes that were read but not yet decoded.
    pub(crate) unread: BytesMut,
    /// Frames that were taken from the mailbox and not yet written, in order.
    unsent: VecDeque<Entry>,
    /// Bytes of the first frame of `unsent` that are already written, and its compressed form.
    head: Head,
    /// Control frames (pong, close), sent before `unsent`.
    control: BytesMut,
}

#[derive(Debug, Default)]
struct Head {
    written: usize,
    compressed: Option<Bytes>,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket")
            .field("unsent", &self.unsent.len())
            .finish_non_exhaustive()
    }
}

/// What [`WebSocket::poll_write`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Everything left.
    All,
    /// The connection takes no more now; the task is woken when it does.
    Blocked,
}

impl WebSocket {
    /// Takes a connection over from hyper; `greeting` leaves ahead of all else.
    pub(crate) fn new(upgraded: Upgraded, codecs: Codecs, greeting: &[u8]) -> Self {
        let (connection, unread) = match upgraded.downcast::<TokioIo<TcpStream>>() {
            // Cost: the read buffer that hyper leaves is dropped; kept, it is 8 kB for each idle connection.
            Ok(parts) => (
                Connection::Tcp(parts.io.into_inner()),
                BytesMut::from(&parts.read_buf[..]),
            ),
            Err(upgraded) => (
                Connection::Other(Box::new(TokioIo::new(upgraded))),
                BytesMut::new(),
            ),
        };
        Self::on(connection, unread, codecs, BytesMut::from(greeting))
    }

    /// Takes over a connection: `unread` was read from it already, and `unsent` leaves ahead of all
    /// else.
    pub(crate) fn over(
        stream: TcpStream,
        unread: BytesMut,
        codecs: Codecs,
        unsent: BytesMut,
    ) -> Self {
        Self::on(Connection::Tcp(stream), unread, codecs, unsent)
    }

    fn on(
        connection: Connection,
        unread: BytesMut,
        (decoder, deflater): Codecs,
        control: BytesMut,
    ) -> Self {
        Self {
            connection,
            decoder,
            deflater,
            unread,
            unsent: VecDeque::new(),
            head: Head::default(),
            control,
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.stream().poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    /// Queues a control frame; it leaves with the next write, ahead of what is queued.
    pub(crate) fn send_control(&mut self, opcode: OpCode, payload: &[u8]) {
        self.control
            .extend_from_slice(&roomcast_websocket::encode(opcode, payload));
    }

    /// Whether so many pongs wait that nothing more may be read: the peer does not read them.
    pub(crate) fn owes_much(&self) -> bool {
        self.control.len() > MAX_CONTROL_BYTES
    }

    pub(crate) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty() || !self.control.is_empty()
    }

    /// Writes what is left here and what `mailbox` holds, until it is empty or the connection is full.
    pub(crate) fn poll_write(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        loop {
            if let (Some(mailbox), true) = (mailbox, self.unsent.is_empty()) {
                mailbox.take(&mut self.unsent);
            }
            if !self.is_blocked() {
                return Ok(Written::All);
            }
            if self.poll_write_some(mailbox, cx)?.is_pending() {
                mailbox.inspect(|mailbox| mailbox.set_busy());
                return Ok(Written::Blocked);
            }
        }
    }

    /// One vectored write of as many frames as fit, control frames first.
    fn poll_write_some(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<()>> {
        self.compress_head();
        // A frame of which a part is written is finished before a control frame may come.
        let control_first = self.head.written == 0 && !self.control.is_empty();
        let written = if control_first {
            let control = self.control.split();
            let result = Self::stream_of(&mut self.connection).poll_write(cx, &control);
            let n = if let Poll::Ready(Ok(n)) = result {
                n
            } else {
                0
            };
            let mut rest = control;
            rest.advance(n);
            self.control = rest;
            result
        } else {
            self.poll_write_frames(cx)
        };
        match written {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Err(error)) => Err(error),
            // There was something to write: a connection that takes nothing will never take it.
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(written)) => {
                if !control_first {
                    self.finish(written, mailbox);
                }
                Ok(Poll::Ready(()))
            }
        }
    }

    fn poll_write_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (index, entry) in self.unsent.iter().enumerate().take(MAX_SLICES) {
            let frame = match (&self.head.compressed, index) {
                (Some(compressed), 0) => compressed,
                _ if self.deflater.is_some() && index > 0 => break,
                _ => entry.frame.websocket(),
            };
            let skip = if index == 0 { self.head.written } else { 0 };
            slices[index] = IoSlice::new(&frame[skip..]);
            count = index + 1;
        }
        Self::stream_of(&mut self.connection).poll_write_vectored(cx, &slices[..count])
    }

    /// Cost: with permessage-deflate each receiver compresses for itself, one frame at a time.
    fn compress_head(&mut self) {
        let (Some(deflater), Some(entry)) = (&mut self.deflater, self.unsent.front()) else {
            return;
        };
        let is_new = self.head.written == 0 && self.head.compressed.is_none();
        if is_new && entry.may_compress {
            let opcode = if entry.frame.is_binary() {
                OpCode::Binary
            } else {
                OpCode::Text
            };
            self.head.compressed = Some(deflater.encode(opcode, entry.frame.payload()));
        }
    }

    /// Takes `written` bytes off the front of the queue.
    fn finish(&mut self, mut written: usize, mailbox: Option<&Mailbox>) {
        let mut finished_bytes = 0;
        while let Some(entry) = self.unsent.front() {
            let len = self
                .head
                .compressed
                .as_ref()
                .map_or(entry.frame.len(), Bytes::len);
            let rest = len - self.head.written;
            if written < rest {
                self.head.written += written;
                break;
            }
            written -= rest;
            finished_bytes += entry.frame.len();
            self.head = Head::default();
            self.unsent.pop_front();
        }
        if let Some(mailbox) = mailbox {
            mailbox.written(finished_bytes);
        }
    }

    /// Writes what is left, then the close frame, and waits until the peer has closed too.
    ///
    /// Without the wait unread bytes of the peer would make the kernel reset the connection, and the
    /// peer could lose the close frame. Peers that do not answer are cut after [`CLOSE_TIMEOUT`].
    pub(crate) async fn close(mut self, code: Option<CloseCode>) {
        let frame = match code {
            Some(code) => roomcast_websocket::encode_close(code, ""),
            None => roomcast_websocket::encode(OpCode::Close, &[]),
        };
        let farewell = async {
            while self.is_blocked() {
                std::future::poll_fn(|cx| match self.poll_write_some(None, cx) {
                    Ok(progress) => progress.map(Ok),
                    Err(error) => Poll::Ready(Err(error)),
                })
                .await?;
            }
            let mut stream = Self::stream_of(&mut self.connection);
            stream.write_all(&frame).await?;
            stream.shutdown().await?;
            self.drain().await
        };
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await {
            tracing::debug!(%error, "the connection ended before the WebSocket close");
        }
    }

    /// Reads and forgets until the peer closes.
    async fn drain(&mut self) -> io::Result<()> {
        let mut sink = [0; 1024];
        while std::future::poll_fn(|cx| self.poll_read(cx, &mut sink)).await? > 0 {}
        Ok(())
    }

    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        Self::stream_of(&mut self.connection)
    }

    fn stream_of(connection: &mut Connection) -> Pin<&mut (dyn Stream + '_)> {
        match connection {
            Connection::Tcp(stream) => Pin::new(stream),
            Connection::Other(stream) => Pin::new(stream),
        }
    }
}

/// Control frames that may wait, in bytes; one read may add some more.
const MAX_CONTROL_BYTES: usize = 64 * 1024;
/// Frames in one vectored write.
const MAX_SLICES: usize = 64;
/// How long a closed WebSocket may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
