//! The server's side of handlers: what they are called for, and who gets their answers.

use roomcast_handler::Side;
use roomcast_socketio::AckId;
use serde::Serialize;

use crate::cluster::ServerReply;
use crate::engine::DisconnectCause;
use crate::error::SocketError;
use crate::namespace::Namespace;
use crate::socket::{DisconnectReason, Socket};

/// The handlers of a server.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum ServerSide {}

/// What a handler is called for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// None for an event that another server has sent.
    pub(crate) socket: Option<&'a Socket>,
    pub(crate) namespace: &'a Namespace,
    pub(crate) cause: Cause<'a>,
}

/// Why handlers are called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// An event, a new connection, or a middleware's turn.
    Plain,
    Disconnect(&'a DisconnectReason, &'a DisconnectCause),
    Error(&'a SocketError),
}

impl<'a> Context<'a> {
    /// For an event of a socket, or a middleware's turn.
    pub(crate) fn of(socket: &'a Socket) -> Self {
        Self::because(socket, Cause::Plain)
    }

    pub(crate) fn because(socket: &'a Socket, cause: Cause<'a>) -> Self {
        Self {
            socket: Some(socket),
            namespace: socket.namespace(),
            cause,
        }
    }

    /// For an event that another server has sent.
    pub(crate) fn server_side(namespace: &'a Namespace) -> Self {
        Self {
            socket: None,
            namespace,
            cause: Cause::Plain,
        }
    }
}

/// Who gets an answer.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a>(Asking<'a>);

#[derive(Clone, Copy, Debug)]
enum Asking<'a> {
    Client(&'a Socket, AckId),
    Server(&'a ServerReply),
}

/// The same for a handler that answers later.
#[doc(hidden)]
#[derive(Debug)]
pub struct OwnedAsker(OwnedAsking);

#[derive(Debug)]
enum OwnedAsking {
    Client(Socket, AckId),
    Server(ServerReply),
}

impl<'a> Asker<'a> {
    /// A client that wants an acknowledgement with this id.
    pub(crate) fn client(socket: &'a Socket, id: AckId) -> Self {
        Self(Asking::Client(socket, id))
    }

    /// A server that wants an answer.
    pub(crate) fn server(reply: &'a ServerReply) -> Self {
        Self(Asking::Server(reply))
    }
}

impl Side for ServerSide {
    type Context<'a> = Context<'a>;
    type Asker<'a> = Asker<'a>;
    type OwnedAsker = OwnedAsker;

    fn own(asker: Asker<'_>) -> OwnedAsker {
        OwnedAsker(match asker.0 {
            Asking::Client(socket, id) => OwnedAsking::Client(socket.clone(), id),
            Asking::Server(reply) => OwnedAsking::Server(reply.clone()),
        })
    }

    fn lend(asker: &OwnedAsker) -> Asker<'_> {
        Asker(match &asker.0 {
            OwnedAsking::Client(socket, id) => Asking::Client(socket, *id),
            OwnedAsking::Server(reply) => Asking::Server(reply),
        })
    }

    fn answer<T: Serialize + ?Sized>(asker: Asker<'_>, args: &T) {
        match asker.0 {
            Asking::Client(socket, id) => socket.send_ack(id, args),
            Asking::Server(reply) => reply.send(args),
        }
    }
}
