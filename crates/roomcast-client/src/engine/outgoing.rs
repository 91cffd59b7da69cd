//! Packets on their way out.

use std::collections::VecDeque;

use bytes::Bytes;

/// An Engine.IO packet that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Its text form, type digit and all.
    Text(Bytes),
    /// The bytes of a binary message.
    Binary(Bytes),
}

impl Outgoing {
    pub(crate) const PONG: Self = Self::Text(Bytes::from_static(b"3"));

    pub(crate) fn is_pong(&self) -> bool {
        *self == Self::PONG
    }

    /// What the packet counts towards a payload's limit, as the official client reckons.
    pub(crate) fn payload_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            // `b` and base64.
            Self::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
        }
    }
}

/// Whether the transport may compress a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// If it is large enough.
    Allowed,
    Never,
}

/// A packet in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) packet: Outgoing,
    pub(crate) compression: Compression,
}

/// Where an engine gets what it is to send. It asks when it can write more, so what waits for a slow
/// connection waits there.
pub(crate) trait Source {
    /// Puts what stands together, such as an event with its attachments, at the end of `queue`; whether
    /// there was something.
    fn take_next(&mut self, queue: &mut VecDeque<Queued>) -> bool;
}

/// Nothing but what the engine has.
impl Source for () {
    fn take_next(&mut self, _queue: &mut VecDeque<Queued>) -> bool {
        false
    }
}
