//! What adapters tell each other, whatever the wire format.

use std::sync::Arc;

use roomcast_socketio::Value;

use crate::{NodeId, Options, RequestId, SocketDescription};

/// One message between the adapters of one namespace.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Body, Message, Options};
/// use roomcast_socketio::value;
///
/// let message = Message {
///     from: Some("7091f9242a3d22fa".into()),
///     namespace: "/".into(),
///     body: Body::Broadcast {
///         packet: [value!("hello"), value!("world")].into(),
///         options: Options::default(),
///         request: None,
///     },
/// };
/// assert_eq!(message.encode(), br#"{"type":3,"data":{"packet":{"type":2,"data":["hello","world"]},"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"7091f9242a3d22fa","nsp":"/"}"#);
/// assert_eq!(Message::decode(message.encode().into(), "/"), Ok(message));
/// ```
///
/// Spec: cluster, section 5.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the wire formats close the list")]
pub struct Message {
    /// Who sent it. Answers of classic adapters, and commands of classic emitters, do not say.
    pub from: Option<NodeId>,
    /// The namespace, with its leading slash.
    pub namespace: Arc<str>,
    /// What it says.
    pub body: Body,
}

/// What a message says. Events are shared: a copy of a message costs no copy of them.
///
/// # Example
///
/// ```
/// use roomcast_cluster::Body;
///
/// let body = Body::FetchSockets { request: "1ee44d320bd3d444".into(), options: Default::default() };
/// assert_eq!(body.request().map(|id| id.as_str()), Some("1ee44d320bd3d444"));
/// assert!(!body.is_response());
/// ```
///
/// Spec: cluster, sections 4.2 and 5.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A node is there; the others answer with [`Heartbeat`](Self::Heartbeat).
    InitialHeartbeat,
    /// A node lives.
    Heartbeat,
    /// An event for sockets.
    Broadcast {
        /// The event's name and its arguments; binary stands inline.
        packet: Arc<[Value]>,
        /// Who gets it.
        options: Options,
        /// With it acknowledgements are wanted.
        request: Option<RequestId>,
    },
    /// Sockets become members of rooms.
    SocketsJoin {
        /// Which sockets.
        options: Options,
        /// The rooms that they join.
        rooms: Vec<Arc<str>>,
    },
    /// Sockets leave rooms.
    SocketsLeave {
        /// Which sockets.
        options: Options,
        /// The rooms that they leave.
        rooms: Vec<Arc<str>>,
    },
    /// Sockets are disconnected.
    DisconnectSockets {
        /// Which sockets.
        options: Options,
        /// Whether their connections are closed, too.
        close: bool,
    },
    /// Sockets are asked for.
    FetchSockets {
        /// The request.
        request: RequestId,
        /// Which sockets.
        options: Options,
    },
    /// Answers [`FetchSockets`](Self::FetchSockets).
    FetchSocketsResponse {
        /// The request.
        request: RequestId,
        /// The sockets of the answering node.
        sockets: Vec<SocketDescription>,
    },
    /// An event for the servers themselves.
    ServerSideEmit {
        /// With it an answer is wanted.
        request: Option<RequestId>,
        /// The event's name and its arguments.
        packet: Arc<[Value]>,
    },
    /// Answers [`ServerSideEmit`](Self::ServerSideEmit).
    ServerSideEmitResponse {
        /// The request.
        request: RequestId,
        /// The answer.
        packet: Value,
    },
    /// How many sockets of the answering node were asked for an acknowledgement.
    BroadcastClientCount {
        /// The request.
        request: RequestId,
        /// The number of sockets.
        client_count: usize,
        /// Their ids, where the answering node names them: Node.js does not.
        clients: Vec<Arc<str>>,
    },
    /// One socket's acknowledgement.
    BroadcastAck {
        /// The request.
        request: RequestId,
        /// The first value of the acknowledgement.
        packet: Value,
        /// The socket's id, where the answering node names it: Node.js does not.
        client: Option<Arc<str>>,
    },
    /// A node leaves.
    AdapterClose,
    /// All rooms are asked for. Classic adapters only.
    AllRooms {
        /// The request.
        request: RequestId,
    },
    /// Answers [`AllRooms`](Self::AllRooms). Classic adapters only.
    AllRoomsResponse {
        /// The request.
        request: RequestId,
        /// The rooms of the answering node.
        rooms: Vec<Arc<str>>,
    },
    /// The ids of sockets are asked for, as old classic adapters do.
    SocketIds {
        /// The request.
        request: RequestId,
        /// Whose members; of all if it is empty.
        rooms: Vec<Arc<str>>,
    },
    /// Answers [`SocketIds`](Self::SocketIds).
    SocketIdsResponse {
        /// The request.
        request: RequestId,
        /// The ids of the sockets of the answering node.
        ids: Vec<Arc<str>>,
    },
}

