//! A question to the other servers, and what has come to it.

use std::sync::Weak;

use roomcast_cluster::{Answer, Outcome, RequestId};
use tokio::sync::mpsc;

use super::link::{Progress, Shared};

/// The answers of other servers to one question. Dropped, it is forgotten.
#[derive(Debug)]
pub(crate) struct Inquiry {
    link: Weak<Shared>,
    id: RequestId,
    progress: mpsc::UnboundedReceiver<Progress>,
}

impl Inquiry {
    pub(super) fn new(
        link: Weak<Shared>,
        id: RequestId,
        progress: mpsc::UnboundedReceiver<Progress>,
    ) -> Self {
        Self { link, id, progress }
    }

    /// The next answer; what is missing when no more come.
    pub(crate) async fn next(&mut self) -> Result<Answer, Outcome> {
        match self.progress.recv().await {
            Some(Progress::Answer(answer)) => Ok(answer),
            Some(Progress::Finished(outcome)) => Err(outcome),
            // The server is closed: there is nobody to ask.
            None => Err(Outcome::default()),
        }
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade() {
            link.forget(&self.id);
        }
    }
}
