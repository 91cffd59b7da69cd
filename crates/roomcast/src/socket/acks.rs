//! Acknowledgements that clients owe.

use std::collections::HashMap;

use parking_lot::Mutex;
use roomcast_socketio::AckId;
use tokio::sync::{mpsc, oneshot};

use super::Answer;
use crate::id::SocketId;

/// Who waits for the answer of one socket.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// An event to this socket alone.
    One(oneshot::Sender<Answer>),
    /// A broadcast; the id tells who answered.
    Broadcast(mpsc::UnboundedSender<(SocketId, Answer)>),
}

type Table = HashMap<AckId, Waiting, foldhash::fast::RandomState>;

/// The answers that one client owes.
///
/// Invariant: an entry leaves with the answer, with the end of the wait, or with the socket; whoever
/// waits then learns that its channel is closed.
#[derive(Debug, Default)]
pub(crate) struct PendingAcks {
    // Lock order: a leaf.
    waiting: Mutex<Option<Box<Table>>>,
}

impl PendingAcks {
    pub(crate) fn insert(&self, id: AckId, waiting: Waiting) {
        self.waiting
            .lock()
            .get_or_insert_default()
            .insert(id, waiting);
    }

    /// Forgets an answer that nobody waits for any more.
    pub(crate) fn remove(&self, id: AckId) {
        self.take(id);
    }

    /// Hands over an answer. Late and unknown ones are ignored, as the official server does.
    pub(crate) fn resolve(&self, from: &SocketId, id: AckId, answer: Answer) {
        match self.take(id) {
            // A closed channel means that the wait ended in this moment.
            Some(Waiting::One(waiting)) => drop(waiting.send(answer)),
            Some(Waiting::Broadcast(waiting)) => drop(waiting.send((from.clone(), answer))),
            None => tracing::debug!(%from, %id, "acknowledgement with an unknown id"),
        }
    }

    /// The socket is gone: nobody will answer.
    pub(crate) fn clear(&self) {
        drop(std::mem::take(&mut *self.waiting.lock()));
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.lock().is_none()
    }

    fn take(&self, id: AckId) -> Option<Waiting> {
        let mut waiting = self.waiting.lock();
        let found = waiting.as_mut()?.remove(&id);
        if waiting.as_ref().is_some_and(|table| table.is_empty()) {
            *waiting = None;
        }
        found
    }
}
