//! The Engine.IO server on its own: sessions that send and receive messages.
//!
//! The Socket.IO [`Server`](crate::Server) stands on it, as in the official packages. Use it alone
//! where namespaces, events and rooms are not wanted. A closure per session takes each message, in
//! the session's own task; [`Connection`] is the same with a hook for the end.
//!
//! # Example
//!
//! ```no_run
//! use roomcast::engine::{Engine, Message, Socket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let engine = Engine::new(|_: &Socket| {
//!         let mut count = 0; // data of one session
//!         move |socket: &Socket, message: Message<'_>| {
//!             count += 1;
//!             socket.send(message);
//!             socket.send_text(&format!("{count} messages so far"));
//!         }
//!     });
//!     engine.serve("127.0.0.1:3000").await
//! }
//! ```
//!
//! Spec: Engine.IO protocols 3 and 4.

mod application;
mod binary_form;
mod builder;
mod carried;
mod cause;
mod config;
mod connection;
mod deadlines;
mod departure;
mod dialect;
mod draft;
mod duplex;
mod events;
mod flusher;
mod frame;
mod framed;
mod greeting;
mod handle;
mod held_back;
mod mailbox;
mod ordinary;
mod outbox;
mod outgoing;
mod polling;
pub(crate) mod read_buffer;
mod relay;
mod request;
mod respond;
mod runtimes;
mod server;
mod session;
mod sessions;
mod sid;
mod socket;
mod totals;
mod upgrade;
mod websocket;
#[cfg(feature = "webtransport")]
mod webtransport;

pub use application::Message;
pub(crate) use application::{Application, Closing, Readiness};
pub use builder::{Bare, Builder, PerMessageDeflate};
pub use carried::{Accepted, MessageSocket, ReceiveError, SocketMessage};
pub use cause::DisconnectCause;
pub(crate) use cause::Farewell;
pub(crate) use config::Config;
pub use config::ConnectionError;
pub use connection::Connection;
pub use departure::{Departure, NeverLeft};
pub(crate) use draft::Draft;
pub(crate) use flusher::Round;
pub(crate) use frame::Frame;
pub(crate) use handle::{Carrier, Reply};
pub use mailbox::OutboxPolicy;
pub(crate) use mailbox::{Pace, SendOptions, Sent};
pub(crate) use ordinary::{Asks, BYTES, Ordinary, Plain, USUAL_START};
pub use relay::ClusterEngine;
pub use request::{Peer, Request};
pub(crate) use respond::{Answer, Usual, head_too_long};
pub use server::Engine;
pub(crate) use server::{Owner, Shared};
pub(crate) use session::SessionTask;
pub use socket::Socket;
pub use totals::OutboxCounts;
pub(crate) use upgrade::Switch;
pub(crate) use websocket::WebSocket;

pub use roomcast_engineio::{
    BadRequest, CloseReason, ErrorCode, Packet, Refusal, Revision, Transport, TransportError,
};
