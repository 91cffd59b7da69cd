//! Events that are sent one by one, each until it is acknowledged.

use std::collections::VecDeque;
use std::time::Duration;

use super::{BufferLimits, Content};

/// Events that are sent one by one, each until it is acknowledged or was sent too often.
#[derive(Debug)]
pub(super) struct RetryQueue {
    limits: BufferLimits,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The serial of the first entry; the others follow without a gap.
    first_serial: u64,
}

/// An event of the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) content: Content,
    /// Whether someone waits for the acknowledgement.
    pub(super) is_awaited: bool,
    pub(super) is_compressed: bool,
    pub(super) timeout: Option<Duration>,
    /// How often it was sent.
    pub(super) tries: u32,
    /// The id under which it is on its way. Invariant: only the first entry has one.
    pub(super) in_flight: Option<u64>,
}

impl RetryQueue {
    pub(super) fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
            bytes: 0,
            first_serial: 0,
        }
    }

    /// Puts an event at the end and returns its serial. The caller has seen to the limits.
    pub(super) fn push(&mut self, entry: Entry) -> u64 {
        let serial = self.first_serial + self.entries.len() as u64;
        self.bytes += entry.content.weight();
        self.entries.push_back(entry);
        serial
    }

    /// The first entry, if it is not on its way.
    pub(super) fn next_to_send(&mut self) -> Option<&mut Entry> {
        let first = self.entries.front_mut();
        first.filter(|entry| entry.in_flight.is_none())
    }

    /// Ends the waiting for the first entry, which is on its way under `id`: for good if `gives_up`
    /// says so of it. Its serial is returned if it has left the queue and someone waits for it.
    pub(super) fn end_try(&mut self, id: u64, gives_up: impl Fn(&Entry) -> bool) -> Option<u64> {
        let first = self.entries.front_mut();
        let first = first.filter(|entry| entry.in_flight == Some(id))?;
        first.in_flight = None;
        if !gives_up(first) {
            return None;
        }
        self.pop()
    }

    /// Takes out the first entry; its serial if someone waits for it.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let entry = self.entries.pop_front()?;
        let serial = self.first_serial;
        self.first_serial += 1;
        self.bytes -= entry.content.weight();
        entry.is_awaited.then_some(serial)
    }

    /// Notes that nobody waits for this entry any more; it is sent all the same.
    pub(super) fn forget(&mut self, serial: u64) {
        let index = serial.checked_sub(self.first_serial);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.is_awaited = false;
        }
    }

    pub(super) fn has_room(&self, weight: usize) -> bool {
        self.limits.has_room(self.len(), self.bytes, weight)
    }

    /// Whether what waits takes no more than this part of the limits.
    pub(super) fn is_within(&self, part: usize) -> bool {
        self.limits.is_within(self.len(), self.bytes, part)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
