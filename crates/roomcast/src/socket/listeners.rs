//! Handlers of one socket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use roomcast_socketio::Decoder;

use super::Socket;
use crate::client::Command;
use crate::handler::{Call, Handler, HandlerId, Middleware, Outcome, Place, Responder, Slot};
use crate::wire::Outgoing;

/// Handlers of this socket alone. They run after those of the namespace; both run in the order in
/// which they were added.
///
/// Spec: features 3.1–3.3.
impl Socket {
    /// Calls `handler` for each `event` of this client.
    pub fn on<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::Event(event), Place::Last, handler)
    }

    /// Calls `handler` for the next `event` of this client only.
    pub fn once<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add_once(Slot::Event(event), handler)
    }

    /// Removes all handlers that this socket has for `event`.
    pub fn off(&self, event: &str) {
        self.0.listeners.clear(Slot::Event(event));
    }

    /// Removes one handler of this socket, of whatever kind.
    pub fn off_handler(&self, id: HandlerId) {
        self.0.listeners.remove(id);
    }

    /// Removes the handlers that this socket has for events.
    pub fn off_all(&self) {
        self.0.listeners.clear_events();
    }

    /// The events for which this socket has handlers.
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
    pub fn on_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Any, Place::Last, handler)
    }

    /// As [`on_any`](Self::on_any), before those that were added earlier.
    pub fn prepend_any<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Any, Place::First, handler)
    }

    /// Removes all handlers that [`on_any`](Self::on_any) has added.
    pub fn off_any(&self) {
        self.0.listeners.clear(Slot::Any);
    }

    /// Calls `handler` for every event that is sent to this client, broadcasts included, with the
    /// event's name as the first argument. It runs where the event is sent.
    pub fn on_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::AnyOutgoing, Place::Last, handler)
    }

    /// As [`on_any_outgoing`](Self::on_any_outgoing), before those that were added earlier.
    pub fn prepend_any_outgoing<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::AnyOutgoing, Place::First, handler)
    }

    /// Removes all handlers that [`on_any_outgoing`](Self::on_any_outgoing) has added.
    pub fn off_any_outgoing(&self) {
        self.0.listeners.clear(Slot::AnyOutgoing);
    }

    /// Calls `handler` when the socket is being disconnected and still has its rooms.
    pub fn on_disconnecting<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0
            .listeners
            .add(Slot::Disconnecting, Place::Last, handler)
    }

    /// Calls `handler` when the socket has been disconnected and has no rooms any more.
    pub fn on_disconnect<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Disconnect, Place::Last, handler)
    }

    /// Calls `handler` for each [`SocketError`](crate::SocketError) of this socket.
    pub fn on_error<S: 'static>(&self, handler: impl Handler<S>) -> HandlerId {
        self.0.listeners.add(Slot::Error, Place::Last, handler)
    }

    /// Asks `middleware` before the handlers of every event, with the event's name as the first
    /// argument: `socket.use` in JavaScript. A refusal goes to [`on_error`](Self::on_error).
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::{Refusal, Socket};
    /// # fn example(socket: Socket) {
    /// socket.middleware(|event: String| match event.as_str() {
    ///     "admin" => Err("not allowed"),
    ///     _ => Ok(()),
    /// });
    /// # }
    /// ```
    pub fn middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        self.0.listeners.add_event_middleware(middleware);
    }

    /// Whether events to this client have somebody to be shown to.
    pub(crate) fn has_outgoing_listeners(&self) -> bool {
        !self.own_table().entries(Slot::AnyOutgoing).is_empty()
            || !self
                .namespace()
                .table()
                .entries(Slot::AnyOutgoing)
                .is_empty()
    }

    /// Shows an event to those who want to see what is sent.
    pub(crate) fn notify_outgoing(&self, packet: &Outgoing) {
        if self.has_outgoing_listeners() {
            self.call_outgoing(packet);
        }
    }

    fn call_outgoing(&self, outgoing: &Outgoing) {
        let mut decoder = Decoder::new(crate::client::own_packet_limits());
        let mut packet = decoder.text(outgoing.packet_text());
        for attachment in outgoing.attachments() {
            packet = decoder.binary(attachment);
        }
        let Ok(Some(packet)) = packet else {
            tracing::error!("a packet of the server's own cannot be read");
            return;
        };
        let tables = [self.namespace().snapshot(), Arc::clone(&self.own_table())];
        for entry in tables
            .iter()
            .flat_map(|table| table.entries(Slot::AnyOutgoing))
        {
            let Some(handler) = entry.claim() else {
                continue;
            };
            let mut call = Call::named_event(self, &packet, Responder::new(self, None));
            match std::panic::catch_unwind(AssertUnwindSafe(|| handler.call(&mut call))) {
                Ok(Ok(Outcome::Done)) => {}
                Ok(Ok(Outcome::Waiting(work))) => {
                    self.connection()
                        .command(Command::Drive(self.clone(), work));
                }
                Ok(Err(error)) => tracing::warn!(%error, "an outgoing handler was not called"),
                Err(_) => tracing::error!("an outgoing handler panicked"),
            }
        }
    }
}
