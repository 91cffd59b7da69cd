//! When acknowledgements are due.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::SocketKey;

/// The acknowledgements that have a time limit, by the end of it.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    due: BTreeMap<DeadlineKey, (SocketKey, u64)>,
    next_serial: u64,
}

/// One deadline: its time, and a number that tells it from others of the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DeadlineKey(Instant, u64);

impl Deadlines {
    /// Notes when the acknowledgement `id` of `socket` is due. `None` if that is beyond all time.
    pub(super) fn add(
        &mut self,
        now: Instant,
        timeout: Duration,
        socket: SocketKey,
        id: u64,
    ) -> Option<DeadlineKey> {
        let key = DeadlineKey(now.checked_add(timeout)?, self.next_serial);
        self.next_serial += 1;
        self.due.insert(key, (socket, id));
        Some(key)
    }

    pub(super) fn remove(&mut self, key: DeadlineKey) {
        self.due.remove(&key);
    }

    /// Takes out the earliest deadline, if it has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(SocketKey, u64)> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(super) fn next(&self) -> Option<Instant> {
        Some(self.due.first_key_value()?.0.0)
    }
}
