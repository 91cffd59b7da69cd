//! The end of a namespace while its server goes on.

use std::sync::atomic::Ordering;

use super::{Server, Shared};
use crate::namespace::Namespace;

impl Server {
    /// Deletes the namespace of this name, with its handlers and rooms, and tells whether there was
    /// one. A leading slash is added if it lacks.
    ///
    /// Its sockets are disconnected as by [`Socket::disconnect`](crate::Socket::disconnect): what was
    /// sent to them before leaves first, and their other namespaces live on. A client on its way in
    /// is refused with `Invalid namespace`, and so is everyone who asks for it later. Whoever still
    /// holds the deleted [`Namespace`] holds one without sockets.
    ///
    /// [`of`](Self::of) makes a new namespace of the same name, and a parent of
    /// [`of_pattern`](Self::of_pattern) or [`of_fn`](Self::of_fn) a new child for the next client that
    /// asks. The main namespace, `/`, cannot be deleted: [`close`](Self::close) ends it.
    ///
    /// # Example
    ///
    /// ```
    /// let io = roomcast::Server::new();
    /// io.of("/match-7").on("move", |square: String| println!("{square}"));
    ///
    /// assert!(io.delete_namespace("/match-7"));
    /// assert!(!io.delete_namespace("/match-7"));
    /// assert!(!io.delete_namespace("/"));
    /// ```
    ///
    /// Spec: features 2.41.
    pub fn delete_namespace(&self, name: &str) -> bool {
        let Some(namespace) = self.0.forget(&super::namespaces::with_slash(name)) else {
            return false;
        };
        namespace.end();
        true
    }
}

impl Shared {
    /// Takes a namespace out of the list, so that nobody finds it any more.
    fn forget(&self, name: &str) -> Option<Namespace> {
        if name == self.main.name() {
            return None;
        }
        let mut namespaces = self.namespaces.write();
        let found = namespaces.remove(name)?;
        found.purge();
        self.children
            .fetch_sub(usize::from(found.is_child()), Ordering::Relaxed);
        Some(found)
    }
}
