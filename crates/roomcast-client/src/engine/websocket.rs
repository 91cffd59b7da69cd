//! The WebSocket transport.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::future::poll_fn;
use http::header::{HOST, HeaderMap, HeaderValue};
use roomcast_engineio::{Packet, revision4};
use roomcast_websocket::deflate::{self, Pool};
use roomcast_websocket::handshake::{Response, client_key};
use roomcast_websocket::{CloseCode, Connection, Event, Limits, OpCode, Role};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};

use super::Options;
use super::cookies::Cookies;
use super::duplex::{End, Flow};
use super::outgoing::{Compression, Outgoing};
use super::pongs::Pongs;
use crate::connect::{Connector, Stream};
use crate::error::TransportError;

/// An open WebSocket.
pub(crate) struct WebSocket {
    stream: Stream,
    connection: Connection,
    to_write: BytesMut,
    pongs: Pongs,
    unread: BytesMut,
    forces_base64: bool,
}

impl WebSocket {
    /// Opens a connection and the WebSocket on it.
    pub(crate) async fn open(
        connector: Connector,
        options: std::sync::Arc<Options>,
        cookies: Option<std::sync::Arc<Cookies>>,
        target: String,
    ) -> Result<Self, TransportError> {
        let mut stream = connector.connect().await?;
        let key = client_key(rand::random());
        let request = request(&connector, &options, cookies.as_deref(), &target, &key)?;
        stream.write_all(&request).await?;
        stream.flush().await?;
        let (head, unread) = read_head(&mut stream).await?;
        let agreement = check(&head, &key, &options, cookies.as_deref(), &unread)?;
        let limits = Limits::default()
            .with_max_frame_bytes(options.max_message_bytes)
            .with_max_message_bytes(options.max_message_bytes);
        let mut connection = Connection::new(Role::Client, limits);
        if let (Some(agreement), Some(config)) = (agreement, &options.deflate) {
            connection = connection.with_deflate(&agreement, config, &Pool::new(0));
        }
        Ok(Self {
            stream,
            connection,
            to_write: BytesMut::new(),
            pongs: Pongs::default(),
            unread,
            forces_base64: options.forces_base64,
        })
    }

    /// Appends a packet to what is to be written.
    pub(crate) fn send(&mut self, packet: &Outgoing, compression: Compression) {
        let (opcode, payload) = match packet {
            Outgoing::Text(text) => (OpCode::Text, text.clone()),
            Outgoing::Binary(bytes) if self.forces_base64 => {
                let mut text = Vec::new();
                revision4::encode_text(&Packet::Binary(bytes[..].into()), &mut text);
                (OpCode::Text, text.into())
            }
            Outgoing::Binary(bytes) => (OpCode::Binary, bytes.clone()),
        };
        let (mask, out) = (rand::random(), &mut self.to_write);
        match compression {
            Compression::Allowed => self.connection.send(opcode, &payload, mask, out),
            Compression::Never => {
                self.connection
                    .send_uncompressed(opcode, &payload, mask, out);
            }
        }
    }

    /// Appends a control packet.
    pub(crate) fn send_text(&mut self, packet: &'static str) {
        let (mask, out) = (rand::random(), &mut self.to_write);
        self.connection
            .send_uncompressed(OpCode::Text, packet.as_bytes(), mask, out);
    }

    /// Whether the peer takes less than is written.
    pub(crate) fn owes_much(&self) -> bool {
        self.to_write.len() >= MAX_UNWRITTEN_BYTES
    }

    /// Whether the peer pings and takes no pongs: nothing more is read before it has.
    pub(crate) fn is_held(&self) -> bool {
        self.pongs.are_many()
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        !self.to_write.is_empty()
    }

