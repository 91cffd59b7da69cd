//! Events that wait because too many handlers do.

use std::collections::VecDeque;

use roomcast_socketio::Packet;
use roomcast_socketio::client::{Answer, SocketKey};

/// An event that no handler has seen yet.
pub(super) struct HeldEvent {
    pub(super) socket: SocketKey,
    pub(super) packet: Packet<'static>,
    pub(super) answer: Option<Answer>,
}

/// Events that wait because too many handlers do, in order.
#[derive(Default)]
pub(super) struct Held {
    events: VecDeque<HeldEvent>,
    bytes: usize,
}

impl Held {
    pub(super) fn push(&mut self, event: HeldEvent) {
        self.bytes += weight(&event);
        self.events.push_back(event);
    }

    pub(super) fn pop(&mut self) -> Option<HeldEvent> {
        let event = self.events.pop_front()?;
        self.bytes -= weight(&event);
        Some(event)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether nothing more is to be read.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MAX_HELD_BYTES
    }
}

fn weight(event: &HeldEvent) -> usize {
    size_of::<HeldEvent>() + event.packet.weight()
}

/// As at the server.
const MAX_HELD_BYTES: usize = 1024 * 1024;
