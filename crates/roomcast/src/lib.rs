//! A Socket.IO server: every `socket.io-client` of version 3 and later connects to it unchanged.
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
//! the handler returns acknowledges the event. Handlers are closures, async closures or functions.
//! [`Socket`], [`Server`], [`Namespace`], [`Ack`], [`Data`], [`State`], [`Auth`], [`Handshake`] and
//! [`DisconnectReason`] may stand among the parameters. `emit` is synchronous, needs no `await` and
//! works from any thread.
//!
//! # From JavaScript
//!
//! A handler is added once, to the namespace, and serves all of its sockets. `io` is the namespace
//! `/`, as there.
//!
//! | JavaScript | Rust |
//! | --- | --- |
//! | `io.on("connection", (socket) => …)` | [`io.on_connect(\|socket: Socket\| …)`](Namespace::on_connect) |
//! | `socket.on("chat", (room, text) => …)` | [`io.on("chat", \|socket: Socket, room: String, text: String\| …)`](Namespace::on) |
//! | `socket.on("add", (a, b, reply) => reply(a + b))` | [`io.on("add", \|a: i64, b: i64\| a + b)`](Namespace::on) |
//! | `socket.emit("moved", 3, 4)` | [`socket.emit("moved", (3, 4))`](Socket::emit) |
//! | `await socket.timeout(5000).emitWithAck("name?")` | [`socket.timeout(Duration::from_secs(5)).emit_with_ack("name?", ()).await`](Socket::emit_with_ack) |
//! | `socket.broadcast.emit("joined")` | [`socket.broadcast().emit("joined", ())`](Socket::broadcast) |
//! | `socket.to("a").to("b").emit("news", 1)` | [`socket.to(["a", "b"]).emit("news", 1)`](Socket::to) |
//! | `io.except("muted").emit("news", 1)` | [`io.except("muted").emit("news", 1)`](Namespace::except) |
//! | `socket.join("a")`, `socket.leave("a")` | [`socket.join("a")`](Socket::join), [`socket.leave("a")`](Socket::leave) |
//! | `socket.data.name = "Ada"` | [`socket.data().set("name", "Ada")`](SocketData::set), or typed: [`Data`] |
//! | `io.use((socket, next) => …)` | [`io.middleware(\|Auth(auth): Auth<Value>\| …)`](Namespace::middleware) |
//! | `socket.use(([event], next) => …)` | [`socket.middleware(\|event: String\| …)`](Socket::middleware) |
//! | `io.of("/chess")` | [`io.of("/chess")`](Server::of) |
//! | `io.of(/^\/game-\d+$/)` | [`io.of_pattern("^/game-[0-9]+$")`](Server::of_pattern) |
//! | `socket.on("disconnect", (reason) => …)` | [`io.on_disconnect(\|socket: Socket, reason: DisconnectReason\| …)`](Namespace::on_disconnect) |
//! | `socket.disconnect()`, `socket.disconnect(true)` | [`socket.disconnect()`](Socket::disconnect), [`socket.disconnect_and_close()`](Socket::disconnect_and_close) |
//! | `new Server({ cors: { origin: "https://app.example" } })` | [`Server::builder().cors("https://app.example").build()`](Server::builder) |
//!
//! Events can be types, with their name, arguments and reply in one place, for both ends and for
//! TypeScript: [`derive(Event)`](derive@Event), [`Namespace::on_event`], [`Socket::emit_event`].
//!
//! The whole list, option by option and method by method, is in the [guide from JavaScript]. The
//! client is the crate `roomcast-client`.
//!
//! [guide from JavaScript]: https://github.com/roomcast/roomcast/blob/main/docs/guide/from-javascript.md
//!
//! # Serving
//!
//! [`Server::serve`] listens by itself. [`Server::layer`] adds the server to any tower service,
//! such as an axum router, behind whatever TLS acceptor or proxy you have.
//! [`Server::accept_websocket`] takes [WebSockets that another library has opened]. Every buffer
//! that a client feeds has [a limit](https://github.com/roomcast/roomcast/blob/main/docs/guide/limits.md),
//! with an option of [`ServerBuilder`]. What stands in front of it, and how it is stopped, is in the
//! [guide on deploying].
//!
//! [`ServerBuilder::parser`] takes [another parser] than JSON text: MessagePack, or [one of your
//! own](CustomParser).
//!
//! [WebSockets that another library has opened]: https://github.com/roomcast/roomcast/blob/main/docs/guide/other-websockets.md
//! [guide on deploying]: https://github.com/roomcast/roomcast/blob/main/docs/guide/deploying.md
//! [another parser]: https://github.com/roomcast/roomcast/blob/main/docs/guide/parsers.md
//!
//! # What it does not do
//!
//! - Its listener speaks no TLS: that is a proxy's, or an acceptor's of your own in front of
//!   [`Server::layer`]. WebTransport, which is always encrypted, takes a certificate.
//! - Servers of one process form a cluster over a [`cluster::Hub`]. A bus between processes is a
//!   [`cluster::Bus`] to implement; none over a broker is included.
//! - It has no Admin UI.
//! - Options are those of the builder: a running server's cannot be changed.
//! - It keeps no messages, unless [`recovery`] is on: who is not connected misses them.
//!
//! # Features
//!
//! - `axum`: [`Handshake::address`] knows the address that `axum::serve` records. Off by default.
//! - `redb`: what clients miss can be kept in a file; see [`recovery`]. Off by default.
//! - `webtransport`: the module `webtransport`, for clients over HTTP/3. Off by default.
//! - `typescript`: the types of events are written to a file for TypeScript. Off by default.
//! - `metrics`: counters and histograms for the `metrics` crate; see `roomcast::metrics`. Off by
//!   default.
//!
//! # Protocol revisions
//!
//! Socket.IO 5 over Engine.IO 4; with [`allow_eio3`](engine::Builder::allow_eio3) also Socket.IO 4
//! over Engine.IO 3, for [clients 1.x and 2.x]. The behaviour on the wire is that of `socket.io` 4.8.4.
//!
//! [clients 1.x and 2.x]: https://github.com/roomcast/roomcast/blob/main/docs/guide/old-clients.md
//!
//! `Spec: features …` in these pages numbers a behaviour of the official server and client; the
//! [list of compatibility] has each number with the tests that prove it.
//!
//! [list of compatibility]: https://github.com/roomcast/roomcast/blob/main/docs/guide/compatibility.md

