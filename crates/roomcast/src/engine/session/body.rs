//! Polling bodies: packets that came by a POST, packets that leave by the answer to a poll.

use bytes::Bytes;
use roomcast_engineio::{DecodeError, Packet, revision3, revision4};

use crate::engine::dialect::{Bodies, Content, Dialect};
use crate::engine::outbox::{Entry, Queue};

/// The body of a POST.
pub(super) enum Body {
    /// Revision 4.
    Four(String),
    /// Revision 3, text.
    Text(String),
    /// Revision 3, bytes.
    Binary(Bytes),
    /// Revision 3, a form without a payload.
    Nothing,
}

impl Body {
    pub(super) fn new(dialect: Dialect, content: Content, body: Bytes) -> Self {
        match (dialect, content) {
            (Dialect::Four, _) => Self::Four(text(body)),
            (Dialect::Three(Bodies::Jsonp), Content::Binary) => Self::Nothing,
            (Dialect::Three(Bodies::Jsonp), Content::Text) => {
                match revision3::decode_form(&text(body)) {
                    Some(payload) => Self::Text(payload.into_owned()),
                    None => Self::Nothing,
                }
            }
            (Dialect::Three(_), Content::Text) => Self::Text(text(body)),
            (Dialect::Three(_), Content::Binary) => Self::Binary(body),
        }
    }

    /// The packets that begin `from` bytes behind the start.
    pub(super) fn packets(&self, from: usize) -> Packets<'_> {
        match self {
            Self::Four(body) => Packets::Four(revision4::decode_payload(&body[from..])),
            Self::Text(body) => Packets::Text(revision3::decode_payload(&body[from..])),
            Self::Binary(body) => Packets::Binary(revision3::decode_binary_payload(&body[from..])),
            Self::Nothing => Packets::Nothing,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Four(body) | Self::Text(body) => body.len(),
            Self::Binary(body) => body.len(),
            Self::Nothing => 0,
        }
    }
}

/// The body as text, whatever stands in it, as the official server reads it.
fn text(body: Bytes) -> String {
    String::from_utf8(body.into())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The packets of a body.
pub(super) enum Packets<'b> {
    Four(revision4::Payload<'b>),
    Text(revision3::Payload<'b>),
    Binary(revision3::BinaryPayload<'b>),
    Nothing,
}

impl Packets<'_> {
    /// How many bytes were not read yet; `None` behind the last packet.
    pub(super) fn rest_len(&self) -> Option<usize> {
        match self {
            Self::Four(packets) => packets.rest().map(str::len),
            Self::Text(packets) => packets.rest().map(str::len),
            Self::Binary(packets) => packets.rest().map(<[u8]>::len),
            Self::Nothing => None,
        }
    }
}

impl<'b> Iterator for Packets<'b> {
    type Item = Result<Packet<'b>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Four(packets) => packets.next(),
            Self::Text(packets) => packets.next(),
            Self::Binary(packets) => packets.next(),
            Self::Nothing => None,
        }
    }
}

/// Encodes what is queued as the answer to a poll. `bytes` is what the queue holds.
pub(super) fn encode(queue: &Queue, bytes: usize, dialect: Dialect) -> (Vec<u8>, Content) {
    // Invariant: packets stand side by side only where a WebSocket carries the session.
    let frames = || {
        queue.iter().filter_map(|entry| match entry {
            Entry::Shared { frame, .. } => Some(frame),
            _ => None,
        })
    };
    let Dialect::Three(bodies) = dialect else {
        let mut payload = revision4::PayloadEncoder::with_capacity(bytes);
        for frame in frames() {
            match frame.is_binary() {
                true => payload.push_binary(frame.payload()),
                false => payload.push_encoded(frame.payload()),
            }
        }
        return (payload.into_body(), Content::Text);
    };
    let (mut payload, content) = match bodies == Bodies::Any && frames().any(|it| it.is_binary()) {
        true => (revision3::PayloadEncoder::binary(), Content::Binary),
        false => (revision3::PayloadEncoder::text(), Content::Text),
    };
    for frame in frames() {
        match frame.is_binary() {
            true => payload.push_binary(frame.payload()),
            false => payload.push_encoded(frame.payload()),
        }
    }
    (payload.into_body(), content)
}
