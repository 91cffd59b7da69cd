//! What nodes tell each other about sessions.

use std::sync::Arc;

use bytes::Bytes;
use roomcast_socketio::{Map, Value};

use super::packet::Packet;
use crate::wire::Fields;
use crate::{DecodeError, Encoding, NodeId};

/// One message of a node that shares its sessions.
///
/// # Example
///
/// ```
/// use roomcast_cluster::engine::{Body, Message};
///
/// let close = Message {
///     from: "bf1db0".into(),
///     to: Some("a68f7c".into()),
///     body: Body::Close { sid: "09pZYmR_bs9tdKzqAAAA".into(), reason: "transport close".into() },
/// };
/// assert_eq!(Message::decode(close.encode().into()), Ok(close));
/// ```
///
/// Spec: cluster, section 14.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the protocol has these parts")]
pub struct Message {
    /// Who sends it: `senderId`.
    pub from: NodeId,
    /// Whom it is for: `recipientId`. Without a name everyone gets it.
    pub to: Option<NodeId>,
    /// What it says.
    pub body: Body,
}

/// What a [`Message`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "`sid` is the session's id, `request` what the sender counts its requests with"
)]
pub enum Body {
    /// Whoever has the session: may I serve this request? For everyone.
    AcquireLock { request: u64, lock: Lock },
    /// The answer of the session's owner.
    AcquireLockResponse { request: u64, success: bool },
    /// Packets for the client, to who serves its poll or its WebSocket.
    Drain { sid: Arc<str>, packets: Vec<Packet> },
    /// A packet of the client, to the owner.
    Packet { sid: Arc<str>, packet: Packet },
    /// The client has moved to the sender's WebSocket, or has given up to do so; to the owner.
    Upgrade {
        request: u64,
        sid: Arc<str>,
        success: bool,
    },
    /// Whether the session belongs to the WebSocket's node from now on. `packets` is then what the
    /// client has sent so far, and nobody has looked at.
    UpgradeResponse {
        request: u64,
        take_over: bool,
        packets: Vec<Packet>,
    },
    /// The client's transport has ended; to the owner.
    Close { sid: Arc<str>, reason: Arc<str> },
}

/// What a request wants of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the protocol has these parts")]
pub struct Lock {
    /// The session.
    pub sid: Arc<str>,
    /// What the request is to be.
    pub carrier: Carrier,
    /// Whether it reads or writes.
    pub access: Access,
}

/// What carries a session's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// `GET` and `POST` requests.
    Polling,
    /// A WebSocket.
    WebSocket,
    /// A session of WebTransport.
    WebTransport,
}

impl Carrier {
    /// Returns the name on the wire.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::engine::Carrier;
    ///
    /// assert_eq!(Carrier::WebSocket.as_str(), "websocket");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
            Self::WebTransport => "webtransport",
        }
    }
}

/// Whether a request reads packets or writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum Access {
    /// A `GET`.
    Read,
    /// A `POST`.
    Write,
}

/// The most packets of one message; a message with more cannot be read.
pub const MAX_PACKETS: usize = 1 << 18;

impl Message {
    /// Returns the channel of a broker with the default prefix that it is published on.
    ///
    /// # Example
    ///
    /// As in the example of [the module](super).
    #[must_use]
    pub fn channel(&self) -> String {
        match &self.to {
            Some(node) => format!("engine.io#{node}#"),
            None => "engine.io#".to_owned(),
        }
    }

    /// Writes it as the official package does, in MessagePack. Example: [`Message`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Map::new();
        if let Some(request) = self.body.request() {
            map.insert("requestId", request);
        }
        map.insert("senderId", self.from.as_str());
        if let Some(to) = &self.to {
            map.insert("recipientId", to.as_str());
        }
        map.insert("type", self.body.kind());
        map.insert("data", self.body.data());
        map.insert("_source", SOURCE);
        Encoding::MessagePack.encode(&map.into())
    }

    /// Reads it. Example: [`Message`].
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for what is no MessagePack, or not a message of this protocol.
    pub fn decode(payload: Bytes) -> Result<Self, DecodeError> {
        let mut fields = Fields::of(Encoding::decode(payload)?, "message")?;
        if fields.take("_source").as_str() != Some(SOURCE) {
            return Err(DecodeError::Shape { part: "_source" });
        }
        let to = fields.optional_text("recipientId");
        Ok(Self {
            from: NodeId::from(&*fields.text("senderId")?),
            to: to.map(|to| NodeId::from(&*to)),
            body: Body::read(&mut fields)?,
        })
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let packets = match &self.body {
            Body::Drain { packets, .. } | Body::UpgradeResponse { packets, .. } => {
                packets.iter().map(Packet::bytes).sum()
            }
            Body::Packet { packet, .. } => packet.bytes(),
            _ => 0,
        };
        OVERHEAD_BYTES + packets
    }
}

