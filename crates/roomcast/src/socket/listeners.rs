//! Handlers of one socket.

use std::panic::AssertUnwindSafe;

use super::Socket;
use crate::client::{Command, span};
use crate::handler::{
    Call, Context, Handler, HandlerId, Listeners, Middleware, Outcome, Place, Responder, Slot,
};
use crate::wire::Outgoing;

/// Handlers of this socket alone. They run after those of the namespace; both run in the order in
/// which they were added.
///
/// They may own the socket itself: once its disconnect handlers have run, all of them are dropped,
/// and none is added any more.
///
/// Spec: features 3.1–3.3.
impl Socket {
    /// Calls `handler` for each `event` of this client. Its return value is the acknowledgement.
    ///
    /// Handlers of the [namespace](crate::Namespace::on) are made once for all clients; those of a
    /// socket may own what belongs to it.
    ///
    /// As in the official server, `disconnecting` is [`on_disconnecting`](Self::on_disconnecting)
    /// and `disconnect` is [`on_disconnect`](Self::on_disconnect). `error` is an event like any
    /// other: [`on_error`](Self::on_error) has no name.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("subscribe", |socket: Socket, topic: String| {
    ///     let stop = format!("stop:{topic}");
    ///     socket.join(topic.as_str());
    ///     socket.on(&stop, move |socket: Socket| socket.leave(topic));
    /// });
    /// ```
    ///
    /// Spec: features 3.1, 3.7.
    pub fn on<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::of_socket(event), Place::Last, handler)
    }

    /// Calls `handler` for the next `event` of this client only.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| {
    ///     socket.once("ready", |socket: Socket| socket.emit("start", ()));
    /// });
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn once<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add_once(Slot::of_socket(event), handler)
    }

    /// Removes all handlers that this socket has for `event`; those of the namespace stay. Names
    /// mean what they mean in [`on`](Self::on).
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.off("tick");
    /// # }
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn off(&self, event: &str) {
        self.0.listeners.clear(Slot::of_socket(event));
    }

    /// Removes one handler of this socket, of whatever kind. An id that is unknown does nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// let tick = socket.on("tick", || println!("tick"));
    /// socket.off_handler(tick);
    /// # }
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn off_handler(&self, id: HandlerId) {
        self.0.listeners.remove(id);
    }

    /// Removes the handlers that this socket has for events; hooks such as
    /// [`on_disconnect`](Self::on_disconnect), and middleware, stay.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.on("tick", || println!("tick"));
    /// socket.off_all();
    /// assert!(socket.event_names().is_empty());
    /// # }
    /// ```
    ///
    /// Spec: features 3.1.
    pub fn off_all(&self) {
        self.0.listeners.clear_events();
    }

    /// Returns the events for which this socket has handlers, in no particular order.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.on("tick", || println!("tick"));
    /// assert_eq!(socket.event_names(), ["tick"]);
    /// # }
    /// ```
    ///
    /// Spec: features 3.1.
    #[must_use]
    pub fn event_names(&self) -> Vec<String> {
        self.0.listeners.event_names()
    }

    /// Calls `handler` before the other handlers of every event, with the event's name as the first
    /// argument.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::{Socket, Spread, Value};
    /// # fn example(socket: Socket) {
    /// socket.on_any(|event: String, Spread(args): Spread<Value>| println!("{event} {args:?}"));
    /// # }
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn on_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Any, Place::Last, handler)
    }

    /// Calls `handler` as [`on_any`](Self::on_any) does, before those that were added earlier.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.prepend_any(|event: String| println!("first of all: {event}"));
    /// # }
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn prepend_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Any, Place::First, handler)
    }

    /// Removes all handlers that [`on_any`](Self::on_any) and [`prepend_any`](Self::prepend_any)
    /// have added.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.off_any();
    /// # }
    /// ```
    ///
    /// Spec: features 3.2.
    pub fn off_any(&self) {
        self.0.listeners.clear(Slot::Any);
    }

    /// Counts the handlers of [`on_any`](Self::on_any) that this socket has: the length of
    /// `listenersAny()` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.on_any(|event: String| println!("{event}"));
    /// assert_eq!(socket.listeners_any_count(), 1);
    /// # }
    /// ```
    ///
    /// Spec: features 3.2.
    #[must_use]
    pub fn listeners_any_count(&self) -> usize {
        self.0.listeners.table().entries(Slot::Any).len()
    }

    /// Calls `handler` for every event that is sent to this client, broadcasts included, with the
    /// event's name as the first argument. It runs where the event is sent.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::{Socket, Spread, Value};
    /// # fn example(socket: Socket) {
    /// socket.on_any_outgoing(|event: String, Spread(args): Spread<Value>| {
    ///     println!("sent: {event} {args:?}");
    /// });
    /// # }
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn on_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::AnyOutgoing, Place::Last, handler)
    }

    /// Calls `handler` as [`on_any_outgoing`](Self::on_any_outgoing) does, before those that were
    /// added earlier.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.prepend_any_outgoing(|event: String| println!("sent: {event}"));
    /// # }
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn prepend_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::AnyOutgoing, Place::First, handler)
    }

    /// Removes all handlers that [`on_any_outgoing`](Self::on_any_outgoing) and
    /// [`prepend_any_outgoing`](Self::prepend_any_outgoing) have added.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.off_any_outgoing();
    /// # }
    /// ```
    ///
    /// Spec: features 3.3.
    pub fn off_any_outgoing(&self) {
        self.0.listeners.clear(Slot::AnyOutgoing);
    }

    /// Counts the handlers of [`on_any_outgoing`](Self::on_any_outgoing) that this socket has: the length of
    /// `listenersAnyOutgoing()` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.on_any_outgoing(|event: String| println!("{event}"));
    /// assert_eq!(socket.listeners_any_outgoing_count(), 1);
    /// # }
    /// ```
    ///
    /// Spec: features 3.3.
    #[must_use]
    pub fn listeners_any_outgoing_count(&self) -> usize {
        self.0.listeners.table().entries(Slot::AnyOutgoing).len()
    }

    /// Calls `handler` when the socket is being disconnected and still has its rooms.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("play", |socket: Socket, game: String| {
    ///     socket.join(game.as_str());
    ///     socket.on_disconnecting(move |socket: Socket| {
    ///         socket.to(game).emit("gave-up", socket.id());
    ///     });
    /// });
    /// ```
    ///
    /// Spec: features 3.7.
    pub fn on_disconnecting<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::Disconnecting, Place::Last, handler)
    }

    /// Calls `handler` when the socket has been disconnected and has no rooms any more.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{DisconnectReason, Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("upload", |socket: Socket, file: String| {
    ///     socket.on_disconnect(move |reason: DisconnectReason| println!("{file}: {reason}"));
    /// });
    /// ```
    ///
    /// Spec: features 3.7.
    pub fn on_disconnect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Disconnect, Place::Last, handler)
    }

    /// Calls `handler` for each [`SocketError`](crate::SocketError) of this socket.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::{Socket, SocketError};
    /// # fn example(socket: Socket) {
    /// socket.on_error(|error: SocketError| eprintln!("{error}"));
    /// # }
    /// ```
    ///
    /// Spec: features 3.9.
    pub fn on_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Error, Place::Last, handler)
    }

    /// Asks `middleware` before the handlers of every event, with the event's name as the first
    /// argument: `socket.use` in JavaScript. A refusal goes to [`on_error`](Self::on_error).
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::Socket;
    /// # fn example(socket: Socket) {
    /// socket.middleware(|event: String| match event.as_str() {
    ///     "admin" => Err("not allowed"),
    ///     _ => Ok(()),
    /// });
    /// # }
    /// ```
    ///
    /// Spec: features 2.13.
    pub fn middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.0.listeners.add_event_middleware(middleware);
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    /// Whether events to this client have somebody to be shown to.
    pub(crate) fn has_outgoing_listeners(&self) -> bool {
        self.watches_outgoing() || self.namespace().listeners().has_outgoing()
    }

    /// Whether this socket has listeners of its own for what is sent.
    pub(crate) fn watches_outgoing(&self) -> bool {
        self.0.listeners.has_outgoing()
    }

    /// Shows an event to those who want to see what is sent.
    pub(crate) fn notify_outgoing(&self, packet: &Outgoing) {
        if self.has_outgoing_listeners() {
            self.call_outgoing(packet);
        }
    }

    fn call_outgoing(&self, outgoing: &Outgoing) {
        let Ok(Some(packet)) = outgoing.packet(self.namespace().parser()) else {
            tracing::error!("a packet of the server's own cannot be read");
            return;
        };
        let tables = [Some(self.namespace().table()), self.own_table()];
        for entry in tables
            .iter()
            .flatten()
            .flat_map(|table| table.entries(Slot::AnyOutgoing))
        {
            let Some(handler) = entry.claim() else {
                continue;
            };
            let mut call = Call::named_event(Context::of(self), &packet, Responder::nobody());
            let span = span::of(self, Slot::AnyOutgoing);
            let calling = || std::panic::catch_unwind(AssertUnwindSafe(|| handler.call(&mut call)));
            match span.in_scope(calling) {
                Ok(Ok(Outcome::Done)) => {}
                Ok(Ok(Outcome::Waiting(work))) => {
                    let work = span::over(span, work);
                    self.connection()
                        .command(Command::Drive(self.clone(), work));
                }
                Ok(Err(error)) => tracing::warn!(%error, "an outgoing handler was not called"),
                Err(_) => tracing::error!("an outgoing handler panicked"),
            }
        }
    }
}
