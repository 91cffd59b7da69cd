//! One call of a handler: where its parameters come from and where its answer goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomcast_socketio::{AckId, Args};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ArgumentError, SocketError};
use crate::socket::{DisconnectReason, Socket};

/// Everything that a handler's parameters can be made of.
///
/// The event's arguments are taken in order; the context types may stand anywhere between them.
#[derive(Debug)]
pub struct Call<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) cause: Cause<'a>,
    args: Args<'a>,
    next: usize,
    /// Arguments before this one are no arguments of the event: its name.
    first: usize,
    pub(crate) responder: Responder,
}

/// Why handlers are called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// An event, a new connection, or a middleware's turn.
    Plain,
    Disconnect(&'a DisconnectReason),
    Error(&'a SocketError),
}

impl<'a> Call<'a> {
    /// A call without arguments.
    pub(crate) fn bare(socket: &'a Socket, cause: Cause<'a>) -> Self {
        Self { socket, cause, args: Args::empty(), next: 0, first: 0, responder: Responder::none(socket) }
    }

    /// A call whose parameters are the arguments of an event.
    pub(crate) fn event(socket: &'a Socket, args: Args<'a>, responder: Responder) -> Self {
        Self { socket, cause: Cause::Plain, args, next: 1, first: 1, responder }
    }

    /// A call whose parameters are the event's name and its arguments.
    pub(crate) fn named_event(socket: &'a Socket, args: Args<'a>, responder: Responder) -> Self {
        Self { next: 0, ..Self::event(socket, args, responder) }
    }

    /// Reads the next argument. Where there is none, `T` is read from `null`, as JavaScript would
    /// pass `undefined`: an `Option` becomes `None`.
    pub(crate) fn next_argument<T: DeserializeOwned>(&mut self) -> Result<T, ArgumentError> {
        let position = self.next;
        self.next += 1;
        let result = match self.args.read::<T>(position) {
            Some(read) => read.map_err(|error| error.to_string()),
            None => serde_json::from_str("null").map_err(|_| "nothing was sent".to_owned()),
        };
        result.map_err(|cause| ArgumentError {
            index: position.saturating_sub(self.first),
            expected: std::any::type_name::<T>(),
            cause,
        })
    }

    pub(crate) fn has_more(&self) -> bool {
        self.next < self.args.len()
    }
}

/// Where the acknowledgement of one event goes. Only the first answer leaves.
#[derive(Clone, Debug)]
pub(crate) struct Responder {
    socket: Socket,
    request: Option<Request>,
}

/// The client asked for an acknowledgement.
#[derive(Clone, Debug)]
struct Request {
    id: AckId,
    /// Shared by all who may answer.
    is_answered: Arc<AtomicBool>,
}

impl Responder {
    pub(crate) fn none(socket: &Socket) -> Self {
        Self::new(socket, None)
    }

    pub(crate) fn new(socket: &Socket, id: Option<AckId>) -> Self {
        let request = id.map(|id| Request { id, is_answered: Arc::default() });
        Self { socket: socket.clone(), request }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.request.is_some()
    }

    /// Sends the acknowledgement, unless none is wanted or one was sent.
    pub(crate) fn send<T: Serialize + ?Sized>(&self, args: &T) {
        let Some(Request { id, is_answered }) = &self.request else { return };
        if !is_answered.swap(true, Ordering::Relaxed) {
            self.socket.send_ack(*id, args);
        }
    }
}
