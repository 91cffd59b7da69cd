//! The client's side of handlers: what they are called for, and who gets their answers.

use roomcast_handler::Side;
use roomcast_socketio::Packet;
use roomcast_socketio::client::{Answer, Content, DisconnectReason};
use serde::Serialize;

use crate::error::{ConnectError, Description, SocketError};
use crate::socket::Socket;

/// The handlers of a client.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum ClientSide {}

/// What a handler is called for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) cause: Cause<'a>,
}

/// Why handlers are called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// An event of the server.
    Event(&'a Packet<'a>),
    /// A connection, or an event that is sent.
    Plain,
    ConnectError(&'a ConnectError),
    Disconnect(DisconnectReason, Option<&'a Description>),
    Error(&'a SocketError),
}

/// A server that wants an answer.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a>(&'a Socket, Answer);

/// The same for a handler that answers later.
#[doc(hidden)]
#[derive(Debug)]
pub struct OwnedAsker(Socket, Answer);

impl<'a> Asker<'a> {
    pub(crate) fn new(socket: &'a Socket, answer: Answer) -> Self {
        Self(socket, answer)
    }
}

impl Side for ClientSide {
    type Context<'a> = Context<'a>;
    type Asker<'a> = Asker<'a>;
    type OwnedAsker = OwnedAsker;

    fn own(asker: Asker<'_>) -> OwnedAsker {
        OwnedAsker(asker.0.clone(), asker.1)
    }

    fn lend(asker: &OwnedAsker) -> Asker<'_> {
        Asker(&asker.0, asker.1)
    }

    fn answer<T: Serialize + ?Sized>(Asker(socket, answer): Asker<'_>, args: &T) {
        let manager = socket.shared();
        match Content::ack(manager.parser(), args) {
            // A connection that is gone gets no answer.
            Ok(content) => {
                manager.update(|state, _| state.core.answer(answer, content));
            }
            Err(error) => tracing::warn!(%error, "an acknowledgement cannot be encoded"),
        }
    }
}
