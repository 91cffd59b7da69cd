//! The WebSocket transport: one upgraded connection, its decoder and what it still has to write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomcast_websocket::{CloseCode, Decoder, OpCode, deflate};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::binary_form::BinaryForm;
use super::cause::Farewell;
use super::frame::Frame;
use super::mailbox::{Flushed, Lending, Mailbox};
use super::outbox::{Entry, Queue};
use super::outgoing::{Outgoing, Written};
use super::read_buffer;
use super::socket::Socket;
use super::upgrade::Codecs;

/// An upgraded connection.
enum Connection {
    /// Taken out of the HTTP server: no wrapper, no left-over buffer.
    Tcp(OwnedReadHalf, WriteSide),
    /// TLS and whatever else the user's acceptor gave.
    Other(Box<dyn Stream>),
}

/// Where the write half of a TCP connection is.
enum WriteSide {
    Here(Writer),
    /// In this session's mailbox, for whoever has frames.
    Lent(Socket),
    Gone,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The write half of a TCP connection. Dropping it does not shut the connection down: it ends with
/// the read half.
#[derive(Debug)]
pub(crate) struct Writer(Option<OwnedWriteHalf>);

impl Writer {
    fn half(&self) -> &OwnedWriteHalf {
        self.0.as_ref().expect("the half is there until the drop")
    }

    fn pin(&mut self) -> Pin<&mut OwnedWriteHalf> {
        Pin::new(self.0.as_mut().expect("the half is there until the drop"))
    }

    /// Reads what [`try_write`](Self::try_write) reads first, and writes nothing.
    pub(crate) fn look_at(&self) {
        let stream: &TcpStream = self.half().as_ref();
        // Whether the connection takes something is seen when it is written to.
        drop(stream.try_io(Interest::WRITABLE, || Ok(())));
    }

    /// Writes what the connection takes now.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [slice] => self.half().try_write(slice),
            slices => self.half().try_write_vectored(slices),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(half) = self.0.take() {
            half.forget();
        }
    }
}

/// A WebSocket that was accepted. Frames of the peer are decoded where they were read.
pub(crate) struct WebSocket {
    connection: Connection,
    pub(crate) decoder: Decoder,
    deflater: Option<Box<deflate::Deflater>>,
    binary_form: Option<BinaryForm>,
    /// Bytes that were read but not yet decoded.
    pub(crate) unread: Vec<u8>,
    outgoing: Outgoing,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket")
            .field("outgoing", &self.outgoing)
            .finish_non_exhaustive()
    }
}

