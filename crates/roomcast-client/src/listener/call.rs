//! One call of a listener.

use roomcast_socketio::client::DisconnectReason;
use roomcast_socketio::{Args, EventName, Packet};

use super::Responder;
use crate::error::{ConnectError, Description};
use crate::socket::Socket;

/// One call of a listener: what has happened, and to which socket.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) cause: Cause<'a>,
}

/// Why a listener is called.
#[non_exhaustive]
#[derive(Debug)]
pub enum Cause<'a> {
    /// The server has sent an event, or one is sent to it.
    #[non_exhaustive]
    Event {
        /// The event.
        packet: &'a Packet<'a>,
        /// There if the server waits for an answer.
        responder: Option<&'a Responder>,
    },
    /// The socket is connected.
    #[non_exhaustive]
    Connect {
        /// Whether the server has restored the session from before.
        recovered: bool,
    },
    /// The socket could not be connected.
    ConnectError(&'a ConnectError),
    /// The socket is no longer connected.
    #[non_exhaustive]
    Disconnect {
        /// Why.
        reason: DisconnectReason,
        /// What else is known.
        description: Option<&'a Description>,
    },
}

impl<'a> Call<'a> {
    /// The socket to which it happened.
    #[must_use]
    pub fn socket(&self) -> &'a Socket {
        self.socket
    }

    /// Why the listener is called.
    #[must_use]
    pub fn cause(&self) -> &Cause<'a> {
        &self.cause
    }

    /// The name of the event; an empty one if this is about none.
    #[must_use]
    pub fn event(&self) -> EventName<'a> {
        let name = self.packet().and_then(Packet::event);
        name.unwrap_or_else(|| "".into())
    }

    /// The arguments of the event.
    #[must_use]
    pub fn args(&self) -> Option<Args<'a>> {
        self.packet().map(Packet::args)
    }

    /// What answers the event, if the server waits for an answer.
    #[must_use]
    pub fn responder(&self) -> Option<&'a Responder> {
        match self.cause {
            Cause::Event { responder, .. } => responder,
            _ => None,
        }
    }

    fn packet(&self) -> Option<&'a Packet<'a>> {
        match self.cause {
            Cause::Event { packet, .. } => Some(packet),
            _ => None,
        }
    }
}
