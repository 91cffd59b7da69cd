//! Handlers of a socket.

use roomcast_handler::erase;

use super::Socket;
use crate::handler::{AnyHandler, Handler, HandlerId, Place, Slot};

/// Listening. Handlers run in the manager's task, in the order in which things happen and in which they
/// were added. They may be added and removed at any time, also in handlers; one that is added while an
/// event is handled sees the next one.
///
/// A handler that panics, or whose parameters cannot be read, is reported to
/// [`on_error`](Self::on_error), and the connection lives.
///
/// Spec: features 6.25, 6.26.
impl Socket {
    /// Calls `handler` for each `event` of the server. Its return value is the acknowledgement.
    ///
    /// As in the official client, `connect` is [`on_connect`](Self::on_connect), `connect_error` is
    /// [`on_connect_error`](Self::on_connect_error) and `disconnect` is
    /// [`on_disconnect`](Self::on_disconnect); no server sends events of these names.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::Socket;
    /// # fn example(socket: Socket) {
    /// socket.on("moved", |piece: String, x: u8, y: u8| println!("{piece} to {x}, {y}"));
    /// socket.on("name?", || "Ada"); // the answer
    /// socket.on("sum", async |socket: Socket, a: i64, b: i64| {
    ///     let checked = socket.emit_with_ack::<bool>("may I?", ()).await;
    ///     checked.map(|_| a + b)
    /// });
    /// # }
    /// ```
    pub fn on<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::of(event), Place::Last, erase(handler))
    }

    /// Calls `handler` for the next `event` only.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast_client::Socket) {
    /// socket.once("ready", || println!("ready"));
    /// # }
    /// ```
    pub fn once<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.add_once(Slot::of(event), erase(handler))
    }

    /// Removes all handlers of an event. Names mean what they mean in [`on`](Self::on).
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast_client::Socket) {
    /// socket.off("tick");
    /// # }
    /// ```
    pub fn off(&self, event: &str) {
        self.clear(Slot::of(event));
    }

    /// Removes one handler, of whatever kind. An id that is unknown does nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast_client::Socket) {
    /// let tick = socket.on("tick", || println!("tick"));
    /// socket.off_handler(tick);
    /// # }
    /// ```
    pub fn off_handler(&self, id: HandlerId) {
        let removed = self.state.table.lock().remove(id);
        drop(removed);
        self.watch_outgoing();
    }

    /// Removes the handlers of all events. Those of [`on_connect`](Self::on_connect) and the like stay.
    pub fn off_all(&self) {
        let removed = self.state.table.lock().take_events();
        drop(removed);
    }

    /// Calls `handler` before the other handlers of every event, with the event's name as the first
    /// argument.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::{Socket, Spread, Value};
    /// # fn example(socket: Socket) {
    /// socket.on_any(|event: String, Spread(args): Spread<Value>| println!("{event} {args:?}"));
    /// # }
    /// ```
    pub fn on_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::Any, Place::Last, erase(handler))
    }

    /// Calls `handler` as [`on_any`](Self::on_any) does, before those that were added earlier.
    pub fn prepend_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::Any, Place::First, erase(handler))
    }

    /// Removes all handlers that [`on_any`](Self::on_any) and [`prepend_any`](Self::prepend_any) have
    /// added.
    pub fn off_any(&self) {
        self.clear(Slot::Any);
    }

    /// Calls `handler` for every event that is sent, when it is, with the event's name as the first
    /// argument.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::{Socket, Spread, Value};
    /// # fn example(socket: Socket) {
    /// socket.on_any_outgoing(|event: String, Spread(args): Spread<Value>| {
    ///     println!("sent: {event} {args:?}");
    /// });
    /// # }
    /// ```
    pub fn on_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        let id = self.add(Slot::AnyOutgoing, Place::Last, erase(handler));
        self.watch_outgoing();
        id
    }

    /// Calls `handler` as [`on_any_outgoing`](Self::on_any_outgoing) does, before those that were added
    /// earlier.
    pub fn prepend_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        let id = self.add(Slot::AnyOutgoing, Place::First, erase(handler));
        self.watch_outgoing();
        id
    }

    /// Removes all handlers that [`on_any_outgoing`](Self::on_any_outgoing) and
    /// [`prepend_any_outgoing`](Self::prepend_any_outgoing) have added.
    pub fn off_any_outgoing(&self) {
        self.clear(Slot::AnyOutgoing);
        self.watch_outgoing();
    }

    /// Calls `handler` whenever the socket is connected, for the first time or again;
    /// [`is_recovered`](Self::is_recovered) tells then whether the server has restored the session from
    /// before.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::Socket;
    /// # fn example(socket: Socket) {
    /// socket.on_connect(|socket: Socket| {
    ///     if !socket.is_recovered() {
    ///         socket.emit("join-room", "lobby");
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_connect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::Connect, Place::Last, erase(handler))
    }

    /// Calls `handler` whenever the socket could not be connected: because the server refuses it, or
    /// because there is no connection. In the second case it is tried again by itself.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::{ConnectError, Socket};
    /// # fn example(socket: Socket) {
    /// socket.on_connect_error(|error: ConnectError| match error {
    ///     ConnectError::Refused { message, data } => eprintln!("refused: {message}, {data:?}"),
    ///     error => eprintln!("no connection: {error}"),
    /// });
    /// # }
    /// ```
    pub fn on_connect_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::ConnectError, Place::Last, erase(handler))
    }

    /// Calls `handler` whenever the socket is no longer connected.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::{Description, DisconnectReason, Socket};
    /// # fn example(socket: Socket) {
    /// socket.on_disconnect(|reason: DisconnectReason, description: Option<Description>| {
    ///     println!("{reason}: {description:?}");
    /// });
    /// # }
    /// ```
    pub fn on_disconnect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::Disconnect, Place::Last, erase(handler))
    }

    /// Calls `handler` for each [`SocketError`](crate::SocketError) of this socket. Without one they
    /// are logged.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast_client::{Socket, SocketError};
    /// # fn example(socket: Socket) {
    /// socket.on_error(|error: SocketError| eprintln!("{error}"));
    /// # }
    /// ```
    pub fn on_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.add(Slot::Error, Place::Last, erase(handler))
    }

    /// Returns the handlers of an event, in the order in which they are called. Names mean what they
    /// mean in [`on`](Self::on).
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast_client::Socket) {
    /// let tick = socket.on("tick", || println!("tick"));
    /// assert_eq!(socket.listeners("tick"), [tick]);
    /// # }
    /// ```
    #[must_use]
    pub fn listeners(&self, event: &str) -> Vec<HandlerId> {
        self.handlers(Slot::of(event)).ids()
    }

    /// Tells whether an event has handlers. Names mean what they mean in [`on`](Self::on).
    #[must_use]
    pub fn has_listeners(&self, event: &str) -> bool {
        !self.handlers(Slot::of(event)).is_empty()
    }

    /// Returns the handlers of every event, in the order in which they are called. Each stream of
    /// [`events`](Self::events) is one of them.
    #[must_use]
    pub fn listeners_any(&self) -> Vec<HandlerId> {
        self.handlers(Slot::Any).ids()
    }

    /// Returns the handlers of every event that is sent, in the order in which they are called.
    #[must_use]
    pub fn listeners_any_outgoing(&self) -> Vec<HandlerId> {
        self.handlers(Slot::AnyOutgoing).ids()
    }

    pub(crate) fn add(&self, slot: Slot<'_>, place: Place, handler: AnyHandler) -> HandlerId {
        let mut table = self.state.table.lock();
        let list = table.list_mut(slot);
        match place {
            Place::First => list.prepend(handler),
            Place::Last => list.push(handler),
        }
    }

    pub(crate) fn add_once(&self, slot: Slot<'_>, handler: AnyHandler) -> HandlerId {
        self.state.table.lock().list_mut(slot).push_once(handler)
    }

    /// Invariant: what a user's closure holds is dropped without the lock.
    fn clear(&self, slot: Slot<'_>) {
        let removed = self.state.table.lock().take(slot);
        drop(removed);
    }

    /// Tells the core whether someone listens to what is sent.
    fn watch_outgoing(&self) {
        let mut state = self.manager.lock();
        let is_watched = !self.state.table.lock().list(Slot::AnyOutgoing).is_empty();
        state.core.report_outgoing(self.state.key, is_watched);
    }
}
