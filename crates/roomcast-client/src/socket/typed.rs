//! Typed events: handlers and emits that take the name, the arguments and the reply from one type.

use roomcast_handler::{ExpectsReply, adapt, erase};
use roomcast_socketio::Event;

use super::{Acknowledgement, Emission, Socket};
use crate::error::EmitError;
use crate::handler::{ClientSide, HandlerId, Place, Slot};

/// A function that handles the event `E`, as at the server.
///
/// Its last parameter is the event; up to seven context types, such as [`Socket`], stand in front of
/// it. What it returns, or what the returned future ends with, is the reply of the event
/// ([`IntoReplyTo`]). An event whose arguments cannot be read leaves the handler uncalled and is
/// reported to [`Socket::on_error`].
///
/// # Example
///
/// ```
/// use roomcast_client::{Event, Socket};
///
/// #[derive(Event)]
/// #[event(name = "moved")]
/// struct Moved { piece: String, to: (u8, u8) }
///
/// #[derive(Event)]
/// #[event(name = "your-turn", reply = String)]
/// struct YourTurn;
///
/// async fn think(_: YourTurn) -> String {
///     "e4".to_owned()
/// }
///
/// # fn example(socket: Socket) {
/// socket.on_event(|socket: Socket, Moved { piece, to }: Moved| println!("{piece} to {to:?}"));
/// socket.on_event(think);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "this function cannot handle a typed event",
    label = "not a handler of an event",
    note = "such a handler is a cloneable function whose last parameter is the event, with up to 7 context types such as `Socket` in front of it",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`"
)]
pub trait EventHandler<E, Signature>:
    roomcast_handler::EventHandler<ClientSide, E, Signature>
{
}

impl<Function, E, Signature> EventHandler<E, Signature> for Function where
    Function: roomcast_handler::EventHandler<ClientSide, E, Signature>
{
}

/// A value that answers the event `E`: its [`Reply`](Event::Reply), a future of one, or a `Result` with
/// it, whose `Err` is sent in its place.
///
/// An event without a reply is answered by `()`, which sends nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the event `{E}`",
    label = "this handler does not return the reply of `{E}`",
    note = "return what `reply = …` in `#[event(…)]` of `{E}` says, or nothing if there is no `reply`; a future of it or a `Result` with it is fine, too"
)]
pub trait IntoReplyTo<E, How>: roomcast_handler::IntoReplyTo<ClientSide, E, How> {}

#[diagnostic::do_not_recommend]
impl<T, E, How> IntoReplyTo<E, How> for T where T: roomcast_handler::IntoReplyTo<ClientSide, E, How> {}

/// Typed events.
impl Socket {
    /// Calls `handler` for each event of the type of its last parameter. Its return value is the
    /// acknowledgement, and the compiler checks that it is the event's reply.
    ///
    /// The event is that of [`on`](Self::on) with its name: handlers of both kinds run in the order in
    /// which they were added, and [`off(E::NAME)`](Self::off) removes both.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{Event, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "message")]
    /// struct Message { room: String, text: String }
    ///
    /// # fn example(socket: Socket) {
    /// socket.on_event(|Message { room, text }: Message| println!("{room}: {text}"));
    /// # }
    /// ```
    pub fn on_event<E: Event, S: 'static>(&self, handler: impl EventHandler<E, S>) -> HandlerId {
        self.add(Slot::of(E::NAME), Place::Last, erase(adapt(handler)))
    }

    /// Calls `handler` for the next event of the type of its last parameter only.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{Event, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "ready")]
    /// struct Ready;
    ///
    /// # fn example(socket: Socket) {
    /// socket.once_event(|socket: Socket, _: Ready| socket.emit("start", ()));
    /// # }
    /// ```
    pub fn once_event<E: Event, S: 'static>(&self, handler: impl EventHandler<E, S>) -> HandlerId {
        self.add_once(Slot::of(E::NAME), erase(adapt(handler)))
    }

    /// Sends a typed event, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{Event, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "upload")]
    /// struct Upload { name: String, content: bytes::Bytes }
    ///
    /// # fn example(socket: Socket, content: bytes::Bytes) {
    /// socket.emit_event(&Upload { name: "cat.png".to_owned(), content });
    /// # }
    /// ```
    pub fn emit_event<E: Event>(&self, event: &E) {
        self.emission().emit_event(event);
    }

    /// Sends a typed event and reports whether that worked, as [`try_emit`](Self::try_emit).
    ///
    /// # Errors
    ///
    /// As those of [`try_emit`](Self::try_emit). The name of a derived event is never refused.
    pub fn try_emit_event<E: Event>(&self, event: &E) -> Result<(), EmitError> {
        self.emission().try_emit_event(event)
    }

    /// Sends a typed event and waits for its reply, as [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As those of [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{AckError, Event, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "sign-in", reply = (String, u32))]
    /// struct SignIn { user: String }
    ///
    /// # async fn example(socket: Socket) -> Result<(), AckError> {
    /// let (token, hours) = socket.emit_event_with_ack(&SignIn { user: "ada".to_owned() }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_event_with_ack<E>(&self, event: &E) -> Acknowledgement<E::Reply>
    where
        E: ExpectsReply<Reply: Send + 'static>,
    {
        self.emission().emit_event_with_ack(event)
    }
}

/// Typed events with options.
impl Emission {
    /// Sends a typed event, as [`Socket::emit_event`].
    pub fn emit_event<E: Event>(self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event and reports whether that worked, as [`Socket::try_emit_event`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::try_emit`].
    pub fn try_emit_event<E: Event>(self, event: &E) -> Result<(), EmitError> {
        self.try_emit(E::NAME, event.args())
    }

    /// Sends a typed event and waits for its reply, as [`Socket::emit_event_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`].
    pub fn emit_event_with_ack<E>(self, event: &E) -> Acknowledgement<E::Reply>
    where
        E: ExpectsReply<Reply: Send + 'static>,
    {
        self.emit_with_ack(E::NAME, event.args())
    }
}
