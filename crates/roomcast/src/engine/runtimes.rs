//! What a server has for each runtime that its sessions run on.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};

/// What tasks of one runtime drive, and what ends with them.
pub(super) trait Driven {
    /// Whether its tasks live, and run on this runtime.
    fn is_driven_on(&self, runtime: Id) -> bool;

    /// Whether its tasks live, and with them the runtime.
    fn is_driven(&self) -> bool;
}

/// One `T` for each runtime.
///
/// A runtime that is busy, or stands still, makes only its own sessions wait.
#[derive(Debug)]
pub(super) struct Runtimes<T> {
    // Lock order: a leaf.
    all: Mutex<Vec<Arc<T>>>,
}

impl<T> Default for Runtimes<T> {
    fn default() -> Self {
        Self {
            all: Mutex::default(),
        }
    }
}

impl<T: Driven> Runtimes<T> {
    /// That of the current runtime. The first time it is made, and its tasks are started.
    pub(super) fn current(
        &self,
        make: impl FnOnce(&Handle) -> T,
        start: impl FnOnce(&Handle, &Arc<T>),
    ) -> Arc<T> {
        let runtime = Handle::current();
        let id = runtime.id();
        let mut all = self.all.lock();
        // A runtime may have the id of one that has ended.
        if let Some(own) = all.iter().find(|one| one.is_driven_on(id)) {
            return Arc::clone(own);
        }
        // The others' runtimes have ended, and their sessions with them.
        all.retain(|one| one.is_driven());
        let own = Arc::new(make(&runtime));
        all.push(Arc::clone(&own));
        drop(all);
        // Invariant: nothing is locked; a runtime that ends drops the tasks here.
        start(&runtime, &own);
        own
    }

    /// Those of all runtimes, some of which may have ended.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        self.all.lock().clone()
    }
}
