//! Parameters of handlers: those that are event arguments.

use roomcast_socketio::Spread;
use serde::de::DeserializeOwned;

use crate::{ArgumentError, Call, Side, via};

/// A type that a handler of the side `S` may take as a parameter.
///
/// Each side implements it for its context types, [`via::Context`]. Every other parameter is the next
/// argument of the event: any owned type that serde can deserialise. An argument that is missing is
/// `None` for an `Option`; one that is too many is ignored.
///
/// `Via` tells the kinds apart and is never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "neither a context type nor an argument that serde can read",
    note = "an argument of the event is owned and implements `serde::Deserialize`: `String`, `u32`, `Value`, `Option<T>`, your own `#[derive(Deserialize)]` type"
)]
pub trait FromCall<S: Side, Via>: Sized {
    /// Takes it out of the call.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] if the call does not have it: the handler is not called then.
    fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError>;
}

/// All arguments that are left, each read as a `T`.
///
/// # Example
///
/// ```
/// use roomcast::{Server, Spread};
///
/// let io = Server::new();
/// io.on("sum", |Spread(numbers): Spread<i64>| numbers.iter().sum::<i64>());
/// ```
impl<S: Side, T: DeserializeOwned> FromCall<S, via::Rest> for Spread<T> {
    fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError> {
        let mut rest = Vec::new();
        while call.has_more() {
            rest.push(call.next_argument()?);
        }
        Ok(Self(rest))
    }
}

/// An argument that may be wrong: the handler is called all the same and sees the error.
///
/// # Example
///
/// ```
/// use roomcast::{ArgumentError, Server};
///
/// let io = Server::new();
/// io.on("age", |age: Result<u8, ArgumentError>| age);
/// ```
impl<S: Side, T: DeserializeOwned> FromCall<S, via::Checked> for Result<T, ArgumentError> {
    fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError> {
        Ok(call.next_argument())
    }
}

impl<S: Side, T: DeserializeOwned> FromCall<S, via::Argument> for T {
    fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError> {
        call.next_argument()
    }
}
