//! One call of a handler: where its parameters come from and where its answer goes.

use roomcast_socketio::{Args, EventName, Packet, ReadArguments, Value};
use serde::de::DeserializeOwned;

use crate::{ArgumentError, Responder, Side};

/// Everything that a handler's parameters can be made of.
///
/// The event's arguments are taken in order; the context types may stand anywhere between them.
#[derive(Debug)]
pub struct Call<'a, S: Side> {
    context: S::Context<'a>,
    responder: Responder<'a, S>,
    /// The event's name, where it is the first parameter.
    name: Option<EventName<'a>>,
    args: Option<Args<'a>>,
}

impl<'a, S: Side> Call<'a, S> {
    /// A call without arguments, which nobody answers.
    pub fn bare(context: S::Context<'a>) -> Self {
        Self {
            context,
            responder: Responder::nobody(),
            name: None,
            args: None,
        }
    }

    /// A call with these arguments.
    pub fn with_args(context: S::Context<'a>, args: Args<'a>, responder: Responder<'a, S>) -> Self {
        Self {
            context,
            responder,
            name: None,
            args: Some(args),
        }
    }

    /// A call whose parameters are the arguments of an event.
    pub fn event(
        context: S::Context<'a>,
        packet: &'a Packet<'_>,
        responder: Responder<'a, S>,
    ) -> Self {
        Self::with_args(context, packet.args(), responder)
    }

    /// A call whose parameters are the event's name and its arguments.
    pub fn named_event(
        context: S::Context<'a>,
        packet: &'a Packet<'_>,
        responder: Responder<'a, S>,
    ) -> Self {
        Self {
            name: packet.event(),
            ..Self::event(context, packet, responder)
        }
    }

    /// What it is about.
    pub fn context(&self) -> S::Context<'a> {
        self.context
    }

    /// Where the answer goes.
    pub fn responder(&self) -> Responder<'a, S> {
        self.responder
    }

    /// Reads the next argument. Where there is none, `T` is read from `null`, as JavaScript would
    /// pass `undefined`: an `Option` becomes `None`.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] if it is no `T`.
    pub fn next_argument<T: DeserializeOwned>(&mut self) -> Result<T, ArgumentError> {
        if let Some(name) = self.name.take() {
            let name = match name {
                EventName::Number(number) => Value::Number(number),
                name => Value::String(name.to_text().into_owned()),
            };
            return name
                .parse()
                .map_err(|error| ArgumentError::of::<T>(0, &error));
        }
        match &mut self.args {
            Some(args) => args
                .read()
                .map_err(|error| ArgumentError::read::<T>(&error)),
            None => Err(ArgumentError::of::<T>(0, &"there are no arguments here")),
        }
    }

    /// Whether there is another argument.
    pub fn has_more(&self) -> bool {
        self.name.is_some() || self.args.as_ref().is_some_and(|args| !args.is_empty())
    }
}

impl<S: Side> ReadArguments for Call<'_, S> {
    type Error = ArgumentError;

    fn next<T: DeserializeOwned>(&mut self) -> Result<T, ArgumentError> {
        self.next_argument()
    }
}
