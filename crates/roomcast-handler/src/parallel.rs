//! Handlers in tasks of their own.

use std::marker::PhantomData;
use std::panic::resume_unwind;

use crate::{ArgumentError, Call, Handler, Outcome, Side, via};

/// Makes a handler that runs in a task of its own, on tokio, if it is async.
///
/// Its panic goes on in the future that waits for it.
pub fn parallel<S: Side, Signature: 'static>(
    handler: impl Handler<S, Signature>,
) -> impl Handler<S, (via::Parallel, Signature)> {
    Parallel(handler, PhantomData::<fn() -> Signature>)
}

struct Parallel<H, Signature>(H, PhantomData<fn() -> Signature>);

impl<H: Clone, Signature> Clone for Parallel<H, Signature> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<S, H, Signature> Handler<S, (via::Parallel, Signature)> for Parallel<H, Signature>
where
    S: Side,
    H: Handler<S, Signature>,
    Signature: 'static,
{
    fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
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
