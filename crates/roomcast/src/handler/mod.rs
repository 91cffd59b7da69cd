//! Handlers: functions whose parameters are the event's arguments.
//!
//! A parameter is either a context type ([`Socket`](crate::Socket), [`Ack`], [`Data`] …), which may
//! stand anywhere, or the next argument of the event, read straight from the packet's text. What
//! the function returns is the acknowledgement. Closures, async closures and `fn` items all work.
//!
//! How functions become handlers is the same at the client, and written in `roomcast_handler`. Here
//! is what only a server has: its context types, its middleware, its tables.

mod extract;
mod middleware;
mod reply;
mod side;
mod table;

pub use extract::{Ack, Auth, Data, FromCall, State};
pub use middleware::{Middleware, Verdict};
pub use reply::IntoReply;
pub(crate) use roomcast_handler::{Answered, BoxFuture, Outcome, via};
pub(crate) use side::Cause;
pub use side::{Asker, Context, OwnedAsker, ServerSide};
pub use table::HandlerId;
pub(crate) use table::{Listeners, Origin, Place, Slot, Table};

/// One call of a handler.
pub(crate) type Call<'a> = roomcast_handler::Call<'a, ServerSide>;

/// The way of an answer, for a handler that is being called.
pub(crate) type Responder<'a> = roomcast_handler::Responder<'a, ServerSide>;

/// The way of an answer, for one who answers later or elsewhere.
pub(crate) type OwnedResponder = roomcast_handler::OwnedResponder<ServerSide>;

/// A handler without its signature, as the tables keep it.
pub(crate) type AnyHandler = dyn roomcast_handler::AnyHandler<ServerSide>;

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
pub trait Handler<Signature>: roomcast_handler::Handler<ServerSide, Signature> {}

#[diagnostic::do_not_recommend]
impl<Function, Signature> Handler<Signature> for Function where
    Function: roomcast_handler::Handler<ServerSide, Signature>
{
}

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
    roomcast_handler::parallel(handler)
}
