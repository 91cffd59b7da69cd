//! What can go wrong between a client and its server.

use std::io;
use std::sync::Arc;

use http::StatusCode;
use roomcast_engineio::Transport;
use roomcast_handler::ArgumentError;
use roomcast_socketio::{EncodeError, client};

/// Why a socket could not be connected.
pub type ConnectError = client::ConnectError<TransportError>;

/// Why a connection could not be opened, or broke.
pub type OpenError = client::OpenError<TransportError>;

/// What is known about the end of a connection beyond its reason.
pub type Description = client::Description<TransportError>;

/// Why a client cannot be made as it was asked for.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The server's URL cannot be used.
    #[error("server URL: {0}")]
    Url(UrlError),
    /// The proxy's URL cannot be used.
    #[error("proxy URL: {0}")]
    Proxy(UrlError),
    /// A header that was added is none.
    #[error("{name:?} with its value cannot be a header")]
    #[expect(missing_docs, reason = "the field is described above")]
    Header { name: String },
    /// The path has a space or a control character in it.
    #[error("the path {path:?} cannot stand in a request")]
    #[expect(missing_docs, reason = "the field is described above")]
    Path { path: String },
    /// A WebSocket subprotocol is no token of HTTP.
    #[error("{protocol:?} cannot be the name of a protocol")]
    #[expect(missing_docs, reason = "the field is described above")]
    Protocol { protocol: String },
    /// This client does not have the transport.
    #[error("the transport {} is not supported", .transport.as_str())]
    #[expect(missing_docs, reason = "the field is described above")]
    Transport { transport: Transport },
    /// The `auth` is no object, or cannot be written.
    #[error("auth is no object")]
    Auth,
    /// There is no tokio runtime, on which the connection could live.
    #[error("there is no tokio runtime here")]
    NoRuntime,
    /// The thread on which blocking sockets live cannot be started.
    #[cfg(feature = "blocking")]
    #[error("the thread of the connections cannot be started: {0}")]
    Thread(io::ErrorKind),
}

/// Which part of a URL cannot be used.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UrlError {
    /// It does not begin with `http://`, `https://`, `ws://` or `wss://`.
    #[error("it begins with none of http://, https://, ws:// and wss://")]
    Scheme,
    /// The host is missing or malformed.
    #[error("it names no host")]
    Host,
    /// The port is no number from 0 to 65535.
    #[error("its port is none")]
    Port,
}

/// Why an event was not sent.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The event or its arguments cannot be written, for example a reserved event name.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A limit is reached, or the event was dropped at its own wish.
    #[error(transparent)]
    Refused(#[from] client::EmitError),
    /// There was no room in time.
    #[error("there was no room in time")]
    NoRoom,
    /// A handler has made a blocking call, which would wait for the handler's own end.
    #[cfg(feature = "blocking")]
    #[error("a blocking call in a handler would wait for the handler itself")]
    InHandler,
}

/// Why no acknowledgement came.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// The event was not sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// Nothing came in time. The text is that of the official client, as the next one.
    #[error("operation has timed out")]
    TimedOut,
    /// The connection on which the event was sent is gone.
    #[error("socket has been disconnected")]
    Disconnected,
    /// The event was not sent: it is volatile, or the send buffer was full.
    #[error("event has been dropped")]
    Dropped,
    /// The answer is not of the type that was asked for.
    #[error(transparent)]
    Answer(#[from] ArgumentError),
}

impl From<client::AckError> for AckError {
    fn from(error: client::AckError) -> Self {
        match error {
            client::AckError::TimedOut => Self::TimedOut,
            client::AckError::Dropped => Self::Dropped,
            _ => Self::Disconnected,
        }
    }
}

