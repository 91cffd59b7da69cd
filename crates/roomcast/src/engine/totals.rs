//! What a server counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::cause::{self, DisconnectCause};
use crate::metrics::{self, OutboxMeter};

/// A number that only grows.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// What all sessions of one server count together. Nothing of it is on the way of a message that
/// is queued.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    dropped: Count,
    coalesced: Count,
    refused: Count,
    overflowed: Count,
    /// Sessions that are over, by cause.
    closed: [Count; cause::NAMES.len()],
    untold: Untold,
    meter: OutboxMeter,
}

/// What the program's recorder does not know yet.
///
/// Invariant: a recorder is code of the user, which may send; it is told where nothing is locked, and
/// not where an event meets a full outbox.
#[derive(Debug, Default)]
struct Untold {
    is_some: AtomicBool,
    dropped: Count,
    coalesced: Count,
    refused: Count,
}

/// What full outboxes did with events since the server was made;
/// [`Engine::outbox_counts`](super::Engine::outbox_counts) gives it.
///
/// # Example
///
/// ```
/// # let io = roomcast::Server::new();
/// let counts = io.engine().outbox_counts();
/// println!("{} events dropped, {} replaced", counts.dropped, counts.coalesced);
/// ```
///
/// Spec: features N8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxCounts {
    /// Events that were left out or dropped by
    /// [`DropNewest`](super::OutboxPolicy::DropNewest) and
    /// [`DropOldest`](super::OutboxPolicy::DropOldest); volatile events do not count.
    pub dropped: u64,
    /// Events that were replaced by a newer one of the same key.
    pub coalesced: u64,
    /// Events that were left out by [`Error`](super::OutboxPolicy::Error).
    pub refused: u64,
    /// Clients that were disconnected for a full outbox.
    pub disconnected: u64,
}

impl Totals {
    pub(crate) fn dropped(&self, events: u64) {
        self.dropped.add(events);
        self.untold.dropped.add(events);
    }

    pub(crate) fn coalesced(&self) {
        self.coalesced.add(1);
        self.untold.coalesced.add(1);
    }

    pub(crate) fn refused(&self) {
        self.refused.add(1);
        self.untold.refused.add(1);
    }

    /// Notes that there is something to tell the recorder; false if that was known.
    pub(super) fn fall_behind(&self) -> bool {
        metrics::IS_ON && !self.untold.is_some.swap(true, Ordering::AcqRel)
    }

    /// Tells the recorder what it does not know. Nothing may be locked.
    pub(super) fn catch_up(&self) {
        let untold = &self.untold;
        // Cost: mostly there is nothing, which takes no write to find.
        if !untold.is_some.load(Ordering::Relaxed) || !untold.is_some.swap(false, Ordering::AcqRel)
        {
            return;
        }
        self.meter.dropped(untold.dropped.take());
        self.meter.coalesced(untold.coalesced.take());
        self.meter.refused(untold.refused.take());
    }

    pub(crate) fn overflowed(&self) {
        self.overflowed.add(1);
    }

    pub(crate) fn closed(&self, cause: &DisconnectCause) {
        self.closed[cause.index()].add(1);
    }

    pub(crate) fn disconnects(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.closed.iter().map(Count::read);
        cause::NAMES.into_iter().zip(counts)
    }

    pub(crate) fn outbox(&self) -> OutboxCounts {
        OutboxCounts {
            dropped: self.dropped.read(),
            coalesced: self.coalesced.read(),
            refused: self.refused.read(),
            disconnected: self.overflowed.read(),
        }
    }
}