    /// Writes what can be written now; ready when nothing is left.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        while !self.to_write.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.to_write))?;
            if written == 0 {
                return Poll::Ready(Err(TransportError::Connection("write zero".to_owned())));
            }
            self.to_write.advance(written);
            self.pongs.on_written(written);
        }
        if self.to_write.capacity() > 0 {
            // An idle connection keeps no buffer.
            self.to_write = BytesMut::new();
        }
        Pin::new(&mut self.stream)
            .poll_flush(cx)
            .map_err(TransportError::from)
    }

    /// Reads what has come, and hands each message to `take` until it says that it is enough.
    ///
    /// Ready with the end of the connection, or when it was enough.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(Event<'_>) -> Flow,
    ) -> Poll<Result<(), End>> {
        loop {
            if self.is_held() {
                // Who flushes is told when the peer takes more.
                return Poll::Pending;
            }
            match self.decode(&mut take) {
                Ok(Flow::Goes) => {}
                Ok(Flow::Stops) => return Poll::Ready(Ok(())),
                Err(end) => return Poll::Ready(Err(end)),
            }
            match ready!(self.poll_read(cx)) {
                Ok(0) => return Poll::Ready(Err(End::Closed(None))),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return Poll::Ready(Err(End::Closed(None)));
                }
                Err(error) => return Poll::Ready(Err(End::Failed(error.into()))),
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut bytes = [0; READ_BYTES];
        let mut buf = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        self.unread.extend_from_slice(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn decode(&mut self, take: &mut impl FnMut(Event<'_>) -> Flow) -> Result<Flow, End> {
        let mut input = std::mem::take(&mut self.unread);
        let mut at = 0;
        while at < input.len() {
            let (mask, owed) = (rand::random(), self.to_write.len());
            let received = self
                .connection
                .receive(&mut input[at..], mask, &mut self.to_write);
            let decoded =
                received.map_err(|error| End::Failed(TransportError::Frame(error.to_string())))?;
            at += decoded.consumed;
            let flow = match decoded.event {
                Some(Event::Close(_)) => return Err(End::Closed(None)),
                Some(Event::Ping(_)) => self.pongs.on_queued(owed, self.to_write.len()),
                Some(event) => take(event),
                None => Flow::Goes,
            };
            if flow == Flow::Stops {
                input.advance(at);
                self.unread = input;
                return Ok(Flow::Stops);
            }
        }
        Ok(Flow::Goes)
    }

    /// Says goodbye: the close frame, then the server's answer or the end of patience.
    pub(crate) async fn close(mut self) {
        let mask = rand::random();
        self.connection
            .close(CloseCode::NORMAL, "", mask, &mut self.to_write);
        let goodbye = poll_fn(|cx| {
            if let Poll::Ready(Err(_)) = self.poll_flush(cx) {
                return Poll::Ready(());
            }
            self.poll_receive(cx, |_| Flow::Goes).map(|_| ())
        });
        // A server that does not answer is left alone.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    /// Writes what is left, such as the answer to a close, and hangs up.
    pub(crate) async fn finish(mut self) {
        let flushed = poll_fn(|cx| self.poll_flush(cx));
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, flushed).await;
    }
}

fn request(
    connector: &Connector,
    options: &Options,
    cookies: Option<&Cookies>,
    target: &str,
    key: &str,
) -> Result<Bytes, TransportError> {
    let mut headers = HeaderMap::new();
    let host = HeaderValue::try_from(connector.origin.authority());
    headers.insert(HOST, host.map_err(|_| TransportError::Host)?);
    headers.extend(options.headers.clone());
    if let Some(cookies) = cookies {
        cookies.add_to(&mut headers);
    }
    let mut request = BytesMut::from(format!("GET {target} HTTP/1.1\r\n").as_bytes());
    let mut line = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            request.extend_from_slice(part);
        }
    };
    for (name, value) in &headers {
        line(name.as_str(), value.as_bytes());
    }
    line("Connection", b"Upgrade");
    line("Upgrade", b"websocket");
    line("Sec-WebSocket-Version", b"13");
    line("Sec-WebSocket-Key", key.as_bytes());
    if !options.protocols.is_empty() {
        line(
            "Sec-WebSocket-Protocol",
            options.protocols.join(",").as_bytes(),
        );
    }
    if let Some(config) = &options.deflate {
        line(
            "Sec-WebSocket-Extensions",
            deflate::offer(config).as_bytes(),
        );
    }
    request.extend_from_slice(b"\r\n");
    Ok(request.freeze())
}

/// Reads the head of the answer, and gives what came behind it.
async fn read_head(stream: &mut Stream) -> Result<(BytesMut, BytesMut), TransportError> {
    let mut bytes = BytesMut::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = bytes.split_to(end + 4);
            return Ok((head, bytes));
        }
        if bytes.len() > MAX_HEAD_BYTES {
            return Err(TransportError::Upgrade("its answer is too long".to_owned()));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(TransportError::Upgrade("it hung up".to_owned()));
        }
    }
}

/// Checks the answer; `Some` if messages are compressed.
fn check(
    head: &[u8],
    key: &str,
    options: &Options,
    cookies: Option<&Cookies>,
    body: &[u8],
) -> Result<Option<deflate::Agreement>, TransportError> {
    let mut parsed = [httparse::EMPTY_HEADER; 128];
    let mut answer = httparse::Response::new(&mut parsed);
    let refused = |error: String| TransportError::Upgrade(error);
    answer
        .parse(head)
        .map_err(|error| refused(error.to_string()))?;
    let status = answer.code.unwrap_or_default();
    let value = |name: &str| {
        let headers = answer.headers.iter();
        let found = headers.filter(|header| header.name.eq_ignore_ascii_case(name));
        found
            .map(|header| header.value)
            .next_back()
            .and_then(|value| std::str::from_utf8(value).ok())
    };
    if let Some(cookies) = cookies {
        let mut headers = HeaderMap::new();
        for header in answer
            .headers
            .iter()
            .filter(|h| h.name.eq_ignore_ascii_case("set-cookie"))
        {
            if let Ok(value) = HeaderValue::from_bytes(header.value) {
                headers.append(http::header::SET_COOKIE, value);
            }
        }
        cookies.store(&headers);
    }
    if status != 101 {
        let status = http::StatusCode::from_u16(status).unwrap_or_default();
        return Err(TransportError::status(status, body));
    }
    let response = Response {
        status,
        connection: value("connection"),
        upgrade: value("upgrade"),
        accept: value("sec-websocket-accept"),
    };
    response
        .check(key)
        .map_err(|error| refused(error.to_string()))?;
    match (value("sec-websocket-extensions"), &options.deflate) {
        (None, _) => Ok(None),
        (Some(extensions), Some(config)) => {
            deflate::accept(extensions, config).map_err(|error| refused(error.to_string()))
        }
        (Some(_), None) => Err(refused("an extension that was not asked for".to_owned())),
    }
}

/// What waits to be written before nothing more is added.
const MAX_UNWRITTEN_BYTES: usize = 256 * 1024;

const READ_BYTES: usize = 16 * 1024;

const MAX_HEAD_BYTES: usize = 64 * 1024;

/// As in the official client on Node.js.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
