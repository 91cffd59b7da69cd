//! Parent namespaces: which names they take, and the search among them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::RwLock;
use regex::Regex;
use roomcast_socketio::Value;

use super::Namespace;

/// Decides whether a client may make a child of this name.
type Decide = dyn Fn(String, Value) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync;

/// Which names a parent takes.
#[derive(Clone)]
pub(crate) enum Matcher {
    Pattern(Regex),
    Function(Arc<Decide>),
}

impl Matcher {
    pub(crate) fn function<F, Fut>(decide: F) -> Self
    where
        F: Fn(String, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Self::Function(Arc::new(move |name, auth| Box::pin(decide(name, auth))))
    }
}

/// The parents of a server, asked in the order in which they were made.
#[derive(Default)]
pub(crate) struct Parents {
    // Lock order: a leaf.
    list: RwLock<Vec<(Matcher, Namespace)>>,
}

impl Parents {
    pub(crate) fn add(&self, matcher: Matcher, parent: Namespace) {
        self.list.write().push((matcher, parent));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.read().is_empty()
    }

    /// The first parent whose pattern takes `name`; functions are not asked.
    pub(crate) fn find_pattern(&self, name: &str) -> Option<Namespace> {
        let list = self.list.read();
        let takes = |matcher: &Matcher| matches!(matcher, Matcher::Pattern(pattern) if pattern.is_match(name));
        list.iter()
            .find(|(matcher, _)| takes(matcher))
            .map(|(_, parent)| parent.clone())
    }

    /// The first parent that takes `name`.
    pub(crate) async fn find(&self, name: &str, auth: &Value) -> Option<Namespace> {
        let list = self.list.read().clone();
        for (matcher, parent) in list {
            let is_taken = match matcher {
                Matcher::Pattern(pattern) => pattern.is_match(name),
                Matcher::Function(decide) => decide(name.to_owned(), auth.clone()).await,
            };
            if is_taken {
                return Some(parent);
            }
        }
        None
    }
}
