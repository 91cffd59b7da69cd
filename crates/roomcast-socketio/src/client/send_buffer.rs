//! Events that wait until the socket is connected.

use std::collections::BTreeMap;

use super::{BufferLimits, OutgoingPacket};

/// Events that wait until the socket is connected, in the order in which they were emitted.
///
/// Each has a place, by which one that has timed out is taken out of the middle.
#[derive(Debug)]
pub(super) struct SendBuffer {
    limits: BufferLimits,
    waiting: BTreeMap<u64, OutgoingPacket>,
    bytes: usize,
    next_place: u64,
}

impl SendBuffer {
    pub(super) fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            waiting: BTreeMap::new(),
            bytes: 0,
            next_place: 0,
        }
    }

    /// Puts a packet at the end and returns its place. The caller has seen to the limits.
    pub(super) fn push(&mut self, packet: OutgoingPacket) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        self.bytes += packet.weight();
        self.waiting.insert(place, packet);
        place
    }

    /// Takes out the packet that has waited longest.
    pub(super) fn pop(&mut self) -> Option<OutgoingPacket> {
        let (_, packet) = self.waiting.pop_first()?;
        self.bytes -= packet.weight();
        Some(packet)
    }

    /// Takes out the packet at this place.
    pub(super) fn remove(&mut self, place: u64) {
        if let Some(packet) = self.waiting.remove(&place) {
            self.bytes -= packet.weight();
        }
    }

    pub(super) fn has_room(&self, weight: usize) -> bool {
        self.limits.has_room(self.len(), self.bytes, weight)
    }

    /// Whether a packet of this weight would fit if the buffer were empty.
    pub(super) fn could_have_room(&self, weight: usize) -> bool {
        self.limits.has_room(0, 0, weight)
    }

    /// Whether what waits takes no more than this part of the limits.
    pub(super) fn is_within(&self, part: usize) -> bool {
        self.limits.is_within(self.len(), self.bytes, part)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
