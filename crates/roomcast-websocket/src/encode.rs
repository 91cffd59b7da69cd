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

/// Appends a whole message or control frame of the server role to `out`.
///
/// Many small frames can so be gathered in one buffer. A control payload is cut to 125 bytes.
///
/// # Example
///
/// ```
/// use roomcast_websocket::{OpCode, encode_to};
///
/// let mut out = Vec::new();
/// encode_to(OpCode::Text, b"Hello", &mut out);
/// encode_to(OpCode::Ping, b"", &mut out);
///
/// assert_eq!(out, b"\x81\x05Hello\x89\x00");
/// ```
///
/// Spec: RFC 6455, section 5.
#[inline]
pub fn encode_to(opcode: OpCode, payload: &[u8], out: &mut Vec<u8>) {
    let payload = within_control_limit(opcode, payload);
    let header = Header::new(opcode, payload.len());
    out.reserve(header.len() + payload.len());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

/// Appends a whole message of the server role to `out`, whose payload `write` appends.
///
/// `expected_len` guesses the payload's length in bytes: the payload is moved once more if its
/// header turns out shorter or longer than that of the guess (at 126 and 65,536 bytes).
///
/// # Errors
///
/// What `write` returns; `out` is then as it was.
///
/// # Example
///
/// ```
/// use std::io::Write;
/// use roomcast_websocket::{OpCode, encode_with};
///
/// let mut out = Vec::new();
/// encode_with(OpCode::Text, 0, &mut out, |out| write!(out, "4{}", 17))?;
///
/// assert_eq!(out, b"\x81\x03417");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Spec: RFC 6455, section 5.
#[inline]
pub fn encode_with<T, E>(
    opcode: OpCode,
    expected_len: usize,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<T, E>,
) -> Result<T, E> {
    let start = out.len();
    out.extend_from_slice(&Header::new(opcode, expected_len));
    let body = out.len();
    let written = write(out).inspect_err(|_| out.truncate(start))?;
    let header = Header::new(opcode, out[body..].len());
    if header.len() == body - start {
        out[start..body].copy_from_slice(&header);
    } else {
        out.splice(start..body, header.iter().copied());
    }
    Ok(written)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_in_its_place_whatever_its_length_was_guessed() {
        for len in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![7; len];
            let mut expected = b"before".to_vec();
            expected.extend_from_slice(&encode(OpCode::Binary, &payload));
            for guess in [0, 125, 126, 65_535, 65_536] {
                let mut out = b"before".to_vec();
                let written: Result<_, ()> = encode_with(OpCode::Binary, guess, &mut out, |out| {
                    out.extend_from_slice(&payload);
                    Ok(out.len())
                });

                assert!(written.is_ok());
                assert_eq!(out, expected, "{len} bytes, guessed {guess}");
            }
        }
    }

    #[test]
    fn a_payload_that_is_not_written_leaves_the_buffer_as_it_was() {
        let mut out = b"before".to_vec();

        let failed = encode_with(OpCode::Text, 300, &mut out, |out| {
            out.extend_from_slice(b"half");
            Err::<(), _>("no more")
        });

        assert_eq!((failed, &out[..]), (Err("no more"), &b"before"[..]));
    }
}
