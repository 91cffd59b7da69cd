//! Parameters of handlers: the context types.

use roomcast_handler::{ArgumentError, OwnedResponder, via};
use roomcast_socketio::client::DisconnectReason;
use serde::Serialize;

use super::Call;
use super::side::{Cause, ClientSide};
use crate::error::{ConnectError, Description, SocketError};
use crate::manager::Manager;
use crate::socket::Socket;

/// A type that a handler may take as a parameter.
///
/// Context types may stand anywhere: [`Socket`], [`Manager`], [`Ack`], [`Option<Ack>`](Ack); for
/// handlers of [`on_disconnect`](Socket::on_disconnect) also [`DisconnectReason`] and
/// [`Option<Description>`](Description), for those of [`on_connect_error`](Socket::on_connect_error)
/// [`ConnectError`], for those of [`on_error`](Socket::on_error) [`SocketError`]. Every other parameter
/// is the next argument of the event: any owned type that serde can deserialise. An argument that is
/// missing is `None` for an `Option`; one that is too many is ignored.
/// [`Spread<T>`](crate::Spread) takes all that are left, and `Result<T, ArgumentError>` is never
/// refused.
///
/// `Via` tells the two kinds apart and is never written by hand.
///
/// # Example
///
/// ```
/// use roomcast_client::{Ack, Socket, Spread};
///
/// #[derive(serde::Deserialize)]
/// struct Point { x: f64, y: f64 }
///
/// # fn example(socket: Socket) {
/// socket.on("draw", |colour: String, from: Point, to: Option<Point>| {
///     println!("{colour} from {}, {}", from.x, from.y);
/// });
/// socket.on("sum", |Spread(numbers): Spread<i64>, ack: Ack| ack.send(numbers.iter().sum::<i64>()));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "neither a context type nor an argument that serde can read",
    note = "context types: `Socket`, `Manager`, `Ack`, `DisconnectReason`, `Option<Description>`, `ConnectError`, `SocketError`",
    note = "an argument of the event is owned and implements `serde::Deserialize`: `String`, `u32`, `Value`, `Option<T>`, your own `#[derive(Deserialize)]` type"
)]
pub trait FromCall<Via>: roomcast_handler::FromCall<ClientSide, Via> {}

#[diagnostic::do_not_recommend]
impl<T, Via> FromCall<Via> for T where T: roomcast_handler::FromCall<ClientSide, Via> {}

/// The server's request for an acknowledgement, to be answered later or from elsewhere.
///
/// A handler that returns its answer needs none. The first answer leaves, later ones are ignored;
/// where the server asked for none, or its connection is gone, nothing is sent. As `Option<Ack>` it is
/// `None` where the server asked for none.
///
/// # Example
///
/// ```
/// use roomcast_client::Ack;
///
/// # fn example(socket: roomcast_client::Socket) {
/// socket.on("save", |document: String, ack: Ack| {
///     std::thread::spawn(move || ack.send(document.len()));
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct Ack(OwnedResponder<ClientSide>);

impl Ack {
    /// Answers. A tuple is spread into several values, `()` is an answer without values.
    pub fn send(self, args: impl Serialize) {
        self.0.lend().send(&args);
    }

    /// Tells whether the server waits for an answer.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.lend().is_wanted()
    }

    /// Of this call, if the server waits for an answer.
    pub(crate) fn wanted(call: &Call<'_>) -> Option<Self> {
        let responder = call.responder();
        responder.is_wanted().then(|| Self(responder.to_owned()))
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for Socket {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.context().socket.clone())
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for Manager {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(call.context().socket.manager())
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for Ack {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(Self(call.responder().to_owned()))
    }
}

/// `None` where the server asked for no acknowledgement.
impl roomcast_handler::FromCall<ClientSide, via::Context> for Option<Ack> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Ok(Ack::wanted(call))
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for DisconnectReason {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Disconnect(reason, _) => Ok(reason),
            _ => Err(unavailable::<Self>(
                "only disconnect handlers are told a reason",
            )),
        }
    }
}

/// What is known of the end beyond its reason.
impl roomcast_handler::FromCall<ClientSide, via::Context> for Option<Description> {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Disconnect(_, description) => Ok(description.cloned()),
            _ => Err(unavailable::<Self>(
                "only disconnect handlers are told a description",
            )),
        }
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for ConnectError {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::ConnectError(error) => Ok(error.clone()),
            _ => Err(unavailable::<Self>(
                "only handlers of failed connections are told why",
            )),
        }
    }
}

impl roomcast_handler::FromCall<ClientSide, via::Context> for SocketError {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        match call.context().cause {
            Cause::Error(error) => Ok(error.clone()),
            _ => Err(unavailable::<Self>("only error handlers are told an error")),
        }
    }
}

fn unavailable<T>(cause: &str) -> ArgumentError {
    ArgumentError::context::<T>(&cause)
}
