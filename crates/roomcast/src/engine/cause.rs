//! What ended a session or a socket, in more detail than the official reasons.

use std::fmt;
use std::sync::Arc;

use roomcast_engineio::{CloseReason, TransportError};
use roomcast_websocket::CloseCode;

/// Says what ended a connection or a socket.
///
/// [`DisconnectReason`](crate::DisconnectReason) has the official texts, of which one may have many
/// causes; this is what was behind it. Disconnect handlers take it as a parameter, the log has it
/// (target `roomcast::disconnect`), [`Engine::disconnect_counts`](super::Engine::disconnect_counts)
/// counts it, and with
/// [`explain_disconnects`](crate::ServerBuilder::explain_disconnects) the client is told.
///
/// Its text (`Display`) is for people; [`as_str`](Self::as_str) is its name.
///
/// # Example
///
/// ```
/// use roomcast::{DisconnectCause, DisconnectReason, Server, Socket};
///
/// let io = Server::new();
/// io.on_disconnect(|socket: Socket, reason: DisconnectReason, cause: DisconnectCause| {
///     if let DisconnectCause::SlowReader { pending_bytes } = cause {
///         println!("{} was {pending_bytes} bytes behind", socket.id());
///     }
///     println!("{}: {reason} ({}: {cause})", socket.id(), cause.as_str());
/// });
/// ```
///
/// Spec: features 3.7, N9.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectCause {
    /// The client left the namespace, or closed its connection in order.
    Client,
    /// The connection ended or broke, and nobody said why.
    ConnectionLost,
    /// The client did not answer a heartbeat in time.
    HeartbeatTimeout,
    /// A message of the client was larger than
    /// [`max_http_buffer_size`](super::Builder::max_http_buffer_size), or than the
    /// [WebSocket of another library](super::MessageSocket) takes, whose limit is not known here.
    #[expect(missing_docs, reason = "the field is the server's limit, in bytes")]
    Oversize { max_bytes: usize },
    /// The client sent what is no packet; holds what is wrong with it.
    Parse(Arc<str>),
    /// The client sent a packet that has no place where it came; holds the rule.
    Protocol(Arc<str>),
    /// The client was beyond one of the server's limits; holds which.
    Limit(Arc<str>),
    /// The client read too slowly: its outbox was full.
    SlowReader {
        /// What waited for it, in bytes.
        pending_bytes: usize,
    },
    /// The client joined no namespace in time.
    ConnectTimeout,
    /// The client joined no namespace in time, since a middleware, or the lack of a namespace,
    /// refused it each time.
    Refused,
    /// The server is closed.
    Shutdown,
    /// A handler or a middleware of the socket panicked.
    Panic {
        /// The event, or the hook's name.
        event: Arc<str>,
    },
    /// The application disconnected it.
    Application,
    /// The client came back over another connection, which has the socket's state now.
    TakenOver,
}

impl DisconnectCause {
    /// Returns the cause's name: one of a fixed set of lower-case words, good as a label.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::DisconnectCause;
    ///
    /// assert_eq!(DisconnectCause::HeartbeatTimeout.as_str(), "heartbeat-timeout");
    /// assert_eq!(DisconnectCause::Oversize { max_bytes: 100 }.as_str(), "oversize");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        NAMES[self.index()]
    }

    /// The place among [`NAMES`].
    pub(crate) fn index(&self) -> usize {
        match self {
            Self::Client => 0,
            Self::ConnectionLost => 1,
            Self::HeartbeatTimeout => 2,
            Self::Oversize { .. } => 3,
            Self::Parse(_) => 4,
            Self::Protocol(_) => 5,
            Self::Limit(_) => 6,
            Self::SlowReader { .. } => 7,
            Self::ConnectTimeout => 8,
            Self::Refused => 9,
            Self::Shutdown => 10,
            Self::Panic { .. } => 11,
            Self::Application => 12,
            Self::TakenOver => 13,
        }
    }

    pub(crate) fn parse(error: &impl fmt::Display) -> Self {
        Self::Parse(error.to_string().into())
    }

    pub(crate) fn protocol(error: &impl fmt::Display) -> Self {
        Self::Protocol(error.to_string().into())
    }

    pub(crate) fn limit(error: &impl fmt::Display) -> Self {
        Self::Limit(error.to_string().into())
    }

    /// What the code of an explaining close frame says; the frame's reason is the name.
    pub(super) fn close_code(&self) -> CloseCode {
        match self {
            Self::Shutdown => CloseCode::GOING_AWAY,
            Self::Oversize { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::Panic { .. } => CloseCode::INTERNAL_ERROR,
            Self::Client | Self::ConnectionLost | Self::Application => CloseCode::NORMAL,
            _ => CloseCode::POLICY_VIOLATION,
        }
    }
}

