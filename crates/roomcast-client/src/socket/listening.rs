//! Listening.

use super::Socket;
use crate::listener::{Call, Listener, ListenerId, Outcome, Slot, erase};

/// Listening. Listeners run in the manager's task, in the order in which things happen and in which
/// they were added. One that panics is reported as
/// [`ManagerEvent::ListenerPanicked`](crate::ManagerEvent::ListenerPanicked), and the connection lives.
impl Socket {
    /// Calls `listener` for each event of this name.
    pub fn on<R: Into<Outcome>>(
        &self,
        event: &str,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Event(event), erase(listener))
    }

    /// Calls `listener` for the next event of this name only.
    pub fn once<R: Into<Outcome>>(
        &self,
        event: &str,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let mut table = self.state.table.lock();
        table
            .list_mut(Slot::Event(event))
            .push_once(erase(listener))
    }

    /// Calls `listener` for each event, before the listeners of its name.
    pub fn on_any<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Any, erase(listener))
    }

    /// Calls `listener` for each event, before all other listeners.
    pub fn prepend_any<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.state
            .table
            .lock()
            .list_mut(Slot::Any)
            .prepend(erase(listener))
    }

    /// Calls `listener` for each event that is sent, when it is.
    pub fn on_any_outgoing<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let id = self.add(Slot::AnyOutgoing, erase(listener));
        self.watch_outgoing();
        id
    }

    /// Calls `listener` for each event that is sent, before the other listeners for that.
    pub fn prepend_any_outgoing<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let listener = erase(listener);
        let id = self
            .state
            .table
            .lock()
            .list_mut(Slot::AnyOutgoing)
            .prepend(listener);
        self.watch_outgoing();
        id
    }

    /// Calls `listener` whenever the socket is connected, for the first time or again.
    pub fn on_connect<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Connect, erase(listener))
    }

    /// Calls `listener` whenever the socket could not be connected: because the server refuses it, or
    /// because there is no connection. The [cause](Call::cause) holds the error.
    pub fn on_connect_error<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::ConnectError, erase(listener))
    }

    /// Calls `listener` whenever the socket is no longer connected. The [cause](Call::cause) holds the
    /// reason.
    pub fn on_disconnect<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Disconnect, erase(listener))
    }

    /// Removes all listeners of an event.
    pub fn off(&self, event: &str) {
        self.clear(Slot::Event(event));
    }

    /// Removes one listener, whatever it listens to.
    pub fn off_listener(&self, listener: ListenerId) {
        let removed = self.state.table.lock().remove(listener);
        drop(removed);
        self.watch_outgoing();
    }

    /// Removes all listeners of all events. Those of [`on_connect`](Self::on_connect) and the like
    /// stay.
    pub fn off_all(&self) {
        let removed = self.state.table.lock().take_events();
        drop(removed);
    }

    /// Removes all listeners that [`on_any`](Self::on_any) and [`prepend_any`](Self::prepend_any) have
    /// added.
    pub fn off_any(&self) {
        self.clear(Slot::Any);
    }

    /// Removes all listeners for events that are sent.
    pub fn off_any_outgoing(&self) {
        self.clear(Slot::AnyOutgoing);
        self.watch_outgoing();
    }

    fn add(&self, slot: Slot<'_>, listener: Listener) -> ListenerId {
        self.state.table.lock().list_mut(slot).push(listener)
    }

    /// Invariant: what a user's closure holds is dropped without the lock.
    fn clear(&self, slot: Slot<'_>) {
        let removed = self.state.table.lock().take(slot);
        drop(removed);
    }

    /// Tells the core whether someone listens to what is sent.
    fn watch_outgoing(&self) {
        let mut state = self.manager.lock();
        let is_watched = !self.state.table.lock().list(Slot::AnyOutgoing).is_empty();
        state.core.report_outgoing(self.state.key, is_watched);
    }
}
