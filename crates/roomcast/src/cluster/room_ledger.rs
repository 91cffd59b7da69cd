//! Which rooms a bus is subscribed to, and who waits for it.

use std::collections::HashSet;

use roomcast_cluster::BusError;
use tokio::sync::oneshot;

use crate::namespace::RoomName;

/// What the bus knows of a namespace's rooms, for buses that subscribe to each.
///
/// Rooms that have changed are only noted; what is to be done is decided when the change is made,
/// by whether the room has members then, or clients that may come back. So joins and leaves that overtake each other on the way
/// here leave no room behind and forget none.
#[derive(Debug, Default)]
pub(super) struct RoomLedger {
    subscribed: HashSet<RoomName>,
    changed: HashSet<RoomName>,
    /// Who waits for what has changed until now.
    waiting: Vec<Confirmation>,
}

pub(super) type Confirmation = oneshot::Sender<Result<(), BusError>>;

/// A change on its way to the broker.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) subscribe: Vec<RoomName>,
    pub(super) unsubscribe: Vec<RoomName>,
    waiting: Vec<Confirmation>,
}

impl RoomLedger {
    pub(super) fn note(&mut self, room: RoomName) {
        self.changed.insert(room);
    }

    /// Waits until what has changed before is confirmed.
    pub(super) fn wait(&mut self, confirmation: Confirmation) {
        // A broker that does not answer makes the list no longer than those who wait for it.
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain(|waiting| !waiting.is_closed());
        }
        self.waiting.push(confirmation);
    }

    /// Takes out who waits.
    pub(super) fn take_waiting(&mut self) -> Vec<Confirmation> {
        std::mem::take(&mut self.waiting)
    }

    /// The bus is subscribed to no room any more.
    pub(super) fn unsubscribed(&mut self) {
        self.changed.extend(self.subscribed.drain());
    }

    pub(super) fn has_work(&self) -> bool {
        !self.changed.is_empty() || !self.waiting.is_empty()
    }

    /// Takes back what was taken out, beside what was noted in between.
    pub(super) fn merge(&mut self, earlier: Self) {
        let later = std::mem::replace(self, earlier);
        self.changed.extend(later.changed);
        self.waiting.extend(later.waiting);
    }

    /// Decides what is to be done; `is_wanted` tells whether a room is to be heard of.
    pub(super) fn take(&mut self, is_wanted: impl Fn(&RoomName) -> bool) -> Pending {
        let mut pending = Pending {
            waiting: std::mem::take(&mut self.waiting),
            ..Pending::default()
        };
        for room in self.changed.drain() {
            match (is_wanted(&room), self.subscribed.contains(&room)) {
                (true, false) => pending.subscribe.push(room),
                (false, true) => pending.unsubscribe.push(room),
                _ => {}
            }
        }
        pending
    }

    /// The broker has answered. What failed is to be done again.
    pub(super) fn settle(&mut self, pending: Pending, result: &Result<(), BusError>) {
        let Pending {
            subscribe,
            unsubscribe,
            waiting,
        } = pending;
        if result.is_ok() {
            for room in &unsubscribe {
                self.subscribed.remove(room);
            }
            self.subscribed.extend(subscribe);
        } else {
            self.changed.extend(subscribe);
            self.changed.extend(unsubscribe);
        }
        for confirmation in waiting {
            // Who does not wait any more needs no answer.
            let _ = confirmation.send(result.clone());
        }
    }
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.subscribe.is_empty() && self.unsubscribe.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomName {
        name.into()
    }

    #[test]
    fn a_room_that_came_and_went_costs_no_subscription() {
        let mut ledger = RoomLedger::default();
        ledger.note(room("a"));
        ledger.note(room("a"));

        assert!(ledger.take(|_| false).is_empty());
        assert!(!ledger.has_work());
    }

    #[test]
    fn a_leave_that_is_told_after_the_next_join_keeps_the_subscription() {
        let mut ledger = RoomLedger::default();
        ledger.note(room("a"));
        let first = ledger.take(|_| true);
        assert_eq!(first.subscribe, [room("a")]);
        ledger.settle(first, &Ok(()));

        ledger.note(room("a"));
        assert!(ledger.take(|_| true).is_empty());
    }

    #[test]
    fn subscriptions_that_have_ended_are_made_again() {
        let mut ledger = RoomLedger::default();
        ledger.note(room("a"));
        let first = ledger.take(|_| true);
        ledger.settle(first, &Ok(()));

        ledger.unsubscribed();

        assert_eq!(ledger.take(|_| true).subscribe, [room("a")]);
    }

    #[tokio::test]
    async fn what_failed_is_done_again_and_who_waited_is_told() {
        let mut ledger = RoomLedger::default();
        let (confirmation, told) = oneshot::channel();
        ledger.note(room("a"));
        ledger.wait(confirmation);

        let pending = ledger.take(|_| true);
        ledger.settle(pending, &Err(BusError::Closed));
        assert_eq!(told.await.unwrap(), Err(BusError::Closed));
        assert_eq!(ledger.take(|_| true).subscribe, [room("a")]);
    }
}
