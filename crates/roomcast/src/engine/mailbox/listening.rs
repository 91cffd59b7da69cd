//! The listeners of a session's events.

use std::sync::Arc;

use super::Mailbox;
use crate::engine::events::Listener;

impl Mailbox {
    /// Adds a listener, unless the session is over.
    pub(crate) fn add_listener(&self, listener: Listener) -> bool {
        let mut state = self.state.lock();
        if state.is_closed {
            drop(state);
            drop(listener);
            return false;
        }
        let extra = state.extra.get_or_insert_default();
        Arc::make_mut(&mut extra.listeners).push(listener);
        true
    }

    pub(crate) fn listeners(&self) -> Arc<Vec<Listener>> {
        let state = self.state.lock();
        let extra = state.extra.as_ref();
        extra.map_or_else(Arc::default, |extra| Arc::clone(&extra.listeners))
    }

    /// Forgets the listeners, which may own the session that owns them. The mailbox is closed: there
    /// will be no more.
    pub(crate) fn forget_listeners(&self) {
        let mut state = self.state.lock();
        let extra = state.extra.as_mut();
        let listeners = extra.map(|extra| std::mem::take(&mut extra.listeners));
        drop(state);
        // Invariant: dropped without the lock; a listener may be the last to hold much.
        drop(listeners);
    }
}