impl WebSocket {
    /// Takes a connection over from hyper; `greeting` leaves ahead of all else.
    pub(crate) fn new(upgraded: Upgraded, codecs: Codecs, greeting: &[u8]) -> Self {
        // Cost: the read buffer that hyper leaves is dropped; kept, it is 8 kB for each idle connection.
        let (connection, unread) = match tcp(upgraded) {
            Ok((stream, unread)) => {
                // COMPAT: Node's HTTP server sets it for each connection; hyper and axum leave it to others.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "small packets may be delayed");
                }
                (Connection::tcp(stream), unread.to_vec())
            }
            Err(upgraded) => (
                Connection::Other(Box::new(TokioIo::new(upgraded))),
                Vec::new(),
            ),
        };
        Self::on(connection, unread, codecs, greeting.to_vec())
    }

    /// Takes over a connection: `unread` was read from it already, and `unsent` leaves ahead of all
    /// else.
    pub(crate) fn over(
        stream: TcpStream,
        unread: Vec<u8>,
        codecs: Codecs,
        unsent: Vec<u8>,
    ) -> Self {
        Self::on(Connection::tcp(stream), unread, codecs, unsent)
    }

    fn on(connection: Connection, unread: Vec<u8>, codecs: Codecs, control: Vec<u8>) -> Self {
        Self {
            connection,
            decoder: codecs.decoder,
            deflater: codecs.deflater.map(Box::new),
            binary_form: codecs.binary_form,
            unread,
            outgoing: Outgoing::new(control),
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        match &mut self.connection {
            Connection::Tcp(reader, _) => ready!(Pin::new(reader).poll_read(cx, &mut buf))?,
            Connection::Other(stream) => ready!(Pin::new(stream).poll_read(cx, &mut buf))?,
        }
        Poll::Ready(Ok(buf.filled().len()))
    }

    /// Queues a control frame; it leaves with the next write, ahead of what is queued.
    pub(crate) fn send_control(&mut self, opcode: OpCode, payload: &[u8]) {
        let frame = roomcast_websocket::encode(opcode, payload);
        self.outgoing.control.extend_from_slice(&frame);
    }

    /// Whether so many pongs wait that nothing more may be read: the peer does not read them.
    pub(crate) fn owes_much(&self) -> bool {
        self.outgoing.owes_much()
    }

    /// Writes what is left here and what `mailbox` holds, until it is empty or the connection is full.
    pub(crate) fn poll_write(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        match (&self.connection, mailbox) {
            (Connection::Tcp(_, WriteSide::Lent(_)), Some(mailbox)) => {
                write_through(mailbox, &mut self.outgoing.control, cx)
            }
            _ => self.poll_write_own(mailbox, cx),
        }
    }

    /// Puts the write half into the session's mailbox, if that is where frames may be written from.
    ///
    /// Nothing may be left here, and `socket`'s session is carried by this WebSocket.
    pub(crate) fn lend_to(&mut self, socket: &Socket) {
        let Connection::Tcp(_, side @ WriteSide::Here(_)) = &mut self.connection else {
            return;
        };
        let changes_frames = self.deflater.is_some() || self.binary_form.is_some();
        if changes_frames || !self.outgoing.is_empty() {
            return;
        }
        if let WriteSide::Here(writer) = std::mem::replace(side, WriteSide::Lent(socket.clone())) {
            socket.mailbox().attach(writer);
        }
    }

    fn poll_write_own(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        let stream: Pin<&mut (dyn AsyncWrite + Unpin)> = match &mut self.connection {
            Connection::Tcp(_, WriteSide::Here(writer)) => writer.pin(),
            Connection::Tcp(..) if self.outgoing.is_empty() => return Ok(Written::All),
            Connection::Tcp(..) => return Err(io::ErrorKind::BrokenPipe.into()),
            Connection::Other(stream) => Pin::new(stream),
        };
        let encode = |queue: &mut Queue, mailbox: &Mailbox| {
            if let Some(form) = self.binary_form {
                change_all(queue, mailbox, |entry| form.give_to_entry(entry));
            }
            if let Some(deflater) = &mut self.deflater {
                change_all(queue, mailbox, |entry| compress(deflater, entry));
            }
        };
        self.outgoing.poll_write(stream, mailbox, encode, cx)
    }

    /// Writes what is left, then the close frame, and waits until the peer has closed too.
    ///
    /// Without the wait unread bytes of the peer would make the kernel reset the connection, and the
    /// peer could lose the close frame. Peers that do not answer are cut after [`CLOSE_TIMEOUT`].
    ///
    /// A farewell goes between what is left and the close frame.
    pub(crate) async fn close(mut self, code: Option<CloseCode>, farewell: Option<Box<Farewell>>) {
        let frame = match farewell {
            Some(mut farewell) => {
                if let Some(form) = self.binary_form {
                    farewell
                        .packets
                        .iter_mut()
                        .for_each(|frame| form.give_to(frame));
                }
                last_frames(code, &farewell)
            }
            None => close_frame(code),
        };
        let farewell = async {
            self.take_back().await;
            match &mut self.connection {
                Connection::Tcp(_, WriteSide::Here(writer)) => {
                    self.outgoing.write_rest(writer.pin()).await?;
                    say_goodbye(writer.pin(), &frame).await?;
                }
                Connection::Tcp(..) => return Err(io::ErrorKind::BrokenPipe.into()),
                Connection::Other(stream) => {
                    self.outgoing.write_rest(Pin::new(stream)).await?;
                    say_goodbye(Pin::new(stream), &frame).await?;
                }
            }
            self.drain().await
        };
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await {
            tracing::debug!(%error, "the connection ended before the WebSocket close");
        }
    }

    /// Answers the peer's close frame, if nothing else is to be written and the answer is taken at
    /// once; the connection may then be dropped. Otherwise the WebSocket is to be
    /// [closed](Self::close).
    ///
    /// Cost: the peer has said its last word, so no task waits for the end of the connection.
    pub(crate) fn answer_close(&mut self, code: Option<CloseCode>) -> bool {
        let Connection::Tcp(_, side @ WriteSide::Lent(_)) = &mut self.connection else {
            return false;
        };
        let WriteSide::Lent(socket) = side else {
            return false;
        };
        let Some((writer, unsent)) = socket.mailbox().detach() else {
            return false;
        };
        let Some(writer) = writer else {
            *side = WriteSide::Gone;
            return true;
        };
        let frame = close_frame(code);
        let is_first = unsent.is_empty() && self.outgoing.control.is_empty();
        let is_answered = is_first && writer.try_write(&[IoSlice::new(&frame)]).is_ok();
        *side = WriteSide::Here(writer);
        if !is_answered {
            self.outgoing.take_over(unsent);
        }
        is_answered
    }

    /// Takes the write half back from the mailbox, with what is left there of a frame.
    async fn take_back(&mut self) {
        let Connection::Tcp(_, WriteSide::Lent(socket)) = &self.connection else {
            return;
        };
        // Invariant: until it is here it counts as lent. If nobody waits for it any more it is
        // closed where it is.
        let (writer, unsent) = loop {
            if let Some(detached) = socket.mailbox().detach() {
                break detached;
            }
            // Another thread writes to it, and to others before or behind it, whose listeners may take long.
            tokio::time::sleep(LINE_PAUSE).await;
        };
        if let Connection::Tcp(_, side) = &mut self.connection {
            *side = writer.map_or(WriteSide::Gone, WriteSide::Here);
        }
        self.outgoing.take_over(unsent);
    }

    /// Reads and forgets until the peer closes.
    async fn drain(&mut self) -> io::Result<()> {
        let read = |cx: &mut Context<'_>| read_buffer::with(|buf| self.poll_read(cx, buf));
        let mut read = std::future::poll_fn(read);
        while (&mut read).await? > 0 {}
        Ok(())
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        if let Connection::Tcp(_, WriteSide::Lent(socket)) = &self.connection {
            socket.mailbox().hang_up();
        }
    }
}

