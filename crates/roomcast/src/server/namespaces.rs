//! The namespaces of a server: made when they are asked for, and forgotten.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;

use super::{Server, Shared};
use crate::namespace::{Home, Matcher, Namespace, Stay};
use crate::recovery::Keeper;
use crate::socket::Handshake;

impl Server {
    /// The namespace that a client asks for: one that exists, or a new child of the first parent
    /// that takes the name.
    pub(crate) async fn namespace_for(&self, name: &str, handshake: &Handshake) -> Option<Stay> {
        // Invariant: who enters is counted under the lock, so no clean-up comes between.
        if let Some(found) = self.0.namespaces.read().get(name) {
            return Some(found.enter());
        }
        if self.0.parents.is_empty() {
            return None;
        }
        let parent = self.0.parents.find(name, handshake.auth_value()).await?;
        // Another client may have been faster while a function decided.
        self.0.enter_child(name.into(), &parent)
    }

    /// The namespace of this name, if it is there and lets everybody in.
    pub(crate) fn open_namespace(&self, name: &str) -> Option<Namespace> {
        let namespaces = self.0.namespaces.read();
        let found = namespaces.get(name).filter(|found| found.is_open())?;
        // Invariant: as above.
        found.add_guest();
        Some(found.clone())
    }

    pub(super) fn add_parent(&self, matcher: Matcher) -> Namespace {
        let parent = Namespace::parent("/_".into(), self.0.home(None));
        self.0.parents.add(matcher, parent.clone());
        parent
    }
}

impl Shared {
    /// What new namespaces have from this server.
    pub(super) fn home(self: &Arc<Self>, keeper: Option<Arc<Keeper>>) -> Home {
        Home {
            parser: self.config.parser.clone(),
            server: Arc::downgrade(self),
            cluster: self.cluster.clone(),
            keeper,
        }
    }

    /// The namespace of this name, made if there is none.
    pub(super) fn insert(&self, name: Arc<str>, make: impl FnOnce() -> Namespace) -> Namespace {
        let mut is_new = false;
        let namespace = {
            let mut namespaces = self.namespaces.write();
            let make = || {
                is_new = true;
                let made = make();
                self.children
                    .fetch_add(usize::from(made.is_child()), Ordering::Relaxed);
                made
            };
            namespaces.entry(name).or_insert_with(make).clone()
        };
        if is_new {
            self.tell_new_namespace(&namespace);
        }
        namespace
    }

    /// The namespace of this name, which a client enters; made as a child of `parent` if there is
    /// none, unless there are too many.
    fn enter_child(&self, name: Arc<str>, parent: &Namespace) -> Option<Stay> {
        let mut namespaces = self.namespaces.write();
        if let Some(found) = namespaces.get(&name) {
            return Some(found.enter());
        }
        let limit = self.config.max_child_namespaces;
        if self.children.load(Ordering::Relaxed) >= limit {
            drop(namespaces);
            tracing::warn!(%name, limit, "a namespace was not made: there are too many");
            return None;
        }
        let child = parent.child(Arc::clone(&name), self.config.keeper(&name));
        self.children.fetch_add(1, Ordering::Relaxed);
        namespaces.insert(name, child.clone());
        // Invariant: its end takes the lock; it is not reached before the lock is free.
        let stay = child.enter();
        drop(namespaces);
        self.tell_new_namespace(&child);
        Some(stay)
    }

    fn tell_new_namespace(&self, namespace: &Namespace) {
        if let Some(link) = namespace.link() {
            link.start();
        }
        let hooks = self.new_namespace_hooks.read().clone();
        hooks.iter().for_each(|hook| hook(namespace));
    }

    /// The runtimes that may take over a task of the server.
    pub(crate) fn runtimes(&self) -> Vec<Handle> {
        self.engine.shared().runtimes()
    }

    pub(crate) fn cleans_up_children(&self) -> bool {
        self.config.cleans_up_children
    }

    /// Removes a child namespace that nobody is in or enters, if the server is to. Returns whether
    /// it did.
    pub(crate) fn forget_if_unused(&self, namespace: &Namespace) -> bool {
        if !self.config.cleans_up_children {
            return false;
        }
        let mut namespaces = self.namespaces.write();
        let is_unused =
            namespace.is_unused() && namespaces.get(namespace.name()) == Some(namespace);
        if is_unused {
            namespaces.remove(namespace.name());
            namespace.purge();
            self.children.fetch_sub(1, Ordering::Relaxed);
        }
        drop(namespaces);
        if let Some(link) = namespace.link().filter(|_| is_unused) {
            // Somebody may hold the namespace; a new one of its name has a link of its own.
            link.begin_close();
        }
        is_unused
    }
}

/// A namespace's name with its leading slash.
pub(super) fn with_slash(name: &str) -> Arc<str> {
    if name.starts_with('/') {
        name.into()
    } else {
        format!("/{name}").into()
    }
}
