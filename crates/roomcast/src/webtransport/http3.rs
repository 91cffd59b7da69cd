//! The part of HTTP/3 that a session of WebTransport needs: one request, one stream, one end.
//!
//! What the client says on its control stream and on those of its header compression changes
//! nothing here: they are left unread, and flow control bounds what waits there.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use quinn::{
    Connection, ConnectionError, ReadError, ReadExactError, RecvStream, SendStream, VarInt,
    WriteError,
};

use super::qpack::{self, Field};

/// Why a client did not get a session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("connection ended: {0}")]
    Connection(#[from] ConnectionError),
    #[error("stream ended: {0}")]
    Read(#[from] ReadExactError),
    #[error("stream is not read: {0}")]
    Write(#[from] WriteError),
    /// Against the rules of HTTP/3, with the code for it.
    #[error("{0}")]
    Protocol(&'static str, u32),
}

impl Failure {
    /// The code that the connection is closed with.
    fn code(&self) -> VarInt {
        match self {
            Self::Protocol(_, code) => VarInt::from_u32(*code),
            _ => VarInt::from_u32(NO_ERROR),
        }
    }
}

/// A connection that is closed when it is dropped, whatever its streams wait for.
#[derive(Debug)]
pub(super) struct Guarded(Connection);

impl Guarded {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// Closes the connection for `failure`.
    fn failed(&self, failure: Failure) -> Failure {
        self.0.close(failure.code(), b"");
        failure
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Without effect on a connection that is closed already.
        self.0.close(VarInt::from_u32(NO_ERROR), b"");
    }
}

/// A request for a session that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    control: SendStream,
    answer: SendStream,
    capsules: RecvStream,
    fields: Vec<Field>,
}

impl Asked {
    /// Greets the client and reads its request.
    pub(super) async fn read(guarded: &Guarded) -> Result<Self, Failure> {
        let asked = Self::read_from(guarded).await;
        asked.map_err(|failure| guarded.failed(failure))
    }

    async fn read_from(guarded: &Guarded) -> Result<Self, Failure> {
        let mut control = guarded.0.open_uni().await?;
        control.write_all(SETTINGS).await?;
        let (answer, mut capsules) = guarded.0.accept_bi().await?;
        let section = read_headers(&mut capsules).await?;
        let Some(fields) = qpack::decode(&section) else {
            let what = "fields of the request are not understood";
            return Err(Failure::Protocol(what, DECOMPRESSION_FAILED));
        };
        let asked = Self {
            control,
            answer,
            capsules,
            fields,
        };
        let is = |name, value: &str| asked.field(name) == Some(value);
        if is(":method", "CONNECT") && is(":protocol", "webtransport") && is(":scheme", "https") {
            return Ok(asked);
        }
        let what = "request asks for no session of WebTransport";
        Err(Failure::Protocol(what, REQUEST_REJECTED))
    }

    /// A field of the request as text.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The header fields, without those that stand for the request line.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let headers = self
            .fields
            .iter()
            .filter(|(name, _)| !name.starts_with(':'));
        headers.map(|(name, value)| (name.as_bytes(), value.as_slice()))
    }

    /// Refuses the session, and waits until the client knows.
    pub(super) async fn refuse(mut self, refusal: Status) -> Result<(), Failure> {
        self.answer.write_all(refusal.headers()).await?;
        finish(&mut self.answer).await;
        Ok(())
    }

    /// Opens the session, and waits for the client's stream.
    pub(super) async fn accept(mut self, guarded: Guarded) -> Result<Streams, Failure> {
        let stream = self.accept_stream(&guarded).await;
        let (send, recv) = stream.map_err(|failure| guarded.failed(failure))?;
        Ok(Streams {
            send,
            recv,
            end: self.answer,
            capsules: self.capsules,
            _control: self.control,
            guarded,
        })
    }

    async fn accept_stream(
        &mut self,
        guarded: &Guarded,
    ) -> Result<(SendStream, RecvStream), Failure> {
        self.answer.write_all(Status::Ok.headers()).await?;
        let session_id = u64::from(self.capsules.id());
        let (send, mut recv) = guarded.0.accept_bi().await?;
        let kind = read_varint(&mut recv).await?;
        if kind != WEBTRANSPORT_STREAM || read_varint(&mut recv).await? != session_id {
            return Err(Failure::Protocol("stream of no session", ID_ERROR));
        }
        Ok((send, recv))
    }
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Forbidden,
    NotFound,
}

impl Status {
    /// The whole frame: the one field `:status`, by its number in the static table.
    fn headers(self) -> &'static [u8] {
        match self {
            Self::Ok => b"\x01\x03\0\0\xd9",
            Self::NotFound => b"\x01\x03\0\0\xdb",
            Self::Forbidden => b"\x01\x04\0\0\xff\x05",
        }
    }
}

/// A session of WebTransport with its one stream. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Streams {
    send: SendStream,
    recv: RecvStream,
    /// The stream of the request: its end, or that of the capsules on it, is that of the session.
    end: SendStream,
    capsules: RecvStream,
    /// Must be open as long as the connection.
    _control: SendStream,
    guarded: Guarded,
}