/// What [`Socket::on_error`](crate::Socket::on_error) handlers are told.
///
/// # Example
///
/// ```
/// use roomcast_client::{Socket, SocketError};
///
/// # fn example(socket: Socket) {
/// socket.on_error(|error: SocketError| match error {
///     SocketError::Panic { event, message } => eprintln!("{event} panicked: {message}"),
///     error => eprintln!("{error}"),
/// });
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// A handler's parameter could not be read from the event; the handler was not called.
    #[error("event {event:?}: {error}")]
    Argument {
        /// The event, or the hook's name, as `on_connect`.
        event: Arc<str>,
        /// The parameter.
        error: ArgumentError,
    },
    /// A handler panicked. The connection lives on.
    #[error("handler of {event:?} panicked: {message}")]
    Panic {
        /// The event, or the hook's name, as `on_connect`.
        event: Arc<str>,
        /// The panic's message.
        message: Arc<str>,
    },
}

/// The socket was disconnected before all its events had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the socket was disconnected before all events had left")]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to add")]
pub struct NotFlushed;

/// Why a socket is not connected, and will not be by itself.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotConnected {
    /// It could not be connected; this is the error of the last attempt.
    #[error(transparent)]
    Failed(#[from] ConnectError),
    /// Nobody has connected it, or somebody has disconnected it.
    #[error("the socket is disconnected")]
    Disconnected,
}

/// Why a transport could not be opened, or broke.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The connection could not be opened, or ended.
    #[error("{0}")]
    Connection(String),
    /// The server answered a request with another status than success.
    #[error("the server answered with status {status}{}", shown(.body))]
    #[expect(missing_docs, reason = "the fields are described above")]
    Status { status: u16, body: Arc<str> },
    /// The server opened no session of WebTransport, but answered.
    #[error("the server opened no session of WebTransport: {0}")]
    Session(String),
    /// The server ended the session of WebTransport with a code other than 0, or with a text.
    #[error("the server ended the session with code {code}{}", shown(.reason))]
    #[expect(missing_docs, reason = "the fields are described above")]
    Ended { code: u32, reason: Arc<str> },
    /// There is no way for WebTransport through a proxy.
    #[error("WebTransport does not go through a proxy")]
    NotThroughProxy,
    /// The answer to the WebSocket's request is none of a WebSocket server.
    #[error("the server opened no WebSocket: {0}")]
    Upgrade(String),
    /// What came is no WebSocket frame, or breaks its rules.
    #[error("broken WebSocket frame: {0}")]
    Frame(String),
    /// What came is no packet.
    #[error("what came is no packet: {0}")]
    Packet(String),
    /// The first packet is no handshake.
    #[error("the server's handshake cannot be read: {0}")]
    Handshake(String),
    /// More came in one piece than the client takes.
    #[error("more than {limit} bytes in one message")]
    #[expect(missing_docs, reason = "the field is described above")]
    TooLarge { limit: usize },
    /// A request was not answered in time.
    #[error("a request was not answered in time")]
    RequestTimeout,
    /// The host of the URL cannot stand in a header.
    #[error("the host cannot stand in a header")]
    Host,
    /// The path and query of the URL are none.
    #[error("path and query cannot be sent")]
    Target,
    /// The list of transports is empty.
    // COMPAT: the official client's text.
    #[error("No transports available")]
    NoTransports,
    /// The function of [`Builder::attempt_with`](crate::Builder::attempt_with) has failed, with this
    /// message, or has said what cannot be used.
    #[error("{0}")]
    Attempt(String),
    /// None of several transports could be opened.
    #[error("{}", listed(.0))]
    All(Arc<[(Transport, Self)]>),
}

impl TransportError {
    pub(crate) fn http(error: &hyper::Error) -> Self {
        Self::Connection(with_causes(error))
    }

    pub(crate) fn status(status: StatusCode, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(MAX_SHOWN_BYTES)]);
        Self::Status {
            status: status.as_u16(),
            body: body.into(),
        }
    }
}

impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        Self::Connection(with_causes(&error))
    }
}

/// An error's text with those of its causes, each once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

fn listed(failures: &[(Transport, TransportError)]) -> String {
    let failures = failures.iter();
    let lines: Vec<_> = failures
        .map(|(transport, error)| format!("{}: {error}", transport.as_str()))
        .collect();
    lines.join("; ")
}

fn shown(body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!(": {body}"),
    }
}

const MAX_SHOWN_BYTES: usize = 200;
