//! Packets that wait until the engine takes them.

use std::collections::{BTreeMap, VecDeque};

use super::{OutgoingPacket, SocketKey};
use crate::AckId;

/// Packets of all namespaces that wait until the engine takes them, in order.
///
/// Events may be dropped for others; acknowledgements may not, and have a budget of their own, as
/// large as that of events.
#[derive(Debug)]
pub(super) struct Outbox {
    max_bytes: usize,
    waiting: BTreeMap<u64, (OutgoingPacket, Role)>,
    /// The places of the events that may be dropped, in order.
    droppable: VecDeque<u64>,
    event_bytes: usize,
    essential_bytes: usize,
    next_place: u64,
}

/// What a packet in the outbox counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An event of this socket, which may be dropped while it waits.
    Event(SocketKey),
    /// An event of the queue of retries, which drops and repeats its events itself.
    Retried,
    /// What the server cannot do without.
    Essential,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            waiting: BTreeMap::new(),
            droppable: VecDeque::new(),
            event_bytes: 0,
            essential_bytes: 0,
            next_place: 0,
        }
    }

    /// Puts a packet at the end. The caller has seen to the limits.
    pub(super) fn push(&mut self, packet: OutgoingPacket, role: Role) {
        let place = self.next_place;
        self.next_place += 1;
        *self.bytes_of(role) += packet.weight();
        if let Role::Event(_) = role {
            self.droppable.push_back(place);
        }
        self.waiting.insert(place, (packet, role));
    }

    /// Takes out the packet that has waited longest.
    pub(super) fn pop(&mut self) -> Option<OutgoingPacket> {
        let (_, (packet, role)) = self.waiting.pop_first()?;
        *self.bytes_of(role) -= packet.weight();
        if let Role::Event(_) = role {
            // Invariant: the oldest packet is the oldest of those that may be dropped, if it is one.
            self.droppable.pop_front();
        }
        Some(packet)
    }

    /// Drops the event that has waited longest, if there is one that may be dropped: its socket, and
    /// the id under which it wanted an answer.
    pub(super) fn drop_oldest(&mut self) -> Option<(SocketKey, Option<u64>)> {
        let place = self.droppable.pop_front()?;
        let (packet, role) = self.waiting.remove(&place)?;
        *self.bytes_of(role) -= packet.weight();
        match role {
            Role::Event(socket) => Some((socket, packet.ack_id().and_then(AckId::as_u64))),
            Role::Retried | Role::Essential => None,
        }
    }

    /// Whether an event of this weight may come in. One that is larger than the limit may if no other
    /// waits.
    pub(super) fn has_room(&self, weight: usize) -> bool {
        self.event_bytes == 0 || self.event_bytes.saturating_add(weight) <= self.max_bytes
    }

    /// Whether an acknowledgement may come in. The limit is looked at before, so a large one may.
    pub(super) fn takes_essential(&self) -> bool {
        self.essential_bytes <= self.max_bytes
    }

    /// Whether the events take no more than this part of the limit.
    pub(super) fn is_within(&self, part: usize) -> bool {
        self.event_bytes <= self.max_bytes / part
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How much waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.event_bytes + self.essential_bytes
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_bytes);
    }

    fn bytes_of(&mut self, role: Role) -> &mut usize {
        match role {
            Role::Event(_) | Role::Retried => &mut self.event_bytes,
            Role::Essential => &mut self.essential_bytes,
        }
    }
}
