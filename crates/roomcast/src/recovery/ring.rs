//! The packets that are kept in memory, within bounds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::log::{Entry, Visit};
use super::offset::Position;

/// How much is kept of one namespace. What comes first counts; the oldest packets go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) max_packets: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_age: Duration,
}

/// The newest packets of a namespace.
#[derive(Debug)]
pub(crate) struct Ring {
    bounds: Bounds,
    /// Invariant: the positions of the entries follow each other, and the last one has `head`.
    entries: VecDeque<Entry>,
    head: Position,
    bytes: usize,
}

impl Ring {
    /// A ring whose last packet, if there was one, had the position `head`.
    pub(crate) fn new(bounds: Bounds, head: Position) -> Self {
        Self {
            bounds,
            entries: VecDeque::new(),
            head,
            bytes: 0,
        }
    }

    /// Keeps the packet at the next position, and drops those that are too many or too old.
    pub(crate) fn push(&mut self, entry: Entry) -> Position {
        self.trim(entry.emitted_at);
        self.head = self.head.next();
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        while self.entries.len() > self.bounds.max_packets || self.bytes > self.bounds.max_bytes {
            if self.drop_oldest().is_none() {
                break;
            }
        }
        self.head
    }

    /// Drops what is too old.
    pub(crate) fn trim(&mut self, now: Instant) {
        let max_age = self.bounds.max_age;
        let is_old = |entry: &Entry| now.saturating_duration_since(entry.emitted_at) > max_age;
        while self.entries.front().is_some_and(is_old) {
            self.drop_oldest();
        }
    }

    pub(crate) fn head(&self) -> Position {
        self.head
    }

    /// The newest position that is not kept.
    pub(crate) fn trimmed(&self) -> Position {
        Position(self.head.0 - self.entries.len() as u64)
    }

    /// Shows at most `limit` packets behind `after` up to `until`, and tells how far it came.
    pub(crate) fn read(
        &self,
        after: Position,
        until: Position,
        limit: usize,
        visit: &mut dyn FnMut(Position, &Entry),
    ) -> Position {
        let trimmed = self.trimmed();
        let from = after.max(trimmed);
        let until = until.min(self.head).min(Position(from.0 + limit as u64));
        for position in from.0 + 1..=until.0 {
            let index = (position - trimmed.0 - 1) as usize;
            visit(Position(position), &self.entries[index]);
        }
        until.max(from)
    }

    /// Shows at most `limit` packets up to `until`, the newest first. Tells where to go on, unless
    /// the end was reached or the visitor has told to stop.
    pub(crate) fn read_back(
        &self,
        until: Position,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Option<Position> {
        let trimmed = self.trimmed();
        let until = until.min(self.head);
        let last = Position(until.0.saturating_sub(limit as u64)).max(trimmed);
        for position in (last.0 + 1..=until.0).rev() {
            let index = (position - trimmed.0 - 1) as usize;
            if visit(Position(position), &self.entries[index]).is_break() {
                return None;
            }
        }
        (last > trimmed).then_some(last)
    }

    fn drop_oldest(&mut self) -> Option<()> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= oldest.weight();
        Some(())
    }
}
