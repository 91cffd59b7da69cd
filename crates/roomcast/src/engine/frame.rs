//! A packet in the one form that every transport can send.

use std::sync::{Arc, LazyLock};

use roomcast_websocket::OpCode;

use super::draft::Draft;

/// One Engine.IO packet, encoded once and shared by all sessions that send it.
///
/// The bytes are those of a finished WebSocket frame of the server. The polling transport sends the
/// part behind the frame's header, so no receiver needs an encoding of its own.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Arc<[u8]>);

impl Frame {
    /// A text packet; `packet` begins with its type digit.
    pub(crate) fn text(packet: &[u8]) -> Self {
        Self::of(Draft::of(packet), OpCode::Text)
    }

    /// A text message.
    pub(crate) fn message(text: &str) -> Self {
        let mut draft = Draft::message();
        draft.buffer_mut().extend_from_slice(text.as_bytes());
        Self::of(draft, OpCode::Text)
    }

    /// A binary message.
    pub(crate) fn binary(message: &[u8]) -> Self {
        Self::of(Draft::of(message), OpCode::Binary)
    }

    /// The answer to a client of revision 3, which pings.
    pub(crate) fn pong() -> Self {
        static PONG: LazyLock<Frame> = LazyLock::new(|| Frame::text(b"3"));
        PONG.clone()
    }

    /// The heartbeat of every session of revision 4.
    pub(crate) fn ping() -> Self {
        static PING: LazyLock<Frame> = LazyLock::new(|| Frame::text(b"2"));
        PING.clone()
    }

    /// The finished form of a draft.
    pub(crate) fn of(mut draft: Draft, opcode: OpCode) -> Self {
        Self(Arc::from(draft.frame(opcode)))
    }

    /// Overwrites bytes that begin this far before the end, in a copy if the frame is shared.
    pub(crate) fn overwrite(&mut self, before_end: usize, bytes: &[u8]) {
        let start = self.0.len() - before_end;
        Arc::make_mut(&mut self.0)[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// The whole WebSocket frame.
    pub(crate) fn websocket(&self) -> &[u8] {
        &self.0
    }

    /// The packet without the WebSocket header.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.0[self.header_len()..]
    }

    /// Bytes of the WebSocket header.
    pub(crate) fn header_len(&self) -> usize {
        // SPEC: RFC 6455 section 5.2: the second byte tells how long the length is; no mask follows.
        match self.0[1] {
            127 => 10,
            126 => 4,
            _ => 2,
        }
    }

    pub(crate) fn is_binary(&self) -> bool {
        // SPEC: RFC 6455 section 5.2: the low half of the first byte is the opcode, 2 is binary.
        self.0[0] & 0x0f == 2
    }

    /// What the frame adds to its session's outbox, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
