//! Packets on their way to the server.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Content;
use crate::{AckId, EncodeError, Encoded, Header, Map, Packet, PacketKind, Parser};

/// A packet on its way to the server. It is encoded outside of the manager.
#[derive(Clone, Debug)]
pub struct OutgoingPacket {
    namespace: Arc<str>,
    body: Body,
    ack: Option<AckId>,
    is_compressed: bool,
}

#[derive(Clone, Debug)]
enum Body {
    Connect(Parser, Box<Credentials>),
    Disconnect(Parser),
    Event(Content),
    Ack(Content),
}

impl OutgoingPacket {
    pub(super) fn connect(parser: &Parser, namespace: Arc<str>, credentials: Credentials) -> Self {
        let body = Body::Connect(parser.clone(), Box::new(credentials));
        Self::new(namespace, body)
    }

    pub(super) fn disconnect(parser: &Parser, namespace: Arc<str>) -> Self {
        Self::new(namespace, Body::Disconnect(parser.clone()))
    }

    pub(super) fn event(namespace: Arc<str>, content: Content, ack: Option<AckId>) -> Self {
        Self {
            ack,
            ..Self::new(namespace, Body::Event(content))
        }
    }

    pub(super) fn ack(namespace: Arc<str>, content: Content, id: AckId) -> Self {
        Self {
            ack: Some(id),
            ..Self::new(namespace, Body::Ack(content))
        }
    }

    pub(super) fn compressed(self, is_compressed: bool) -> Self {
        Self {
            is_compressed,
            ..self
        }
    }

    fn new(namespace: Arc<str>, body: Body) -> Self {
        Self {
            namespace,
            body,
            ack: None,
            is_compressed: true,
        }
    }

    /// Appends the packet to `out`, for the manager's parser.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the `auth` of a CONNECT cannot be written, and what a
    /// [`CustomParser`](crate::CustomParser) reports; `out` is then as it was. Other packets always
    /// succeed.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        match &self.body {
            Body::Connect(parser, credentials) => {
                parser.encode_connect(out, &self.namespace, credentials.data())
            }
            Body::Disconnect(parser) => parser.encode_disconnect(out, &self.namespace),
            Body::Event(content) => content.encode(out, PacketKind::Event, self.header()),
            Body::Ack(content) => content.encode(out, PacketKind::Ack, self.header()),
        }
    }

    /// The event or acknowledgement as its receiver decodes it: what catch-all handlers of sent
    /// events read.
    ///
    /// `None` for other packets, and if it is nested deeper than the default
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub fn to_packet(&self) -> Option<Packet<'static>> {
        let packet = match &self.body {
            Body::Event(content) => content.to_packet(PacketKind::Event, self.header()),
            Body::Ack(content) => content.to_packet(PacketKind::Ack, self.header()),
            Body::Connect(..) | Body::Disconnect(_) => return None,
        };
        packet.ok()
    }

    /// The name of the namespace, with its leading slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether the transport may compress it.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.is_compressed
    }

    /// The id under which an event wants an answer, or that of an acknowledgement.
    #[must_use]
    pub fn ack_id(&self) -> Option<AckId> {
        self.ack
    }

    /// What it counts towards a buffer's limit.
    pub(super) fn weight(&self) -> usize {
        match &self.body {
            Body::Event(content) | Body::Ack(content) => content.weight(),
            Body::Connect(..) | Body::Disconnect(_) => 0,
        }
    }

    fn header(&self) -> Header<'_> {
        Header {
            namespace: &self.namespace,
            ack: self.ack,
        }
    }
}

/// What a CONNECT carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    pub(super) auth: Option<Map>,
    /// The private id of the session to recover.
    pub(super) pid: Option<Arc<str>>,
    /// The last packet that came in that session.
    pub(super) offset: Option<Arc<str>>,
}

impl Credentials {
    /// The data of the packet, if it has any.
    fn data(&self) -> Option<&Self> {
        (self.auth.is_some() || self.pid.is_some()).then_some(self)
    }

    /// Those of the keys for recovery that the user has not set.
    fn recovery(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let offset = self.offset.as_deref().filter(|_| self.pid.is_some());
        [("pid", self.pid.as_deref()), ("offset", offset)]
            .into_iter()
            .filter(|(key, _)| {
                let auth = self.auth.as_ref();
                !auth.is_some_and(|auth| auth.contains_key(key))
            })
            .filter_map(|(key, value)| Some((key, value?)))
    }
}

impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let auth = self.auth.as_ref();
        let len = self.recovery().count() + auth.map_or(0, Map::len);
        let mut map = serializer.serialize_map(Some(len))?;
        for (key, value) in self.recovery() {
            map.serialize_entry(key, value)?;
        }
        for (key, value) in auth.into_iter().flat_map(Map::iter) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
