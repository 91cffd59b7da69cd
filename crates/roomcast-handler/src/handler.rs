//! Functions as handlers.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::{ArgumentError, Call, FromCall, IntoReply, Side, via};

/// A function that handles an event at the side `S`.
///
/// Up to eight parameters, each [`FromCall`]; the return value, or the output of the returned
/// future, is [`IntoReply`]. Closures, async closures and `fn` items are handlers.
pub trait Handler<S: Side, Signature>: Clone + Send + Sync + 'static {
    /// Calls the function, and sends its answer if it has one already.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] if a parameter cannot be had: the function is not called then.
    fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError>;
}

/// How a called handler goes on.
#[expect(
    clippy::exhaustive_enums,
    reason = "who calls handlers has to go on with both"
)]
pub enum Outcome {
    /// It has ended and has answered.
    Done,
    /// It waits; the future answers when it ends.
    Waiting(BoxFuture),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::Waiting(_) => "Waiting",
        })
    }
}

/// Work of a handler that waits.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A handler without its signature, as tables keep it.
pub trait AnyHandler<S: Side>: Send + Sync {
    /// Calls it, as [`Handler::call`].
    ///
    /// # Errors
    ///
    /// As those of [`Handler::call`].
    fn call(&self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError>;
}

struct Erased<H, Signature>(H, PhantomData<fn() -> Signature>);

impl<S: Side, Signature: 'static, H: Handler<S, Signature>> AnyHandler<S> for Erased<H, Signature> {
    fn call(&self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
        self.0.clone().call(call)
    }
}

/// Forgets the signature of a handler.
pub fn erase<S: Side, Signature: 'static>(
    handler: impl Handler<S, Signature>,
) -> Arc<dyn AnyHandler<S>> {
    Arc::new(Erased(handler, PhantomData))
}

macro_rules! handler {
    ($($parameter:ident $via:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, S, Answer, $($parameter, $via),*> Handler<S, (via::Now, Answer, $(($parameter, $via),)*)> for Function
        where
            S: Side,
            Function: FnOnce($($parameter),*) -> Answer + Clone + Send + Sync + 'static,
            Answer: IntoReply<S>,
            $($parameter: FromCall<S, $via>,)*
        {
            fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
                $(let $parameter = $parameter::from_call(call)?;)*
                self($($parameter),*).reply(call.responder());
                Ok(Outcome::Done)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, S, Fut, Answer, $($parameter, $via),*> Handler<S, (via::Later, (Fut, Answer), $(($parameter, $via),)*)> for Function
        where
            S: Side,
            Function: FnOnce($($parameter),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Answer> + Send + 'static,
            Answer: IntoReply<S>,
            $($parameter: FromCall<S, $via>,)*
        {
            fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
                $(let $parameter = $parameter::from_call(call)?;)*
                let future = self($($parameter),*);
                let responder = call.responder().to_owned();
                Ok(Outcome::Waiting(Box::pin(async move { future.await.reply(responder.lend()) })))
            }
        }
    };
}

handler!();
handler!(A ViaA);
handler!(A ViaA, B ViaB);
handler!(A ViaA, B ViaB, C ViaC);
handler!(A ViaA, B ViaB, C ViaC, D ViaD);
handler!(A ViaA, B ViaB, C ViaC, D ViaD, E ViaE);
handler!(A ViaA, B ViaB, C ViaC, D ViaD, E ViaE, F ViaF);
handler!(A ViaA, B ViaB, C ViaC, D ViaD, E ViaE, F ViaF, G ViaG);
handler!(A ViaA, B ViaB, C ViaC, D ViaD, E ViaE, F ViaF, G ViaG, H ViaH);
