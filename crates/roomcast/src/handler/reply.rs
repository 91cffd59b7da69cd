//! Return values of handlers: the acknowledgement of the event.

use roomcast_handler::never_replies;

use super::{Responder, ServerSide};
use crate::error::{AckError, EmitError};
use crate::id::SocketId;

/// A value that a handler may return.
///
/// `()` sends nothing, as a JavaScript handler that does not call its callback; `Ok` and `Err`, and
/// `Some`, answer with what they hold, `None` with `null`; `Ok(())` acknowledges without a value; a tuple of up to four is spread into
/// several values; this crate's errors answer with their text. Types of your own are wrapped in
/// [`Reply`](crate::Reply).
///
/// # Example
///
/// ```
/// use roomcast::{Reply, Server, value};
///
/// let io = Server::new();
/// io.on("log", |line: String| println!("{line}")); // no acknowledgement
/// io.on("double", |n: i64| n * 2);
/// io.on("divide", |a: i64, b: i64| a.checked_div(b).ok_or("no division by zero"));
/// io.on("position", || (3.5, 4.0)); // two values
/// io.on("user", || value!({ "name": "Ada" }));
/// io.on("done", || Reply(())); // an acknowledgement without a value
/// ```
///
/// Spec: features 3.12.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    label = "not an acknowledgement",
    note = "wrap a type that implements `serde::Serialize` as `Reply(value)`"
)]
pub trait IntoReply: roomcast_handler::IntoReply<ServerSide> {}

#[diagnostic::do_not_recommend]
impl<T: roomcast_handler::IntoReply<ServerSide>> IntoReply for T {}

never_replies!(ServerSide);

impl roomcast_handler::IntoReply<ServerSide> for SocketId {
    fn reply(self, responder: Responder<'_>) {
        responder.send(&self);
    }
}

macro_rules! told {
    ($($error:ty),*) => {
        $(
            /// Answers with the error's text, as a JavaScript handler that passes `error.message`
            /// on.
            impl roomcast_handler::IntoReply<ServerSide> for $error {
                fn reply(self, responder: Responder<'_>) {
                    responder.send(&self.to_string());
                }
            }
        )*
    };
}

told!(AckError, EmitError);
