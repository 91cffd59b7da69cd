//! Polling bodies: packets that came by a POST, packets that leave by the answer to a poll.

use bytes::Bytes;
use roomcast_engineio::{DecodeError, Packet, PollAnswer, revision3, revision4};

use crate::engine::cause::Farewell;
use crate::engine::dialect::{Bodies, Content, Dialect};
use crate::engine::frame::Frame;
use crate::engine::mailbox;
use crate::engine::outbox::{Entry, Queue};

/// The body of a POST.
pub(in crate::engine) enum Body {
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
    pub(in crate::engine) fn new(dialect: Dialect, content: Content, body: Vec<u8>) -> Self {
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
            (Dialect::Three(_), Content::Binary) => Self::Binary(body.into()),
        }
    }

    /// The packets that begin `from` bytes behind the start.
    pub(in crate::engine) fn packets(&self, from: usize) -> Packets<'_> {
        match self {
            Self::Four(body) => Packets::Four(revision4::decode_payload(&body[from..])),
            Self::Text(body) => Packets::Text(revision3::decode_payload(&body[from..])),
            Self::Binary(body) => Packets::Binary(revision3::decode_binary_payload(&body[from..])),
            Self::Nothing => Packets::Nothing,
        }
    }

    pub(in crate::engine) fn len(&self) -> usize {
        match self {
            Self::Four(body) | Self::Text(body) => body.len(),
            Self::Binary(body) => body.len(),
            Self::Nothing => 0,
        }
    }
}

/// The body as text, whatever stands in it, as the official server reads it.
fn text(body: Vec<u8>) -> String {
    String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The packets of a body.
pub(in crate::engine) enum Packets<'b> {
    Four(revision4::Payload<'b>),
    Text(revision3::Payload<'b>),
    Binary(revision3::BinaryPayload<'b>),
    Nothing,
}

impl Packets<'_> {
    /// How many bytes were not read yet; `None` behind the last packet.
    pub(in crate::engine) fn rest_len(&self) -> Option<usize> {
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
pub(in crate::engine) fn encode(
    queue: &Queue,
    bytes: usize,
    dialect: Dialect,
) -> (Vec<u8>, Content) {
    // Invariant: packets stand side by side only where a WebSocket carries the session.
    let frames = || {
        queue.iter().filter_map(|entry| match entry {
            Entry::Shared { frame, .. } => Some(frame),
            _ => None,
        })
    };
    if dialect == Dialect::Four {
        let mut payload = revision4::PayloadEncoder::with_capacity(bytes);
        frames().for_each(|frame| push4(&mut payload, frame));
        return (payload.into_body(), Content::Text);
    }
    let (mut payload, content) = encoder3(frames(), dialect);
    frames().for_each(|frame| push3(&mut payload, frame));
    (payload.into_body(), content)
}

/// The session's last answer to a poll, behind what it says to its client at the end.
pub(in crate::engine) fn last(
    end: PollAnswer,
    farewell: &Farewell,
    dialect: Dialect,
) -> mailbox::PollAnswer {
    let frames = &farewell.packets;
    let (body, content) = if dialect == Dialect::Four {
        let mut payload = revision4::PayloadEncoder::new();
        frames.iter().for_each(|frame| push4(&mut payload, frame));
        end.packets().iter().for_each(|packet| payload.push(packet));
        (payload.into_body(), Content::Text)
    } else {
        let (mut payload, content) = encoder3(frames, dialect);
        frames.iter().for_each(|frame| push3(&mut payload, frame));
        end.packets().iter().for_each(|packet| payload.push(packet));
        (payload.into_body(), content)
    };
    mailbox::PollAnswer::Payload {
        body,
        content,
        may_compress: false,
    }
}

fn push4(payload: &mut revision4::PayloadEncoder, frame: &Frame) {
    match frame.is_binary() {
        true => payload.push_binary(frame.payload()),
        false => payload.push_encoded(frame.payload()),
    }
}

fn push3(payload: &mut revision3::PayloadEncoder, frame: &Frame) {
    match frame.is_binary() {
        true => payload.push_binary(frame.payload()),
        false => payload.push_encoded(frame.payload()),
    }
}

/// An encoder for these frames, to a client of revision 3.
fn encoder3<'f>(
    frames: impl IntoIterator<Item = &'f Frame>,
    dialect: Dialect,
) -> (revision3::PayloadEncoder, Content) {
    let takes_bytes = dialect == Dialect::Three(Bodies::Any);
    match takes_bytes && frames.into_iter().any(Frame::is_binary) {
        true => (revision3::PayloadEncoder::binary(), Content::Binary),
        false => (revision3::PayloadEncoder::text(), Content::Text),
    }
}
