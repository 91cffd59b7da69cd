//! Events that came before the server has confirmed the namespace.

use std::collections::VecDeque;

use super::BufferLimits;
use crate::Packet;

/// Events that came before the server has confirmed the namespace, in their order.
#[derive(Debug)]
pub(super) struct ReceiveBuffer {
    limits: BufferLimits,
    waiting: VecDeque<Packet<'static>>,
    bytes: usize,
}

impl ReceiveBuffer {
    pub(super) fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Keeps an event; whether there was room.
    pub(super) fn push(&mut self, packet: Packet<'_>) -> bool {
        let packet = packet.into_owned();
        let weight = packet.weight();
        if !self.limits.has_room(self.waiting.len(), self.bytes, weight) {
            return false;
        }
        self.bytes += weight;
        self.waiting.push_back(packet);
        true
    }

    pub(super) fn pop(&mut self) -> Option<Packet<'static>> {
        let packet = self.waiting.pop_front()?;
        self.bytes -= packet.weight();
        Some(packet)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }
}
