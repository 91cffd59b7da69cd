//! Parameters of handlers: the context types.

use std::ops::Deref;
use std::sync::Arc;

use roomcast_handler::{ArgumentError, via};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::side::{Cause, ServerSide};
use super::{Call, OwnedResponder};
use crate::engine::DisconnectCause;
use crate::error::SocketError;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::{DisconnectReason, Handshake, Socket};

/// A type that a handler may take as a parameter.
///
/// Context types may stand anywhere: [`Socket`], [`Server`], [`Namespace`], [`Ack`],
/// [`Option<Ack>`](Ack), [`Data`], [`State`], [`Auth`], [`Handshake`], [`DisconnectReason`],
/// [`DisconnectCause`] and [`SocketError`]. Every other parameter is the next argument of the event: any owned type that
/// serde can deserialise. An argument that is missing is `None` for an `Option`; one that is too
/// many is ignored. [`Spread<T>`](crate::Spread) takes all that are left, and
/// `Result<T, ArgumentError>` is never refused.
///
/// `Via` tells the two kinds apart and is never written by hand.
///
/// # Example
///
/// ```
/// use roomcast::{Ack, Server, Socket, Spread};
///
/// #[derive(serde::Deserialize)]
/// struct Point { x: f64, y: f64 }
///
/// let io = Server::new();
/// io.on("draw", |socket: Socket, colour: String, from: Point, to: Option<Point>| {
///     println!("{}: {colour} from {}, {}", socket.id(), from.x, from.y);
/// });
/// io.on("sum", |Spread(numbers): Spread<i64>, ack: Ack| ack.send(numbers.iter().sum::<i64>()));
/// ```
///
/// Spec: features 2.43.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "neither a context type nor an argument that serde can read",
    note = "context types: `Socket`, `Server`, `Namespace`, `Ack`, `Data<T>`, `State<T>`, `Auth<T>`, `Handshake`, `DisconnectReason`, `DisconnectCause`, `SocketError`",
    note = "an argument of the event is owned and implements `serde::Deserialize`: `String`, `u32`, `Value`, `Option<T>`, your own `#[derive(Deserialize)]` type"
)]
pub trait FromCall<Via>: roomcast_handler::FromCall<ServerSide, Via> {}

#[diagnostic::do_not_recommend]
impl<T, Via> FromCall<Via> for T where T: roomcast_handler::FromCall<ServerSide, Via> {}

/// The client's request for an acknowledgement, to be answered later or from elsewhere.
///
/// A handler that returns its answer needs none. The first answer leaves, later ones are ignored;
/// where the client asked for none, nothing is sent. As `Option<Ack>` it is `None` where the client
/// asked for none.
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
pub struct Ack(OwnedResponder);

impl Ack {
    /// Answers. A tuple is spread into several values, `()` is an answer without values.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Ack, Server};
    ///
    /// let io = Server::new();
    /// io.on("where", |ack: Ack| ack.send((3.5, 4.0)));
    /// ```
    pub fn send(self, args: impl Serialize) {
        self.0.lend().send(&args);
    }

    /// Tells whether the client waits for an answer.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Ack, Server};
    ///
    /// let io = Server::new();
    /// io.on("audit", |ack: Ack| {
    ///     if ack.is_wanted() {
    ///         ack.send("a long report");
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.lend().is_wanted()
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
    /// A handler that asks for a value that the socket does not have is not called, and
    /// [`Namespace::on_error`](crate::Namespace::on_error) is told.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Auth, Data, Server};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct User { name: String }
    ///
    /// let io = Server::new();
    /// io.middleware(|Auth(user): Auth<User>| {
    ///     if user.name.is_empty() { Err("no name") } else { Ok(user) }
    /// });
    /// io.on("whoami", |user: Data<User>| user.name.clone());
    /// ```
    ///
    /// Spec: features 3.4.
    Data
}