mod alarm;
mod broadcast;
mod client;
pub mod cluster;
mod duty;
pub mod engine;
mod error;
mod event;
mod handler;
mod http;
mod id;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "metrics/off.rs"]
mod metrics;
mod namespace;
pub mod parser;
pub mod recovery;
mod serve;
mod server;
mod socket;
mod typed;
#[cfg(feature = "typescript")]
pub mod typescript;
#[cfg(feature = "webtransport")]
pub mod webtransport;
mod wire;

pub use broadcast::{
    Answers, Broadcast, Delivery, FetchedSockets, MissingNodes, RemoteEmission, RemoteSocket,
};
pub use engine::{DisconnectCause, OutboxPolicy, Peer, PerMessageDeflate, Transport};
#[doc(inline)]
pub use error::ArgumentError;
pub use error::{AckError, EmitError, Refusal, SocketError};
pub use event::{EventHandler, IntoReplyTo};
pub use handler::{
    Ack, Auth, Data, FromCall, Handler, HandlerId, IntoReply, Middleware, State, parallel,
};
#[doc(hidden)]
pub use handler::{Asker, Context, OwnedAsker, ServerSide, Verdict};
pub use id::{InvalidSocketId, SocketId};
pub use namespace::{IntoRooms, Namespace, RoomEvent};
#[doc(hidden)]
pub use roomcast_handler::{
    AnswersWith, Call, EventContext, EventFunction, EventParameters, Outcome, via,
};
#[doc(inline)]
pub use roomcast_handler::{ExpectsReply, Reply};
pub use roomcast_macros::Event;
#[doc(hidden)]
pub use roomcast_socketio::__derive;
pub use roomcast_socketio::{
    ArrayBuffer, CustomParser, Date, DecodeError, EncodeError, Event, InvalidDate, Map,
    MapIntoIter, NoReply, Number, Parser, Raw, ReadArguments, Spread, Value, ValueError, value,
};
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

/// The programs of the documents, compiled.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../docs/guide/getting-started.md")]
    struct GettingStarted;

    #[doc = include_str!("../../../docs/guide/old-clients.md")]
    struct OldClients;

    #[doc = include_str!("../../../docs/guide/cluster.md")]
    struct Cluster;

    #[cfg(feature = "redb")]
    #[doc = include_str!("../../../docs/guide/recovery.md")]
    struct Recovery;

    #[doc = include_str!("../../../docs/guide/parsers.md")]
    struct Parsers;

    #[doc = include_str!("../../../docs/guide/other-websockets.md")]
    struct OtherWebSockets;

    #[doc = include_str!("../../../docs/guide/backpressure.md")]
    struct Backpressure;

    #[cfg(feature = "webtransport")]
    #[doc = include_str!("../../../docs/guide/webtransport.md")]
    struct WebTransport;

    #[cfg(feature = "typescript")]
    #[doc = include_str!("../../../docs/guide/typed-events.md")]
    struct TypedEvents;
}
