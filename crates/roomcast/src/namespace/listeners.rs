//! Handlers and middleware of a namespace.

use std::sync::Arc;

use super::{Namespace, RoomEvent};
use crate::handler::{Handler, HandlerId, Middleware, Place, Slot};

/// Handlers of all sockets of the namespace. They may be added at any time; those of one event run
/// in the order in which they were added.
impl Namespace {
    /// Calls `handler` for each new socket, after the client was told that it is connected:
    /// `io.on("connection")` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| {
    ///     socket.join("lobby");
    ///     socket.emit("welcome", socket.id());
    /// });
    /// ```
    ///
    /// Spec: features 2.8.
    pub fn on_connect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Connect, Place::Last, handler)
    }

    /// Calls `handler` for each `event` of any socket. Its return value is the acknowledgement.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("chat", |socket: Socket, text: String| socket.broadcast().emit("chat", text));
    /// io.on("add", |a: i64, b: i64| a + b);
    /// ```
    ///
    /// The names that the official server reserves mean what they mean there: `connection` and
    /// `connect` are [`on_connect`](Self::on_connect), `disconnecting` is
    /// [`on_disconnecting`](Self::on_disconnecting), `disconnect` is
    /// [`on_disconnect`](Self::on_disconnect). `error` is an event like any other:
    /// [`on_error`](Self::on_error) has no name.
    ///
    /// ```
    /// # use roomcast::{DisconnectReason, Server, Socket};
    /// # let io = Server::new();
    /// io.on("connection", |socket: Socket| {
    ///     socket.on("disconnect", |reason: DisconnectReason| println!("{reason}"));
    /// });
    /// ```
    ///
    /// Spec: features 2.8, 3.1, 3.7.
    pub fn on<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::of_namespace(event), Place::Last, handler)
    }

    /// Removes all handlers of `event` that the namespace has; those of single sockets stay. Names
    /// mean what they mean in [`on`](Self::on).
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on("tick", || println!("tick"));
    /// io.off("tick");
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn off(&self, event: &str) {
        self.listeners().clear(Slot::of_namespace(event));
    }

    /// Removes one handler, of whatever kind. An id that is unknown does nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// let greeting = io.on_connect(|socket: roomcast::Socket| socket.emit("welcome", ()));
    /// io.off_handler(greeting);
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn off_handler(&self, id: HandlerId) {
        self.listeners().remove(id);
    }

    /// Calls `handler` before the other handlers of every event, with the event's name as the first
    /// argument.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Spread, Value};
    ///
    /// let io = Server::new();
    /// io.on_any(|event: String, Spread(args): Spread<Value>| println!("{event} {args:?}"));
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn on_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Any, Place::Last, handler)
    }

    /// Calls `handler` as [`on_any`](Self::on_any) does, before those that were added earlier.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.prepend_any(|event: String| println!("first of all: {event}"));
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn prepend_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Any, Place::First, handler)
    }

    /// Removes all handlers that [`on_any`](Self::on_any) and
    /// [`prepend_any`](Self::prepend_any) have added to the namespace; those of single
    /// sockets stay.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_any(|event: String| println!("{event}"));
    /// io.off_any();
    /// assert_eq!(io.listeners_any_count(), 0);
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn off_any(&self) {
        self.listeners().clear(Slot::Any);
    }

    /// Counts the handlers of [`on_any`](Self::on_any) that this namespace has: the length of
    /// `listenersAny()` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_any(|event: String| println!("{event}"));
    /// assert_eq!(io.listeners_any_count(), 1);
    /// ```
    ///
    /// Spec: features 3.2.
    #[must_use]
    pub fn listeners_any_count(&self) -> usize {
        self.listeners().table().entries(Slot::Any).len()
    }

    /// Calls `handler` for every event that is sent to any socket, once for each receiver, with the
    /// event's name as the first argument. It runs where the event is sent.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_any_outgoing(|socket: Socket, event: String| println!("{event} to {}", socket.id()));
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn on_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::AnyOutgoing, Place::Last, handler)
    }

    /// Calls `handler` as [`on_any_outgoing`](Self::on_any_outgoing) does, before those that were
    /// added earlier.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.prepend_any_outgoing(|event: String| println!("sent: {event}"));
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn prepend_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::AnyOutgoing, Place::First, handler)
    }

    /// Removes all handlers that [`on_any_outgoing`](Self::on_any_outgoing) and
    /// [`prepend_any_outgoing`](Self::prepend_any_outgoing) have added to the namespace; those of single
    /// sockets stay.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_any_outgoing(|event: String| println!("{event}"));
    /// io.off_any_outgoing();
    /// assert_eq!(io.listeners_any_outgoing_count(), 0);
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn off_any_outgoing(&self) {
        self.listeners().clear(Slot::AnyOutgoing);
    }

    /// Counts the handlers of [`on_any_outgoing`](Self::on_any_outgoing) that this namespace has: the length of
    /// `listenersAnyOutgoing()` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_any_outgoing(|event: String| println!("{event}"));
    /// assert_eq!(io.listeners_any_outgoing_count(), 1);
    /// ```
    ///
    /// Spec: features 3.3.
    #[must_use]
    pub fn listeners_any_outgoing_count(&self) -> usize {
        self.listeners().table().entries(Slot::AnyOutgoing).len()
    }

    /// Calls `handler` when a socket is being disconnected and still has its rooms.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{DisconnectReason, Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_disconnecting(|socket: Socket, reason: DisconnectReason| {
    ///     for room in socket.rooms() {
    ///         socket.to(room).emit("left", (socket.id(), reason.as_str()));
    ///     }
    /// });
    /// ```
    ///
    /// Spec: features 3.7.
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
    /// io.on_disconnect(|socket: Socket, reason: DisconnectReason| {
    ///     println!("{} {reason}", socket.id());
    /// });
    /// ```
    ///
    /// Spec: features 3.7.
    pub fn on_disconnect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Disconnect, Place::Last, handler)
    }

    /// Calls `handler` for each [`SocketError`](crate::SocketError) of any socket. Where there is
    /// no such handler, errors are logged.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket, SocketError};
    ///
    /// let io = Server::new();
    /// io.on_error(|socket: Socket, error: SocketError| eprintln!("{}: {error}", socket.id()));
    /// ```
    ///
    /// Spec: features 3.9, 3.15.
    pub fn on_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.listeners().add(Slot::Error, Place::Last, handler)
    }

    /// Asks `middleware` before a client is let in: `io.use` in JavaScript.
    ///
    /// Middlewares run one after the other, and the first refusal ends the client's attempt. What
    /// `Ok` holds is the socket's [`Data`](crate::Data).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Auth, Data, Refusal, Server, Value};
    ///
    /// struct User { name: String }
    ///
    /// let io = Server::new();
    /// io.middleware(async |Auth(auth): Auth<Value>| match auth["token"].as_str() {
    ///     Some("secret") => Ok(User { name: "Ada".to_owned() }),
    ///     _ => Err(Refusal::new("unauthorized").with_data(401)),
    /// });
    /// io.on("whoami", |user: Data<User>| user.name.clone());
    /// ```
    ///
    /// Spec: features 2.11, 2.12.
    pub fn middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.listeners().add_connection_middleware(middleware);
    }

    /// Asks `middleware` before the handlers of every event of every socket, with the event's name
    /// as the first argument. A refusal goes to [`on_error`](Self::on_error).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.event_middleware(|socket: Socket, event: String| {
    ///     if event == "chat" && socket.is_in("muted") { Err("you are muted") } else { Ok(()) }
    /// });
    /// ```
    ///
    /// Spec: features 2.13.
    pub fn event_middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.listeners().add_event_middleware(middleware);
    }

    /// Calls `hook` whenever a room is created or deleted, joined or left.
    ///
    /// It runs where the change is made, so it should be short.
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
    ///
    /// Spec: features 2.21.
    pub fn on_room(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        self.on_room_event(Arc::new(hook));
    }
}
