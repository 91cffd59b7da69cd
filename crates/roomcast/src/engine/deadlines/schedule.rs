//! Who waits until when, without a clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use slab::Slab;

/// Milliseconds since the deadlines' beginning.
pub(super) type Tick = u64;

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Its task is to be woken.
    Task,
    /// The next ping is due, and nothing else before its answer.
    Ping,
    /// The ping has left; its task does not know of it.
    Pong,
}

/// A session's place among the deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u32);

/// A time in the queue that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A deadline; it keeps its time and is not given again.
    Due(Key),
    /// The deadline was moved away; it will come later.
    Moved,
    /// The deadline was set to an earlier time, or its session is gone.
    Stale,
}

impl Came {
    pub(super) fn due(self) -> Option<Key> {
        match self {
            Self::Due(key) => Some(key),
            Self::Moved | Self::Stale => None,
        }
    }
}

/// The deadlines of many sessions, at most one of each.
///
/// Cost: 32 bytes for each of the most sessions that there were, and 16 for each entry in the queue, side
/// by side. A deadline that is moved away only changes its slot: the entry is looked at when its own time
/// comes. A heartbeat does so each time, if the timeout of the answer is shorter than the interval;
/// otherwise there is a stale entry for each session, too.
#[derive(Debug)]
pub(super) struct Schedule<S> {
    slots: Slab<Slot<S>>,
    /// Earliest first; entries that no slot knows any more are among them.
    queue: BinaryHeap<Reverse<Entry>>,
}

#[derive(Debug)]
struct Slot<S> {
    session: S,
    at: Tick,
    /// The time of the slot's one entry that counts.
    queued: Tick,
    wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Tick,
    key: u32,
}

impl<S> Default for Schedule<S> {
    fn default() -> Self {
        Self {
            slots: Slab::new(),
            queue: BinaryHeap::new(),
        }
    }
}

impl<S> Schedule<S> {
    /// Gives a session a place, without a deadline.
    pub(super) fn insert(&mut self, session: S) -> Key {
        let slot = Slot {
            session,
            at: NEVER,
            queued: NEVER,
            wait: Wait::Task,
        };
        let key = u32::try_from(self.slots.insert(slot));
        Key(key.expect("sessions are fewer than 2^32"))
    }

    /// Takes a place back.
    pub(super) fn remove(&mut self, key: Key) -> S {
        // Invariant: whoever has a key has not given it back.
        let Slot { session, .. } = self.slots.remove(key.0 as usize);
        if self.slots.is_empty() {
            // What a crowd needed goes with the last of it.
            *self = Self::default();
        }
        self.forget_stale();
        session
    }

    /// Moves the deadline of a session.
    pub(super) fn set(&mut self, key: Key, at: Tick, wait: Wait) {
        let slot = &mut self.slots[key.0 as usize];
        slot.at = at;
        slot.wait = wait;
        if at < slot.queued {
            slot.queued = at;
            self.queue.push(Reverse(Entry { at, key: key.0 }));
            self.forget_stale();
        }
    }

    /// Changes what is waited for and not the deadline.
    pub(super) fn set_wait(&mut self, key: Key, wait: Wait) {
        self.slots[key.0 as usize].wait = wait;
    }

    pub(super) fn wait(&self, key: Key) -> (Tick, Wait) {
        let slot = &self.slots[key.0 as usize];
        (slot.at, slot.wait)
    }

