//! The log that lives as long as the process.

use parking_lot::Mutex;

use super::log::{Entry, Log, NotAppended, Target, Visit};
use super::offset::{Epoch, Position};
use super::ring::{Bounds, Ring};
use super::stamped::Stamped;

/// The packets of one namespace in memory.
#[derive(Debug)]
pub(crate) struct MemoryLog {
    epoch: Epoch,
    // Lock order: a leaf, mostly taken with the rooms' lock.
    ring: Mutex<Ring>,
}

impl MemoryLog {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self::with(Epoch::random(), Ring::new(bounds, Position::default()))
    }

    /// A log that goes on from what is known already.
    pub(crate) fn with(epoch: Epoch, ring: Ring) -> Self {
        Self {
            epoch,
            ring: Mutex::new(ring),
        }
    }
}

impl Log for MemoryLog {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn head(&self) -> Position {
        self.ring.lock().head()
    }

    fn trimmed(&self) -> Position {
        let mut ring = self.ring.lock();
        ring.trim(now());
        ring.trimmed()
    }

    fn append(&self, target: Target, packet: &mut Stamped) -> Result<Position, NotAppended> {
        let emitted_at = now();
        let mut ring = self.ring.lock();
        packet.stamp(self.epoch.offset(ring.head().next()))?;
        Ok(ring.push(Entry {
            emitted_at,
            target,
            packet: packet.clone(),
        }))
    }

    fn read(&self, after: Position, until: Position, visit: &mut dyn FnMut(Position, &Entry)) {
        let until = until.min(self.head());
        let mut position = after;
        // Cost: emitters wait for the lock, so it is held for few packets at a time.
        while position < until {
            position = self.ring.lock().read(position, until, READ_AT_ONCE, visit);
        }
    }

    fn read_back(&self, until: Position, visit: &mut Visit<'_>) {
        let mut next = Some(until);
        while let Some(until) = next {
            next = self.ring.lock().read_back(until, READ_AT_ONCE, visit);
        }
    }
}

pub(crate) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

/// Packets that are shown under one lock.
const READ_AT_ONCE: usize = 512;
