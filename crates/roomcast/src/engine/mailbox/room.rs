//! Waiting until an outbox has room.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Mailbox, State};

/// What is held back elsewhere, and will be sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coming {
    pub(crate) bytes: u32,
    pub(crate) packets: u32,
}

impl Mailbox {
    /// What is notified when the outbox has room, and when the session is over.
    pub(crate) fn room(&self) -> Arc<Notify> {
        let mut state = self.state.lock();
        let extra = state.extra.get_or_insert_default();
        Arc::clone(extra.room.get_or_insert_default())
    }

    /// Whether who may wait for room has to, if this much is on its way here.
    pub(crate) fn must_wait(&self, coming: Coming) -> bool {
        let state = self.state.lock();
        !state.is_closed && state.will_be_half_full(coming)
    }

    /// Makes those who wait for room look again, whether there is any or not.
    pub(crate) fn recall(&self) {
        let state = self.state.lock();
        let room = state.extra.as_ref().and_then(|extra| extra.room.clone());
        drop(state);
        tell(room);
    }
}

impl State {
    /// What is to be told that there is room, if there is and somebody has waited for it.
    #[inline]
    pub(super) fn room_news(&mut self) -> Option<Arc<Notify>> {
        self.extra.as_ref()?;
        self.find_room()
    }

    #[cold]
    fn find_room(&mut self) -> Option<Arc<Notify>> {
        let is_within = !self.is_full();
        let has_room = self.has_room();
        let extra = self.extra.as_mut()?;
        if is_within {
            extra.overdraft = 0;
        }
        extra.room.clone().filter(|_| has_room)
    }
}

/// Tells who waits. Nothing may be locked: who is woken may look here at once.
#[inline]
pub(super) fn tell(room: Option<Arc<Notify>>) {
    if let Some(room) = room {
        room.notify_waiters();
    }
}
