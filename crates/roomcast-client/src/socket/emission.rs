//! Emitting with options.

use std::time::Duration;

use roomcast_socketio::client::{self, AckToken, Content};
use roomcast_socketio::{Args, EventName, Packet};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Acknowledgement, Socket};
use crate::error::{AckError, EmitError};
use crate::manager::AckWaiter;

/// How the next event is emitted.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// # async fn example(socket: roomcast_client::Socket) -> Result<(), Box<dyn std::error::Error>> {
/// socket.volatile().emit("position", (3, 4));
/// let name: String = socket.timeout(Duration::from_secs(5)).emit_with_ack("name?", ()).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before it is emitted"]
#[derive(Clone, Debug)]
pub struct Emission {
    socket: Socket,
    timeout: Option<Duration>,
    is_volatile: bool,
    is_compressed: bool,
}

impl Emission {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            timeout: None,
            is_volatile: false,
            is_compressed: true,
        }
    }

    /// The event is dropped if it cannot leave at once.
    pub fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// How long the event waits for its acknowledgement.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The event is not compressed by the transport.
    pub fn without_compression(mut self) -> Self {
        self.is_compressed = false;
        self
    }

    /// Sends an event, as [`Socket::emit`].
    pub fn emit<'e>(self, event: impl Into<EventName<'e>>, args: impl Serialize) {
        let event = event.into();
        if let Err(error) = self.start(event.clone(), &args, None) {
            let event = event.to_text();
            tracing::error!(%event, %error, "event not sent");
        }
    }

    /// Sends an event, as [`Socket::try_emit`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::try_emit`].
    pub fn try_emit<'e>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        self.start(event.into(), &args, None).map(|_| ())
    }

    /// Sends an event and waits for the answer, as [`Socket::emit_with_ack`].
    pub fn emit_with_ack<'e, T: DeserializeOwned + Send + 'static>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Acknowledgement<T> {
        let socket = self.socket.clone();
        Acknowledgement::new(socket, |waiter| {
            self.start(event.into(), &args, Some(waiter))
        })
    }

    /// Sends an event and calls `callback` with the answer, as [`Socket::emit_with_callback`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::try_emit`].
    pub fn emit_with_callback<'e>(
        self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
        callback: impl FnOnce(Result<Args<'_>, AckError>) + Send + 'static,
    ) -> Result<(), EmitError> {
        let waiter: AckWaiter = Box::new(move |answer| {
            callback(answer.map(Packet::args).map_err(AckError::from));
        });
        self.start(event.into(), &args, Some(waiter)).map(|_| ())
    }

    fn start(
        self,
        event: EventName<'_>,
        args: &(impl Serialize + ?Sized),
        waiter: Option<AckWaiter>,
    ) -> Result<Option<AckToken>, EmitError> {
        let manager = self.socket.shared();
        let mut emission = client::Emission::new(Content::event(manager.parser(), event, args)?);
        emission.wants_ack = waiter.is_some();
        emission.timeout = self.timeout;
        emission.is_volatile = self.is_volatile;
        emission.is_compressed = self.is_compressed;
        let key = self.socket.key();
        Ok(manager.update(|state, now| state.emit(now, key, emission, waiter))?)
    }
}
