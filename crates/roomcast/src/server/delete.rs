//! The end of a namespace.

use std::sync::atomic::Ordering;

use super::{Server, Shared};
use crate::namespace::Namespace;

impl Server {
    /// Removes a namespace: its sockets are disconnected as by
    /// [`disconnect_sockets`](Namespace::disconnect_sockets), and clients are refused with `Invalid
    /// namespace` from then on. Returns whether there was one.
    ///
    /// The main namespace cannot be removed. One that a pattern or a function takes is made anew for
    /// the next client that asks for it. Whoever holds the removed one holds an empty namespace.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.of("/match-7").emit("over", "white wins");
    /// assert!(io.delete_namespace("/match-7"));
    /// assert!(!io.delete_namespace("/match-7"));
    /// ```
    ///
    /// Spec: features 2.41.
    pub fn delete_namespace(&self, name: &str) -> bool {
        let Some(removed) = self.0.take_namespace(name) else {
            return false;
        };
        removed.retire();
        removed.disconnect_sockets();
        true
    }
}

impl Shared {
    fn take_namespace(&self, name: &str) -> Option<Namespace> {
        if name.trim_start_matches('/').is_empty() {
            return None;
        }
        let mut namespaces = self.namespaces.write();
        let removed = match name.starts_with('/') {
            true => namespaces.remove(name),
            false => namespaces.remove(&*format!("/{name}")),
        }?;
        self.children
            .fetch_sub(usize::from(removed.is_child()), Ordering::Relaxed);
        Some(removed)
    }
}
