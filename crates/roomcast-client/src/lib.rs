//! A Socket.IO client for Socket.IO 3 and 4 servers, async or blocking, with the options and events of
//! the official JavaScript client.
//!
//! It does not speak to Socket.IO 2, and does not run in a browser. The [guide] shows it at work; a
//! [table] has each option, event and method of the official client beside its name here, and says
//! which are not there.
//!
//! [guide]: https://github.com/roomcast/roomcast/blob/main/docs/guide/client.md
//! [table]: https://github.com/roomcast/roomcast/blob/main/docs/guide/client-options.md
//!
//! # Example
//!
//! ```no_run
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let socket = roomcast_client::connect("http://localhost:3000")?;
//!     socket.on("news", |text: String| println!("{text}"));
//!     socket.on("add", |a: i64, b: i64| a + b); // the return value is the acknowledgement
//!     let answer: String = socket.emit_with_ack("hello", "world").await?;
//!     println!("{answer}");
//!     socket.disconnect();
//!     socket.flushed().await.ok();
//!     Ok(())
//! }
//! ```
//!
//! # How it runs
//!
//! Each [`Manager`] has one task, on the tokio runtime of whoever connects, while it is connected or
//! tries to be. Everything else may be called from any thread; nothing blocks. Handlers run in that
//! task, one after the other, and may call anything.
//!
//! # Features
//!
//! - `rustls` (default): TLS by the library in Rust.
//! - `native-tls`: TLS by the platform's library, for those who ask for it by [`Tls::by`], or for all
//!   if `rustls` is off.
//! - `webtransport`: the transport WebTransport, which is always encrypted by rustls.
//! - `blocking`: the module `blocking`, for programs without a runtime.
//!
//! Revisions: Socket.IO protocol 5 over Engine.IO protocol 4, by polling, WebSocket and WebTransport.
//!
//! `Spec: features …` in these pages numbers a behaviour of the official server and client; the
//! [list of compatibility] has each number with the tests that prove it.
//!
//! [list of compatibility]: https://github.com/roomcast/roomcast/blob/main/docs/guide/compatibility.md

mod address;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod connect;
mod dial;
mod engine;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handler;
mod manager;
mod origin;
mod socket;

pub use builder::{Attempt, Builder, PerMessageDeflate, TransportOptions};
pub use client::Client;
pub use connect::{Tls, TlsError, TlsLibrary};
#[doc(hidden)]
pub use dial::Dialer;
pub use error::{
    AckError, ConfigError, ConnectError, Description, EmitError, NotConnected, NotFlushed,
    OpenError, SocketError, TransportError, UrlError,
};
pub use handler::{Ack, FromCall, Handler, HandlerId, IntoReply, parallel};
#[doc(hidden)]
pub use handler::{Asker, ClientSide, Context, OwnedAsker};
pub use manager::{Manager, ManagerEvent};
pub use roomcast_engineio::client::ProbeFailure;
pub use roomcast_engineio::{Handshake, Transport};
#[doc(hidden)]
pub use roomcast_handler::{
    AnswersWith, Call, EventContext, EventFunction, EventParameters, Outcome, via,
};
#[doc(inline)]
pub use roomcast_handler::{ArgumentError, ExpectsReply, Reply};
pub use roomcast_macros::ClientEvent as Event;
#[doc(hidden)]
pub use roomcast_socketio::__derive;
pub use roomcast_socketio::client::{
    BufferLimits, CloseReason, DisconnectReason, EmitError as Refusal, Overflow, Settings,
};
pub use roomcast_socketio::{
    ArgError, Args, CustomParser, EncodeError, Event, EventName, Limits, Map, NoReply, Number,
    Packet, PacketKind, Parser, ReadArguments, Spread, Value, value,
};
pub use socket::{
    Acknowledgement, Emission, EventHandler, Events, IntoReplyTo, Socket, SocketConfig, SocketEvent,
};

/// Connects to a server: to the namespace in the URL's path, with the default options.
///
/// It returns at once; the connection is opened, and opened again, in the background. Events that are
/// emitted meanwhile wait. Namespaces of one server share a connection.
///
/// # Errors
///
/// [`ConfigError`] if the URL cannot be used, or outside of a tokio runtime.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), roomcast_client::ConfigError> {
/// let chat = roomcast_client::connect("https://example.com/chat?room=7")?;
/// chat.emit("message", "hello");
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.11, 6.12.
pub fn connect(url: &str) -> Result<Socket, ConfigError> {
    builder(url).connect()
}

/// Options for a connection to the namespace in the URL's path.
pub fn builder(url: &str) -> Builder {
    Client::of_process().builder(url)
}

/// The programs of the documents, compiled.
#[cfg(doctest)]
mod documents {
    // Its programs are one with the server and one with the client; this crate's tests know both.
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/guide/client.md")]
    struct Guide;

    #[doc = include_str!("../../../docs/guide/client-options.md")]
    struct Options;

    #[doc = include_str!("../../../docs/guide/from-rust-socketio.md")]
    struct Migration;
}
