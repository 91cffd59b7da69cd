//! Handlers and middleware of a namespace.

use std::sync::Arc;

use super::{Namespace, RoomEvent};
use crate::handler::{Handler, HandlerId, Middleware, Place, Slot};

/// Handlers of all sockets of the namespace. They may be added at any time; those of one event run
/// in the order in which they were added.
impl Namespace {
    /// Calls `handler` for each new socket, after the client was told that it is connected.
    pub fn on_connect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Connect, Place::Last, handler)
    }

    /// Calls `handler` for each `event` of any socket. Its return value is the acknowledgement.
    pub fn on<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::Event(event), Place::Last, handler)
    }

    /// Removes all handlers of `event`.
    pub fn off(&self, event: &str) {
        self.listeners().clear(Slot::Event(event));
    }

    /// Removes one handler, of whatever kind.
    pub fn off_handler(&self, id: HandlerId) {
        self.listeners().remove(id);
    }

    /// Calls `handler` before the other handlers of every event, with the event's name as the first
    /// argument.
    pub fn on_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Any, Place::Last, handler)
    }

    /// Calls `handler` for every event that is sent to any socket, once for each receiver, with the
    /// event's name as the first argument.
    pub fn on_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::AnyOutgoing, Place::Last, handler)
    }

    /// Calls `handler` when a socket is being disconnected and still has its rooms.
    pub fn on_disconnecting<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::Disconnecting, Place::Last, handler)
    }

    /// Calls `handler` when a socket has been disconnected and has no rooms any more.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{DisconnectReason, Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_disconnect(|socket: Socket, reason: DisconnectReason| println!("{} {reason}", socket.id()));
    /// ```
    pub fn on_disconnect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Disconnect, Place::Last, handler)
    }

    /// Calls `handler` for each [`SocketError`](crate::SocketError) of any socket. Without such a
    /// handler errors are logged.
    pub fn on_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Error, Place::Last, handler)
    }

    /// Asks `middleware` before a client is let in: `nsp.use` in JavaScript. Middlewares run one
    /// after the other, and the first refusal ends the client's attempt.
    pub fn middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.listeners().add_connection_middleware(middleware);
    }

    /// Asks `middleware` before the handlers of every event of every socket, with the event's name
    /// as the first argument. A refusal goes to [`on_error`](Self::on_error).
    pub fn event_middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.listeners().add_event_middleware(middleware);
    }

    /// Calls `hook` whenever a room is created or deleted, joined or left.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{RoomEvent, Server};
    ///
    /// let io = Server::new();
    /// io.on_room(|event| {
    ///     if let RoomEvent::Join { room, id } = event {
    ///         println!("{id} joined {room}");
    ///     }
    /// });
    /// ```
    pub fn on_room(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        self.on_room_event(Arc::new(hook));
    }
}