impl Streams {
    /// Reads from the stream; 0 bytes if the client has ended it, or the session, in order.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, ReadError>> {
        // Invariant: what came before the end of the session is read first.
        let read = match self.recv.poll_read(cx, buf) {
            Poll::Pending => self.poll_end(cx).map_ok(|()| 0),
            read => read,
        };
        read.map(|read| match read {
            Err(ReadError::ConnectionLost(ConnectionError::ApplicationClosed(close)))
                if close.error_code == VarInt::from_u32(NO_ERROR) =>
            {
                Ok(0)
            }
            read => read,
        })
    }

    /// Where packets are written to.
    pub(crate) fn writer(&mut self) -> Pin<&mut SendStream> {
        Pin::new(&mut self.send)
    }

    /// Lets everything that was written arrive, then ends the session. With `is_last_word` it says so in
    /// what was written, and the client gets time to read it.
    ///
    /// A client that does not follow is cut after [`CLOSE_TIMEOUT`].
    pub(crate) async fn close(mut self, is_last_word: bool) {
        let farewell = async {
            // The end of the session would overtake what was written.
            finish(&mut self.send).await;
            // Nor may it come before that is read: a browser drops the rest then. Who ends the session
            // itself has read all.
            let read_time = if is_last_word {
                READ_TIME
            } else {
                Duration::ZERO
            };
            let its_end = std::future::poll_fn(|cx| self.poll_end(cx));
            if tokio::time::timeout(read_time, its_end).await.is_err() {
                self.end.write_all(CLOSE_SESSION).await?;
                finish(&mut self.end).await;
                std::future::poll_fn(|cx| self.poll_end(cx)).await?;
            }
            // To a client that has yet to see how the session ended, the end of the connection would be an
            // error.
            let _ = tokio::time::timeout(READ_TIME, self.guarded.0.closed()).await;
            io::Result::Ok(())
        };
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await {
            tracing::debug!(%error, "the connection ended before the session of WebTransport");
        }
    }

    /// Waits for the end of the session. Capsules are not looked at: behind the one that closes
    /// nothing comes any more.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        let mut ignored = [0; 64];
        loop {
            match ready!(self.capsules.poll_read(cx, &mut ignored)) {
                Ok(1..) => {}
                end => return Poll::Ready(end.map(drop)),
            }
        }
    }
}

/// Ends a stream, and waits until the client has all of it or wants no more.
async fn finish(stream: &mut SendStream) {
    if stream.finish().is_ok() {
        // A client that has left has nothing to wait for.
        let _ = stream.stopped().await;
    }
}

/// Where bytes come from.
trait Source {
    /// Fills all of `buf`.
    async fn fill(&mut self, buf: &mut [u8]) -> Result<(), Failure>;
}

impl Source for RecvStream {
    async fn fill(&mut self, buf: &mut [u8]) -> Result<(), Failure> {
        Ok(self.read_exact(buf).await?)
    }
}

/// Reads frames up to the first one with headers, and gives its payload.
async fn read_headers(stream: &mut impl Source) -> Result<Vec<u8>, Failure> {
    let mut skipped = 0;
    loop {
        let kind = read_varint(stream).await?;
        if matches!(kind, DATA | SETTINGS_FRAME | WEBTRANSPORT_STREAM) {
            let what = "a request does not begin with its headers";
            return Err(Failure::Protocol(what, FRAME_UNEXPECTED));
        }
        let len = usize::try_from(read_varint(stream).await?).unwrap_or(usize::MAX);
        if len > MAX_HEADER_BYTES - skipped {
            return Err(Failure::Protocol("request is too long", EXCESSIVE_LOAD));
        }
        let mut payload = vec![0; len];
        stream.fill(&mut payload).await?;
        if kind == HEADERS {
            return Ok(payload);
        }
        skipped += len;
    }
}

