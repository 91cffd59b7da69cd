//! Handlers: functions whose parameters are the event's arguments.
//!
//! How functions become handlers is the same at the server, and written in `roomcast_handler`. Here is
//! what only a client has: its context types, and its tables.

mod extract;
mod reply;
mod side;
mod table;

pub use extract::{Ack, FromCall};
pub use reply::IntoReply;
pub(crate) use roomcast_handler::{Answered, BoxFuture, Outcome, via};
pub(crate) use side::Cause;
pub use side::{Asker, ClientSide, Context, OwnedAsker};
pub use table::HandlerId;
pub(crate) use table::{List, Place, Slot, Table};

/// One call of a handler.
pub(crate) type Call<'a> = roomcast_handler::Call<'a, ClientSide>;

/// The way of an answer, for a handler that is being called.
pub(crate) type Responder<'a> = roomcast_handler::Responder<'a, ClientSide>;

/// A handler without its signature, as the tables keep it.
pub(crate) type AnyHandler = std::sync::Arc<dyn roomcast_handler::AnyHandler<ClientSide>>;

/// A function that handles an event, as at the server.
///
/// Up to eight parameters, each [`FromCall`]; the return value, or the output of the returned future,
/// is [`IntoReply`] and answers the server if it has asked. Closures, async closures and `fn` items are
/// handlers. A parameter that cannot be read leaves the handler uncalled and is reported to
/// [`Socket::on_error`](crate::Socket::on_error).
///
/// Handlers of one manager start in the order in which things happen. One that waits does not hold the
/// next one up. They run in the manager's task, one at a time; [`parallel`] runs one in a task of its
/// own.
///
/// # Example
///
/// ```
/// use roomcast_client::Socket;
///
/// async fn save(document: String) -> Result<u64, String> {
///     Ok(document.len() as u64)
/// }
///
/// # fn example(socket: Socket) {
/// socket.on("news", |text: String| println!("{text}"));
/// socket.on("greet", |socket: Socket, name: String| socket.emit("hello", name));
/// socket.on("add", |a: i64, b: i64| a + b); // the answer
/// socket.on("save", save);
/// socket.on("slow", async |n: u32| n + 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "this function cannot handle an event",
    label = "not a handler",
    note = "a handler is a cloneable function of up to 8 parameters: context types such as `Socket` and `Ack`, and owned arguments that serde can read",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`",
    note = "its return value acknowledges the event: nothing, a string, a number, `Value`, a tuple, `Option`, `Result`, or `Reply(value)` for your own types; async functions return the same"
)]
pub trait Handler<Signature>: roomcast_handler::Handler<ClientSide, Signature> {}

#[diagnostic::do_not_recommend]
impl<Function, Signature> Handler<Signature> for Function where
    Function: roomcast_handler::Handler<ClientSide, Signature>
{
}

/// Makes a handler that runs in a task of its own, so at the same time as the other handlers of its
/// manager.
///
/// The arguments are still read in the order of the events, but the function's own code starts when
/// the runtime has a thread for it. Its answer leaves when it ends, and its panic is contained and
/// reported as that of any other. A handler that is not async runs in place all the same.
///
/// # Example
///
/// ```
/// use roomcast_client::parallel;
///
/// # fn example(socket: roomcast_client::Socket) {
/// socket.on("primes", parallel(async |limit: u64| {
///     (2..limit).filter(|n| (2..*n).all(|d| n % d != 0)).count()
/// }));
/// # }
/// ```
pub fn parallel<S: 'static>(handler: impl Handler<S>) -> impl Handler<(via::Parallel, S)> {
    roomcast_handler::parallel(handler)
}
