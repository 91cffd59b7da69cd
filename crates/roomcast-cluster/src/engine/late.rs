//! Locks that were not granted in time, and may be granted yet.

use std::collections::VecDeque;

use super::message::{Access, Carrier, Lock};

/// The locks of the last requests that were given up, so that each can be given back if it comes.
#[derive(Debug, Default)]
pub(super) struct LateLocks(VecDeque<(u64, Lock)>);

impl LateLocks {
    /// Notes a lock that nobody waits for any more. Beyond the limit the oldest is forgotten: its owner
    /// takes a client for served that is not, until the heartbeat tells.
    pub(super) fn note(&mut self, request: u64, lock: Lock) {
        // A POST holds nothing that could be given back.
        if lock.access == Access::Write && lock.carrier == Carrier::Polling {
            return;
        }
        if self.0.len() >= MAX_LATE {
            self.0.pop_front();
        }
        self.0.push_back((request, lock));
    }

    /// The lock of this request, once.
    pub(super) fn take(&mut self, request: u64) -> Option<Lock> {
        let at = self.0.iter().position(|(of, _)| *of == request)?;
        self.0.remove(at).map(|(_, lock)| lock)
    }
}

/// The most locks that are remembered.
const MAX_LATE: usize = 1000;
