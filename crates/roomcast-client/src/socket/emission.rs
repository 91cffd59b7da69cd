//! Emitting with options.

use std::future::Future;
use std::time::Duration;

use roomcast_socketio::client::{self, AckToken, Content, Overflow};
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
    when_full: Option<Overflow>,
}

impl Emission {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            timeout: None,
            is_volatile: false,
            is_compressed: true,
            when_full: None,
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

    /// Says what happens if there is no room for the event, whatever the socket's
    /// [policy](crate::SocketConfig::when_full) is.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{Overflow, Socket};
    ///
    /// fn report(socket: &Socket, line: &str) {
    ///     socket.when_full(Overflow::DropOldest).emit("line", line); // it makes room for itself
    /// }
    /// ```
    pub fn when_full(mut self, overflow: Overflow) -> Self {
        self.when_full = Some(overflow);
        self
    }

    /// Sends an event, as [`Socket::emit`].
    pub fn emit<'e>(self, event: impl Into<EventName<'e>>, args: impl Serialize) {
        let event = event.into();
        match self.start(event.clone(), &args, None) {
            // As it was asked for.
            Ok(_) | Err(EmitError::Refused(client::EmitError::Dropped)) => {}
            Err(error) => {
                let event = event.to_text();
                tracing::error!(%event, %error, "event not sent");
            }
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

    /// Sends an event as soon as there is room for it, as [`Socket::emit_async`]. A
    /// [`timeout`](Self::timeout) limits the wait.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_async`], and [`EmitError::NoRoom`] after the timeout.
    ///
    /// # Cancel safety
    ///
    /// An event whose future is dropped while it waits for room is not sent.
    pub fn emit_async<'e, A: Serialize, N: Into<EventName<'e>>>(
        self,
        event: N,
        args: A,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + 'static + use<'e, A, N> {
        let (socket, timeout) = (self.socket.clone(), self.timeout);
        let prepared = self.prepare(event.into(), &args);
        async move {
            let mut emission = Some(prepared?);
            let sending = async {
                loop {
                    let shared = socket.shared();
                    let sent = shared
                        .update(|state, now| state.emit_or_wait(now, socket.key(), &mut emission));
                    match sent {
                        Ok(sent) => return Ok(sent?),
                        // Without an answer the task is gone: then it looks again.
                        Err(room) => drop(room.await),
                    }
                }
            };
            match timeout {
                None => sending.await,
                Some(timeout) => {
                    let sent = tokio::time::timeout(timeout, sending).await;
                    sent.unwrap_or(Err(EmitError::NoRoom))
                }
            }
        }
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
        mut waiter: Option<AckWaiter>,
    ) -> Result<Option<AckToken>, EmitError> {
        let mut emission = self.prepare(event, args)?;
        emission.wants_ack = waiter.is_some();
        let (manager, key) = (self.socket.shared(), self.socket.key());
        Ok(manager.update(|state, now| state.emit(now, key, emission, &mut waiter))?)
    }

    /// The event for the core. Nothing is locked while a user's type is written.
    fn prepare(
        &self,
        event: EventName<'_>,
        args: &(impl Serialize + ?Sized),
    ) -> Result<client::Emission, EmitError> {
        let content = Content::event(self.socket.shared().parser(), event, args)?;
        let mut emission = client::Emission::new(content);
        emission.timeout = self.timeout;
        emission.is_volatile = self.is_volatile;
        emission.is_compressed = self.is_compressed;
        emission.when_full = self.when_full;
        Ok(emission)
    }
}
