//! Packets that came while too many handlers waited.

use std::collections::VecDeque;

use roomcast_socketio::Packet;

use crate::engine::Readiness;

/// Packets that wait, in the order of their arrival, until a handler has ended.
///
/// They are kept so that reading can go on: an acknowledgement or a pong that comes behind them may
/// be what a handler, or the heartbeat, waits for.
///
/// Cost: hardly ever used, so it is a pointer where it is empty.
#[derive(Default)]
pub(super) struct Held(Option<Box<Queue>>);

#[derive(Default)]
struct Queue {
    packets: VecDeque<Packet<'static>>,
    /// What the packets weigh together.
    bytes: usize,
}

impl Held {
    pub(super) fn push(&mut self, packet: Packet<'_>) {
        let queue = self.0.get_or_insert_default();
        queue.bytes += weight(&packet);
        queue.packets.push_back(packet.into_owned());
    }

    pub(super) fn pop(&mut self) -> Option<Packet<'static>> {
        let queue = self.0.as_mut()?;
        let packet = queue.packets.pop_front()?;
        queue.bytes -= weight(&packet);
        if queue.packets.is_empty() {
            self.clear();
        }
        Some(packet)
    }

    /// Forgets everything, the memory included.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether one packet more may be kept, whatever its size.
    pub(super) fn readiness(&self) -> Readiness {
        match &self.0 {
            Some(queue) if queue.bytes >= MAX_HELD_BYTES => Readiness::Saturated,
            _ => Readiness::Ready,
        }
    }
}

fn weight(packet: &Packet<'_>) -> usize {
    size_of::<Packet<'_>>() + packet.weight()
}

/// What the packets of one client may weigh; the last one may go beyond.
const MAX_HELD_BYTES: usize = 1024 * 1024;
