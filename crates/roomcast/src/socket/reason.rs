//! Why a socket was disconnected.

use std::fmt;

use crate::engine::CloseReason;

/// Says why a socket was disconnected; [`as_str`](Self::as_str) gives the official server's text.
///
/// # Example
///
/// ```
/// use roomcast::{DisconnectReason, Server, Socket};
///
/// let io = Server::new();
/// io.on_disconnect(|socket: Socket, reason: DisconnectReason| match reason {
///     DisconnectReason::ClientNamespaceDisconnect => println!("{} said goodbye", socket.id()),
///     reason => println!("{} is gone: {reason}", socket.id()),
/// });
/// ```
///
/// Spec: features 3.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client broke the rules of its transport, or could not be written to.
    TransportError,
    /// The client closed the connection, or lost it.
    TransportClose,
    /// The server closed the connection below the socket, for example after an invalid packet.
    ForcedClose,
    /// The client did not answer a heartbeat in time.
    PingTimeout,
    /// The client sent a packet that Engine.IO cannot read.
    ParseError,
    /// The server is shutting down.
    ServerShuttingDown,
    /// The server closed the connection because no namespace, or a wrong one, was used.
    ForcedServerClose,
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// The server disconnected the socket.
    ServerNamespaceDisconnect,
    /// The client read too slowly: its outbox was over the limit. Not known to the official server.
    OutboxFull,
    /// The client came back over another connection while this one still seemed open, and has its
    /// session there. Not known to the official server.
    TakenOver,
}

impl DisconnectReason {
    /// Returns the text of the JavaScript server.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::DisconnectReason;
    ///
    /// assert_eq!(DisconnectReason::PingTimeout.as_str(), "ping timeout");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportError => "transport error",
            Self::TransportClose => "transport close",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ServerShuttingDown => "server shutting down",
            Self::ForcedServerClose => "forced server close",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::OutboxFull => "outbox full",
            Self::TakenOver => "taken over",
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
            CloseReason::TransportClose => Self::TransportClose,
            CloseReason::ForcedClose => Self::ForcedClose,
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::ParseError => Self::ParseError,
            CloseReason::ServerShuttingDown => Self::ServerShuttingDown,
            CloseReason::OutboxFull => Self::OutboxFull,
            _ => Self::TransportError,
        }
    }
}
