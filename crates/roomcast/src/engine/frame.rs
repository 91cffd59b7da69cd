//! A packet in the one form that every transport can send.

use bytes::Bytes;
use roomcast_websocket::OpCode;

/// One Engine.IO packet, encoded once and shared by all sessions that send it.
///
/// The bytes are those of a finished WebSocket frame of the server. The polling transport sends the
/// part behind the frame's header, so no receiver needs an encoding of its own.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    bytes: Bytes,
    header_len: u8,
    is_binary: bool,
}

impl Frame {
    /// A text packet; `packet` begins with its type digit.
    pub(crate) fn text(packet: &[u8]) -> Self {
        Self::new(OpCode::Text, packet)
    }

    /// A text message.
    pub(crate) fn message(text: &str) -> Self {
        let mut packet = Vec::with_capacity(1 + text.len());
        packet.push(b'4');
        packet.extend_from_slice(text.as_bytes());
        Self::text(&packet)
    }

    /// A binary message.
    pub(crate) fn binary(message: &[u8]) -> Self {
        Self::new(OpCode::Binary, message)
    }

    fn new(opcode: OpCode, payload: &[u8]) -> Self {
        let bytes = roomcast_websocket::encode(opcode, payload);
        let header_len =
            u8::try_from(bytes.len() - payload.len()).expect("a header has at most 10 bytes");
        Self {
            bytes,
            header_len,
            is_binary: opcode == OpCode::Binary,
        }
    }

    /// The whole WebSocket frame.
    pub(crate) fn websocket(&self) -> &Bytes {
        &self.bytes
    }

    /// The packet without the WebSocket header.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[usize::from(self.header_len)..]
    }

    pub(crate) fn is_binary(&self) -> bool {
        self.is_binary
    }

    /// What the frame adds to its session's outbox, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}
