//! The ways in which packets travel.

use serde::{Serialize, Serializer};

/// A way in which packets travel between client and server.
///
/// # Example
///
/// ```
/// use roomcast_engineio::Transport;
///
/// assert_eq!(Transport::Polling.as_str(), "polling");
/// assert_eq!(Transport::Polling.upgrades(), [Transport::WebSocket, Transport::WebTransport]);
/// assert!(Transport::WebSocket.upgrades().is_empty());
/// ```
///
/// Spec: Engine.IO protocol 4, "Transports".
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP long-polling: packets of the server in `GET` answers, of the client in `POST` bodies.
    Polling,
    /// One WebSocket, a frame for each packet.
    WebSocket,
    /// One stream of a WebTransport session, a header with its length before each packet.
    WebTransport,
}

impl Transport {
    /// Reads the name used in the query parameter `transport`; the case of letters counts.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_engineio::Transport;
    ///
    /// assert_eq!(Transport::parse("websocket"), Some(Transport::WebSocket));
    /// assert_eq!(Transport::parse("Polling"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            "webtransport" => Some(Self::WebTransport),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
            Self::WebTransport => "webtransport",
        }
    }

    /// The transports to which a session on this one can be upgraded, in the order in which the
    /// official server names them.
    pub fn upgrades(self) -> &'static [Self] {
        match self {
            Self::Polling => &[Self::WebSocket, Self::WebTransport],
            Self::WebSocket | Self::WebTransport => &[],
        }
    }
}

impl Serialize for Transport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
