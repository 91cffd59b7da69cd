//! What a node tells the others of one of its sockets.

use std::sync::Arc;

use roomcast_socketio::{Map, Value};

use crate::DecodeError;
use crate::wire::Fields;

/// One socket, as the answer to a fetch request describes it.
///
/// # Example
///
/// ```
/// use roomcast_cluster::SocketDescription;
/// use roomcast_socketio::value;
///
/// let socket = SocketDescription {
///     id: "44tjkoMvc9nHEeuIAAAB".into(),
///     handshake: value!({ "address": "127.0.0.1" }),
///     rooms: vec!["44tjkoMvc9nHEeuIAAAB".into(), "news".into()],
///     data: value!({ "name": "Ada" }),
/// };
/// assert_eq!(socket.data["name"], "Ada");
/// ```
///
/// Spec: cluster, section 3.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the wire format closes the list")]
pub struct SocketDescription {
    /// The socket's id.
    pub id: Arc<str>,
    /// `{headers, time, address, xdomain, secure, issued, url, query, auth}`; `issued` is in
    /// milliseconds since 1970.
    pub handshake: Value,
    /// The rooms that the socket is in.
    pub rooms: Vec<Arc<str>>,
    /// The socket's data.
    pub data: Value,
}

impl SocketDescription {
    pub(crate) fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("id", Arc::clone(&self.id));
        map.insert("handshake", self.handshake.clone());
        map.insert("rooms", crate::wire::texts(&self.rooms));
        map.insert("data", self.data.clone());
        map.into()
    }

    pub(crate) fn read(value: Value) -> Result<Self, DecodeError> {
        let mut fields = Fields::of(value, "sockets")?;
        Ok(Self {
            id: fields.text("id")?,
            handshake: fields.take("handshake"),
            rooms: fields.texts("rooms")?,
            data: fields.take("data"),
        })
    }
}
