//! Handlers: functions whose parameters are the event's arguments.
//!
//! A parameter is either a context type ([`Socket`](crate::Socket), [`Ack`], [`Data`] …), which may
//! stand anywhere, or the next argument of the event, read straight from the packet's text. What
//! the function returns is the acknowledgement. Closures, async closures and `fn` items all work.

mod call;
mod extract;
mod middleware;
mod parallel;
mod reply;
mod responder;
mod table;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

pub use call::Call;
pub(crate) use call::Cause;
pub use extract::{Ack, Auth, Data, FromCall, State};
pub use middleware::Middleware;
pub use middleware::Verdict;
pub use parallel::parallel;
pub use reply::{IntoReply, Reply};
pub(crate) use responder::{Answered, OwnedResponder, Responder};
pub use table::HandlerId;
pub(crate) use table::{Listeners, Origin, Place, Slot, Table};

use crate::error::ArgumentError;

/// Markers that tell the compiler how a parameter is obtained; never written by hand.
#[doc(hidden)]
pub mod via {
    /// From the call itself.
    #[derive(Debug)]
    pub struct Context;
    /// From the next argument.
    #[derive(Debug)]
    pub struct Argument;
    /// From the next argument, errors included.
    #[derive(Debug)]
    pub struct Checked;
    /// From all arguments that are left.
    #[derive(Debug)]
    pub struct Rest;
    /// The function answers at once.
    #[derive(Debug)]
    pub struct Now;
    /// The function returns a future.
    #[derive(Debug)]
    pub struct Later;
    /// The function's future runs in a task of its own.
    #[derive(Debug)]
    pub struct Parallel;
}

/// A function that handles an event.
///
/// Up to eight parameters, each [`FromCall`]; the return value, or the output of the returned
/// future, is [`IntoReply`]. Closures, async closures and `fn` items are handlers. A parameter that
/// cannot be read leaves the handler uncalled and is reported to
/// [`Namespace::on_error`](crate::Namespace::on_error).
///
/// Handlers of one socket start in the order in which its events came. One that waits does not
/// hold the next one up. They run in the session's task, one at a time;
/// [`parallel`](crate::parallel) runs one in a task of its own.
///
/// # Example
///
/// ```
/// use roomcast::{Server, Socket};
///
/// async fn save(document: String) -> Result<u64, String> {
///     Ok(document.len() as u64)
/// }
///
/// let io = Server::new();
/// io.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));
/// io.on("add", |a: i64, b: i64| a + b);
/// io.on("save", save);
/// io.on("slow", async |n: u32| n + 1);
/// ```
///
/// Spec: features 2.43, 3.14.
#[diagnostic::on_unimplemented(
    message = "this function cannot handle an event",
    label = "not a handler",
    note = "a handler is a cloneable function of up to 8 parameters: context types such as `Socket` and `Ack`, and owned arguments that serde can read",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`",
    note = "its return value acknowledges the event: nothing, a string, a number, `Value`, a tuple, `Option`, `Result`, or `Reply(value)` for your own types; async functions return the same"
)]
pub trait Handler<Signature>: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError>;
}

/// How a called handler goes on.
#[doc(hidden)]
#[expect(
    clippy::exhaustive_enums,
    reason = "hidden, matched in this crate only"
)]
pub enum Outcome {
    /// It has ended and has answered.
    Done,
    /// It waits; the future answers when it ends.
    Waiting(BoxFuture),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::Waiting(_) => "Waiting",
        })
    }
}

/// Work of a handler that waits.
pub(crate) type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A handler without its signature, as the tables keep it.
pub(crate) trait AnyHandler: Send + Sync {
    fn call(&self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError>;
}

struct Erased<H, Signature>(H, PhantomData<fn() -> Signature>);

impl<Signature: 'static, H: Handler<Signature>> AnyHandler for Erased<H, Signature> {
    fn call(&self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
        self.0.clone().call(call)
    }
}

pub(crate) fn erase<Signature: 'static>(
    handler: impl Handler<Signature>,
) -> std::sync::Arc<dyn AnyHandler> {
    std::sync::Arc::new(Erased(handler, PhantomData))
}

macro_rules! handler {
    ($($parameter:ident $via:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, Answer, $($parameter, $via),*> Handler<(via::Now, Answer, $(($parameter, $via),)*)> for Function
        where
            Function: FnOnce($($parameter),*) -> Answer + Clone + Send + Sync + 'static,
            Answer: IntoReply,
            $($parameter: FromCall<$via>,)*
        {
            fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
                $(let $parameter = $parameter::from_call(call)?;)*
                self($($parameter),*).reply(call.responder);
                Ok(Outcome::Done)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, Fut, Answer, $($parameter, $via),*> Handler<(via::Later, (Fut, Answer), $(($parameter, $via),)*)> for Function
        where
            Function: FnOnce($($parameter),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Answer> + Send + 'static,
            Answer: IntoReply,
            $($parameter: FromCall<$via>,)*
        {
            fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
                $(let $parameter = $parameter::from_call(call)?;)*
                let future = self($($parameter),*);
                let responder = call.responder.to_owned();
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
