//! Sans-IO Engine.IO 3 and 4: packets, payloads, handshake, request check and session state machine.
//!
//! The crate opens no socket, reads no clock, draws no random number and holds no queue of
//! messages. Ids, bytes and `now` are arguments; what must happen next is returned.
//!
//! - [`revision4`] turns bytes into [`Packet`]s and back, one at a time, as a polling payload, or on
//!   a stream of WebTransport; [`revision3`] does so for older clients.
//! - [`Query`] and [`verify`] decide whether a request may reach a session, and a [`Refusal`]
//!   says which HTTP answer it gets otherwise.
//! - [`Handshake`] is the JSON of the open packet.
//! - [`Session`] is the server's side of one client: heartbeat, long-polling, upgrade and close;
//!   [`client::Session`] is the client's side.
//!
//! # The drain loop
//!
//! After each call of [`Session::handle_input`] or [`Session::handle_packet`] the caller empties
//! [`Session::poll_output`], and then writes its own queue if [`Session::writable`] names a place:
//!
//! ```
//! use std::{sync::Arc, time::Instant};
//! use roomcast_engineio::{Config, Input, Output, PollAnswer, Session, Transport};
//!
//! let now = Instant::now(); // only the caller knows the time
//! let mut session = Session::new(now, Arc::new(Config::default()), Transport::Polling);
//! let mut queue = vec!["4hello"];
//! let mut sent = Vec::new();
//!
//! for input in [Input::Poll, Input::Poll] {
//!     session.handle_input(now, input);
//!     while let Some(output) = session.poll_output() {
//!         if let Output::AnswerPoll(answer) = output {
//!             sent.push(answer.body(session.revision()));
//!         }
//!     }
//!     if session.writable().is_some() && !queue.is_empty() {
//!         sent.append(&mut queue);
//!         session.handle_input(now, Input::PollAnswered);
//!     }
//! }
//!
//! assert_eq!(sent, ["4hello"]);
//! assert_eq!(session.writable(), Some(Transport::Polling)); // the second poll waits
//! ```
//!
//! Supported protocol revisions: 3 and 4. A session speaks 4 unless it is made by
//! [`Session::with_revision`].
//!
//! `Spec: features …` in these pages numbers a behaviour of the official server and client; the
//! [list of compatibility] has each number with the tests that prove it.
//!
//! [list of compatibility]: https://github.com/roomcast/roomcast/blob/main/docs/guide/compatibility.md

mod base64_text;
pub mod client;
mod error;
mod handshake;
mod packet;
mod query;
mod refusal;
mod revision;
pub mod revision3;
pub mod revision4;
mod session;
mod text_form;
mod transport;
mod verify;

pub use error::{DecodeError, FrameError, HandshakeError};
pub use handshake::Handshake;
pub use packet::{Message, Packet};
pub use query::Query;
pub use refusal::{BadRequest, ErrorCode, Refusal};
pub use revision::Revision;
pub use session::{
    CloseReason, Config, Input, Output, PollAnswer, RequestFault, Session, TransportError,
};
pub use transport::Transport;
pub use verify::{Admission, Request, RequestKind, verify};
