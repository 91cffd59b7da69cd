//! Why connections end, and what can go wrong.

use std::fmt;

use crate::{DecodeError, Value};

/// Why a socket is no longer connected.
///
/// Spec: features 6.19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the official client closes the list"
)]
pub enum DisconnectReason {
    /// The server has disconnected the socket. It is not connected again by itself.
    IoServerDisconnect,
    /// The user has disconnected the socket or closed its manager. It is not connected again by
    /// itself.
    IoClientDisconnect,
    /// The server's heartbeat was missing.
    PingTimeout,
    /// The connection was closed.
    TransportClose,
    /// The connection broke.
    TransportError,
    /// The server sent what is no packet.
    ParseError,
}

impl DisconnectReason {
    /// The official client's text, such as `"io server disconnect"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IoServerDisconnect => "io server disconnect",
            Self::IoClientDisconnect => "io client disconnect",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::ForcedClose => Self::IoClientDisconnect,
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::TransportClose => Self::TransportClose,
            CloseReason::TransportError => Self::TransportError,
            CloseReason::ParseError => Self::ParseError,
        }
    }
}

/// Why a manager's connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the official client closes the list"
)]
pub enum CloseReason {
    /// The user has closed it, or no socket needs it any more. It is not opened again by itself.
    ForcedClose,
    /// The server's heartbeat was missing.
    PingTimeout,
    /// The connection was closed.
    TransportClose,
    /// The connection broke.
    TransportError,
    /// The server sent what is no packet.
    ParseError,
}

impl CloseReason {
    /// The official client's text, such as `"forced close"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known about the end of a connection beyond its reason. `E` is the engine's error.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Description<E> {
    /// What the engine reported.
    Engine(E),
    /// Why a message is no packet.
    Decode(DecodeError),
    /// The server sent more events than the receive buffer takes, before it confirmed the namespace.
    ReceiveBufferFull,
    /// More acknowledgements wait to be sent than [`Options::max_outbox`](super::Options::max_outbox):
    /// the server asks and does not read the answers.
    OutboxFull,
}

/// Why a connection could not be opened, or broke. `E` is the engine's error.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError<E> {
    /// What the engine reported.
    #[error("{0}")]
    Engine(E),
    /// The engine was closed before it was open, and reported nothing else.
    #[error("{0}")]
    Closed(CloseReason),
    /// It took longer than [`Settings::timeout`](super::Settings::timeout).
    #[error("timeout")]
    Timeout,
}

/// Why a socket could not be connected. `E` is the engine's error.
///
/// Spec: features 6.18.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectError<E> {
    /// There is no connection. It is tried again if reconnection is on.
    #[error("{0}")]
    Open(OpenError<E>),
    /// The server, most often a middleware, has refused the namespace. The socket is not connected
    /// again by itself.
    #[error("{message}")]
    Refused {
        /// What the server says.
        message: String,
        /// What the server adds.
        data: Option<Value>,
    },
    /// The server confirms without an id, as Socket.IO 2 does.
    // COMPAT: the official client's text, which users search for.
    #[error(
        "It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client, but they \
         are not compatible (more information here: \
         https://socket.io/docs/v3/migrating-from-2-x-to-3-0/)"
    )]
    OldServer,
    /// The caller had nothing to authorize the socket with. It is not connected again by itself.
    #[error("{message}")]
    Auth {
        /// What the caller says.
        message: String,
    },
}

/// Why an acknowledgement will not come.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AckError {
    /// It did not come in time.
    #[error("operation has timed out")]
    TimedOut,
    /// The connection on which the event was sent is gone.
    #[error("socket has been disconnected")]
    Disconnected,
    /// The event was not sent: it is volatile, or the send buffer was full.
    #[error("event has been dropped")]
    Dropped,
}

/// Why an event is not sent.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// It would have to wait, and too much waits already.
    #[error("send buffer is full: {packets} packets of {bytes} bytes wait")]
    BufferFull {
        /// How many packets wait.
        packets: usize,
        /// How many bytes wait.
        bytes: usize,
    },
    /// The connection takes less than is emitted, and too much waits already.
    #[error("outbox is full: {bytes} bytes wait for the connection")]
    OutboxFull {
        /// How many bytes wait.
        bytes: usize,
    },
    /// It is volatile and the connection busy; or there was no room for it, and it was to be
    /// [left out](super::Overflow::DropNewest) then.
    #[error("the event was dropped")]
    Dropped,
    /// Too many acknowledgements are awaited.
    #[error("more than {limit} acknowledgements are awaited")]
    TooManyAcks {
        /// The limit that applied.
        limit: usize,
    },
    /// The socket was removed from its manager.
    #[error("the socket was removed from its manager")]
    Removed,
}
