//! Who keeps a namespace alive, and what happens at its end.

use std::ops::Deref;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Inner, Kind, Namespace};
use crate::server::Shared;

/// Somebody in a namespace who may still say something, or who enters it: a guest until this is
/// dropped.
pub(crate) struct Stay(Option<Namespace>);

impl Stay {
    /// Gives the namespace to who counts as the guest from here on.
    pub(crate) fn hand_over(mut self) -> Namespace {
        self.0.take().expect("taken by who consumes it only")
    }
}

impl Deref for Stay {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        self.0.as_ref().expect("taken by who consumes it only")
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if let Some(namespace) = self.0.take() {
            namespace.remove_guest();
        }
    }
}

impl Namespace {
    pub(crate) fn add_connected(&self) {
        self.0.connected.fetch_add(1, Ordering::Relaxed);
    }

    /// A connected socket is gone. Its handlers are still to be told: it is a
    /// [guest](Self::remove_guest) until then.
    pub(crate) fn remove_connected(&self) {
        self.0.connected.fetch_sub(1, Ordering::Relaxed);
    }

    /// A client enters.
    pub(crate) fn add_guest(&self) {
        self.0.guests.fetch_add(1, Ordering::Relaxed);
    }

    /// A client that had entered is gone, whether it was let in or not, or a [`Stay`] is over.
    pub(crate) fn remove_guest(&self) {
        // Invariant: in one order with `end`: either it sees that nobody is left, or this one that
        // the namespace has ended.
        self.0.guests.fetch_sub(1, Ordering::SeqCst);
        if self.0.has_ended.load(Ordering::SeqCst) {
            self.leave_cluster();
        } else {
            self.clean_up();
        }
    }

    /// Keeps the namespace in its cluster while a handler waits that may have something to say; not
    /// where it never leaves.
    pub(crate) fn stay(&self) -> Option<Stay> {
        let may_leave = self.link().is_some() && self.name() != "/";
        may_leave.then(|| self.enter())
    }

    /// A client enters that may be lost on its way.
    pub(crate) fn enter(&self) -> Stay {
        self.add_guest();
        Stay(Some(self.clone()))
    }

    /// Tells the other servers that this one is not there any more, when nobody has anything to say.
    fn leave_cluster(&self) {
        if let Some(link) = self.link()
            && self.0.guests.load(Ordering::SeqCst) == 0
        {
            link.begin_close();
        }
    }

    /// Whether nobody is in, enters, or may come back.
    pub(crate) fn is_unused(&self) -> bool {
        let is_empty = self.0.guests.load(Ordering::Relaxed) == 0;
        is_empty && self.keeper().is_none_or(|keeper| !keeper.awaits_anybody())
    }

    /// Removes a child that nobody uses any more, where the server is set up so.
    fn clean_up(&self) {
        if !self.is_child() {
            return;
        }
        let Some(server) = self.0.server.upgrade() else {
            return;
        };
        if !server.forget_if_unused(self) {
            return self.clean_up_later(&server);
        }
        self.leave_parent();
    }

    /// Sends everyone away and lets nobody in any more; the server has forgotten the namespace.
    pub(crate) fn end(&self) {
        // Invariant: set before the sockets are selected. Who joins later sees it.
        self.0.has_ended.store(true, Ordering::SeqCst);
        self.leave_parent();
        // The namespace of this name on other servers goes on.
        self.local().disconnect_sockets();
        self.leave_cluster();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Acquire)
    }

    /// Forgets what was kept for clients that come back.
    ///
    /// Invariant: called with the lock under which the server forgets the namespace and makes another
    /// of its name, which has a log of its own.
    pub(crate) fn purge(&self) {
        if let Some(keeper) = self.keeper() {
            keeper.purge();
        }
    }

    fn leave_parent(&self) {
        if let Kind::Child(parent) = &self.0.kind
            && let Some(parent) = parent.upgrade()
            && let Kind::Parent(children) = &parent.kind
        {
            children.lock().retain(|child| child != self);
        }
    }

    /// Asks again when the time of those is over who may come back.
    fn clean_up_later(&self, server: &Shared) {
        let Some(keeper) = self.keeper().filter(|_| server.cleans_up_children()) else {
            return;
        };
        let is_empty = self.0.guests.load(Ordering::Relaxed) == 0;
        if !is_empty || self.0.cleaning_up.is_taken() {
            return;
        }
        let time = keeper.max_disconnection_duration();
        // One task for a namespace that is empty, whoever comes and goes meanwhile. The runtime of its
        // last client may have ended.
        self.0
            .cleaning_up
            .begin(server.runtimes(), |runtime, on_duty| {
                let [namespace, left] = [Arc::downgrade(&self.0), Arc::downgrade(&self.0)];
                let on_duty = on_duty.when_lost(move || clean_up_left(&left));
                runtime.spawn(async move {
                    tokio::time::sleep(time.saturating_add(Duration::from_millis(1))).await;
                    on_duty.end();
                    clean_up_left(&namespace);
                });
            });
    }
}

fn clean_up_left(namespace: &Weak<Inner>) {
    if let Some(namespace) = namespace.upgrade().map(Namespace) {
        namespace.clean_up();
    }
}
