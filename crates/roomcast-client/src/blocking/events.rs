//! Events as an iterator.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::WaitError;
use super::thread::{deadline, wait};
use crate::socket::{self, SocketEvent};

/// The events of a socket, one after the other: an iterator that waits for the next one.
///
/// It is the blocking form of [`crate::Events`], with the same limits and rules: it goes on through
/// reconnections and ends when the connection's last [`Socket`](super::Socket) and
/// [`Manager`](super::Manager) is dropped, in another thread. [`next_timeout`](Self::next_timeout) waits
/// no longer than that, [`try_next`](Self::try_next) does not wait.
///
/// In a handler it cannot wait, and ends where it would have to; that is logged.
///
/// # Example
///
/// ```
/// use roomcast_client::blocking::Socket;
///
/// fn follow(socket: &Socket) {
///     for event in socket.events() {
///         match &*event.name() {
///             "name?" => event.answer("Ada"),
///             "bye" => break,
///             other => println!("{other} with {} arguments", event.args().len()),
///         }
///     }
/// }
/// ```
#[must_use = "events are taken from it"]
#[derive(Debug)]
pub struct Events(pub(super) socket::Events);

impl Events {
    /// Waits for the next event, as long as `timeout`; `None` once there is no more to come.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] if none came in time, [`WaitError::InHandler`] in a handler.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast_client::blocking::{Socket, WaitError};
    ///
    /// fn is_quiet(socket: &Socket) -> bool {
    ///     let mut events = socket.events();
    ///     matches!(events.next_timeout(Duration::from_secs(5)), Err(WaitError::TimedOut))
    /// }
    /// ```
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<SocketEvent>, WaitError> {
        self.next_until(deadline(timeout))
    }

    /// Returns the next event if it has come already.
    pub fn try_next(&mut self) -> Option<SocketEvent> {
        self.0.next().now_or_never().flatten()
    }

    /// Returns how many events were left out so far because too many waited.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    fn next_until(&mut self, until: Option<Instant>) -> Result<Option<SocketEvent>, WaitError> {
        match self.0.next().now_or_never() {
            Some(next) => Ok(next),
            None => wait(until, self.0.next()),
        }
    }
}

impl Iterator for Events {
    type Item = SocketEvent;

    fn next(&mut self) -> Option<SocketEvent> {
        self.next_until(None).unwrap_or_else(|error| {
            tracing::error!(%error, "no event is waited for");
            None
        })
    }
}
