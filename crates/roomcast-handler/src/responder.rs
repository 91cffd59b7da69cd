//! Where the acknowledgement of one event goes. Only the first answer leaves.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::Side;

/// Whether an event has been answered, while its handlers are called.
///
/// Cost: only handlers that answer later make it a shared flag.
#[derive(Debug, Default)]
pub struct Answered {
    is_answered: Cell<bool>,
    shared: OnceCell<Arc<AtomicBool>>,
}

impl Answered {
    fn share(&self) -> Arc<AtomicBool> {
        let shared = || Arc::new(AtomicBool::new(self.is_answered.get()));
        Arc::clone(self.shared.get_or_init(shared))
    }

    /// Whether the caller is the first to answer.
    fn claim(&self) -> bool {
        match self.shared.get() {
            Some(shared) => !shared.swap(true, Ordering::Relaxed),
            None => !self.is_answered.replace(true),
        }
    }
}

/// The way of an answer, for a handler that is being called.
pub struct Responder<'a, S: Side>(Option<(S::Asker<'a>, Claim<'a>)>);

#[derive(Clone, Copy, Debug)]
enum Claim<'a> {
    Local(&'a Answered),
    Shared(&'a Arc<AtomicBool>),
}

/// The way of an answer, for one who answers later or elsewhere.
pub struct OwnedResponder<S: Side>(Option<(S::OwnedAsker, Arc<AtomicBool>)>);

impl<'a, S: Side> Responder<'a, S> {
    /// For an event to which `asker` wants an answer, if anyone does. Whoever handles the event
    /// answers through the same `answered`.
    pub fn new(asker: Option<S::Asker<'a>>, answered: &'a Answered) -> Self {
        Self(asker.map(|asker| (asker, Claim::Local(answered))))
    }

    /// Where no answer is wanted.
    #[must_use]
    pub fn nobody() -> Self {
        Self(None)
    }

    /// Whether someone waits for an answer.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self.0.is_some()
    }

    /// The same, to be kept.
    #[must_use]
    pub fn to_owned(self) -> OwnedResponder<S> {
        OwnedResponder(self.0.map(|(asker, claim)| {
            let shared = match claim {
                Claim::Local(answered) => answered.share(),
                Claim::Shared(shared) => Arc::clone(shared),
            };
            (S::own(asker), shared)
        }))
    }

    /// Sends the acknowledgement, unless none is wanted or one was sent.
    pub fn send<T: Serialize + ?Sized>(self, args: &T) {
        let Some((asker, claim)) = self.0 else {
            return;
        };
        let is_first = match claim {
            Claim::Local(answered) => answered.claim(),
            Claim::Shared(shared) => !shared.swap(true, Ordering::Relaxed),
        };
        if is_first {
            S::answer(asker, args);
        }
    }
}

impl<S: Side> OwnedResponder<S> {
    /// The reverse of [`Responder::to_owned`].
    #[must_use]
    pub fn lend(&self) -> Responder<'_, S> {
        let asker = self.0.as_ref();
        Responder(asker.map(|(asker, shared)| (S::lend(asker), Claim::Shared(shared))))
    }
}

impl<S: Side> Clone for Responder<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Side> Copy for Responder<'_, S> {}

impl<S: Side> fmt::Debug for Responder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Responder").field(&self.0).finish()
    }
}

impl<S: Side> fmt::Debug for OwnedResponder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedResponder").field(&self.0).finish()
    }
}
