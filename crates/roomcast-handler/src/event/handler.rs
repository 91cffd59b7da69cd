//! Functions that handle one event, which the type of their last parameter names.

use std::marker::PhantomData;

use roomcast_socketio::Event;

use super::reply::IntoReplyTo;
use crate::{ArgumentError, Call, FromCall, Handler, Outcome, Side, via};

/// A function that handles the event `E` at the side `S`.
///
/// Its last parameter is the event; up to seven context types stand in front of it. What it returns,
/// or what the returned future ends with, is the reply of the event ([`IntoReplyTo`]). Closures, async
/// closures and `fn` items are handlers.
#[diagnostic::on_unimplemented(
    message = "this function cannot handle a typed event",
    label = "not a handler of an event",
    note = "such a handler is a cloneable function whose last parameter is the event, with up to 7 context types such as `Socket` in front of it",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`"
)]
pub trait EventHandler<S: Side, E, Signature>: Clone + Send + Sync + 'static {
    /// Calls the function, as [`Handler::call`].
    ///
    /// # Errors
    ///
    /// As those of [`Handler::call`].
    fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError>;
}

// One implementation for all functions: the compiler then says which of its conditions fails.
impl<S, E, Function, Parameters, How> EventHandler<S, E, (Parameters, How)> for Function
where
    S: Side,
    E: Event,
    Function: EventFunction<Parameters>,
    Parameters: EventParameters<S, E>,
    Function::Returned: IntoReplyTo<S, E, How>,
{
    fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
        let parameters = Parameters::from_call(call)?;
        Ok(self.invoke(parameters).reply_to(call.responder()))
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
    #[doc(hidden)]
    type Returned;

    #[doc(hidden)]
    fn invoke(self, parameters: Parameters) -> Self::Returned;
}

/// The parameters of a handler: context types, then the event.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a handler of a typed event has no parameters `{Self}`",
    label = "the last parameter is no event",
    note = "the last parameter is the event, a struct with `#[derive(Event)]`; context types such as `Socket` stand in front of it"
)]
pub trait EventParameters<S: Side, E>: Sized {
    #[doc(hidden)]
    fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError>;
}

/// What may stand in front of the event.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler of a typed event",
    label = "no context type",
    note = "the arguments are the fields of the event, which is the last parameter",
    note = "context types: `Socket` and `Ack`; at a server also `Server`, `Namespace`, `Data<T>`, `State<T>`, `Auth<T>`, `Handshake`; at a client also `Manager`"
)]
pub trait EventContext<S: Side>: FromCall<S, via::Context> {}

#[diagnostic::do_not_recommend]
impl<S: Side, T: FromCall<S, via::Context>> EventContext<S> for T {}

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

        impl<S: Side, $($context: EventContext<S>,)* E: Event> EventParameters<S, E> for ($($context,)* E,) {
            fn from_call(call: &mut Call<'_, S>) -> Result<Self, ArgumentError> {
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

/// Makes a handler of a typed event one like the others.
pub fn adapt<S: Side, E: 'static, Signature: 'static>(
    handler: impl EventHandler<S, E, Signature>,
) -> impl Handler<S, Adapted<E, Signature>> {
    Adapter(handler, PhantomData)
}

struct Adapter<H, E, Signature>(H, PhantomData<fn() -> (E, Signature)>);

impl<H: Clone, E, Signature> Clone for Adapter<H, E, Signature> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<S, H, E, Signature> Handler<S, Adapted<E, Signature>> for Adapter<H, E, Signature>
where
    S: Side,
    H: EventHandler<S, E, Signature>,
    E: 'static,
    Signature: 'static,
{
    fn call(self, call: &mut Call<'_, S>) -> Result<Outcome, ArgumentError> {
        self.0.call(call)
    }
}

/// The signature of a handler that [`adapt`] has made.
#[derive(Debug)]
pub struct Adapted<E, Signature>(PhantomData<fn() -> (E, Signature)>);
