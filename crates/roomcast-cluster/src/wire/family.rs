//! The family of cluster messages: sharded and streams adapters on Redis, Postgres, cloud brokers.

use std::sync::Arc;

use bytes::Bytes;
use roomcast_socketio::{Map, Value};

use super::fields::{Fields, event, texts};
use crate::{Body, DecodeError, Encoding, Message, Options, RequestId, SocketDescription};

/// Whether a message tells what the official adapters do not: which sockets are asked, and which of
/// them has answered. Node.js servers ignore it.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Body, Extras};
/// use roomcast_socketio::{Value, value};
///
/// let body = Body::BroadcastAck {
///     request: "r".into(),
///     packet: value!(7),
///     client: Some("44tjkoMvc9nHEeuIAAAB".into()),
/// };
/// let plain = body.data(Extras::Omitted).unwrap_or_default();
/// assert_eq!(plain.to_string(), r#"{"requestId":"r","packet":7}"#);
/// let named = body.data(Extras::Written).unwrap_or_default();
/// assert_eq!(named["socketId"], "44tjkoMvc9nHEeuIAAAB");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extras {
    /// The bytes are those of the official adapters.
    #[default]
    Omitted,
    /// `socketId` and `socketIds` are written.
    Written,
}

impl Message {
    /// Writes the whole message as JSON, or as MessagePack if binary is in it. Example:
    /// [`Message`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let encoding = match self.body.has_binary() {
            true => Encoding::MessagePack,
            false => Encoding::Json,
        };
        encoding.encode(&self.to_value(Extras::Omitted))
    }

    /// The message as a value, keys in the order of the official adapters; of a body that only the
    /// classic adapter has, without `type` and `data`.
    #[must_use]
    pub fn to_value(&self, extras: Extras) -> Value {
        let mut map = Map::new();
        if let Some(kind) = self.body.kind() {
            map.insert("type", kind);
        }
        if let Some(data) = self.body.data(extras) {
            map.insert("data", data);
        }
        if let Some(from) = &self.from {
            map.insert("uid", from.as_str());
        }
        map.insert("nsp", Arc::clone(&self.namespace));
        map.into()
    }

    /// Reads a whole message in either encoding. Where it names no namespace it is of `namespace`,
    /// that of its channel. Example: [`Message`].
    ///
    /// # Errors
    ///
    /// [`DecodeError`]: count it and go on with the next message.
    pub fn decode(payload: Bytes, namespace: &str) -> Result<Self, DecodeError> {
        Self::from_value(Encoding::decode(payload)?, namespace)
    }

    /// Reads a whole message, as [`decode`](Self::decode).
    ///
    /// # Errors
    ///
    /// [`DecodeError::Shape`] or [`DecodeError::UnknownType`].
    pub fn from_value(value: Value, namespace: &str) -> Result<Self, DecodeError> {
        let mut fields = Fields::of(value, "message")?;
        let kind = fields.number("type")?;
        let from = fields.optional_text("uid");
        // COMPAT: the Postgres emitter 0.1.1 names the namespace in the packet at most.
        let namespace = fields
            .optional_text("nsp")
            .unwrap_or_else(|| namespace.into());
        Ok(Self {
            from: from.map(|from| (&*from).into()),
            namespace,
            body: Body::read(kind, fields.take("data"))?,
        })
    }
}

impl Body {
    /// The number of the type; none for what only the classic adapter has.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::Body;
    ///
    /// assert_eq!(Body::Heartbeat.kind(), Some(2));
    /// ```
    ///
    /// Spec: cluster, section 5.
    #[must_use]
    pub fn kind(&self) -> Option<u8> {
        Some(match self {
            Self::InitialHeartbeat => 1,
            Self::Heartbeat => 2,
            Self::Broadcast { .. } => 3,
            Self::SocketsJoin { .. } => 4,
            Self::SocketsLeave { .. } => 5,
            Self::DisconnectSockets { .. } => 6,
            Self::FetchSockets { .. } => 7,
            Self::FetchSocketsResponse { .. } => 8,
            Self::ServerSideEmit { .. } => 9,
            Self::ServerSideEmitResponse { .. } => 10,
            Self::BroadcastClientCount { .. } => 11,
            Self::BroadcastAck { .. } => 12,
            Self::AdapterClose => 13,
            Self::AllRooms { .. }
            | Self::AllRoomsResponse { .. }
            | Self::SocketIds { .. }
            | Self::SocketIdsResponse { .. } => return None,
        })
    }

