//! Parameters of handlers: context types and event arguments.

use std::ops::Deref;
use std::sync::Arc;

use roomcast_socketio::Spread;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::{Call, Cause, Responder};
use super::via;
use crate::error::{ArgumentError, SocketError};
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::{DisconnectReason, Handshake, Socket};

/// A type that a handler may take as a parameter.
///
/// Implemented for the context types of this crate and for every type that serde can deserialise;
/// `Via` tells the two apart and is never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "neither a context type nor an argument that serde can read",
    note = "context types: `Socket`, `Server`, `Namespace`, `Ack`, `Data<T>`, `State<T>`, `Auth<T>`, `Handshake`, `DisconnectReason`, `SocketError`",
    note = "an argument of the event is owned and implements `serde::Deserialize`: `String`, `u32`, `Value`, `Option<T>`, your own `#[derive(Deserialize)]` type"
)]
pub trait FromCall<Via>: Sized {
    #[doc(hidden)]
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError>;
}

/// The client's request for an acknowledgement, to be answered later or from elsewhere.
///
/// A handler that returns its answer needs none. The first answer leaves, later ones are ignored;
/// where the client asked for none, nothing is sent.
///
/// # Example
///
/// ```
/// use roomcast::{Ack, Server};
///
/// let io = Server::new();
/// io.on("save", |document: String, ack: Ack| {
///     std::thread::spawn(move || ack.send(document.len()));
/// });
/// ```
///
/// Spec: features 3.12.
#[derive(Debug)]
pub struct Ack(Responder);

impl Ack {
    /// Answers. A tuple is spread into several values, `()` is an answer without values.
    pub fn send(self, args: impl Serialize) {
        self.0.send(&args);
    }

    /// Whether the client waits for an answer.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.is_wanted()
    }
}

macro_rules! shared_value {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<T>(pub Arc<T>);

        impl<T> Deref for $name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self(Arc::clone(&self.0))
            }
        }
    };
}

shared_value! {
    /// A value of this socket, found by its type: what a middleware returned, or what
    /// [`SocketData::insert`](crate::SocketData::insert) stored.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Auth, Data, Refusal, Server};
    ///
    /// struct User { name: String }
    ///
    /// let io = Server::new();
    /// io.middleware(|Auth(name): Auth<String>| {
    ///     if name.is_empty() { Err("no name") } else { Ok(User { name }) }
    /// });
    /// io.on("whoami", |user: Data<User>| user.name.clone());
    /// ```
    Data
}

shared_value! {
    /// A value of the whole server, found by its type: what
    /// [`ServerBuilder::state`](crate::ServerBuilder::state) was given.
    State
}

/// The `auth` object that the client sent when it connected, read as a `T`.
///
/// Spec: features 3.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl FromCall<via::Context> for Socket {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.socket.clone())
    }
}

impl FromCall<via::Context> for Server {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.socket.server().clone())
    }
}

impl FromCall<via::Context> for Namespace {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.socket.namespace().clone())
    }
}

impl FromCall<via::Context> for Handshake {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.socket.handshake().clone())
    }
}

impl FromCall<via::Context> for Ack {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(Self(call.responder.clone()))
    }
}

/// `None` where the client asked for no acknowledgement.
impl FromCall<via::Context> for Option<Ack> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call
            .responder
            .is_wanted()
            .then(|| Ack(call.responder.clone())))
    }
}

impl FromCall<via::Context> for DisconnectReason {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.cause {
            Cause::Disconnect(reason) => Ok(*reason),
            Cause::Plain | Cause::Error(_) => Err(unavailable::<Self>(
                "only disconnect handlers are told a reason",
            )),
        }
    }
}

impl FromCall<via::Context> for SocketError {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.cause {
            Cause::Error(error) => Ok(error.clone()),
            Cause::Plain | Cause::Disconnect(_) => {
                Err(unavailable::<Self>("only error handlers are told an error"))
            }
        }
    }
}

impl<T: Send + Sync + 'static> FromCall<via::Context> for Data<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let value = call.socket.data_of::<T>();
        value
            .map(Self)
            .ok_or_else(|| unavailable::<Self>("this socket has no such value"))
    }
}

impl<T: Send + Sync + 'static> FromCall<via::Context> for State<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let value = call.socket.server().state::<T>();
        value
            .map(Self)
            .ok_or_else(|| unavailable::<Self>("the server was built without it"))
    }
}

impl<T: DeserializeOwned> FromCall<via::Context> for Auth<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let auth = call.socket.handshake().auth::<T>();
        auth.map(Self)
            .map_err(|error| unavailable::<Self>(&error.to_string()))
    }
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
impl<T: DeserializeOwned> FromCall<via::Rest> for Spread<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let mut rest = Vec::new();
        while call.has_more() {
            rest.push(call.next_argument()?);
        }
        Ok(Self(rest))
    }
}

/// An argument that may be wrong: the handler is called all the same and sees the error.
impl<T: DeserializeOwned> FromCall<via::Checked> for Result<T, ArgumentError> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.next_argument())
    }
}

impl<T: DeserializeOwned> FromCall<via::Argument> for T {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        call.next_argument()
    }
}

fn unavailable<T>(cause: &str) -> ArgumentError {
    ArgumentError::of::<T>(0, &cause)
}
