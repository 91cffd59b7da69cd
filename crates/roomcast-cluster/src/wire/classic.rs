//! The format of the classic Redis adapter: triples for broadcasts, numbered requests, and responses
//! that do not say who answers.
//!
//! A broadcast without acknowledgement is published on the channel of its namespace, or of its room
//! ([`Channels::broadcast`]); everything else is a request ([`Channels::requests`]) or a response
//! ([`Channels::responses`]).
//!
//! # Example
//!
//! ```
//! use roomcast_cluster::{Body, Message, Options, classic};
//! use roomcast_socketio::value;
//!
//! let message = Message {
//!     from: Some("GNPNOq".into()),
//!     namespace: "/".into(),
//!     body: Body::Broadcast {
//!         packet: [value!("hello"), value!("world")].into(),
//!         options: Options::default(),
//!         request: None,
//!     },
//! };
//! let payload = classic::encode_broadcast(&message).unwrap_or_default();
//! assert_eq!(payload.len(), 62);
//! assert_eq!(classic::decode_broadcast(payload.into()), Ok(message));
//! ```
//!
//! Spec: cluster, section 4.

use std::sync::Arc;

use bytes::Bytes;
use roomcast_socketio::{Map, Value};

use super::family::options_value;
use super::fields::{Fields, event, texts};
use crate::message::has_binary;
use crate::{Body, DecodeError, Encoding, Message, NodeId, Options, SocketDescription};

/// The channels of one namespace.
///
/// # Example
///
/// ```
/// use roomcast_cluster::classic::Channels;
///
/// let channels = Channels::new("socket.io", "/chat");
/// assert_eq!(channels.broadcast(&[]), "socket.io#/chat#");
/// assert_eq!(channels.broadcast(&["news".into()]), "socket.io#/chat#news#");
/// assert_eq!(channels.room_of("socket.io#/chat#a#b#"), Some("a#b"));
/// assert_eq!(channels.pattern(), "socket.io#/chat#*");
/// assert_eq!(channels.requests(), "socket.io-request#/chat#");
/// assert_eq!(channels.responses(), "socket.io-response#/chat#");
/// assert_eq!(channels.responses_to(&"GNPNOq".into()), "socket.io-response#/chat#GNPNOq#");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    prefix: String,
    namespace: String,
}

impl Channels {
    /// The channels below `prefix`, `socket.io` by default. Example: [`Channels`].
    #[must_use]
    pub fn new(prefix: &str, namespace: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            namespace: namespace.to_owned(),
        }
    }

    /// The channel of a broadcast: of the room if it is one, else of the namespace.
    #[must_use]
    pub fn broadcast(&self, rooms: &[Arc<str>]) -> String {
        let base = format!("{}#{}#", self.prefix, self.namespace);
        match rooms {
            [room] => format!("{base}{room}#"),
            _ => base,
        }
    }

    /// The pattern that all broadcasts match. What is special in patterns is escaped: the official
    /// adapter does not, and its patterns mean more than they should.
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        for c in self.broadcast(&[]).chars() {
            if matches!(c, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern + "*"
    }

    /// The room of a broadcast's channel, empty if it is that of the namespace; none if the channel
    /// is not of this namespace.
    #[must_use]
    pub fn room_of<'c>(&self, channel: &'c str) -> Option<&'c str> {
        let rest = channel.strip_prefix(&self.broadcast(&[]))?;
        Some(rest.strip_suffix('#').unwrap_or(rest))
    }

    /// The channel of requests.
    #[must_use]
    pub fn requests(&self) -> String {
        format!("{}-request#{}#", self.prefix, self.namespace)
    }

    /// The channel of responses.
    #[must_use]
    pub fn responses(&self) -> String {
        format!("{}-response#{}#", self.prefix, self.namespace)
    }

    /// The channel of responses to one adapter.
    #[must_use]
    pub fn responses_to(&self, node: &NodeId) -> String {
        format!("{}{node}#", self.responses())
    }
}

/// Writes a broadcast without acknowledgement; none for any other message.
#[must_use]
pub fn encode_broadcast(message: &Message) -> Option<Vec<u8>> {
    let Body::Broadcast {
        packet,
        options,
        request: None,
    } = &message.body
    else {
        return None;
    };
    let from = message.from.as_ref().map(NodeId::as_str);
    let triple = Value::Array(vec![
        from.into(),
        packet_value(packet, &message.namespace),
        options_value(options),
    ]);
    Some(Encoding::MessagePack.encode(&triple))
}