impl Body {
    fn kind(&self) -> u64 {
        match self {
            Self::AcquireLock { .. } => 0,
            Self::AcquireLockResponse { .. } => 1,
            Self::Drain { .. } => 2,
            Self::Packet { .. } => 3,
            Self::Upgrade { .. } => 4,
            Self::UpgradeResponse { .. } => 5,
            Self::Close { .. } => 6,
        }
    }

    fn request(&self) -> Option<u64> {
        match *self {
            Self::AcquireLock { request, .. }
            | Self::AcquireLockResponse { request, .. }
            | Self::Upgrade { request, .. }
            | Self::UpgradeResponse { request, .. } => Some(request),
            Self::Drain { .. } | Self::Packet { .. } | Self::Close { .. } => None,
        }
    }

    fn data(&self) -> Map {
        let mut map = Map::new();
        match self {
            Self::AcquireLock { lock, .. } => {
                map.insert("sid", &*lock.sid);
                map.insert("transportName", lock.carrier.as_str());
                map.insert("type", lock.access.as_str());
            }
            Self::AcquireLockResponse { success, .. } => {
                map.insert("success", *success);
            }
            Self::Drain { sid, packets } => {
                map.insert("sid", &**sid);
                map.insert("packets", values(packets));
            }
            Self::Packet { sid, packet } => {
                map.insert("sid", &**sid);
                map.insert("packet", packet.to_value());
            }
            Self::Upgrade { sid, success, .. } => {
                map.insert("sid", &**sid);
                map.insert("success", *success);
            }
            Self::UpgradeResponse {
                take_over, packets, ..
            } => {
                map.insert("takeOver", *take_over);
                map.insert("packets", values(packets));
            }
            Self::Close { sid, reason } => {
                map.insert("sid", &**sid);
                map.insert("reason", &**reason);
            }
        }
        map
    }

    fn read(fields: &mut Fields) -> Result<Self, DecodeError> {
        let kind = fields.number("type")?;
        let mut data = Fields::of(fields.take("data"), "data")?;
        let request = fields.number("requestId");
        Ok(match kind {
            0 => Self::AcquireLock {
                request: request?,
                lock: Lock::read(&mut data)?,
            },
            1 => Self::AcquireLockResponse {
                request: request?,
                // COMPAT: for a transport that it does not know a Node.js server says nothing here.
                success: data.take("success").as_bool().unwrap_or(false),
            },
            2 => Self::Drain {
                sid: data.text("sid")?,
                packets: packets(&mut data)?,
            },
            3 => Self::Packet {
                sid: data.text("sid")?,
                packet: Packet::from_value(data.take("packet"))?,
            },
            4 => Self::Upgrade {
                request: request?,
                sid: data.text("sid")?,
                success: data.flag("success")?,
            },
            5 => Self::UpgradeResponse {
                request: request?,
                take_over: data.flag("takeOver")?,
                packets: packets(&mut data)?,
            },
            6 => Self::Close {
                sid: data.text("sid")?,
                reason: data.text("reason")?,
            },
            kind => return Err(DecodeError::UnknownType { kind }),
        })
    }
}

impl Lock {
    fn read(data: &mut Fields) -> Result<Self, DecodeError> {
        let carrier = match &*data.text("transportName")? {
            "polling" => Carrier::Polling,
            "websocket" => Carrier::WebSocket,
            "webtransport" => Carrier::WebTransport,
            _ => {
                return Err(DecodeError::Shape {
                    part: "transportName",
                });
            }
        };
        let access = match &*data.text("type")? {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(DecodeError::Shape { part: "type" }),
        };
        Ok(Self {
            sid: data.text("sid")?,
            carrier,
            access,
        })
    }
}

impl Access {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

fn values(packets: &[Packet]) -> Value {
    packets.iter().map(Packet::to_value).collect()
}

fn packets(data: &mut Fields) -> Result<Vec<Packet>, DecodeError> {
    let packets = data.array("packets")?;
    if packets.len() > MAX_PACKETS {
        return Err(DecodeError::Shape { part: "packets" });
    }
    packets.into_iter().map(Packet::from_value).collect()
}

/// What all messages of this protocol say.
const SOURCE: &str = "_eio";

/// What names and ids take beside the packets.
const OVERHEAD_BYTES: usize = 160;
