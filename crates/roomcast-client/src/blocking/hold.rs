//! Who keeps a connection.

use crate::manager::Manager;

/// Keeps a connection: it is closed when the last one goes.
#[derive(Debug)]
pub(super) struct Hold(Manager);

impl Hold {
    pub(super) fn new(manager: Manager) -> Self {
        if let Some(holders) = &manager.0.holders {
            *holders.lock() += 1;
        }
        Self(manager)
    }

    pub(super) fn manager(&self) -> &Manager {
        &self.0
    }
}

impl Clone for Hold {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl Drop for Hold {
    /// Invariant: who holds it a moment later connects after it is closed, not before; hence the lock.
    fn drop(&mut self) {
        let Some(holders) = &self.0.0.holders else {
            return;
        };
        let mut holders = holders.lock();
        *holders -= 1;
        if *holders == 0 {
            self.0.close();
        }
    }
}
