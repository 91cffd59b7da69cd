//! Tests for what you build on [`roomcast`]: clients in memory that speak the real protocol.
//!
//! A [`TestServer`] serves a [`Server`](roomcast::Server) without a port, and its [`TestClient`]s
//! connect through every layer that a real client meets: HTTP upgrade, WebSocket frames, Engine.IO
//! and Socket.IO packets. What passes here passes with `socket.io-client`.
//!
//! With the clock paused (`start_paused = true`, from tokio's feature `test-util`) time passes only
//! when nobody has anything left to do: a test of a timeout of an hour takes a millisecond, and its
//! outcome does not depend on how busy the machine is.
//!
//! It is a tool for tests, and panics as an assertion does: with the caller's line, what was
//! expected and what came. It is no client for production.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use roomcast::{Server, Socket};
//! use roomcast_test::TestServer;
//!
//! fn handlers(io: &Server) {
//!     io.on("message", |socket: Socket, text: String| {
//!         socket.broadcast().emit("message", text);
//!         "sent"
//!     });
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)] // in a test: #[tokio::test(start_paused = true)]
//! async fn main() {
//!     let io = Server::new();
//!     handlers(&io);
//!     let server = TestServer::new(&io);
//!     let mut ada = server.connect("/").await;
//!     let mut ben = server.connect("/").await;
//!
//!     let answer: String = ada.emit_with_ack("message", "hello").await;
//!     assert_eq!(answer, "sent");
//!     ben.expect("message", "hello").await;
//!     ada.expect_nothing_for(Duration::from_secs(60)).await;
//! }
//! ```
//!
//! # Protocol revisions
//!
//! Socket.IO 5 over Engine.IO 4, by WebSocket, with the default parser.

mod builder;
mod client;
mod connection;
mod event;
mod handshake;
mod inbox;
mod server;
mod typed;

pub use builder::ClientBuilder;
pub use client::{TestClient, Waiting};
pub use event::{Event, Refused};
pub use server::TestServer;

/// The programs of the documents, compiled.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../docs/guide/testing.md")]
    struct Testing;
}
