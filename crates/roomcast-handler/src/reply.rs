//! Return values of handlers: the acknowledgement of the event.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use roomcast_socketio::{Raw, Spread, Value};
use serde::Serialize;

use crate::{ArgumentError, Responder, Side};

/// A value that a handler of the side `S` may return.
///
/// `()` sends nothing, as a JavaScript handler that does not call its callback; `Ok` and `Err`, and
/// `Some`, answer with what they hold, `None` with `null`; `Ok(())` acknowledges without a value; a
/// tuple of up to four is spread into several values. Each side adds its errors, which answer with
/// their text, and the type `!`: see [`never_replies`](crate::never_replies).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    label = "not an acknowledgement",
    note = "wrap a type that implements `serde::Serialize` as `Reply(value)`"
)]
pub trait IntoReply<S: Side> {
    #[doc(hidden)]
    fn reply(self, responder: Responder<'_, S>);

    /// Answers as the content of `Ok`: where an error would be told, a success is told, too.
    #[doc(hidden)]
    fn reply_as_success(self, responder: Responder<'_, S>)
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

impl<S: Side, T: Serialize> IntoReply<S> for Reply<T> {
    fn reply(self, responder: Responder<'_, S>) {
        responder.send(&self.0);
    }
}

impl<S: Side> IntoReply<S> for () {
    fn reply(self, _responder: Responder<'_, S>) {}

    fn reply_as_success(self, responder: Responder<'_, S>) {
        responder.send(&());
    }
}

impl<S: Side, T: IntoReply<S>, E: IntoReply<S>> IntoReply<S> for Result<T, E> {
    fn reply(self, responder: Responder<'_, S>) {
        match self {
            Ok(value) => value.reply_as_success(responder),
            Err(error) => error.reply(responder),
        }
    }
}

impl<S: Side, T: IntoReply<S>> IntoReply<S> for Option<T> {
    fn reply(self, responder: Responder<'_, S>) {
        match self {
            Some(value) => value.reply(responder),
            None => responder.send(&Value::Null),
        }
    }
}

/// Answers with the error's text, as a JavaScript handler that passes `error.message` on.
impl<S: Side> IntoReply<S> for ArgumentError {
    fn reply(self, responder: Responder<'_, S>) {
        responder.send(&self.to_string());
    }
}

macro_rules! serialised {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {
        $(
            impl<S: Side, $($generics)*> IntoReply<S> for $type {
                            fn reply(self, responder: Responder<'_, S>) {
                    responder.send(&self);
                }
            }
        )*
    };
}

serialised!(
    [] bool, [] char, [] i8, [] i16, [] i32, [] i64, [] isize, [] u8, [] u16, [] u32, [] u64, [] usize,
    [] f32, [] f64, [] String, [] &'static str, [] Bytes, [] Value, [] Raw, [] serde_json::Value,
    [T: Serialize] Vec<T>, [T: Serialize] Spread<T>,
    [K: Serialize, V: Serialize, H] HashMap<K, V, H>, [K: Serialize, V: Serialize] BTreeMap<K, V>,
    [A: Serialize] (A,), [A: Serialize, B: Serialize] (A, B),
    [A: Serialize, B: Serialize, C: Serialize] (A, B, C),
    [A: Serialize, B: Serialize, C: Serialize, D: Serialize] (A, B, C, D),
);

/// Lets handlers of a side never return, such as `|| todo!()`.
///
/// Coherence wants it in the crate of the side: the type `!`, which stable Rust knows as the return
/// value of a function only, might be any type to another crate.
#[macro_export]
macro_rules! never_replies {
    ($side:ty) => {
        trait Returning {
            type Value;
        }

        impl<T> Returning for fn() -> T {
            type Value = T;
        }

        /// For functions that never return, such as `|| todo!()`.
        impl $crate::IntoReply<$side> for <fn() -> ! as Returning>::Value {
            #[expect(private_interfaces, reason = "the type is one of the language")]
            fn reply(self, _responder: $crate::Responder<'_, $side>) {
                self
            }
        }
    };
}
