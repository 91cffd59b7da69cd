//! The rooms of clients that are away, where a bus subscribes to rooms: it goes on to hear of them.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::Keeper;
use super::log::Audience;
use super::session::Stored;
use crate::cluster::RoomInterest;
use crate::duty::{Duty, OnDuty};
use crate::namespace::RoomName;

/// What a [`Keeper`] has for a bus that subscribes to rooms.
pub(super) struct Watch {
    // Lock order: a leaf, also taken with the rooms' lock.
    awaited: Mutex<Awaited>,
    /// Is told which rooms are not awaited any more.
    tell: Tell,
    /// A task waits for the end of the oldest session.
    sweeping: Duty,
}

pub(crate) type Tell = Box<dyn Fn(Vec<RoomName>) + Send + Sync>;

impl Watch {
    /// Counts the rooms of these sessions.
    pub(super) fn new<'s>(
        interest: RoomInterest,
        tell: Tell,
        stored: impl Iterator<Item = &'s Stored>,
    ) -> Self {
        let mut awaited = Awaited::new(interest);
        stored.for_each(|stored| awaited.add(&stored.audience));
        Self {
            awaited: Mutex::new(awaited),
            tell,
            sweeping: Duty::default(),
        }
    }

    pub(super) fn rooms(&self) -> Vec<RoomName> {
        self.awaited.lock().rooms.keys().cloned().collect()
    }

    pub(super) fn contains(&self, room: &RoomName) -> bool {
        self.awaited.lock().rooms.contains_key(room)
    }

    /// A session is kept. It goes on to be counted while its client is on its way back.
    pub(super) fn add(&self, stored: &Stored) {
        self.awaited.lock().add(&stored.audience);
    }

    /// A session is kept no longer, or its socket is in its rooms again.
    pub(super) fn remove(&self, stored: &Stored) {
        let over = self.awaited.lock().remove(&stored.audience);
        if !over.is_empty() {
            (self.tell)(over);
        }
    }

    /// Sees to it that sessions end in time, though nobody asks for them.
    pub(super) fn sweep_later(&self, keeper: &Arc<Keeper>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && let Some(on_duty) = self.sweeping.take()
        {
            // A runtime that ends drops it: the next session that is kept begins another.
            runtime.spawn(sweep(Arc::downgrade(keeper), on_duty));
        }
    }

    /// When the oldest session ends, if the task is to wait for it.
    fn next_sweep(&self, keeper: &Keeper, on_duty: OnDuty) -> Option<(Instant, OnDuty)> {
        // Invariant: ended before the look, so who keeps a session after it begins a task.
        on_duty.end();
        let next = keeper.expire()?;
        Some((next, self.sweeping.take()?))
    }
}

/// One task for a namespace, as long as anybody is away.
async fn sweep(keeper: Weak<Keeper>, mut on_duty: OnDuty) {
    loop {
        let next = keeper.upgrade().and_then(|keeper| {
            let watch = keeper.watch()?;
            watch.next_sweep(&keeper, on_duty)
        });
        let Some((next, again)) = next else { return };
        on_duty = again;
        // A session is over when its time has passed.
        tokio::time::sleep_until((next + Duration::from_millis(1)).into()).await;
    }
}

/// How many sessions of clients that are away, or on their way back, await what is sent to each room.
#[derive(Debug, Default)]
struct Awaited {
    /// Nothing is counted where nobody asks.
    interest: RoomInterest,
    rooms: HashMap<RoomName, usize, RandomState>,
}

impl Awaited {
    fn new(interest: RoomInterest) -> Self {
        Self {
            interest,
            ..Self::default()
        }
    }

    fn add(&mut self, audience: &Audience) {
        for room in rooms_of(self.interest, audience) {
            *self.rooms.entry(room.clone()).or_default() += 1;
        }
    }

    /// Gives the rooms that are not awaited any more.
    fn remove(&mut self, audience: &Audience) -> Vec<RoomName> {
        let mut over = Vec::new();
        for room in rooms_of(self.interest, audience) {
            let Some(count) = self.rooms.get_mut(room) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                self.rooms.remove(room);
                over.push(room.clone());
            }
        }
        over
    }
}

/// The rooms of a session that a bus with this interest subscribes to.
fn rooms_of(interest: RoomInterest, audience: &Audience) -> impl Iterator<Item = &RoomName> {
    audience.rooms.iter().filter(move |room| match interest {
        RoomInterest::All => true,
        RoomInterest::Shared => !room.is_id(&audience.id),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SocketId;

    fn audience(rooms: &[&str]) -> Audience {
        let id = SocketId::random();
        let own = RoomName::from(id.clone());
        let rooms = rooms.iter().map(|room| RoomName::from(*room));
        Audience {
            rooms: rooms.chain([own]).collect(),
            id,
        }
    }

    #[test]
    fn a_room_is_awaited_until_the_last_session_is_over() {
        let mut awaited = Awaited::new(RoomInterest::Shared);
        let [first, second] = [audience(&["a", "b"]), audience(&["b"])];
        awaited.add(&first);
        awaited.add(&second);

        assert_eq!(awaited.remove(&first), ["a".into()]);
        assert_eq!(awaited.rooms, [("b".into(), 1)].into_iter().collect());
        assert_eq!(awaited.remove(&second), ["b".into()]);
        assert!(awaited.rooms.is_empty());
    }

    #[test]
    fn rooms_of_single_sockets_count_where_the_bus_subscribes_to_them() {
        for (interest, counted) in [
            (RoomInterest::None, 0),
            (RoomInterest::Shared, 1),
            (RoomInterest::All, 2),
        ] {
            let mut awaited = Awaited::new(interest);
            let session = audience(&["a"]);
            awaited.add(&session);
            assert_eq!(awaited.rooms.len(), counted);
            assert_eq!(awaited.remove(&session).len(), counted);
        }
    }
}
