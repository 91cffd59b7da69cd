//! Which rooms a link wants to hear of, and who waits until it does.

use std::sync::Arc;

use roomcast_cluster::{BusError, RoomChange, RoomInterest};
use tokio::sync::oneshot;

use super::{Link, Shared};
use crate::cluster::room_ledger::Pending;
use crate::namespace::{RoomEvent, RoomName};
use crate::recovery::Keeper;

impl Link {
    pub(crate) fn wants_rooms(&self) -> bool {
        self.room_interest() != RoomInterest::None
    }

    /// Notes rooms that have their first member, or have lost their last.
    pub(crate) fn note_rooms<'e>(&self, events: impl Iterator<Item = &'e RoomEvent>) {
        let changed = events.filter_map(|event| match event {
            RoomEvent::Create { room } | RoomEvent::Delete { room } => {
                Some(RoomName::from(Arc::clone(room)))
            }
            _ => None,
        });
        self.0.note_rooms(changed);
    }

    /// Hears of the rooms of clients that are away, where the bus subscribes to rooms.
    pub(crate) fn watch(&self, keeper: &Arc<Keeper>) {
        if self.wants_rooms() {
            let link = Arc::downgrade(&self.0);
            let tell = Box::new(move |rooms: Vec<RoomName>| {
                if let Some(link) = link.upgrade() {
                    link.note_rooms(rooms.into_iter());
                }
            });
            let awaited = keeper.watch_rooms(self.room_interest(), tell);
            self.0.note_rooms(awaited.into_iter());
        }
    }

    /// Waits until the bus is subscribed to what it has to be subscribed to now, but not longer than
    /// for the answers of other servers.
    pub(crate) async fn rooms_confirmed(&self) -> Result<(), BusError> {
        let confirmed = tokio::time::timeout(self.request_timeout(), self.confirm_rooms()).await;
        confirmed.unwrap_or_else(|_| {
            Err(BusError::Unavailable {
                cause: "the rooms were not confirmed in time".to_owned(),
            })
        })
    }

    async fn confirm_rooms(&self) -> Result<(), BusError> {
        self.opened().await?;
        if self.room_interest() == RoomInterest::None {
            return Ok(());
        }
        let (confirmation, confirmed) = oneshot::channel();
        {
            let mut state = self.0.state.lock();
            if state.is_closing {
                return Err(BusError::Closed);
            }
            state.rooms.wait(confirmation);
        }
        self.0.wake.notify_one();
        confirmed.await.unwrap_or(Err(BusError::Closed))
    }
}

impl Shared {
    /// Notes rooms for which something may have to be done.
    fn note_rooms(&self, rooms: impl Iterator<Item = RoomName>) {
        let mut is_changed = false;
        for room in rooms {
            self.state.lock().rooms.note(room);
            is_changed = true;
        }
        if is_changed {
            self.wake.notify_one();
        }
    }

    /// The next change of rooms for the bus, if there is one. One at a time.
    pub(in crate::cluster) fn take_room_change(&self) -> Option<(Pending, RoomChange)> {
        if !self.state.lock().rooms.has_work() {
            return None;
        }
        let namespace = self.namespace();
        let interest = self.cluster.bus.profile().rooms;
        let is_wanted = |room: &RoomName| {
            let namespace = namespace.as_ref();
            namespace.is_some_and(|namespace| namespace.selection().is_wanted(room, interest))
        };
        // Lock order: the rooms are looked at with the ledger taken out, not held.
        let mut ledger = std::mem::take(&mut self.state.lock().rooms);
        let pending = ledger.take(is_wanted);
        self.state.lock().rooms.merge(ledger);
        let names = |rooms: &[RoomName]| rooms.iter().map(RoomName::to_shared).collect();
        let change = RoomChange {
            node: self.id.clone(),
            namespace: Arc::clone(&self.name),
            subscribe: names(&pending.subscribe),
            unsubscribe: names(&pending.unsubscribe),
        };
        Some((pending, change))
    }

    /// The subscriptions have ended; the next driver makes them again.
    pub(in crate::cluster) fn unsubscribed(&self) {
        self.state.lock().rooms.unsubscribed();
    }

    pub(in crate::cluster) fn settle_rooms(&self, pending: Pending, result: &Result<(), BusError>) {
        self.state.lock().rooms.settle(pending, result);
    }
}
