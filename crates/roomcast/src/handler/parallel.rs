//! Handlers in tasks of their own.

use std::marker::PhantomData;
use std::panic::resume_unwind;

use super::{Call, Handler, Outcome, via};
use crate::error::ArgumentError;

/// Makes a handler that runs in a task of its own, so on any thread of the runtime, at the same time
/// as the other handlers of its client.
///
/// Without it the handlers of one client run in the task of its session: they start in the order of
/// their events, those that wait go on side by side, and never do two of them run at once. That is
/// what most handlers want; this is for those that compute for long.
///
/// The arguments are still read in the order of the events, but the function's own code starts when
/// the runtime has a thread for it: nothing is promised of the order any more. It counts as a handler
/// that waits ([`max_waiting_handlers`](crate::ServerBuilder::max_waiting_handlers), where 1 means
/// strictly one after the other), its answer leaves when it ends, and its panic is contained and
/// reported as that of any other. A handler that is not async runs in place all the same.
///
/// # Panics
///
/// The handler panics, which is contained, where its session is driven by another runtime than
/// tokio's.
///
/// # Example
///
/// ```
/// use roomcast::{Server, parallel};
///
/// let io = Server::new();
/// io.on("primes", parallel(async |limit: u64| {
///     (2..limit).filter(|n| (2..*n).all(|d| n % d != 0)).count()
/// }));
/// ```
///
/// Spec: features N17.
pub fn parallel<S: 'static>(handler: impl Handler<S>) -> impl Handler<(via::Parallel, S)> {
    Parallel(handler, PhantomData::<fn() -> S>)
}

struct Parallel<H, S>(H, PhantomData<fn() -> S>);

impl<H: Clone, S> Clone for Parallel<H, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<S: 'static, H: Handler<S>> Handler<(via::Parallel, S)> for Parallel<H, S> {
    fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
        let Outcome::Waiting(work) = self.0.call(call)? else {
            return Ok(Outcome::Done);
        };
        let task = tokio::spawn(tracing::Instrument::in_current_span(work));
        Ok(Outcome::Waiting(Box::pin(async move {
            let end = task.await.map_err(tokio::task::JoinError::try_into_panic);
            if let Err(Ok(panic)) = end {
                // Contained where every handler's panic is.
                resume_unwind(panic);
            }
        })))
    }
}