/// The names of all causes.
pub(super) const NAMES: [&str; 14] = [
    "client",
    "connection-lost",
    "heartbeat-timeout",
    "oversize",
    "parse-error",
    "protocol",
    "limit",
    "slow-reader",
    "connect-timeout",
    "refused",
    "shutdown",
    "panic",
    "application",
    "taken-over",
];

impl fmt::Display for DisconnectCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("the client left"),
            Self::ConnectionLost => f.write_str("the connection was lost"),
            Self::HeartbeatTimeout => f.write_str("a heartbeat was not answered in time"),
            Self::Oversize { max_bytes } => {
                write!(f, "a message was larger than {max_bytes} bytes")
            }
            Self::Parse(detail) | Self::Protocol(detail) | Self::Limit(detail) => {
                f.write_str(detail)
            }
            Self::SlowReader { pending_bytes } => {
                write!(
                    f,
                    "the client read too slowly: {pending_bytes} bytes waited for it"
                )
            }
            Self::ConnectTimeout => f.write_str("no namespace was joined in time"),
            Self::Refused => f.write_str("the client was let into no namespace in time"),
            Self::Shutdown => f.write_str("the server is shutting down"),
            Self::Panic { event } => write!(f, "a handler of {event:?} failed"),
            Self::Application => f.write_str("the application closed it"),
            Self::TakenOver => f.write_str("the client came back over another connection"),
        }
    }
}

/// For a session of whose end nothing more is known.
impl From<CloseReason> for DisconnectCause {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::TransportClose => Self::Client,
            CloseReason::ForcedClose | CloseReason::ForcedServerClose => Self::Application,
            CloseReason::PingTimeout => Self::HeartbeatTimeout,
            CloseReason::ParseError => Self::Parse("what came is no packet".into()),
            CloseReason::ServerShuttingDown => Self::Shutdown,
            CloseReason::OutboxFull => Self::SlowReader { pending_bytes: 0 },
            CloseReason::TransportError(error) => match error {
                TransportError::PollAborted
                | TransportError::PostAborted
                | TransportError::Connection => Self::ConnectionLost,
                error => Self::protocol(&error),
            },
            _ => Self::ConnectionLost,
        }
    }
}

/// What a client did wrong in its WebSocket frames.
impl From<roomcast_websocket::DecodeError> for DisconnectCause {
    fn from(error: roomcast_websocket::DecodeError) -> Self {
        use roomcast_websocket::DecodeError;

        match error {
            DecodeError::FrameTooLarge { limit, .. } | DecodeError::MessageTooLarge { limit } => {
                Self::Oversize { max_bytes: limit }
            }
            error @ DecodeError::TooManyFragments { .. } => Self::limit(&error),
            error => Self::protocol(&error),
        }
    }
}

/// What a client did wrong in its frames over WebTransport.
#[cfg(feature = "webtransport")]
impl From<roomcast_engineio::FrameError> for DisconnectCause {
    fn from(error: roomcast_engineio::FrameError) -> Self {
        use roomcast_engineio::FrameError;

        match error {
            FrameError::TooLong { max, .. } => Self::Oversize { max_bytes: max },
            error => Self::parse(&error),
        }
    }
}

/// How a session says goodbye where its client is to know why.
#[derive(Debug)]
pub(crate) struct Farewell {
    /// Packets for the client, whatever else was queued.
    pub(crate) packets: Vec<super::frame::Frame>,
    pub(crate) cause: DisconnectCause,
}
