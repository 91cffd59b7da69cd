//! Engine.IO packets as nodes hand them to each other.

use bytes::Bytes;
use roomcast_socketio::{Map, Value};

use crate::DecodeError;
use crate::wire::Fields;

/// An Engine.IO packet on its way between two nodes.
///
/// # Example
///
/// ```
/// use roomcast_cluster::engine::{Data, Packet, PacketKind};
///
/// let received = Packet::message(Data::Text("2[\"hi\"]".into()));
/// let sent = received.clone().with_compress(true);
/// assert_eq!(sent.compress, Some(true));
/// assert_eq!(Packet::of(PacketKind::Noop).data, None);
/// ```
///
/// Spec: cluster, section 14.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet {
    /// Its type.
    pub kind: PacketKind,
    /// Whether it may be compressed; only packets on their way to the client say so.
    pub compress: Option<bool>,
    /// What it holds. An empty text is not written, as the official parser leaves it out.
    pub data: Option<Data>,
}

/// What a [`Packet`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "Engine.IO has these two")]
pub enum Data {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Data {
    /// Returns its length in bytes.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::engine::Data;
    ///
    /// assert_eq!(Data::Text("é".into()).len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The type of a [`Packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketKind {
    /// Opens a session.
    Open,
    /// Closes it.
    Close,
    /// A heartbeat, or a probe.
    Ping,
    /// The answer to one.
    Pong,
    /// A message of the application.
    Message,
    /// Moves a session to another transport.
    Upgrade,
    /// Nothing: it ends a poll.
    Noop,
    /// What a client sent and no node can read; the official parser makes a packet of it.
    Error,
}

impl PacketKind {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Close,
        Self::Ping,
        Self::Pong,
        Self::Message,
        Self::Upgrade,
        Self::Noop,
        Self::Error,
    ];

    /// Returns the name on the wire.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::engine::PacketKind;
    ///
    /// assert_eq!(PacketKind::Message.as_str(), "message");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Message => "message",
            Self::Upgrade => "upgrade",
            Self::Noop => "noop",
            Self::Error => "error",
        }
    }
}

impl Packet {
    /// Makes a packet that holds nothing. Example: [`Packet`].
    #[must_use]
    pub fn of(kind: PacketKind) -> Self {
        Self {
            kind,
            compress: None,
            data: None,
        }
    }

    /// Makes a packet with text. Example: [`Packet`].
    #[must_use]
    pub fn text(kind: PacketKind, text: impl Into<String>) -> Self {
        Self {
            data: Some(Data::Text(text.into())),
            ..Self::of(kind)
        }
    }

    /// Makes a message. Example: [`Packet`].
    #[must_use]
    pub fn message(data: Data) -> Self {
        Self {
            data: Some(data),
            ..Self::of(PacketKind::Message)
        }
    }

    /// Makes the packet that says that the client sent what is none.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::text(PacketKind::Error, "parser error")
    }

    /// Says whether it may be compressed. Example: [`Packet`].
    #[must_use]
    pub fn with_compress(mut self, compress: bool) -> Self {
        self.compress = Some(compress);
        self
    }

    /// About what it takes in a message, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        OVERHEAD_BYTES + self.data.as_ref().map_or(0, Data::len)
    }

    pub(super) fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("type", self.kind.as_str());
        if let Some(compress) = self.compress {
            let mut options = Map::new();
            options.insert("compress", compress);
            map.insert("options", options);
        }
        let data = match &self.data {
            Some(Data::Text(text)) if !text.is_empty() => Value::from(text.as_str()),
            Some(Data::Binary(bytes)) => bytes.clone().into(),
            _ => return map.into(),
        };
        map.insert("data", data);
        map.into()
    }

    pub(super) fn from_value(value: Value) -> Result<Self, DecodeError> {
        let mut fields = Fields::of(value, "packet")?;
        let name = fields.text("type")?;
        let kind = PacketKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == &*name);
        let data = match fields.take("data") {
            Value::Null => None,
            Value::String(text) => Some(Data::Text(text)),
            Value::Binary(bytes) => Some(Data::Binary(bytes)),
            _ => return Err(DecodeError::Shape { part: "data" }),
        };
        Ok(Self {
            kind: kind.ok_or(DecodeError::Shape { part: "type" })?,
            // A Node.js server also writes what only its own WebSockets can use.
            compress: fields
                .take("options")
                .get("compress")
                .and_then(Value::as_bool),
            data,
        })
    }
}

/// What names and lengths take beside the data.
const OVERHEAD_BYTES: usize = 48;
