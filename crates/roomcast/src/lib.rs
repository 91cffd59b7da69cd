//! Socket.IO server library: every released `socket.io-client` connects unchanged.
//!
//! ```no_run
//! use roomcast::{Server, Socket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = Server::new();
//!
//!     io.on_connect(|socket: Socket| socket.emit("welcome", socket.id()));
//!     io.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));
//!     io.on("join-room", |socket: Socket, room: String| socket.join(room));
//!     io.on("add", |a: i64, b: i64| a + b); // the return value is the acknowledgement
//!
//!     io.serve("127.0.0.1:3000").await
//! }
//! ```
//!
//! An event's arguments are the handler's parameters, read straight from the packet's text; what
//! the handler returns acknowledges the event. [`Socket`], [`Server`], [`Ack`], [`Data`],
//! [`State`], [`Auth`], [`Handshake`] and [`DisconnectReason`] may stand among the parameters.
//! `emit` is synchronous, needs no `await` and works from any thread.
//!
//! # What it does not do
//!
//! It speaks Socket.IO protocol 5 over Engine.IO 4, which clients since version 3 use. It keeps no
//! messages: who is not connected misses them.
//!
//! # Features
//!
//! - `axum`: [`Handshake::address`] knows the address that `axum::serve` records.

mod broadcast;
mod client;
pub mod engine;
mod error;
mod handler;
mod http;
mod id;
mod namespace;
mod serve;
mod server;
mod socket;
mod typed;
mod wire;

pub use broadcast::{Answers, Broadcast, RemoteSocket};
pub use engine::{OutboxPolicy, Peer, PerMessageDeflate, Transport};
pub use error::{AckError, ArgumentError, EmitError, Refusal, SocketError};
pub use handler::{
    Ack, Auth, Data, FromCall, Handler, HandlerId, IntoReply, Middleware, Reply, State,
};
#[doc(hidden)]
pub use handler::{Call, Outcome, Verdict, via};
pub use id::{InvalidSocketId, SocketId};
pub use namespace::{IntoRooms, Namespace, RoomEvent};
pub use roomcast_socketio::{DecodeError, EncodeError, Map, Number, Spread, Value, value};
pub use serve::{Layer, Listening, ResponseBody, Service};
pub use server::{Server, ServerBuilder, SocketIo};
pub use socket::{Answer, DisconnectReason, Emission, Handshake, Socket, SocketData};

pub use crate::http::{
    client_bundle::{ClientBundle, ClientBundleError},
    compression::{Encoding, HttpCompression},
    cookie::{Cookie, CookieError, Priority, SameSite},
    cors::Cors,
    origin::{CorsOrigin, PatternError},
};
