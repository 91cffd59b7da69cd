//! What leaves when the log allows it.

use tokio::sync::oneshot;

use super::keeper::Keeper;
use crate::engine::Round;

/// The sessions that something was queued for, as far as it has left: whoever holds a lock drops it
/// behind the lock, since its end calls listeners. What leaves later is dropped by who lets it leave.
pub(crate) type Released = (Round, Option<oneshot::Receiver<Round>>);

impl Keeper {
    /// Lets an answer leave behind everything that was emitted before, if the log keeps up: clients
    /// that ask fill no queue without end.
    #[must_use = "dropped when nothing is locked"]
    pub(crate) fn release_answer(
        &self,
        send: impl FnOnce(&mut Round) + Send + 'static,
    ) -> Released {
        match self.log().is_overfull() {
            true => released(send),
            false => self.release(send),
        }
    }

    /// Lets something leave behind everything that was emitted before.
    #[must_use = "dropped when nothing is locked"]
    pub(crate) fn release(&self, send: impl FnOnce(&mut Round) + Send + 'static) -> Released {
        if self.log().is_immediate() {
            return released(send);
        }
        let (giver, given) = oneshot::channel();
        self.log().release(Box::new(move || {
            let mut round = Round::default();
            send(&mut round);
            // Who has handed it in is gone, if it comes back: then nothing is locked here.
            drop(giver.send(round));
        }));
        (Round::default(), Some(given))
    }
}

fn released(send: impl FnOnce(&mut Round)) -> Released {
    let mut round = Round::default();
    send(&mut round);
    (round, None)
}
