//! Emitting with options.

use std::time::Duration;

use roomcast_handler::ExpectsReply;
use roomcast_socketio::client::Overflow;
use roomcast_socketio::{Args, Event, EventName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Socket;
use super::thread::{may_wait, wait};
use crate::error::{AckError, EmitError};
use crate::socket;

/// How the next event is emitted: [`crate::Emission`], whose answers are waited for.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// # fn example(socket: roomcast_client::blocking::Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.volatile().emit("position", (3, 4));
/// let name: String = socket.timeout(Duration::from_secs(5)).emit_with_ack("name?", ())?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before it is emitted"]
#[derive(Clone, Debug)]
pub struct Emission {
    emission: socket::Emission,
    /// It keeps the connection.
    socket: Socket,
}

impl Emission {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            emission: (*socket).emission(),
            socket,
        }
    }

    /// As [`crate::Emission::volatile`].
    pub fn volatile(self) -> Self {
        self.with(socket::Emission::volatile)
    }

    /// How long the event waits for its acknowledgement, or for room.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|emission| emission.timeout(timeout))
    }

    /// As [`crate::Emission::without_compression`].
    pub fn without_compression(self) -> Self {
        self.with(socket::Emission::without_compression)
    }

    /// As [`crate::Emission::when_full`].
    pub fn when_full(self, overflow: Overflow) -> Self {
        self.with(|emission| emission.when_full(overflow))
    }

    /// Sends an event, as [`crate::Socket::emit`]. It does not wait.
    pub fn emit<'e>(self, event: impl Into<EventName<'e>>, args: impl Serialize) {
        self.emission.emit(event, args);
    }

    /// Sends an event and reports whether that worked, as [`crate::Socket::try_emit`]. It does not wait.
    ///
    /// # Errors
    ///
    /// As those of [`crate::Socket::try_emit`].
    pub fn try_emit<'e>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        self.emission.try_emit(event, args)
    }

    /// Waits for room and sends an event, as [`Socket::emit_when_room`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_when_room`], and [`EmitError::NoRoom`] after the
    /// [`timeout`](Self::timeout).
    pub fn emit_when_room<'e>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        wait(None, self.emission.emit_async(event, args))?
    }

    /// Sends an event and waits for the answer, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`].
    pub fn emit_with_ack<'e, T: DeserializeOwned + Send + 'static>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        may_wait().map_err(EmitError::from)?;
        let answer = self.emission.emit_with_ack(event, args);
        wait(None, answer).map_err(EmitError::from)?
    }

    /// Sends an event and calls `callback` with the answer, as [`crate::Socket::emit_with_callback`]. It
    /// does not wait.
    ///
    /// # Errors
    ///
    /// As those of [`crate::Socket::try_emit`].
    pub fn emit_with_callback<'e>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
        callback: impl FnOnce(Result<Args<'_>, AckError>) + Send + 'static,
    ) -> Result<(), EmitError> {
        self.emission.emit_with_callback(event, args, callback)
    }

    /// Sends a typed event, as [`crate::Socket::emit_event`]. It does not wait.
    pub fn emit_event<E: Event>(self, event: &E) {
        self.emission.emit_event(event);
    }

    /// Sends a typed event and reports whether that worked, as [`crate::Socket::try_emit_event`]. It does
    /// not wait.
    ///
    /// # Errors
    ///
    /// As those of [`crate::Socket::try_emit`].
    pub fn try_emit_event<E: Event>(self, event: &E) -> Result<(), EmitError> {
        self.emission.try_emit_event(event)
    }

    /// Sends a typed event and waits for its reply, as [`Socket::emit_event_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`].
    pub fn emit_event_with_ack<E>(self, event: &E) -> Result<E::Reply, AckError>
    where
        E: ExpectsReply<Reply: Send + 'static>,
    {
        self.emit_with_ack(E::NAME, event.args())
    }

    fn with(self, change: impl FnOnce(socket::Emission) -> socket::Emission) -> Self {
        Self {
            emission: change(self.emission),
            socket: self.socket,
        }
    }
}
