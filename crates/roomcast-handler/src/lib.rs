//! Functions as handlers of events: what the server and the client of Roomcast have in common.
//!
//! Nobody depends on this crate directly: `roomcast` and `roomcast-client` export it, with the
//! parameters that their handlers may have. It knows no socket, runs nothing and keeps no table.
//!
//! A [`Side`] is one of the two ends. It says what a call is about ([`Side::Context`]) and where its
//! answer goes ([`Side::Asker`]); everything else is the same at both:
//!
//! 1. The side makes a [`Call`] of what has happened and calls handlers with it, by
//!    [`AnyHandler::call`].
//! 2. Each parameter of the function is taken out of the call ([`FromCall`]): a context type, or the
//!    next argument of the event.
//! 3. What the function returns ([`IntoReply`]) is the acknowledgement, now or when its future ends.
//!    The first of several answers counts.
//!
//! # Example
//!
//! ```
//! use roomcast::{Server, Socket};
//!
//! let io = Server::new();
//! io.on("join", |socket: Socket, room: String| socket.join(room)); // a context type, an argument
//! io.on("add", |a: i64, b: i64| a + b); // an acknowledgement
//! ```
//!
//! `Spec: features …` in these pages numbers a behaviour of the official server and client; the
//! [list of compatibility] has each number with the tests that prove it.
//!
//! [list of compatibility]: https://github.com/roomcast/roomcast/blob/main/docs/guide/compatibility.md

mod call;
mod error;
mod event;
mod extract;
mod handler;
mod parallel;
mod reply;
mod responder;
mod side;
pub mod via;

pub use call::Call;
pub use error::ArgumentError;
#[doc(hidden)]
pub use error::Subject;
pub use event::{
    Adapted, AnswersWith, EventContext, EventFunction, EventHandler, EventParameters, ExpectsReply,
    IntoReplyTo, adapt,
};
pub use extract::FromCall;
pub use handler::{AnyHandler, BoxFuture, Handler, Outcome, erase};
pub use parallel::parallel;
pub use reply::{IntoReply, Reply};
pub use responder::{Answered, OwnedResponder, Responder};
pub use side::Side;