    /// The member `data` of the message, if the type has one. Example: [`Extras`].
    #[must_use]
    pub fn data(&self, extras: Extras) -> Option<Value> {
        let mut data = Map::new();
        match self {
            Self::Broadcast {
                packet,
                options,
                request,
            } => {
                data.insert("packet", broadcast_packet(packet));
                if let Some(request) = request {
                    data.insert("requestId", request.as_str());
                }
                data.insert("opts", options_value(options));
            }
            Self::SocketsJoin { options, rooms } | Self::SocketsLeave { options, rooms } => {
                data.insert("opts", options_value(options));
                data.insert("rooms", texts(rooms));
            }
            Self::DisconnectSockets { options, close } => {
                data.insert("opts", options_value(options));
                data.insert("close", *close);
            }
            Self::FetchSockets { request, options } => {
                data.insert("opts", options_value(options));
                data.insert("requestId", request.as_str());
            }
            Self::FetchSocketsResponse { request, sockets } => {
                data.insert("requestId", request.as_str());
                let sockets = sockets.iter().map(SocketDescription::to_value);
                data.insert("sockets", sockets.collect::<Value>());
            }
            Self::ServerSideEmit { request, packet } => {
                if let Some(request) = request {
                    data.insert("requestId", request.as_str());
                }
                data.insert("packet", packet.to_vec());
            }
            Self::ServerSideEmitResponse { request, packet } => {
                data.insert("requestId", request.as_str());
                data.insert("packet", packet.clone());
            }
            Self::BroadcastClientCount {
                request,
                client_count,
                clients,
            } => {
                data.insert("requestId", request.as_str());
                data.insert("clientCount", *client_count);
                if extras == Extras::Written {
                    data.insert("socketIds", texts(clients));
                }
            }
            Self::BroadcastAck {
                request,
                packet,
                client,
            } => {
                data.insert("requestId", request.as_str());
                data.insert("packet", packet.clone());
                if let (Extras::Written, Some(client)) = (extras, client) {
                    data.insert("socketId", Arc::clone(client));
                }
            }
            _ => return None,
        }
        Some(data.into())
    }

    /// Reads a body from its type and the member `data`, which streams and queues carry apart.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Shape`] or [`DecodeError::UnknownType`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::{Body, DecodeError};
    /// use roomcast_socketio::{Value, value};
    ///
    /// let body = Body::read(6, value!({ "opts": { "rooms": ["banned"] }, "close": true }))?;
    /// assert!(matches!(body, Body::DisconnectSockets { close: true, .. }));
    /// assert_eq!(Body::read(99, Value::Null), Err(DecodeError::UnknownType { kind: 99 }));
    /// # Ok::<(), DecodeError>(())
    /// ```
    pub fn read(kind: u64, data: Value) -> Result<Self, DecodeError> {
        match kind {
            1 => return Ok(Self::InitialHeartbeat),
            2 => return Ok(Self::Heartbeat),
            13 => return Ok(Self::AdapterClose),
            3..=12 => {}
            kind => return Err(DecodeError::UnknownType { kind }),
        }
        let mut data = Fields::of(data, "data")?;
        Ok(match kind {
            3 => Self::Broadcast {
                packet: data.packet()?.0,
                options: data.options()?,
                request: data.optional_request(),
            },
            4 => Self::SocketsJoin {
                options: data.options()?,
                rooms: data.texts("rooms")?,
            },
            5 => Self::SocketsLeave {
                options: data.options()?,
                rooms: data.texts("rooms")?,
            },
            6 => Self::DisconnectSockets {
                options: data.options()?,
                close: data.take("close") == true,
            },
            7 => Self::FetchSockets {
                request: data.request()?,
                options: data.options()?,
            },
            8 => read_sockets(&mut data)?,
            9 => Self::ServerSideEmit {
                request: data.optional_request(),
                packet: event(data.take("packet"))?,
            },
            10 => Self::ServerSideEmitResponse {
                request: data.request()?,
                packet: data.take("packet"),
            },
            11 => Self::BroadcastClientCount {
                request: data.request()?,
                client_count: usize::try_from(data.number("clientCount")?).unwrap_or(usize::MAX),
                clients: data.texts("socketIds")?,
            },
            _ => Self::BroadcastAck {
                request: data.request()?,
                packet: data.take("packet"),
                client: data.optional_text("socketId"),
            },
        })
    }
}

fn read_sockets(data: &mut Fields) -> Result<Body, DecodeError> {
    let request: RequestId = data.request()?;
    let sockets = data.array("sockets")?;
    Ok(Body::FetchSocketsResponse {
        request,
        sockets: sockets
            .into_iter()
            .map(SocketDescription::read)
            .collect::<Result<_, _>>()?,
    })
}

/// SPEC: the type of a packet is always 2 (EVENT); binary stays inline.
fn broadcast_packet(packet: &[Value]) -> Value {
    let mut map = Map::new();
    map.insert("type", 2);
    map.insert("data", packet.to_vec());
    map.into()
}

pub(super) fn options_value(options: &Options) -> Value {
    let mut map = Map::new();
    map.insert("rooms", texts(&options.rooms));
    map.insert("except", texts(&options.except));
    map.insert("flags", options.flags.clone());
    map.into()
}
