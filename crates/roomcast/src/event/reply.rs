//! What handlers of typed events return.

use std::future::Future;

use roomcast_socketio::{Event, NoReply};
use serde::Serialize;

use crate::handler::{IntoReply, Outcome, Responder, via};

/// A value that answers the event `E`: its [`Reply`](Event::Reply), or a future of one.
///
/// An event without a reply is answered by `()`, which sends nothing. In each case the handler may
/// return a `Result` instead: `Ok` is the reply, and what `Err` holds is sent in its place, as
/// [`IntoReply`] says. The type of the reply does not tell the client of that. Where it should know,
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
pub trait IntoReplyTo<E, How> {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply_to(self, responder: Responder<'_>) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<E: Event, R: AnswersWith<E::Reply>> IntoReplyTo<E, via::Now> for R {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply_to(self, responder: Responder<'_>) -> Outcome {
        self.answer(responder);
        Outcome::Done
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event, Fut> IntoReplyTo<E, via::Later> for Fut
where
    Fut: Future<Output: AnswersWith<E::Reply>> + Send + 'static,
{
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn reply_to(self, responder: Responder<'_>) -> Outcome {
        let responder = responder.to_owned();
        Outcome::Waiting(Box::pin(async move { self.await.answer(responder.lend()) }))
    }
}

/// A value that is the reply `Reply`, or stands for one.
#[doc(hidden)]
pub trait AnswersWith<Reply> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn answer(self, responder: Responder<'_>);
}

impl AnswersWith<NoReply> for () {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn answer(self, _responder: Responder<'_>) {}
}

impl<Reply: Serialize> AnswersWith<Reply> for Reply {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn answer(self, responder: Responder<'_>) {
        responder.send(&self);
    }
}

impl<Error: IntoReply> AnswersWith<NoReply> for Result<(), Error> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn answer(self, responder: Responder<'_>) {
        self.reply(responder);
    }
}

impl<Reply: Serialize, Error: IntoReply> AnswersWith<Reply> for Result<Reply, Error> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn answer(self, responder: Responder<'_>) {
        match self {
            Ok(reply) => responder.send(&reply),
            Err(error) => error.reply(responder),
        }
    }
}
