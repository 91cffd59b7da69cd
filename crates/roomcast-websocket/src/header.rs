//! The header of a frame, written and read.
//!
//! Spec: RFC 6455, section 5.2.

use std::fmt;
use std::ops::Deref;

use crate::mask::Mask;
use crate::{DecodeError, OpCode, Role};

/// The longest header: two bytes, a 64-bit length and a masking key.
pub(crate) const MAX_HEADER_BYTES: usize = 14;

/// The most bytes that a control frame carries.
pub(crate) const MAX_CONTROL_BYTES: usize = 125;

/// The encoded header of one frame, for a payload that is put together elsewhere.
///
/// It reads as the 2 to 14 bytes that stand before the payload. A new header is that of a whole,
/// uncompressed message of the server role.
///
/// # Example
///
/// ```
/// use roomcast_websocket::{Header, OpCode};
///
/// assert_eq!(&Header::new(OpCode::Text, 5)[..], [0x81, 0x05]);
/// assert_eq!(&Header::new(OpCode::Binary, 256)[..], [0x82, 0x7e, 0x01, 0x00]);
/// assert_eq!(&Header::new(OpCode::Text, 7).compressed()[..], [0xc1, 0x07]);
/// ```
///
/// Spec: RFC 6455, section 5.2.
#[derive(Clone, Copy)]
#[must_use]
pub struct Header {
    bytes: [u8; MAX_HEADER_BYTES],
    len: u8,
}

impl Header {
    /// Header of a frame with `payload_len` bytes, which is whole, not compressed and not masked.
    ///
    /// The caller keeps control frames within 125 bytes.
    pub const fn new(opcode: OpCode, payload_len: usize) -> Self {
        let mut bytes = [0; MAX_HEADER_BYTES];
        bytes[0] = 0x80 | opcode.bits();
        let len = match payload_len {
            0..=125 => {
                bytes[1] = payload_len as u8;
                2
            }
            126..=0xFFFF => {
                bytes[1] = 126;
                [bytes[2], bytes[3]] = (payload_len as u16).to_be_bytes();
                4
            }
            _ => {
                bytes[1] = 127;
                let long = (payload_len as u64).to_be_bytes();
                [
                    bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9],
                ] = long;
                10
            }
        };
        Self { bytes, len }
    }

    /// Marks the message as compressed (RSV1); only on the first frame of a message.
    pub const fn compressed(mut self) -> Self {
        self.bytes[0] |= 0x40;
        self
    }

    /// Says that further fragments of the message follow.
    pub const fn unfinished(mut self) -> Self {
        self.bytes[0] &= 0x7F;
        self
    }

    /// Adds the masking key that a client needs; the caller masks the payload with it.
    pub fn masked(mut self, key: [u8; 4]) -> Self {
        let at = usize::from(self.len);
        if self.bytes[1] & 0x80 == 0 {
            self.bytes[1] |= 0x80;
            self.bytes[at..at + 4].copy_from_slice(&key);
            self.len += 4;
        }
        self
    }
}

impl Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:02x?})", &**self)
    }
}

/// What a received header says, once it is whole and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) opcode: OpCode,
    pub(crate) is_last: bool,
    pub(crate) is_compressed: bool,
    pub(crate) mask: Mask,
    pub(crate) payload_len: u64,
}

/// What the receiver has agreed to before the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) role: Role,
    pub(crate) allows_deflate: bool,
}

impl Head {
    /// Whether the frame is a message of its own whose payload is readable as it is.
    #[inline]
    pub(crate) fn is_message(&self) -> bool {
        matches!(self.opcode, OpCode::Text | OpCode::Binary) && self.is_last && !self.is_compressed
    }

    /// Reads a header from the front of `bytes` and says how long it is; `None` if it is not all
    /// there. Each byte is judged as soon as it is there.
    #[inline]
    pub(crate) fn parse(bytes: &[u8], terms: Terms) -> Result<Option<(Self, usize)>, DecodeError> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let opcode = check_first(first, terms)?;
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        check_second(second, opcode, terms.role)?;
        let Some((payload_len, length_end)) = parse_length(second & 0x7F, bytes)? else {
            return Ok(None);
        };
        let (mask, end) = match terms.role {
            Role::Client => (Mask::NONE, length_end),
            Role::Server => match bytes[length_end..].first_chunk() {
                Some(&key) => (Mask::new(key), length_end + 4),
                None => return Ok(None),
            },
        };
        let is_last = first & 0x80 != 0;
        let is_compressed = first & 0x40 != 0;
        Ok(Some((
            Self {
                opcode,
                is_last,
                is_compressed,
                mask,
                payload_len,
            },
            end,
        )))
    }
}

