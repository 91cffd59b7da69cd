//! The acknowledgements that a socket awaits.

use std::collections::BTreeMap;

use super::deadlines::{DeadlineKey, Deadlines};

/// The acknowledgements that a socket awaits, by the ids of their events.
#[derive(Debug, Default)]
pub(super) struct Acks {
    pending: BTreeMap<u64, PendingAck>,
    /// Ids count up over the life of a socket, so that a late answer meets nobody.
    next_id: u64,
}

/// An acknowledgement that is awaited.
#[derive(Debug)]
pub(super) struct PendingAck {
    pub(super) owner: Owner,
    pub(super) deadline: Option<DeadlineKey>,
    /// Where the event waits in the send buffer, if it does.
    pub(super) buffered: Option<u64>,
}

/// Who waits for an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Whoever has emitted the event.
    Emitter,
    /// The queue of retries, for its first entry.
    Queue,
}

impl Acks {
    /// Takes the next id.
    pub(super) fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub(super) fn insert(&mut self, id: u64, ack: PendingAck) {
        self.pending.insert(id, ack);
    }

    /// Ends the waiting for this id.
    pub(super) fn take(&mut self, deadlines: &mut Deadlines, id: u64) -> Option<PendingAck> {
        let ack = self.pending.remove(&id)?;
        if let Some(deadline) = ack.deadline {
            deadlines.remove(deadline);
        }
        Some(ack)
    }

    /// Notes that the event has left the send buffer.
    pub(super) fn sent(&mut self, id: u64) {
        if let Some(ack) = self.pending.get_mut(&id) {
            ack.buffered = None;
        }
    }

    /// The ids whose events were sent, in the order of the events.
    pub(super) fn sent_ids(&self) -> Vec<u64> {
        let sent = |(&id, ack): (&u64, &PendingAck)| ack.buffered.is_none().then_some(id);
        self.pending.iter().filter_map(sent).collect()
    }

    /// All ids, in the order of the events.
    pub(super) fn ids(&self) -> Vec<u64> {
        self.pending.keys().copied().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }
}
