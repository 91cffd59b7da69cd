//! What the data of each kind of packet must be.

use super::data::{unescape, unquoted};
use super::scan::{Outline, Shape};
use crate::event_name::is_reserved;
use crate::{DecodeError, PacketKind};

/// Checks the data of a packet, which is not empty.
///
/// SPEC: Socket.IO protocol 5, "Packet encoding"; the cases are those of the official parser's
/// `isPayloadValid`.
pub(super) fn check(kind: PacketKind, json: &str, outline: &Outline) -> Result<(), DecodeError> {
    let is_valid = match kind {
        PacketKind::Connect => outline.shape == Shape::Object,
        PacketKind::Disconnect => false,
        PacketKind::Event => outline.shape == Shape::Array && has_event_name(json, outline),
        PacketKind::Ack => outline.shape == Shape::Array,
        PacketKind::ConnectError => matches!(outline.shape, Shape::Object | Shape::String),
    };
    if is_valid {
        Ok(())
    } else {
        Err(DecodeError::InvalidPayload)
    }
}

fn has_event_name(json: &str, outline: &Outline) -> bool {
    let Some(first) = outline.elements.as_slice().first() else {
        return false;
    };
    let name = first.of(json);
    match Shape::of(name.bytes().next()) {
        Shape::Number => true,
        Shape::String if outline.has_escape => !is_reserved(&unescape(name)),
        Shape::String => !is_reserved(unquoted(name)),
        _ => false,
    }
}
