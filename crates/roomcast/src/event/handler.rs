//! Functions that handle one event, which the type of their last parameter names.

use roomcast_handler::adapt;
use roomcast_socketio::Event;

use crate::handler::{HandlerId, Place, ServerSide, Slot};
use crate::namespace::Namespace;
use crate::socket::Socket;

/// A function that handles the event `E`.
///
/// Its last parameter is the event; up to seven context types, such as [`Socket`], stand in front of
/// it. What it returns, or what the returned future ends with, is the reply of the event
/// ([`IntoReplyTo`]). Closures, async closures and `fn` items are handlers. An event whose arguments
/// cannot be read leaves the handler uncalled and is reported to
/// [`Namespace::on_error`](crate::Namespace::on_error).
///
/// # Example
///
/// ```
/// use roomcast::{Event, Server, Socket};
///
/// #[derive(Event)]
/// #[event(name = "join-room")]
/// struct JoinRoom { room: String }
///
/// #[derive(Event)]
/// #[event(name = "add", reply = i64)]
/// struct Add(i64, i64);
///
/// async fn add(Add(a, b): Add) -> Result<i64, &'static str> {
///     a.checked_add(b).ok_or("too large")
/// }
///
/// let io = Server::new();
/// io.on_event(|socket: Socket, JoinRoom { room }: JoinRoom| socket.join(room));
/// io.on_event(add);
/// ```
///
/// Spec: features 2.40.
#[diagnostic::on_unimplemented(
    message = "this function cannot handle a typed event",
    label = "not a handler of an event",
    note = "such a handler is a cloneable function whose last parameter is the event, with up to 7 context types such as `Socket` in front of it",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`"
)]
pub trait EventHandler<E, Signature>:
    roomcast_handler::EventHandler<ServerSide, E, Signature>
{
}

impl<Function, E, Signature> EventHandler<E, Signature> for Function where
    Function: roomcast_handler::EventHandler<ServerSide, E, Signature>
{
}

/// A value that answers the event `E`: its [`Reply`](Event::Reply), or a future of one.
///
/// An event without a reply is answered by `()`, which sends nothing. In each case the handler may
/// return a `Result` instead: `Ok` is the reply, and what `Err` holds is sent in its place, as
/// [`IntoReply`](crate::IntoReply) says. The type of the reply does not tell the client of that. Where it should know,
/// let the reply itself be the `Result`: `#[event(name = "…", reply = Result<Receipt, String>)]` is
/// sent as serde writes it, `{ "Ok": … }` or `{ "Err": … }`.
///
/// # Example
///
/// ```
/// use roomcast::{Event, Server};
///
/// #[derive(Event)]
/// #[event(name = "divide", reply = Result<i64, String>)]
/// struct Divide(i64, i64);
///
/// #[derive(Event)]
/// #[event(name = "log")]
/// struct Log(String);
///
/// let io = Server::new();
/// io.on_event(|Divide(a, b): Divide| {
///     a.checked_div(b).ok_or_else(|| "no division by zero".to_owned())
/// });
/// io.on_event(|Log(line): Log| println!("{line}"));
/// ```
///
/// Spec: features 2.40.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the event `{E}`",
    label = "this handler does not return the reply of `{E}`",
    note = "return what `reply = …` in `#[event(…)]` of `{E}` says, or nothing if there is no `reply`; a future of it or a `Result` with it is fine, too"
)]
pub trait IntoReplyTo<E, How>: roomcast_handler::IntoReplyTo<ServerSide, E, How> {}

#[diagnostic::do_not_recommend]
impl<T, E, How> IntoReplyTo<E, How> for T where T: roomcast_handler::IntoReplyTo<ServerSide, E, How> {}

impl Namespace {
    /// Calls `handler` for each event of the type of its last parameter, of any socket. Its return
    /// value is the acknowledgement, and the compiler checks that it is the event's reply.
    ///
    /// The event is that of [`on`](Self::on) with its name: handlers of both kinds run in the order
    /// in which they were added, and [`off(E::NAME)`](Self::off) removes both.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Event, Server, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "send-message", reply = u64)]
    /// struct SendMessage { room: String, text: String }
    ///
    /// let io = Server::new();
    /// io.on_event(|socket: Socket, SendMessage { room, text }: SendMessage| {
    ///     let length = text.len() as u64;
    ///     socket.to(room).emit("message", text);
    ///     length
    /// });
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn on_event<E: Event, S: 'static>(&self, handler: impl EventHandler<E, S>) -> HandlerId {
        let slot = Slot::of_namespace(E::NAME);
        self.listeners().add(slot, Place::Last, adapt(handler))
    }
}

/// Handlers of typed events.
impl Socket {
    /// Calls `handler` for each event of the type of its last parameter, of this client; see
    /// [`Namespace::on_event`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Event, Server, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "guess", reply = bool)]
    /// struct Guess(u32);
    ///
    /// let io = Server::new();
    /// io.on("play", |socket: Socket, secret: u32| {
    ///     socket.on_event(move |Guess(number): Guess| number == secret);
    /// });
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn on_event<E: Event, S: 'static>(&self, handler: impl EventHandler<E, S>) -> HandlerId {
        self.listeners()
            .add(Slot::of_socket(E::NAME), Place::Last, adapt(handler))
    }

    /// Calls `handler` for the next event of the type of its last parameter only, of this client.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Event, Server, Socket};
    ///
    /// #[derive(Event)]
    /// #[event(name = "ready")]
    /// struct Ready;
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| {
    ///     socket.once_event(|socket: Socket, _: Ready| socket.emit("start", ()));
    /// });
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn once_event<E: Event, S: 'static>(&self, handler: impl EventHandler<E, S>) -> HandlerId {
        self.listeners()
            .add_once(Slot::of_socket(E::NAME), adapt(handler))
    }
}