/// Spec: RFC 9000, section 16.
async fn read_varint(stream: &mut impl Source) -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes[..1]).await?;
    let len = 1 << (bytes[0] >> 6);
    stream.fill(&mut bytes[1..len]).await?;
    bytes[0] &= 0x3f;
    Ok(bytes[..len]
        .iter()
        .fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// The server's control stream: its type, then its settings: no header compression with tables,
/// the protocol of a CONNECT, datagrams, and WebTransport with one session, as the drafts 2 and 7
/// spell it.
const SETTINGS: &[u8] = b"\x00\x04\x16\
    \x01\x00\x07\x00\x08\x01\x33\x01\
    \xab\x60\x37\x42\x01\
    \xc0\x00\x00\x00\xc6\x71\x70\x6a\x01";

/// A frame of data with the capsule that closes the session: code 0, no text.
const CLOSE_SESSION: &[u8] = b"\x00\x07\x68\x43\x04\x00\x00\x00\x00";

// Types of frames. Spec: RFC 9114, section 7.2; WebTransport over HTTP/3, section 4.
const DATA: u64 = 0x00;
const HEADERS: u64 = 0x01;
const SETTINGS_FRAME: u64 = 0x04;
const WEBTRANSPORT_STREAM: u64 = 0x41;

// Codes. Spec: RFC 9114, section 8.1; RFC 9204, section 6.
const NO_ERROR: u32 = 0x100;
const FRAME_UNEXPECTED: u32 = 0x105;
const EXCESSIVE_LOAD: u32 = 0x107;
const ID_ERROR: u32 = 0x108;
const REQUEST_REJECTED: u32 = 0x10b;
const DECOMPRESSION_FAILED: u32 = 0x200;

/// The most bytes of a request, with all that stands before its headers.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// What the client's program gets to read the last packets before the session ends, and then to see
/// that it ended.
const READ_TIME: Duration = Duration::from_secs(1);
/// How long the end of a session may take.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    impl Source for &[u8] {
        async fn fill(&mut self, buf: &mut [u8]) -> Result<(), Failure> {
            let Some((filled, rest)) = self.split_at_checked(buf.len()) else {
                return Err(ReadExactError::FinishedEarly(self.len()).into());
            };
            buf.copy_from_slice(filled);
            *self = rest;
            Ok(())
        }
    }

    /// What comes of a stream that ends behind these bytes, and what is left of them.
    fn read(mut stream: &[u8]) -> (Result<Vec<u8>, Failure>, usize) {
        let read = read_headers(&mut stream).now_or_never();
        (read.expect("bytes in memory never wait"), stream.len())
    }

    /// The code of a request that breaks a rule, or nothing if it ended early.
    fn code(stream: &[u8]) -> Option<u32> {
        match read(stream).0 {
            Err(Failure::Protocol(_, code)) => Some(code),
            Err(Failure::Read(_)) => None,
            other => panic!("{other:?}"),
        }
    }

    /// The request of wtransport 0.7.2 for `/socket.io/?EIO=4&transport=webtransport`, as recorded.
    const REQUEST: &[u8] =
        b"\x01\x40\x4a\x00\x00\x50\x8b\x08\x9d\x5c\x0b\x81\x70\xdc\x68\x4c\xb8\x1f\xcf\x51\
        \x9e\x61\x07\x27\x52\xa5\x73\x1d\x8f\xf3\x06\x4d\x50\x35\xf0\x9b\x07\x52\x2b\x3d\
        \x89\x83\xc1\x63\x4d\x83\xa9\x15\x9e\xc4\xff\x2f\x00\xb9\x5d\x87\x49\xc8\x7a\x3f\
        \x89\xf0\x58\xd3\x60\xea\x45\x67\xb1\x3f\x5f\x07\x84\x9d\x29\xad\x1f";

    #[test]
    fn every_truncation_of_a_request_ends_early() {
        let (section, left) = read(REQUEST);
        assert_eq!(left, 0);
        let section = section.unwrap();
        let fields = qpack::decode(&section).unwrap();
        assert_eq!(fields.len(), 5);
        let path = (
            ":path".to_owned(),
            b"/socket.io/?EIO=4&transport=webtransport".to_vec(),
        );
        assert!(fields.contains(&path));
        for end in 0..section.len() {
            let found = qpack::decode(&section[..end]).map_or(0, |fields| fields.len());
            assert!(found < 5, "cut at {end}");
        }
        for end in 0..REQUEST.len() {
            assert_eq!(code(&REQUEST[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn what_is_announced_beyond_the_limit_is_refused_before_it_is_reserved() {
        // 16,384 bytes in one frame, in two, and one more.
        let most = [&b"\x01\x80\x00\x40\x00"[..], &[0; 16_384]].concat();
        assert_eq!(read(&most).0.unwrap().len(), 16_384);
        let unknown = [&b"\x21\x01\xff"[..], &most].concat();
        assert_eq!(code(&unknown), Some(EXCESSIVE_LOAD));
        for announced in [
            &b"\x01\x80\x00\x40\x01"[..],
            b"\x01\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x21\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(code(announced), Some(EXCESSIVE_LOAD));
        }
    }

    /// Frames with the lengths that they announce, or with others.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![Just(1_u64), Just(0x21), 0..0x50_u64, any::<u64>()];
        let frame = (
            kind,
            any::<Option<u64>>(),
            prop::collection::vec(any::<u8>(), 0..9_000),
        );
        let frame = frame.prop_map(|(kind, len, payload)| {
            let len = len.unwrap_or(payload.len() as u64);
            let varint = |value: u64| (value | 0xc0 << 56).to_be_bytes();
            [&varint(kind)[..], &varint(len), &payload].concat()
        });
        prop::collection::vec(frame, 0..4).prop_map(|frames| frames.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_take_more_memory_than_the_limit(
            stream in prop_oneof![frames(), prop::collection::vec(any::<u8>(), 0..40)],
        ) {
            let mut found = None;
            let taken = allocation_counter::measure(|| found = Some(read(&stream).0));

            prop_assert!(taken.bytes_max <= MAX_HEADER_BYTES as u64, "{}", taken.bytes_max);
            if let Some(Ok(section)) = found {
                prop_assert!(section.len() <= MAX_HEADER_BYTES);
            }
        }
    }
}
