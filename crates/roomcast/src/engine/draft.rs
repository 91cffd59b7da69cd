//! Buffers that packets are encoded into, kept by each thread for the next packet.

use std::cell::RefCell;

use roomcast_websocket::{Header, OpCode};

/// A packet while it is encoded, with room for its WebSocket header in front: nothing is moved when
/// the length is known.
pub(crate) struct Draft(Vec<u8>);

impl Draft {
    pub(crate) fn new() -> Self {
        let mut buffer = take_buffer();
        buffer.resize(HEADER_ROOM, 0);
        Self(buffer)
    }

    /// An Engine.IO message, for its text to follow.
    pub(crate) fn message() -> Self {
        let mut buffer = take_buffer();
        buffer.extend_from_slice(b"\0\0\0\0\0\0\0\0\0\x004");
        Self(buffer)
    }

    /// A draft of these bytes.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let mut draft = Self::new();
        draft.0.extend_from_slice(payload);
        draft
    }

    /// Where to append the packet; what stands there already is to be left alone.
    pub(crate) fn buffer_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// Writes the header and gives the whole WebSocket frame.
    pub(crate) fn frame(&mut self, opcode: OpCode) -> &[u8] {
        let start = self.write_header(opcode);
        &self.0[start..]
    }

    /// Writes the header and gives the buffer away, with the place where the frame begins.
    pub(crate) fn into_frame(mut self, opcode: OpCode) -> (Vec<u8>, usize) {
        let start = self.write_header(opcode);
        (std::mem::take(&mut self.0), start)
    }

    /// Bytes of the packet.
    pub(crate) fn len(&self) -> usize {
        self.0.len() - HEADER_ROOM
    }

    fn write_header(&mut self, opcode: OpCode) -> usize {
        let header = Header::new(opcode, self.len());
        let start = HEADER_ROOM - header.len();
        self.0[start..HEADER_ROOM].copy_from_slice(&header);
        start
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
///
/// Cost: a packet is encoded without growing a new buffer, and replies leave without an allocation.
pub(crate) fn take_buffer() -> Vec<u8> {
    FREE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps the buffer for the next packet of this thread, unless there are enough.
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > MAX_KEPT_BYTES {
        return;
    }
    buffer.clear();
    FREE.with_borrow_mut(|free| {
        if free.len() < MAX_KEPT_BUFFERS {
            free.push(buffer);
        }
    });
}

/// The longest header of a frame that is not masked.
const HEADER_ROOM: usize = 10;
/// A larger buffer is given back to the allocator after use.
const MAX_KEPT_BYTES: usize = 128 * 1024;
const MAX_KEPT_BUFFERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_stands_right_before_the_packet() {
        assert_eq!(Draft::of(b"4hi").frame(OpCode::Text), b"\x81\x034hi");
        let long = Draft::of(&[7; 126]).into_frame(OpCode::Binary);
        assert_eq!(long.0[long.1..][..5], *b"\x82\x7e\x00\x7e\x07");
    }

    #[test]
    fn a_buffer_is_used_again() {
        let mut draft = Draft::of(b"4first");
        let capacity = draft.buffer_mut().capacity();
        drop(draft);

        assert_eq!(Draft::new().buffer_mut().capacity(), capacity);
    }
}