impl Body {
    /// The request that this is or answers. Example: [`Body`].
    #[must_use]
    pub fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Broadcast { request, .. } | Self::ServerSideEmit { request, .. } => {
                request.as_ref()
            }
            Self::FetchSockets { request, .. }
            | Self::FetchSocketsResponse { request, .. }
            | Self::ServerSideEmitResponse { request, .. }
            | Self::BroadcastClientCount { request, .. }
            | Self::BroadcastAck { request, .. }
            | Self::AllRooms { request }
            | Self::AllRoomsResponse { request, .. }
            | Self::SocketIds { request, .. }
            | Self::SocketIdsResponse { request, .. } => Some(request),
            Self::InitialHeartbeat
            | Self::Heartbeat
            | Self::SocketsJoin { .. }
            | Self::SocketsLeave { .. }
            | Self::DisconnectSockets { .. }
            | Self::AdapterClose => None,
        }
    }

    /// Whether this answers a request: it is meant for one node. Example: [`Body`].
    #[must_use]
    pub fn is_response(&self) -> bool {
        matches!(
            self,
            Self::FetchSocketsResponse { .. }
                | Self::ServerSideEmitResponse { .. }
                | Self::BroadcastClientCount { .. }
                | Self::BroadcastAck { .. }
                | Self::AllRoomsResponse { .. }
                | Self::SocketIdsResponse { .. }
        )
    }

    /// Whether binary data is in it, which JSON cannot carry.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::Body;
    /// use roomcast_socketio::Value;
    ///
    /// let packet = [Value::from("file"), bytes::Bytes::from_static(b"\x89PNG").into()];
    /// let body = Body::ServerSideEmit { request: None, packet: packet.into() };
    /// assert!(body.has_binary());
    /// ```
    #[must_use]
    pub fn has_binary(&self) -> bool {
        match self {
            Self::Broadcast { packet, .. } | Self::ServerSideEmit { packet, .. } => {
                packet.iter().any(has_binary)
            }
            Self::ServerSideEmitResponse { packet, .. } | Self::BroadcastAck { packet, .. } => {
                has_binary(packet)
            }
            Self::FetchSocketsResponse { sockets, .. } => sockets
                .iter()
                .any(|socket| has_binary(&socket.data) || has_binary(&socket.handshake)),
            _ => false,
        }
    }

    /// About how many bytes the body takes in memory, names of rooms and of sockets included: what
    /// queues count.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::Body;
    ///
    /// assert!(Body::Heartbeat.approximate_bytes() < 1000);
    /// ```
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let payload = match self {
            Self::Broadcast {
                packet, options, ..
            } => options.approximate_bytes() + packet.iter().map(bytes_of).sum::<usize>(),
            Self::ServerSideEmit { packet, .. } => packet.iter().map(bytes_of).sum(),
            Self::SocketsJoin { options, rooms } | Self::SocketsLeave { options, rooms } => {
                options.approximate_bytes() + bytes_of_texts(rooms)
            }
            Self::DisconnectSockets { options, .. } | Self::FetchSockets { options, .. } => {
                options.approximate_bytes()
            }
            Self::BroadcastClientCount { clients: texts, .. }
            | Self::AllRoomsResponse { rooms: texts, .. }
            | Self::SocketIds { rooms: texts, .. }
            | Self::SocketIdsResponse { ids: texts, .. } => bytes_of_texts(texts),
            Self::ServerSideEmitResponse { packet, .. } | Self::BroadcastAck { packet, .. } => {
                bytes_of(packet)
            }
            Self::FetchSocketsResponse { sockets, .. } => sockets
                .iter()
                .map(|socket| {
                    let values = bytes_of(&socket.handshake) + bytes_of(&socket.data);
                    values + socket.id.len() + bytes_of_texts(&socket.rooms)
                })
                .sum(),
            Self::InitialHeartbeat
            | Self::Heartbeat
            | Self::AdapterClose
            | Self::AllRooms { .. } => 0,
        };
        OVERHEAD + payload
    }
}

/// What every message takes beside its payload.
const OVERHEAD: usize = 256;

pub(crate) fn has_binary(value: &Value) -> bool {
    match value {
        Value::Binary(_) => true,
        Value::Array(elements) => elements.iter().any(has_binary),
        Value::Object(map) => map.values().any(has_binary),
        _ => false,
    }
}

/// What texts take, with what refers to each.
fn bytes_of_texts(texts: &[Arc<str>]) -> usize {
    texts
        .iter()
        .map(|text| size_of::<Arc<str>>() + text.len())
        .sum()
}

impl Options {
    fn approximate_bytes(&self) -> usize {
        bytes_of_texts(&self.rooms) + bytes_of_texts(&self.except)
    }
}

fn bytes_of(value: &Value) -> usize {
    let content = match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(bytes_of).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len() + bytes_of(value))
            .sum(),
        _ => 0,
    };
    size_of::<Value>() + content
}