/// Reads a broadcast. A packet without a namespace is of `/`.
///
/// # Errors
///
/// [`DecodeError`]: count it and go on.
pub fn decode_broadcast(payload: Bytes) -> Result<Message, DecodeError> {
    let triple = Encoding::decode(payload)?;
    let Value::Array(triple) = triple else {
        return Err(DecodeError::Shape { part: "message" });
    };
    let mut triple = triple.into_iter();
    let from = triple.next().unwrap_or_default();
    let mut parts = Map::new();
    parts.insert("packet", triple.next().unwrap_or_default());
    parts.insert("opts", triple.next().unwrap_or_default());
    let mut parts = Fields::of(parts.into(), "message")?;
    let (packet, namespace) = parts.packet()?;
    Ok(Message {
        from: from.as_str().map(NodeId::from),
        namespace: namespace.unwrap_or_else(|| "/".into()),
        body: Body::Broadcast {
            packet,
            options: parts.options()?,
            request: None,
        },
    })
}

/// Writes a request or a command; none for what is no request of this adapter.
#[must_use]
pub fn encode_request(message: &Message) -> Option<Vec<u8>> {
    let mut map = Map::new();
    if let Some(from) = &message.from {
        map.insert("uid", from.as_str());
    }
    if let Some(request) = message.body.request() {
        map.insert("requestId", request.as_str());
    }
    let mut encoding = Encoding::Json;
    match &message.body {
        Body::SocketIds { rooms, .. } => {
            map.insert("type", 0);
            map.insert("rooms", texts(rooms));
        }
        Body::AllRooms { .. } => {
            map.insert("type", 1);
        }
        Body::SocketsJoin { options, rooms } => {
            map.insert("type", 2);
            map.insert("opts", selection(options));
            map.insert("rooms", texts(rooms));
        }
        Body::SocketsLeave { options, rooms } => {
            map.insert("type", 3);
            map.insert("opts", selection(options));
            map.insert("rooms", texts(rooms));
        }
        Body::DisconnectSockets { options, close } => {
            map.insert("type", 4);
            map.insert("opts", selection(options));
            map.insert("close", *close);
        }
        Body::FetchSockets { options, .. } => {
            map.insert("type", 5);
            map.insert("opts", selection(options));
        }
        Body::ServerSideEmit { packet, .. } => {
            map.insert("type", 6);
            map.insert("data", packet.to_vec());
        }
        Body::Broadcast {
            packet,
            options,
            request: Some(_),
        } => {
            map.insert("type", 7);
            map.insert("packet", packet_value(packet, &message.namespace));
            map.insert("opts", options_value(options));
            encoding = Encoding::MessagePack;
        }
        _ => return None,
    }
    Some(encoding.encode(&map.into()))
}

/// A request that was read.
///
/// # Example
///
/// ```
/// use roomcast_cluster::classic;
///
/// let old = br#"{"requestId":"r","type":2,"sid":"44tjkoMvc9nHEeuIAAAB","room":"x"}"#;
/// let request = classic::decode_request(old.as_slice().into(), "/")?;
/// assert_eq!(request.confirmation.as_deref(), Some(br#"{"requestId":"r"}"#.as_slice()));
/// # Ok::<(), roomcast_cluster::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// What is asked for.
    pub message: Message,
    /// What old adapters want to read on the channel of responses when the command is carried out.
    pub confirmation: Option<Vec<u8>>,
}

/// Reads a request on the channel of `namespace`.
///
/// # Errors
///
/// [`DecodeError`]: count it and go on.
pub fn decode_request(payload: Bytes, namespace: &str) -> Result<Request, DecodeError> {
    let mut fields = Fields::of(Encoding::decode(payload)?, "request")?;
    let from = fields.optional_text("uid");
    let confirmation = is_of_old_adapter(&fields)
        .then(|| fields.optional_request())
        .flatten()
        .map(|request| {
            let mut map = Map::new();
            map.insert("requestId", request.as_str());
            Encoding::Json.encode(&map.into())
        });
    let body = match fields.number("type")? {
        0 => Body::SocketIds {
            request: fields.request()?,
            rooms: fields.texts("rooms")?,
        },
        1 => Body::AllRooms {
            request: fields.request()?,
        },
        2 => {
            let (options, rooms) = command(&mut fields)?;
            Body::SocketsJoin { options, rooms }
        }
        3 => {
            let (options, rooms) = command(&mut fields)?;
            Body::SocketsLeave { options, rooms }
        }
        4 => Body::DisconnectSockets {
            options: command(&mut fields)?.0,
            close: fields.take("close") == true,
        },
        5 => Body::FetchSockets {
            request: fields.request()?,
            options: fields.options()?,
        },
        6 => Body::ServerSideEmit {
            request: fields.optional_request(),
            packet: event(fields.take("data"))?,
        },
        7 => Body::Broadcast {
            packet: fields.packet()?.0,
            options: fields.options()?,
            request: Some(fields.request()?),
        },
        kind => return Err(DecodeError::UnknownType { kind }),
    };
    let from = from.map(|from| NodeId::from(&*from));
    let message = Message {
        from,
        namespace: namespace.into(),
        body,
    };
    Ok(Request {
        message,
        confirmation,
    })
}

