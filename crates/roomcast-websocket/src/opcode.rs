//! What a frame is: the opcodes of RFC 6455 and the two ends of a connection.

/// The end of the connection that this program is.
///
/// A client masks every frame it sends, a server masks none.
///
/// Spec: RFC 6455, section 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two ends")]
pub enum Role {
    /// Received frames must be masked, sent frames are not.
    Server,
    /// Received frames must not be masked, sent frames are.
    Client,
}

/// The kind of a frame.
///
/// Spec: RFC 6455, section 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the other codes are reserved by the protocol"
)]
pub enum OpCode {
    /// A further frame of a message whose first frame was not its last.
    Continuation,
    /// First frame of a message of UTF-8 text.
    Text,
    /// First frame of a message of bytes.
    Binary,
    /// Start of, or answer in, the close handshake.
    Close,
    /// Asks the peer for a pong with the same payload.
    Ping,
    /// Answers a ping, or is sent unasked as a heartbeat.
    Pong,
}

impl OpCode {
    /// Names the four bits of the frame header; `None` if they are reserved.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// The four bits of the frame header.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Whether the frame is a close, ping or pong: at most 125 bytes, never in fragments.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_of_sixteen_codes_are_in_use() {
        let known: Vec<u8> = (0..16)
            .filter(|&b| OpCode::from_bits(b).is_some())
            .collect();

        assert_eq!(known, [0, 1, 2, 8, 9, 10]);
        assert!(
            known
                .iter()
                .all(|&b| OpCode::from_bits(b).is_some_and(|code| code.bits() == b))
        );
    }
}
