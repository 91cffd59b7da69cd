//! What handlers of typed events return.

use std::future::Future;

use roomcast_socketio::{Event, NoReply};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{IntoReply, Outcome, Responder, Side, via};

/// A value that answers the event `E` at the side `S`: its [`Reply`](Event::Reply), or a future of
/// one.
///
/// An event without a reply is answered by `()`, which sends nothing. In each case the handler may
/// return a `Result` instead: `Ok` is the reply, and what `Err` holds is sent in its place, as
/// [`IntoReply`] says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the event `{E}`",
    label = "this handler does not return the reply of `{E}`",
    note = "return what `reply = …` in `#[event(…)]` of `{E}` says, or nothing if there is no `reply`; a future of it or a `Result` with it is fine, too"
)]
pub trait IntoReplyTo<S: Side, E, How> {
    #[doc(hidden)]
    fn reply_to(self, responder: Responder<'_, S>) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<S: Side, E: Event, R: AnswersWith<S, E::Reply>> IntoReplyTo<S, E, via::Now> for R {
    fn reply_to(self, responder: Responder<'_, S>) -> Outcome {
        self.answer(responder);
        Outcome::Done
    }
}

#[diagnostic::do_not_recommend]
impl<S: Side, E: Event, Fut> IntoReplyTo<S, E, via::Later> for Fut
where
    Fut: Future<Output: AnswersWith<S, E::Reply>> + Send + 'static,
{
    fn reply_to(self, responder: Responder<'_, S>) -> Outcome {
        let responder = responder.to_owned();
        Outcome::Waiting(Box::pin(async move { self.await.answer(responder.lend()) }))
    }
}

/// A value that is the reply `Reply`, or stands for one.
#[doc(hidden)]
pub trait AnswersWith<S: Side, Reply> {
    fn answer(self, responder: Responder<'_, S>);
}

impl<S: Side> AnswersWith<S, NoReply> for () {
    fn answer(self, _responder: Responder<'_, S>) {}
}

impl<S: Side, Reply: Serialize> AnswersWith<S, Reply> for Reply {
    fn answer(self, responder: Responder<'_, S>) {
        responder.send(&self);
    }
}

impl<S: Side, Error: IntoReply<S>> AnswersWith<S, NoReply> for Result<(), Error> {
    fn answer(self, responder: Responder<'_, S>) {
        self.reply(responder);
    }
}

impl<S: Side, Reply: Serialize, Error: IntoReply<S>> AnswersWith<S, Reply>
    for Result<Reply, Error>
{
    fn answer(self, responder: Responder<'_, S>) {
        match self {
            Ok(reply) => responder.send(&reply),
            Err(error) => error.reply(responder),
        }
    }
}

/// An event with a reply that can be waited for: each [`Event`] whose [`Reply`](Event::Reply) serde
/// can read.
///
/// # Example
///
/// ```
/// use roomcast::{AckError, Event, ExpectsReply, Socket};
///
/// #[derive(Event)]
/// #[event(name = "name?", reply = String)]
/// struct AskName;
///
/// async fn ask<E: ExpectsReply>(socket: &Socket, event: &E) -> Result<E::Reply, AckError> {
///     socket.emit_event_with_ack(event).await
/// }
///
/// # async fn example(socket: Socket) -> Result<(), AckError> {
/// let name: String = ask(&socket, &AskName).await?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.40.
#[diagnostic::on_unimplemented(
    message = "the event `{Self}` has no reply that can be waited for",
    label = "no reply to wait for",
    note = "add `reply = Type` to its `#[event(…)]`, a type that implements `serde::Deserialize`; `reply = ()` is an acknowledgement without a value"
)]
pub trait ExpectsReply: Event<Reply: DeserializeOwned> {}

#[diagnostic::do_not_recommend]
impl<E: Event<Reply: DeserializeOwned>> ExpectsReply for E {}