shared_value! {
    /// A value of the whole server, found by its type: what
    /// [`ServerBuilder::state`](crate::ServerBuilder::state) was given.
    ///
    /// A handler that asks for a value that the server does not have is not called, and
    /// [`Namespace::on_error`](crate::Namespace::on_error) is told.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use roomcast::{Server, State};
    ///
    /// #[derive(Default)]
    /// struct Visits(AtomicU64);
    ///
    /// let io = Server::builder().state(Visits::default()).build();
    /// io.on("visit", |visits: State<Visits>| visits.0.0.fetch_add(1, Ordering::Relaxed) + 1);
    /// ```
    ///
    /// Spec: features 2.42.
    State
}

/// The `auth` object that the client sent when it connected, read as a `T`; `{}` if it sent none.
///
/// As a parameter of a middleware, an object that is no `T` refuses the client: `invalid auth`.
///
/// # Example
///
/// ```
/// use roomcast::{Auth, Server};
///
/// #[derive(serde::Deserialize)]
/// struct Login { token: String }
///
/// let io = Server::new();
/// io.middleware(|Auth(login): Auth<Login>| match login.token.as_str() {
///     "secret" => Ok(()),
///     _ => Err("unauthorized"),
/// });
/// ```
///
/// Spec: features 3.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl roomcast_handler::FromCall<ServerSide, via::Context> for Socket {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        call.context().socket.cloned().ok_or_else(no_socket::<Self>)
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for Server {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().socket {
            Some(socket) => Ok(socket.server().clone()),
            None => call
                .context()
                .namespace
                .server()
                .ok_or_else(|| unavailable::<Self>("the server is gone")),
        }
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for Namespace {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.context().namespace.clone())
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for Handshake {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let socket = call.context().socket.ok_or_else(no_socket::<Self>)?;
        Ok(socket.handshake().clone())
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for Ack {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(Self(call.responder().to_owned()))
    }
}

/// `None` where the client asked for no acknowledgement.
///
/// # Example
///
/// ```
/// use roomcast::{Ack, Server, Socket};
///
/// let io = Server::new();
/// io.on("hello", |socket: Socket, ack: Option<Ack>| match ack {
///     Some(ack) => ack.send("hello"),
///     None => socket.emit("hello", ()),
/// });
/// ```
impl roomcast_handler::FromCall<ServerSide, via::Context> for Option<Ack> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call
            .responder()
            .is_wanted()
            .then(|| Ack(call.responder().to_owned())))
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for DisconnectReason {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Disconnect(reason, _) => Ok(*reason),
            Cause::Plain | Cause::Error(_) => Err(unavailable::<Self>(
                "only disconnect handlers are told a reason",
            )),
        }
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for DisconnectCause {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Disconnect(_, cause) => Ok(cause.clone()),
            Cause::Plain | Cause::Error(_) => Err(unavailable::<Self>(
                "only disconnect handlers are told a cause",
            )),
        }
    }
}

impl roomcast_handler::FromCall<ServerSide, via::Context> for SocketError {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Error(error) => Ok(error.clone()),
            Cause::Plain | Cause::Disconnect(..) => {
                Err(unavailable::<Self>("only error handlers are told an error"))
            }
        }
    }
}

impl<T: Send + Sync + 'static> roomcast_handler::FromCall<ServerSide, via::Context> for Data<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let value = call
            .context()
            .socket
            .ok_or_else(no_socket::<Self>)?
            .data_of::<T>();
        value
            .map(Self)
            .ok_or_else(|| unavailable::<Self>("this socket has no such value"))
    }
}

impl<T: Send + Sync + 'static> roomcast_handler::FromCall<ServerSide, via::Context> for State<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let server = <Server as roomcast_handler::FromCall<ServerSide, _>>::from_call(call)?;
        server
            .state::<T>()
            .map(Self)
            .ok_or_else(|| unavailable::<Self>("the server was built without it"))
    }
}

impl<T: DeserializeOwned> roomcast_handler::FromCall<ServerSide, via::Context> for Auth<T> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let socket = call.context().socket.ok_or_else(no_socket::<Self>)?;
        socket.handshake().auth::<T>().map(Self)
    }
}

fn no_socket<T>() -> ArgumentError {
    unavailable::<T>("events of other servers belong to no socket")
}

fn unavailable<T>(cause: &str) -> ArgumentError {
    ArgumentError::context::<T>(&cause)
}
