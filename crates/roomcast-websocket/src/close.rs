//! Close codes and the payload of a close frame.

use std::fmt;

use bytes::Bytes;

use crate::{DecodeError, OpCode, encode};

/// Why a connection ends, as a number that may stand in a close frame.
///
/// The numbers 1005, 1006 and 1015 are for reports inside a program and never cross the wire, so
/// this type cannot hold them.
///
/// # Example
///
/// ```
/// use roomcast_websocket::CloseCode;
///
/// assert_eq!(CloseCode::new(1001), Some(CloseCode::GOING_AWAY));
/// assert_eq!(CloseCode::new(1006), None);
/// ```
///
/// Spec: RFC 6455, section 7.4, and the IANA registry of close codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server stops, or a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that the receiver does not take.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: the contents of a message do not fit its kind, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the message breaks a rule of the receiver.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: the message is too big to be processed.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client wanted an extension that the server did not agree to.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: something unexpected in the server.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server is overloaded, try later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// Checks that `code` may stand in a close frame: 1000 to 1003, 1007 to 1014, 3000 to 4999.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Contents of a close frame that has any.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// Why the peer closes.
    pub code: CloseCode,
    /// The same for people; at most 123 bytes, often empty.
    pub reason: String,
}

impl CloseFrame {
    /// Reads the payload of a close frame; an empty payload states no reason.
    pub(crate) fn parse(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(DecodeError::ClosePayloadTooShort),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        let code = CloseCode::new(code).ok_or(DecodeError::InvalidCloseCode { found: code })?;
        let reason = str::from_utf8(reason).map_err(|_| DecodeError::InvalidUtf8)?;
        Ok(Some(Self {
            code,
            reason: reason.to_owned(),
        }))
    }
}

/// Encodes a close frame of the server role.
///
/// A `reason` of more than 123 bytes is cut at the last character that fits.
///
/// # Example
///
/// ```
/// use roomcast_websocket::{CloseCode, encode_close};
///
/// assert_eq!(&encode_close(CloseCode::NORMAL, "bye")[..], b"\x88\x05\x03\xe8bye");
/// ```
///
/// Spec: RFC 6455, section 5.5.1.
#[must_use]
pub fn encode_close(code: CloseCode, reason: &str) -> Bytes {
    let (payload, len) = close_payload(code, reason);
    encode(OpCode::Close, &payload[..len])
}

/// The payload of a close frame and how many of its bytes are in use.
pub(crate) fn close_payload(code: CloseCode, reason: &str) -> ([u8; 125], usize) {
    let mut payload = [0; 125];
    let reason = &reason.as_bytes()[..reason.floor_char_boundary(123)];
    payload[..2].copy_from_slice(&code.get().to_be_bytes());
    payload[2..2 + reason.len()].copy_from_slice(reason);
    (payload, 2 + reason.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_the_registry_and_of_applications_are_valid() {
        let refused = [
            0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
        ];
        let taken = [
            1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999,
        ];

        assert!(refused.iter().all(|&code| CloseCode::new(code).is_none()));
        assert!(
            taken
                .iter()
                .all(|&code| CloseCode::new(code).is_some_and(|c| c.get() == code))
        );
    }

    #[test]
    fn long_reason_is_cut_at_a_character() {
        let reason = "é".repeat(70);

        let frame = encode_close(CloseCode::NORMAL, &reason);

        assert_eq!(frame[..4], [0x88, 124, 0x03, 0xe8]);
        assert_eq!(frame[4..], *"é".repeat(61).as_bytes());
    }

    #[test]
    fn payload_of_one_byte_is_an_error() {
        assert_eq!(
            CloseFrame::parse(&[3]),
            Err(DecodeError::ClosePayloadTooShort)
        );
    }

    #[test]
    fn reason_must_be_utf8() {
        assert_eq!(
            CloseFrame::parse(b"\x03\xe8\xff"),
            Err(DecodeError::InvalidUtf8)
        );
    }
}
