//! Functions that handle one event, which the type of their last parameter names.

use std::fmt;
use std::marker::PhantomData;

use roomcast_socketio::{Event, ReadArguments};
use serde::de::DeserializeOwned;

use super::reply::IntoReplyTo;
use crate::error::ArgumentError;
use crate::handler::{Call, FromCall, Handler, HandlerId, Outcome, Place, Slot, via};
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
pub trait EventHandler<E, Signature>: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError>;
}

// One implementation for all functions: the compiler then says which of its conditions fails.
impl<E, Function, Parameters, How> EventHandler<E, (Parameters, How)> for Function
where
    E: Event,
    Function: EventFunction<Parameters>,
    Parameters: EventParameters<E>,
    Function::Returned: IntoReplyTo<E, How>,
{
    fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
        let parameters = Parameters::from_call(call)?;
        Ok(self.invoke(parameters).reply_to(call.responder))
    }
}

/// A function by its parameters, as a tuple.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this function cannot handle a typed event",
    label = "not a handler of an event",
    note = "such a handler is a cloneable function whose last parameter is the event, with up to 7 context types such as `Socket` in front of it",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`"
)]
pub trait EventFunction<Parameters>: Clone + Send + Sync + 'static {
    type Returned;

    fn invoke(self, parameters: Parameters) -> Self::Returned;
}

/// The parameters of a handler: context types, then the event.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a handler of a typed event has no parameters `{Self}`",
    label = "the last parameter is no event",
    note = "the last parameter is the event, a struct with `#[derive(Event)]`; context types such as `Socket` stand in front of it"
)]
pub trait EventParameters<E>: Sized {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError>;
}

/// What may stand in front of the event.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler of a typed event",
    label = "no context type",
    note = "the arguments are the fields of the event, which is the last parameter",
    note = "context types: `Socket`, `Server`, `Namespace`, `Ack`, `Data<T>`, `State<T>`, `Auth<T>`, `Handshake`"
)]
pub trait EventContext: FromCall<via::Context> {}

#[diagnostic::do_not_recommend]
impl<T: FromCall<via::Context>> EventContext for T {}

macro_rules! parameters {
    ($($context:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too")]
        impl<Function, Returned, $($context,)* Last> EventFunction<($($context,)* Last,)> for Function
        where
            Function: FnOnce($($context,)* Last) -> Returned + Clone + Send + Sync + 'static,
        {
            type Returned = Returned;

            fn invoke(self, ($($context,)* last,): ($($context,)* Last,)) -> Returned {
                self($($context,)* last)
            }
        }

        impl<$($context: EventContext,)* E: Event> EventParameters<E> for ($($context,)* E,) {
            fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
                Ok(($($context::from_call(call)?,)* E::read(call)?,))
            }
        }
    };
}

parameters!();
parameters!(A);
parameters!(A, B);
parameters!(A, B, C);
parameters!(A, B, C, D);
parameters!(A, B, C, D, F);
parameters!(A, B, C, D, F, G);
parameters!(A, B, C, D, F, G, H);

impl ReadArguments for Call<'_> {
    type Error = ArgumentError;

    fn next<T: DeserializeOwned>(&mut self) -> Result<T, ArgumentError> {
        self.next_argument()
    }
}

/// A handler of a typed event among the others.
struct Adapter<H, E, Signature>(H, PhantomData<fn() -> (E, Signature)>);

fn adapt<E, S, H: EventHandler<E, S>>(handler: H) -> Adapter<H, E, S> {
    Adapter(handler, PhantomData)
}

impl<H: Clone, E, S> Clone for Adapter<H, E, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<H, E, S> fmt::Debug for Adapter<H, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Adapter")
    }
}

impl<H, E, S> Handler<Adapted<E, S>> for Adapter<H, E, S>
where
    H: EventHandler<E, S>,
    E: 'static,
    S: 'static,
{
    fn call(self, call: &mut Call<'_>) -> Result<Outcome, ArgumentError> {
        self.0.call(call)
    }
}

/// The signature of an [`Adapter`].
struct Adapted<E, S>(PhantomData<fn() -> (E, S)>);

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
