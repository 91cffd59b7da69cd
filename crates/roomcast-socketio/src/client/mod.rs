//! The client's side: one connection with its namespaces, sans I/O.
//!
//! [`Manager`] decides all that the official client's `Manager` and `Socket` decide: who joins when,
//! what waits, what is sent again, when to try a lost connection again. It opens no connection,
//! reads no clock and calls nobody back: it says what is to be done.
//!
//! # Contract
//!
//! The manager lies behind a lock. Users call it from any thread; one task owns the engine and is
//! the only one that takes outputs.
//! 1. After each call, of whomever, that task takes all of [`Manager::poll_output`] and does what
//!    it says, without the lock. Handlers are called between two outputs, and may call the manager
//!    again: what comes afterwards takes account of it.
//! 2. What is to be sent it takes with [`Manager::poll_packet`], as fast as the engine can write, and
//!    all that is left when it carries out [`Output::CloseEngine`].
//! 3. What the engine reports is handed in by [`engine_opened`](Manager::engine_opened),
//!    [`engine_pinged`](Manager::engine_pinged), [`engine_closed`](Manager::engine_closed),
//!    [`handle_text`](Manager::handle_text) and [`handle_binary`](Manager::handle_binary), and the
//!    next only when `poll_output` has nothing more.
//! 4. [`Manager::handle_timeout`] is called at [`Manager::next_timeout`].
//!
//! # Example
//!
//! ```
//! use std::time::Instant;
//! use roomcast_socketio::client::{Manager, ManagerEvent, Options, Output, SocketOptions};
//!
//! let now = Instant::now();
//! let mut manager = Manager::<String>::new(Options::default(), 1);
//! let socket = manager.add_socket("/", SocketOptions::default());
//! manager.connect(now, socket);
//! let Some(Output::OpenEngine(engine)) = manager.poll_output(now) else { panic!() };
//!
//! manager.engine_opened(engine);
//! assert!(matches!(manager.poll_output(now), Some(Output::Manager(ManagerEvent::Open))));
//! let Some(Output::AskAuth(request)) = manager.poll_output(now) else { panic!() };
//! manager.authorize(request, Ok(None));
//! assert!(matches!(manager.poll_output(now), Some(Output::Send)));
//! let Some(packet) = manager.poll_packet() else { panic!() };
//! let mut text = Vec::new();
//! packet.encode(&mut text)?;
//! assert_eq!(text, b"0");
//!
//! manager.handle_text(now, engine, r#"0{"sid":"x"}"#);
//! assert!(matches!(manager.poll_output(now), Some(Output::Connect { sid, .. }) if &*sid == "x"));
//!
//! let event = manager.handle_text(now, engine, r#"2["greet","Ada"]"#);
//! let Some(Output::Event { packet, .. }) = event else { panic!() };
//! assert_eq!(packet.args().read::<&str>()?, "Ada");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: socket.io-client 4.8.3; features, section 6.

mod acks;
mod backoff;
mod connection;
mod content;
mod deadlines;
mod emit;
mod incoming;
mod manager;
mod outbox;
mod outgoing;
mod output;
mod reason;
mod receive_buffer;
mod recovery;
mod retries;
mod send_buffer;
mod settings;
mod socket;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub use content::Content;
pub use emit::{Emission, LinkState};
pub use manager::Manager;
pub use outgoing::OutgoingPacket;
pub use output::{
    AckToken, Answer, AuthRequest, Closing, EngineKey, ManagerEvent, Output, SocketKey,
};
pub use reason::{
    AckError, CloseReason, ConnectError, Description, DisconnectReason, EmitError, OpenError,
};
pub use settings::{BufferLimits, Options, Overflow, Settings, SocketOptions};
