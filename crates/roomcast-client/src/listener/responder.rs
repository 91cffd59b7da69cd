//! Answering an event of the server.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_socketio::EncodeError;
use roomcast_socketio::client::{Answer, Content};
use serde::Serialize;

use crate::manager::Shared;

/// Answers one event of the server, now or later, from any thread. The first answer counts.
#[derive(Clone)]
pub struct Responder(Arc<Inner>);

struct Inner {
    manager: Arc<Shared>,
    /// None once it is used.
    // Lock order: before the manager's.
    answer: Mutex<Option<Answer>>,
}

impl Responder {
    pub(crate) fn new(manager: Arc<Shared>, answer: Answer) -> Self {
        Self(Arc::new(Inner {
            manager,
            answer: Mutex::new(Some(answer)),
        }))
    }

    /// Sends the answer. A tuple is several values, `()` is none, every other value is one. Returns
    /// whether it is sent: not if there was one before, or if the connection on which the event came
    /// is gone.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the values cannot be written; another answer can be given then.
    pub fn send(&self, args: impl Serialize) -> Result<bool, EncodeError> {
        let content = Content::ack(self.0.manager.parser(), &args)?;
        let answer = self.0.answer.lock().take();
        Ok(answer.is_some_and(|answer| {
            self.0
                .manager
                .update(|state, _| state.core.answer(answer, content))
        }))
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("is_used", &self.0.answer.lock().is_none())
            .finish_non_exhaustive()
    }
}
