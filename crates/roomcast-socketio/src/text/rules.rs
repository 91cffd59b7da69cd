//! What the data of each kind of packet must be.

use super::data::{Data, unescape};
use super::scan::Shape;
use crate::event_name::is_reserved;
use crate::{DecodeError, PacketKind};

/// Checks the data of a packet, which was scanned and is not empty.
///
/// SPEC: Socket.IO protocol 5, "Packet encoding"; the cases are those of the official parser's
/// `isPayloadValid`.
#[inline]
pub(super) fn check(kind: PacketKind, data: &Data<'_>, shape: Shape) -> Result<(), DecodeError> {
    let is_valid = match kind {
        PacketKind::Connect => shape == Shape::Object,
        PacketKind::Disconnect => false,
        PacketKind::Event => shape == Shape::Array && has_event_name(data),
        PacketKind::Ack => shape == Shape::Array,
        PacketKind::ConnectError => matches!(shape, Shape::Object | Shape::String),
    };
    if is_valid {
        Ok(())
    } else {
        Err(DecodeError::InvalidPayload)
    }
}

#[inline]
fn has_event_name(data: &Data<'_>) -> bool {
    if let Some(name) = data.plain_name() {
        return !is_reserved(name);
    }
    let Some(name) = data.element(0) else {
        return false;
    };
    match Shape::of(name.bytes().next()) {
        Shape::Number => true,
        Shape::String => !is_reserved(&unescape(name)),
        _ => false,
    }
}
