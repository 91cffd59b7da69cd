//! Sessions over connections of quinn.
//!
//! A server reads the request for a session and answers it, a client asks and reads the answer; both
//! have [`Streams`] then. No task lives beside that of the caller, and nothing here has a time limit:
//! who waits sets one. Whoever drops a [`Guarded`] connection, or [`Streams`], closes it.

mod guarded;
mod source;
mod streams;

pub use guarded::{Failure, Guarded};
pub use streams::{Parts, SessionError, Streams, finish};