impl Connection {
    fn tcp(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self::Tcp(reader, WriteSide::Here(Writer(Some(writer))))
    }
}

/// The TCP connection under an upgrade, with what was read too much.
///
/// hyper wraps it where it had to tell HTTP/1 from HTTP/2.
fn tcp(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    type Detected = hyper_util::server::conn::auto::upgrade::Parts<TokioIo<TcpStream>>;
    let detected = hyper_util::server::conn::auto::upgrade::downcast(upgraded);
    match detected {
        Ok(Detected { io, read_buf, .. }) => Ok((io.into_inner(), read_buf)),
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TcpStream>>()?;
            Ok((parts.io.into_inner(), parts.read_buf))
        }
    }
}

/// Writes through the mailbox, whose line others use, too.
fn write_through(
    mailbox: &Mailbox,
    control: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> io::Result<Written> {
    let (mut writer, mut batch) = match mailbox.lend_to_task(control) {
        Lending::Line(writer, batch) => (writer, batch),
        Lending::Nothing => return Ok(Written::All),
        // The task is woken when it is back.
        Lending::Elsewhere => return Ok(Written::Blocked),
        Lending::Broken(kind) => return Err(kind.into()),
    };
    loop {
        let mut bytes = 0;
        let mut flushed = Flushed::All;
        batch.advance(0);
        while !batch.is_empty() {
            let written = batch.write_with(|slices| match slices {
                [slice] => writer.pin().poll_write(cx, slice),
                slices => writer.pin().poll_write_vectored(cx, slices),
            });
            match written {
                Poll::Ready(Ok(written)) if written > 0 => {
                    bytes += written;
                    batch.advance(written);
                }
                Poll::Pending => {
                    flushed = Flushed::Awaited;
                    break;
                }
                Poll::Ready(end) => {
                    let kind = end.map_or_else(|error| error.kind(), |_| io::ErrorKind::WriteZero);
                    flushed = Flushed::Broken(kind);
                    break;
                }
            }
        }
        match (mailbox.give_back(writer, batch, bytes, flushed), flushed) {
            (Some(more), _) => (writer, batch) = more,
            // Control frames that came while others were on their way.
            (None, Flushed::All) if !control.is_empty() => {
                return write_through(mailbox, control, cx);
            }
            (None, Flushed::All) => return Ok(Written::All),
            (None, Flushed::Blocked | Flushed::Awaited) => return Ok(Written::Blocked),
            (None, Flushed::Broken(kind)) => return Err(kind.into()),
        }
    }
}

fn close_frame(code: Option<CloseCode>) -> Bytes {
    match code {
        Some(code) => roomcast_websocket::encode_close(code, ""),
        None => roomcast_websocket::encode(OpCode::Close, &[]),
    }
}

/// A farewell's packets and the close frame, which tells the cause.
fn last_frames(code: Option<CloseCode>, farewell: &Farewell) -> Bytes {
    let cause = &farewell.cause;
    let code = code.unwrap_or_else(|| cause.close_code());
    let close = roomcast_websocket::encode_close(code, cause.as_str());
    let packets = farewell.packets.iter().map(Frame::websocket);
    packets
        .chain(std::iter::once(&close[..]))
        .flatten()
        .copied()
        .collect()
}

async fn say_goodbye(mut stream: Pin<&mut impl AsyncWrite>, frame: &[u8]) -> io::Result<()> {
    stream.write_all(frame).await?;
    stream.shutdown().await
}

/// Gives frames the form that this client takes.
pub(super) fn change_all(queue: &mut Queue, mailbox: &Mailbox, mut change: impl FnMut(&mut Entry)) {
    for entry in queue {
        let before = entry.bytes().len();
        change(entry);
        mailbox.recount(before, entry.bytes().len());
    }
}

/// Cost: with permessage-deflate each receiver compresses for itself.
fn compress(deflater: &mut deflate::Deflater, entry: &mut Entry) {
    if let Entry::Shared {
        frame,
        may_compress: true,
        ..
    } = entry
    {
        let opcode = match frame.is_binary() {
            true => OpCode::Binary,
            false => OpCode::Text,
        };
        let bytes = deflater.encode(opcode, frame.payload()).into();
        *entry = Entry::Own { bytes, start: 0 };
    }
}

/// How long a closed WebSocket may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two looks at whether another thread still writes.
const LINE_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use roomcast_engineio::CloseReason;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::engine::{Engine, Message};

    /// A client's connection once it has its open packet, and the server's side of it.
    async fn connected() -> (TcpStream, Socket, Engine) {
        let (accepted, mut sockets) = mpsc::unbounded_channel();
        let engine = Engine::builder().build(move |socket: &Socket| {
            accepted.send(socket.clone()).unwrap();
            |_: &Socket, _: Message<'_>| {}
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app: axum::Router = axum::Router::new().layer(engine.layer());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
            Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0);
        }
        (client, sockets.recv().await.unwrap(), engine)
    }

    #[tokio::test]
    async fn a_session_sleeps_until_its_client_reads() {
        let (_client, socket, _engine) = connected().await;
        // More than the kernel buffers, and in the outbox's limit.
        let message = "x".repeat(1024 * 1024);
        (0..15).for_each(|_| socket.send_text(&message));

        // As the session's task does, which this thread does not run meanwhile.
        let mailbox = socket.mailbox();
        mailbox.wake_up(Waker::noop());
        let cx = &mut Context::from_waker(Waker::noop());
        let written = write_through(mailbox, &mut Vec::new(), cx).unwrap();

        assert_eq!(written, Written::Blocked);
        assert!(mailbox.pending_bytes() > 0);
        assert!(mailbox.try_sleep(), "it would run for nothing");
    }

    #[tokio::test]
    async fn a_connection_that_is_written_to_for_too_long_ends_with_its_session() {
        let (mut client, socket, engine) = connected().await;
        // A message that the lane has not yet seen.
        socket.send_text("news");
        let (writer, batch) = socket.mailbox().lend().unwrap();
        tokio::time::pause();

        socket.discard(CloseReason::ForcedClose);
        engine.shared().tasks().close();
        engine.shared().tasks().wait().await;
        let more = socket.mailbox().give_back(writer, batch, 0, Flushed::All);

        assert!(more.is_none());
        let mut left = Vec::new();
        let end = tokio::time::timeout(CLOSE_TIMEOUT, client.read_to_end(&mut left)).await;
        assert!(end.is_ok(), "the connection is open");
    }
}
