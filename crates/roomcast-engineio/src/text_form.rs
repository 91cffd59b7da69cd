//! What the text forms of both revisions share: a digit for the packet's type, and its text.

use crate::{DecodeError, Packet};

/// Reads a packet whose first character, `found`, is no `b`.
pub(crate) fn decode(found: char, data: &str) -> Result<Packet<'_>, DecodeError> {
    Ok(match found {
        '0' => Packet::Open(data),
        '1' => Packet::Close,
        '2' => Packet::Ping(data),
        '3' => Packet::Pong(data),
        '4' => Packet::Text(data),
        '5' => Packet::Upgrade,
        '6' => Packet::Noop,
        _ => return Err(DecodeError::UnknownType { found }),
    })
}

/// Appends a packet, or gives back the bytes of a binary message, of which nothing was written.
pub(crate) fn encode<'p>(packet: &'p Packet<'_>, out: &mut Vec<u8>) -> Result<(), &'p [u8]> {
    let (kind, data): (u8, &[u8]) = match packet {
        Packet::Open(json) => (b'0', json.as_bytes()),
        Packet::Close => (b'1', b""),
        Packet::Ping(text) => (b'2', text.as_bytes()),
        Packet::Pong(text) => (b'3', text.as_bytes()),
        Packet::Text(text) => (b'4', text.as_bytes()),
        Packet::Upgrade => (b'5', b""),
        Packet::Noop => (b'6', b""),
        Packet::Binary(bytes) => return Err(bytes),
    };
    out.reserve(1 + data.len());
    out.push(kind);
    out.extend_from_slice(data);
    Ok(())
}
