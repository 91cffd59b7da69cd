//! One call of a handler: where its parameters come from and where its answer goes.

use roomcast_socketio::{Args, EventName, Packet, Value};
use serde::de::DeserializeOwned;

use super::responder::Responder;
use crate::engine::DisconnectCause;
use crate::error::{ArgumentError, SocketError};
use crate::namespace::Namespace;
use crate::socket::{DisconnectReason, Socket};

/// Everything that a handler's parameters can be made of.
///
/// The event's arguments are taken in order; the context types may stand anywhere between them.
#[derive(Debug)]
pub struct Call<'a> {
    /// None for an event that another server has sent.
    pub(crate) socket: Option<&'a Socket>,
    pub(crate) namespace: &'a Namespace,
    pub(crate) cause: Cause<'a>,
    pub(crate) responder: Responder<'a>,
    /// The event's name, where it is the first parameter.
    name: Option<EventName<'a>>,
    args: Option<Args<'a>>,
}

/// Why handlers are called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// An event, a new connection, or a middleware's turn.
    Plain,
    Disconnect(&'a DisconnectReason, &'a DisconnectCause),
    Error(&'a SocketError),
}

impl<'a> Call<'a> {
    /// A call without arguments.
    pub(crate) fn bare(socket: &'a Socket, cause: Cause<'a>) -> Self {
        Self {
            socket: Some(socket),
            namespace: socket.namespace(),
            cause,
            responder: Responder::nobody(socket),
            name: None,
            args: None,
        }
    }

    /// A call whose parameters are the arguments of an event.
    pub(crate) fn event(
        socket: &'a Socket,
        packet: &'a Packet<'_>,
        responder: Responder<'a>,
    ) -> Self {
        Self {
            socket: Some(socket),
            namespace: socket.namespace(),
            cause: Cause::Plain,
            responder,
            name: None,
            args: Some(packet.args()),
        }
    }

    /// A call for an event that another server has sent.
    pub(crate) fn server_side(
        namespace: &'a Namespace,
        args: Args<'a>,
        responder: Responder<'a>,
    ) -> Self {
        Self {
            socket: None,
            namespace,
            cause: Cause::Plain,
            responder,
            name: None,
            args: Some(args),
        }
    }

    /// A call whose parameters are the event's name and its arguments.
    pub(crate) fn named_event(
        socket: &'a Socket,
        packet: &'a Packet<'_>,
        responder: Responder<'a>,
    ) -> Self {
        Self {
            name: packet.event(),
            ..Self::event(socket, packet, responder)
        }
    }

    /// Reads the next argument. Where there is none, `T` is read from `null`, as JavaScript would
    /// pass `undefined`: an `Option` becomes `None`.
    pub(crate) fn next_argument<T: DeserializeOwned>(&mut self) -> Result<T, ArgumentError> {
        if let Some(name) = self.name.take() {
            let name = match name {
                EventName::Number(number) => Value::Number(number),
                name => Value::String(name.to_text().into_owned()),
            };
            return name
                .parse()
                .map_err(|error| ArgumentError::of::<T>(0, &error));
        }
        match &mut self.args {
            Some(args) => args
                .read()
                .map_err(|error| ArgumentError::read::<T>(&error)),
            None => Err(ArgumentError::of::<T>(0, &"there are no arguments here")),
        }
    }

    pub(crate) fn has_more(&self) -> bool {
        self.name.is_some() || self.args.as_ref().is_some_and(|args| !args.is_empty())
    }
}
