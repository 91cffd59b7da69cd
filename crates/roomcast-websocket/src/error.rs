//! What a peer can do wrong once the connection is open.

use crate::{CloseCode, OpCode};

/// A received frame or message that ends the connection.
///
/// The fault is always the peer's. Send a close frame with [`DecodeError::close_code`] and drop the
/// connection: after an error no frame boundary can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A reserved bit is set that no agreed extension uses; `bits` has RSV1 as 4, RSV2 as 2, RSV3 as 1.
    #[error("reserved bits {bits:03b} are set and no extension was agreed for them")]
    #[expect(missing_docs, reason = "fields are described above")]
    ReservedBits { bits: u8 },
    /// The opcode has no meaning yet.
    #[error("opcode {found:#x} is reserved")]
    #[expect(missing_docs, reason = "fields are described above")]
    ReservedOpCode { found: u8 },
    /// A client's frame without a mask.
    #[error("frame of a client is not masked")]
    MaskMissing,
    /// A server's frame with a mask.
    #[error("frame of a server is masked")]
    MaskPresent,
    /// A control frame that is not its own last fragment.
    #[error("control frame {opcode:?} is fragmented")]
    #[expect(missing_docs, reason = "fields are described above")]
    ControlFragmented { opcode: OpCode },
    /// A control frame whose header announces more than 125 bytes.
    #[error("control frame {opcode:?} is longer than 125 bytes")]
    #[expect(missing_docs, reason = "fields are described above")]
    ControlTooLong { opcode: OpCode },
    /// A payload length in more bytes than it needs.
    #[error("payload length {len} is not in its shortest form")]
    #[expect(missing_docs, reason = "fields are described above")]
    LengthNotShortest { len: u64 },
    /// A 64-bit payload length whose highest bit is set.
    #[error("payload length has its highest bit set")]
    LengthOutOfRange,
    /// A continuation where no message is unfinished.
    #[error("continuation frame without a message to continue")]
    UnexpectedContinuation,
    /// A new message before the last one is finished.
    #[error("message starts before the last fragment of the one before it")]
    UnfinishedMessage,
    /// A frame above [`Limits::max_frame_bytes`](crate::Limits::max_frame_bytes).
    #[error("frame of {len} bytes is above the limit of {limit}")]
    #[expect(missing_docs, reason = "fields are described above")]
    FrameTooLarge { len: u64, limit: usize },
    /// A message above [`Limits::max_message_bytes`](crate::Limits::max_message_bytes), inflated.
    #[error("message is above the limit of {limit} bytes")]
    #[expect(missing_docs, reason = "fields are described above")]
    MessageTooLarge { limit: usize },
    /// A message of more frames than [`Limits::max_fragments`](crate::Limits::max_fragments).
    #[error("message has more than {limit} fragments")]
    #[expect(missing_docs, reason = "fields are described above")]
    TooManyFragments { limit: usize },
    /// Text or a close reason that is not UTF-8.
    #[error("text is not valid UTF-8")]
    InvalidUtf8,
    /// A compressed message that is no deflate stream.
    #[error("compressed message is corrupt")]
    InvalidDeflate,
    /// A close frame with a payload of one byte, half a code.
    #[error("close frame has half a close code")]
    ClosePayloadTooShort,
    /// A close code that must not stand in a frame.
    #[error("close code {found} is not allowed in a frame")]
    #[expect(missing_docs, reason = "fields are described above")]
    InvalidCloseCode { found: u16 },
}

impl DecodeError {
    /// The code of the close frame that answers this error.
    ///
    /// Spec: RFC 6455, section 7.4.1.
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidDeflate => CloseCode::INVALID_PAYLOAD,
            Self::FrameTooLarge { .. } | Self::MessageTooLarge { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::TooManyFragments { .. } => CloseCode::POLICY_VIOLATION,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
