//! The client for programs without an async runtime: sockets whose calls wait.
//!
//! # Example
//!
//! ```no_run
//! use roomcast_client::blocking;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let socket = blocking::connect("http://localhost:3000/chat?room=7")?;
//!     socket.on("add", |a: i64, b: i64| a + b); // the return value answers the server
//!     let mut events = socket.events();
//!
//!     socket.emit("message", "hello");
//!     let members: Vec<String> = socket.emit_with_ack("who is here?", ())?;
//!     println!("{members:?}");
//!     for event in &mut events {
//!         match &*event.name() {
//!             "news" => println!("{}", event.args().read::<&str>()?),
//!             "bye" => break,
//!             _ => {}
//!         }
//!     }
//!
//!     socket.disconnect();
//!     Ok(socket.flushed()?) // all that was emitted has left
//! }
//! ```
//!
//! # How it runs
//!
//! All connections of the process live on one thread, `roomcast-client`, which is started with the
//! first of them. What waits may be called from every other thread, also from within a tokio runtime:
//! it holds up the thread that calls, and nothing else. Options are those of
//! [`Builder`], whose [`connect_blocking`](crate::Builder::connect_blocking) ends here.
//!
//! # Handlers
//!
//! They are those of the async API, with the same parameters; as [`Socket`] and [`Manager`] they may take
//! those of this module, too. They run on the thread of the connections, one at a time, so what takes
//! long has its place in a loop over [`Socket::events`], or in a thread of its own that gets the
//! [`Ack`](crate::Ack). A handler that waits for an answer is async. A blocking call in a handler would
//! wait for itself: it fails at once ([`WaitError::InHandler`], [`EmitError::InHandler`]) and sends
//! nothing.
//!
//! # Ends
//!
//! When the last [`Socket`] and [`Manager`] of a connection is dropped, all its namespaces are disconnected
//! and the connection is closed, in the background; what was emitted leaves before, if the program
//! lives on. [`Socket::flushed`] waits for that. A handler that captures such a handle of its own
//! connection keeps it open; the one it takes as a parameter does not.
//!
//! [`EmitError::InHandler`]: crate::EmitError::InHandler

mod emission;
mod error;
mod events;
mod hold;
mod manager;
mod socket;
mod thread;

pub use emission::Emission;
pub use error::{ConnectedError, FlushError, WaitError};
pub use events::Events;
pub use manager::Manager;
pub use socket::Socket;

use crate::builder::Builder;
use crate::client::Client;
use crate::error::ConfigError;

/// Connects to a server: to the namespace in the URL's path, with the default options. As
/// [`crate::connect`], it returns at once; the connection is opened in the background.
///
/// # Errors
///
/// [`ConfigError`] if the URL cannot be used, or the thread of the connections cannot be started.
///
/// # Example
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let chat = roomcast_client::blocking::connect("https://example.com/chat")?;
/// chat.emit("message", "hello");
/// chat.flushed()?;
/// # Ok(())
/// # }
/// ```
pub fn connect(url: &str) -> Result<Socket, ConfigError> {
    Client::of_process().connect_blocking(url)
}

/// Blocking sockets. They never share a connection with async ones.
impl Client {
    /// Connects to the namespace in the URL's path, as [`connect`].
    ///
    /// # Errors
    ///
    /// As those of [`connect`].
    pub fn connect_blocking(&self, url: &str) -> Result<Socket, ConfigError> {
        self.builder(url).connect_blocking()
    }
}

/// Sockets and managers of [`blocking`](crate::blocking).
impl Builder {
    /// Makes a blocking socket and connects it, as [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an option that cannot be used, or if the thread of the connections cannot be
    /// started.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = roomcast_client::builder("https://example.com/orders")
    ///     .ack_timeout(Duration::from_secs(5))
    ///     .connect_blocking()?;
    /// let number: u64 = socket.emit_with_ack("order", "tea")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_blocking(self) -> Result<Socket, ConfigError> {
        let socket = self.build_blocking()?;
        socket.connect();
        Ok(socket)
    }

    /// Makes a blocking socket without connecting it, as [`build`](Self::build).
    ///
    /// # Errors
    ///
    /// As those of [`connect_blocking`](Self::connect_blocking).
    pub fn build_blocking(self) -> Result<Socket, ConfigError> {
        self.build_at(thread::home()).map(Socket::new)
    }

    /// Makes a blocking manager, as [`manager`](Self::manager).
    ///
    /// # Errors
    ///
    /// As those of [`connect_blocking`](Self::connect_blocking).
    pub fn manager_blocking(self) -> Result<Manager, ConfigError> {
        self.manager_at(thread::home()).map(Manager::new)
    }
}
