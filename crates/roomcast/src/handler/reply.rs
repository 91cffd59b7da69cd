//! Return values of handlers: the acknowledgement of the event.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use roomcast_socketio::{Raw, Spread, Value};
use serde::Serialize;

use super::responder::Responder;
use crate::error::{AckError, ArgumentError, EmitError};
use crate::id::SocketId;

/// A value that a handler may return.
///
/// `()` sends nothing, as a JavaScript handler that does not call its callback; `Ok` and `Err`, and
/// `Some`, answer with what they hold, `None` with `null`; `Ok(())` acknowledges without a value; a tuple of up to four is spread into
/// several values; this crate's errors answer with their text. Types of your own are wrapped in
/// [`Reply`].
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
pub trait IntoReply {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, responder: Responder<'_>);

    /// Answers as the content of `Ok`: where an error would be told, a success is told, too.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply_as_success(self, responder: Responder<'_>)
    where
        Self: Sized,
    {
        self.reply(responder);
    }
}

/// Any serialisable value as an acknowledgement; `Reply(())` acknowledges without a value.
///
/// # Example
///
/// ```
/// use roomcast::{Reply, Server};
///
/// #[derive(serde::Serialize)]
/// struct Account { id: u64 }
///
/// let io = Server::new();
/// io.on("account", |id: u64| Reply(Account { id }));
/// ```
///
/// Spec: features 3.12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<T>(pub T);

impl<T: Serialize> IntoReply for Reply<T> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, responder: Responder<'_>) {
        responder.send(&self.0);
    }
}

impl IntoReply for () {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, _responder: Responder<'_>) {}

    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply_as_success(self, responder: Responder<'_>) {
        responder.send(&());
    }
}

/// The type `!`, which stable Rust knows as the return value of a function only.
type Never = <fn() -> ! as Returning>::Value;

trait Returning {
    type Value;
}

impl<T> Returning for fn() -> T {
    type Value = T;
}

/// For functions that never return, such as `|| todo!()`.
impl IntoReply for Never {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, _responder: Responder<'_>) {
        self
    }
}

impl<T: IntoReply, E: IntoReply> IntoReply for Result<T, E> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, responder: Responder<'_>) {
        match self {
            Ok(value) => value.reply_as_success(responder),
            Err(error) => error.reply(responder),
        }
    }
}

impl<T: IntoReply> IntoReply for Option<T> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply(self, responder: Responder<'_>) {
        match self {
            Some(value) => value.reply(responder),
            None => responder.send(&Value::Null),
        }
    }
}

macro_rules! told {
    ($($error:ty),*) => {
        $(
            /// Answers with the error's text, as a JavaScript handler that passes `error.message`
            /// on.
            impl IntoReply for $error {
                #[expect(private_interfaces, reason = "hidden, called in this crate only")]
                fn reply(self, responder: Responder<'_>) {
                    responder.send(&self.to_string());
                }
            }
        )*
    };
}

told!(AckError, ArgumentError, EmitError);

macro_rules! serialised {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {
        $(
            impl<$($generics)*> IntoReply for $type {
                #[expect(private_interfaces, reason = "hidden, called in this crate only")]
                fn reply(self, responder: Responder<'_>) {
                    responder.send(&self);
                }
            }
        )*
    };
}

serialised!(
    [] bool, [] char, [] i8, [] i16, [] i32, [] i64, [] isize, [] u8, [] u16, [] u32, [] u64, [] usize,
    [] f32, [] f64, [] String, [] &'static str, [] Bytes, [] Value, [] Raw, [] serde_json::Value, [] SocketId,
    [T: Serialize] Vec<T>, [T: Serialize] Spread<T>,
    [K: Serialize, V: Serialize, S] HashMap<K, V, S>, [K: Serialize, V: Serialize] BTreeMap<K, V>,
    [A: Serialize] (A,), [A: Serialize, B: Serialize] (A, B),
    [A: Serialize, B: Serialize, C: Serialize] (A, B, C),
    [A: Serialize, B: Serialize, C: Serialize, D: Serialize] (A, B, C, D),
);