/// Writes a response; none for what is none.
#[must_use]
pub fn encode_response(body: &Body) -> Option<Vec<u8>> {
    let mut map = Map::new();
    let request = body.request().map(|request| request.as_str());
    let mut encoding = Encoding::Json;
    let kind = match body {
        Body::ServerSideEmitResponse { .. } => Some(6),
        Body::BroadcastClientCount { .. } => Some(8),
        Body::BroadcastAck { .. } => Some(9),
        _ => None,
    };
    if let Some(kind) = kind {
        map.insert("type", kind);
    }
    map.insert("requestId", request);
    match body {
        Body::FetchSocketsResponse { sockets, .. } => {
            let sockets = sockets.iter().map(SocketDescription::to_value);
            map.insert("sockets", sockets.collect::<Value>());
        }
        Body::SocketIdsResponse { ids, .. } => {
            map.insert("sockets", texts(ids));
        }
        Body::AllRoomsResponse { rooms, .. } => {
            map.insert("rooms", texts(rooms));
        }
        Body::ServerSideEmitResponse { packet, .. } => {
            map.insert("data", packet.clone());
            // COMPAT: Node.js would write binary as JSON here; readers take either encoding.
            if has_binary(packet) {
                encoding = Encoding::MessagePack;
            }
        }
        Body::BroadcastClientCount { client_count, .. } => {
            map.insert("clientCount", *client_count);
        }
        Body::BroadcastAck { packet, .. } => {
            map.insert("packet", packet.clone());
            encoding = Encoding::MessagePack;
        }
        _ => return None,
    }
    Some(encoding.encode(&map.into()))
}

/// Reads a response on a channel of `namespace`. It does not say who answers.
///
/// # Errors
///
/// [`DecodeError`]: count it and go on.
pub fn decode_response(payload: Bytes, namespace: &str) -> Result<Message, DecodeError> {
    let mut fields = Fields::of(Encoding::decode(payload)?, "response")?;
    let request = fields.request()?;
    let body = match fields.number("type").ok() {
        Some(6) => Body::ServerSideEmitResponse {
            request,
            packet: fields.take("data"),
        },
        Some(8) => Body::BroadcastClientCount {
            request,
            client_count: usize::try_from(fields.number("clientCount")?).unwrap_or(usize::MAX),
            clients: Vec::new(),
        },
        Some(9) => Body::BroadcastAck {
            request,
            packet: fields.take("packet"),
            client: None,
        },
        Some(kind @ 10..) => return Err(DecodeError::UnknownType { kind }),
        _ if fields.has("sockets") => sockets(&mut fields, request)?,
        _ => Body::AllRoomsResponse {
            request,
            rooms: fields.texts("rooms")?,
        },
    };
    Ok(Message {
        from: None,
        namespace: namespace.into(),
        body,
    })
}

fn sockets(fields: &mut Fields, request: crate::RequestId) -> Result<Body, DecodeError> {
    let sockets = fields.array("sockets")?;
    if sockets.iter().any(|socket| socket.as_str().is_some()) {
        let ids = sockets.iter().filter_map(Value::as_str).map(Arc::from);
        return Ok(Body::SocketIdsResponse {
            request,
            ids: ids.collect(),
        });
    }
    let sockets = sockets.into_iter().map(SocketDescription::read);
    Ok(Body::FetchSocketsResponse {
        request,
        sockets: sockets.collect::<Result<_, _>>()?,
    })
}

/// Options and rooms of a command; old adapters name one socket and one room.
fn command(fields: &mut Fields) -> Result<(Options, Vec<Arc<str>>), DecodeError> {
    if fields.has("opts") {
        return Ok((fields.options()?, fields.texts("rooms")?));
    }
    let options = Options {
        rooms: vec![fields.text("sid")?],
        ..Options::default()
    };
    Ok((options, fields.optional_text("room").into_iter().collect()))
}

fn is_of_old_adapter(fields: &Fields) -> bool {
    matches!(fields.number("type"), Ok(2..=4)) && !fields.has("opts")
}

/// Rooms and exceptions alone: these requests carry no flags.
fn selection(options: &Options) -> Value {
    let mut map = Map::new();
    map.insert("rooms", texts(&options.rooms));
    map.insert("except", texts(&options.except));
    map.into()
}

fn packet_value(packet: &[Value], namespace: &str) -> Value {
    let mut map = Map::new();
    map.insert("type", 2);
    map.insert("data", packet.to_vec());
    map.insert("nsp", namespace);
    map.into()
}
