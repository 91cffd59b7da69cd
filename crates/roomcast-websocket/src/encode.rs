//! The send side without compression.

use bytes::{BufMut, Bytes, BytesMut};

use crate::header::MAX_CONTROL_BYTES;
use crate::mask::Mask;
use crate::{Header, OpCode};

/// Encodes a whole message or control frame of the server role.
///
/// The frame is one allocation that all receivers may share. A control payload is cut to 125
/// bytes, the most that the protocol carries. Where the payload is put together elsewhere, a
/// [`Header`] alone goes before it.
///
/// # Example
///
/// ```
/// use roomcast_websocket::{OpCode, encode};
///
/// assert_eq!(&encode(OpCode::Text, b"Hello")[..], b"\x81\x05Hello");
/// ```
///
/// Spec: RFC 6455, section 5.
#[must_use]
pub fn encode(opcode: OpCode, payload: &[u8]) -> Bytes {
    let payload = within_control_limit(opcode, payload);
    let header = Header::new(opcode, payload.len());
    let mut frame = BytesMut::with_capacity(header.len() + payload.len());
    frame.put_slice(&header);
    frame.put_slice(payload);
    frame.freeze()
}

/// Encodes a whole message or control frame of the client role behind `out`.
///
/// `mask` must be unpredictable and new for each frame. A control payload is cut to 125 bytes.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use roomcast_websocket::{OpCode, encode_masked};
///
/// let mut out = BytesMut::new();
/// encode_masked(OpCode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d], &mut out);
///
/// assert_eq!(&out[..], b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
/// ```
///
/// Spec: RFC 6455, section 5.3.
pub fn encode_masked(opcode: OpCode, payload: &[u8], mask: [u8; 4], out: &mut BytesMut) {
    let payload = within_control_limit(opcode, payload);
    put_masked(Header::new(opcode, payload.len()), payload, mask, out);
}

/// Writes an unmasked header with `mask` added, and the payload masked with it.
pub(crate) fn put_masked(header: Header, payload: &[u8], mask: [u8; 4], out: &mut BytesMut) {
    let header = header.masked(mask);
    out.reserve(header.len() + payload.len());
    out.put_slice(&header);
    let start = out.len();
    out.put_slice(payload);
    Mask::new(mask).apply(&mut out[start..]);
}

pub(crate) fn within_control_limit(opcode: OpCode, payload: &[u8]) -> &[u8] {
    if opcode.is_control() {
        &payload[..payload.len().min(MAX_CONTROL_BYTES)]
    } else {
        payload
    }
}