    pub(super) fn session(&self, key: Key) -> &S {
        &self.slots[key.0 as usize].session
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// When [`pop`](Self::pop) is worth a call: no deadline is earlier.
    pub(super) fn next(&self) -> Option<Tick> {
        self.queue.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the first time in the queue, if it has come.
    pub(super) fn pop(&mut self, now: Tick) -> Option<Came> {
        let mut first = self.queue.peek_mut()?;
        let Reverse(entry) = *first;
        if entry.at > now {
            return None;
        }
        let slot = self.slots.get_mut(entry.key as usize);
        let Some(slot) = slot.filter(|slot| slot.queued == entry.at) else {
            PeekMut::pop(first);
            return Some(Came::Stale);
        };
        if slot.at > now {
            slot.queued = slot.at;
            let at = slot.at;
            *first = Reverse(Entry { at, ..entry });
            return Some(Came::Moved);
        }
        slot.queued = NEVER;
        PeekMut::pop(first);
        Some(Came::Due(Key(entry.key)))
    }

    /// Keeps the queue from growing with sessions that are gone.
    fn forget_stale(&mut self) {
        if self.queue.len() <= 2 * self.slots.len() + MIN_STALE {
            return;
        }
        let slots = &self.slots;
        self.queue.retain(|Reverse(entry)| {
            let slot = slots.get(entry.key as usize);
            slot.is_some_and(|slot| slot.queued == entry.at)
        });
        self.queue.shrink_to(2 * self.queue.len());
    }
}

/// No deadline.
pub(super) const NEVER: Tick = Tick::MAX;
/// Entries that are not worth a search.
const MIN_STALE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is due, by the names of the sessions.
    fn due(schedule: &mut Schedule<&'static str>, now: Tick) -> Vec<&'static str> {
        let came: Vec<Came> = std::iter::from_fn(|| schedule.pop(now)).collect();
        let keys = came.into_iter().filter_map(Came::due);
        keys.map(|key| *schedule.session(key)).collect()
    }

    #[test]
    fn deadlines_come_in_the_order_of_their_times() {
        let mut schedule = Schedule::default();
        for (name, at) in [("late", 30), ("early", 10), ("between", 20)] {
            let key = schedule.insert(name);
            schedule.set(key, at, Wait::Task);
        }

        assert_eq!(schedule.next(), Some(10));
        assert_eq!(due(&mut schedule, 9), [""; 0]);
        assert_eq!(due(&mut schedule, 20), ["early", "between"]);
        assert_eq!(schedule.next(), Some(30));
        assert_eq!(due(&mut schedule, 30), ["late"]);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn the_last_time_that_was_set_counts() {
        let mut schedule = Schedule::default();
        let away = schedule.insert("away");
        schedule.set(away, 10, Wait::Task);
        schedule.set(away, 25, Wait::Ping);
        let near = schedule.insert("near");
        schedule.set(near, 40, Wait::Task);
        schedule.set(near, 15, Wait::Task);

        assert_eq!(due(&mut schedule, 10), [""; 0]);
        assert_eq!(due(&mut schedule, 24), ["near"]);
        assert_eq!(schedule.wait(away), (25, Wait::Ping));
        assert_eq!(due(&mut schedule, 100), ["away"]);
    }

    #[test]
    fn deadlines_that_were_moved_are_looked_at_one_by_one() {
        let mut schedule = Schedule::default();
        for name in ["one", "other"] {
            let key = schedule.insert(name);
            schedule.set(key, 10, Wait::Task);
            schedule.set(key, 20, Wait::Task);
        }

        assert_eq!(schedule.pop(15), Some(Came::Moved));
        assert_eq!(schedule.pop(15), Some(Came::Moved));
        assert_eq!(schedule.pop(15), None);
        assert_eq!(schedule.next(), Some(20));
    }

    #[test]
    fn a_deadline_that_has_come_may_be_set_again() {
        let mut schedule = Schedule::default();
        let key = schedule.insert("beats");
        schedule.set(key, 10, Wait::Ping);
        assert_eq!(schedule.pop(10), Some(Came::Due(key)));
        assert_eq!(schedule.wait(key), (10, Wait::Ping));

        schedule.set(key, 30, Wait::Pong);

        assert_eq!(schedule.pop(29), None);
        assert_eq!(schedule.pop(30), Some(Came::Due(key)));
        assert_eq!(schedule.wait(key), (30, Wait::Pong));
    }

    #[test]
    fn who_gets_a_place_that_was_given_back_does_not_inherit_its_deadline() {
        let mut schedule = Schedule::default();
        let stays = schedule.insert("stays");
        schedule.set(stays, 50, Wait::Task);
        let gone = schedule.insert("gone");
        schedule.set(gone, 10, Wait::Task);

        assert_eq!(schedule.remove(gone), "gone");
        let next = schedule.insert("next");

        assert_eq!(next, gone);
        assert_eq!(due(&mut schedule, 49), [""; 0]);
        schedule.set(next, 60, Wait::Task);
        assert_eq!(due(&mut schedule, 60), ["stays", "next"]);
    }

    #[test]
    fn sessions_that_come_and_go_leave_nothing_behind() {
        let mut schedule = Schedule::default();
        let stays = schedule.insert("stays");
        schedule.set(stays, 1_000_000, Wait::Task);

        for at in 0..10_000 {
            let key = schedule.insert("passes");
            schedule.set(key, 500_000 + at, Wait::Task);
            schedule.remove(key);
        }

        assert!(schedule.queue.len() <= 2 + MIN_STALE);
        assert!(schedule.queue.capacity() <= 4 * MIN_STALE);
        assert_eq!(due(&mut schedule, 999_999), [""; 0]);
        assert_eq!(due(&mut schedule, 1_000_000), ["stays"]);
    }
}
