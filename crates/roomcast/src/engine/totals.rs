//! What a server counts.

use std::sync::atomic::{AtomicU64, Ordering};

use super::cause::{self, DisconnectCause};
use crate::metrics::OutboxMeter;

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
    meter: OutboxMeter,
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
        self.meter.dropped(events);
    }

    pub(crate) fn coalesced(&self) {
        self.coalesced.add(1);
        self.meter.coalesced();
    }

    pub(crate) fn refused(&self) {
        self.refused.add(1);
        self.meter.refused();
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
