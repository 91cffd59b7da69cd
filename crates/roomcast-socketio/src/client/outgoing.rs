//! Packets on their way to the server.

use std::sync::Arc;

use bytes::Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Content;
use crate::{
    AckId, Decoder, EncodeError, Header, Limits, Map, Packet, encode_connect, encode_disconnect,
};

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
    Connect(Box<Credentials>),
    Disconnect,
    Event(Content),
    Ack(Content),
}

impl OutgoingPacket {
    pub(super) fn connect(namespace: Arc<str>, credentials: Credentials) -> Self {
        Self::new(namespace, Body::Connect(Box::new(credentials)))
    }

    pub(super) fn disconnect(namespace: Arc<str>) -> Self {
        Self::new(namespace, Body::Disconnect)
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

    /// Appends the packet to `out` and returns its attachments, which must follow as binary messages
    /// with nothing in between.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the `auth` of a CONNECT has no JSON form; `out` is then as it was.
    /// Other packets always succeed.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<&[Bytes], EncodeError> {
        match &self.body {
            Body::Connect(credentials) => {
                encode_connect(out, &self.namespace, credentials.data().as_ref())?;
                Ok(&[])
            }
            Body::Disconnect => {
                encode_disconnect(out, &self.namespace);
                Ok(&[])
            }
            Body::Event(content) => Ok(content.write(out, *b"25", self.header())),
            Body::Ack(content) => Ok(content.write(out, *b"36", self.header())),
        }
    }

    /// The packet as its receiver decodes it: what catch-all handlers of sent events read.
    ///
    /// `None` if it cannot be encoded, or is nested deeper than the default [`Limits`].
    #[must_use]
    pub fn to_packet(&self) -> Option<Packet<'static>> {
        let mut text = Vec::new();
        let attachments = self.encode(&mut text).ok()?;
        let mut decoder = Decoder::new(Limits {
            max_attachments: attachments.len(),
            max_attachment_bytes: usize::MAX,
            ..Limits::default()
        });
        let text = String::from_utf8(text).ok()?;
        let mut packet = decoder.text(&text).ok()?.map(Packet::into_owned);
        for attachment in attachments {
            packet = decoder.binary_owned(attachment.clone()).ok()?;
        }
        packet
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
            Body::Connect(_) | Body::Disconnect => 0,
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