fn check_first(byte: u8, terms: Terms) -> Result<OpCode, DecodeError> {
    let (found, bits) = (byte & 0x0F, byte >> 4 & 0b111);
    let opcode = OpCode::from_bits(found).ok_or(DecodeError::ReservedOpCode { found })?;
    // SPEC: RFC 7692, section 6: RSV1 stands on the first frame of a message only.
    let starts_message = matches!(opcode, OpCode::Text | OpCode::Binary);
    let allowed = if terms.allows_deflate && starts_message {
        0b100
    } else {
        0
    };
    if bits & !allowed != 0 {
        return Err(DecodeError::ReservedBits { bits });
    }
    if opcode.is_control() && byte & 0x80 == 0 {
        return Err(DecodeError::ControlFragmented { opcode });
    }
    Ok(opcode)
}

fn check_second(byte: u8, opcode: OpCode, role: Role) -> Result<(), DecodeError> {
    match (role, byte & 0x80 != 0) {
        (Role::Server, false) => return Err(DecodeError::MaskMissing),
        (Role::Client, true) => return Err(DecodeError::MaskPresent),
        _ => {}
    }
    if opcode.is_control() && usize::from(byte & 0x7F) > MAX_CONTROL_BYTES {
        return Err(DecodeError::ControlTooLong { opcode });
    }
    Ok(())
}

/// The payload length and the offset behind it.
fn parse_length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, DecodeError> {
    let (len, end, least) = match short {
        126 => match bytes[2..].first_chunk() {
            Some(&long) => (u64::from(u16::from_be_bytes(long)), 4, 126),
            None => return Ok(None),
        },
        127 => match bytes[2..].first_chunk() {
            Some(&long) => (u64::from_be_bytes(long), 10, 0x1_0000),
            None => return Ok(None),
        },
        len => (u64::from(len), 2, 0),
    };
    if len < least {
        return Err(DecodeError::LengthNotShortest { len });
    }
    if len > i64::MAX as u64 {
        return Err(DecodeError::LengthOutOfRange);
    }
    Ok(Some((len, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Terms = Terms {
        role: Role::Client,
        allows_deflate: false,
    };

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        let of = |len| Header::new(OpCode::Binary, len).to_vec();

        assert_eq!(of(0), [0x82, 0]);
        assert_eq!(of(125), [0x82, 125]);
        assert_eq!(of(126), [0x82, 126, 0, 126]);
        assert_eq!(of(65535), [0x82, 126, 0xFF, 0xFF]);
        assert_eq!(of(65536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn key_stands_behind_the_length_once() {
        let header = Header::new(OpCode::Text, 126)
            .masked([1, 2, 3, 4])
            .masked([5, 6, 7, 8]);

        assert_eq!(header[..], [0x81, 0x80 | 126, 0, 126, 1, 2, 3, 4]);
    }

    #[test]
    fn padded_lengths_are_refused() {
        let medium = Head::parse(&[0x82, 126, 0, 125], CLIENT);
        let long = Head::parse(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], CLIENT);

        assert_eq!(medium, Err(DecodeError::LengthNotShortest { len: 125 }));
        assert_eq!(long, Err(DecodeError::LengthNotShortest { len: 65535 }));
    }

    #[test]
    fn highest_bit_of_a_long_length_must_be_clear() {
        let found = Head::parse(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], CLIENT);

        assert_eq!(found, Err(DecodeError::LengthOutOfRange));
    }

    #[test]
    fn bad_first_byte_is_found_before_the_second_arrives() {
        assert_eq!(
            Head::parse(&[0xC1], CLIENT),
            Err(DecodeError::ReservedBits { bits: 4 })
        );
        assert_eq!(
            Head::parse(&[0x83], CLIENT),
            Err(DecodeError::ReservedOpCode { found: 3 })
        );
        assert_eq!(
            Head::parse(&[0x09], CLIENT),
            Err(DecodeError::ControlFragmented {
                opcode: OpCode::Ping
            })
        );
    }
}
