//! Events to one socket: with options, and with an acknowledgement.

use std::time::Duration;

use roomcast_socketio::{AckId, EventPacket, Header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::{Answer, Socket, Waiting};
use crate::engine::{Pace, SendOptions};
use crate::error::{AckError, EmitError};
use crate::metrics::AckOutcome;
use crate::recovery::Emitted;
use crate::wire;

/// An event to one socket that is still being described.
///
/// # Example
///
/// ```
/// # use std::time::Duration;
/// # use roomcast::{AckError, Socket};
/// # async fn example(socket: Socket) -> Result<(), AckError> {
/// socket.volatile().emit("position", (3, 4));
///
/// let asked = socket.timeout(Duration::from_secs(5));
/// let name: String = asked.emit_with_ack("name?", ()).await?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 3.11.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack`"]
pub struct Emission {
    pub(super) socket: Socket,
    pub(super) options: SendOptions,
    pub(super) timeout: Option<Duration>,
    pub(super) pace: Option<Pace>,
}

impl Socket {
    /// Describes an event that is dropped unless it can leave at once.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.volatile().emit("position", (3, 4));
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn volatile(&self) -> Emission {
        self.emission().volatile()
    }

    /// Describes an event that is sent without compression: `compress(false)` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket, jpeg: bytes::Bytes) {
    /// socket.uncompressed().emit("frame", jpeg);
    /// # }
    /// ```
    ///
    /// Spec: features 2.27.
    pub fn uncompressed(&self) -> Emission {
        self.emission().uncompressed()
    }

    /// Describes an event that waits at most this long for its acknowledgement.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let answer: u8 = socket.timeout(Duration::from_secs(5)).emit_with_ack("6 * 7?", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.28.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.emission().timeout(timeout)
    }

    /// Sends an event and waits for the client's acknowledgement, read as a `T`: a tuple takes
    /// several values, any other type the first one.
    ///
    /// Without [`timeout`](Self::timeout), and without
    /// [`ack_timeout`](crate::ServerBuilder::ack_timeout), it waits until the socket is
    /// disconnected.
    ///
    /// # Errors
    ///
    /// [`AckError`]: not sent, no answer in time, disconnected, or an answer of another type.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{AckError, Server, Socket};
    ///
    /// async fn greet(socket: Socket) -> Result<(), AckError> {
    ///     let name: String = socket.emit_with_ack("name?", ()).await?;
    ///     let (x, y): (f64, f64) = socket.emit_with_ack("position?", "in metres").await?;
    ///     socket.emit("greeting", format!("hello {name} at {x}, {y}"));
    ///     Ok(())
    /// }
    ///
    /// let io = Server::new();
    /// io.on_connect(async |socket: Socket| {
    ///     if let Err(error) = greet(socket).await {
    ///         println!("not greeted: {error}");
    ///     }
    /// });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.29.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        self.emission().emit_with_ack(event, args).await
    }

    /// Sends an event and waits for the client's acknowledgement, whatever its values are.
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack), but never [`AckError::Answer`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let answer = socket.emit_for_answer("anything?", ()).await?;
    /// println!("{} values: {:?}", answer.len(), answer.values());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.29.
    pub async fn emit_for_answer(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answer, AckError> {
        self.emission().emit_for_answer(event, args).await
    }

    pub(crate) fn emission(&self) -> Emission {
        Emission {
            socket: self.clone(),
            options: SendOptions::default(),
            timeout: None,
            pace: None,
        }
    }

    pub(super) fn emit_with<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
        options: SendOptions,
    ) -> Result<(), EmitError> {
        self.emit_packet(event, args, None, None, options)
    }

    pub(super) fn emit_packet<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
        ack: Option<AckId>,
        pace: Option<&Pace>,
        options: SendOptions,
    ) -> Result<(), EmitError> {
        let header = Header {
            namespace: self.namespace().name(),
            ack,
        };
        if let Some(keeper) = self.namespace().keeper() {
            let emitted = Emitted {
                event,
                args,
                ack,
                pace,
                options,
            };
            return keeper.emit_to(self, &emitted);
        }
        let content = EventPacket::new(header, event, args);
        let packet = wire::event(self.namespace().parser(), &content)?;
        if !self.is_connected() {
            return Err(EmitError::Disconnected);
        }
        self.notify_outgoing(&packet);
        self.send_paced(&packet, pace, options).into_result()?;
        self.namespace().meter().emitted(event, 1);
        Ok(())
    }
}

impl Emission {
    /// Drops the event unless it can leave at once.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.uncompressed().volatile().emit("position", (3, 4));
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn volatile(mut self) -> Self {
        self.options.is_volatile = true;
        self
    }

    /// Sends the event without compression.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket, jpeg: bytes::Bytes) {
    /// socket.volatile().uncompressed().emit("frame", jpeg);
    /// # }
    /// ```
    ///
    /// Spec: features 2.27.
    pub fn uncompressed(mut self) -> Self {
        self.options.may_compress = false;
        self
    }

    /// Limits how long the event waits for its acknowledgement. Default:
    /// [`ack_timeout`](crate::ServerBuilder::ack_timeout).
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let asked = socket.uncompressed().timeout(Duration::from_secs(5));
    /// let answer: u8 = asked.emit_with_ack("6 * 7?", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.28.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the event, as [`Socket::emit`].
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.volatile().emit("position", (3, 4));
    /// # }
    /// ```
    ///
    /// Spec: features 3.11.
    pub fn emit(self, event: &str, args: impl Serialize) {
        log(event, self.try_emit(event, args));
    }

    /// Sends the event, as [`Socket::try_emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::try_emit`], and [`EmitError::Dropped`] if the event is volatile and the
    /// transport busy.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// if socket.volatile().try_emit("position", (3, 4)).is_err() {
    ///     println!("{} is slow", socket.id());
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn try_emit(self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        let pace = self.pace.as_ref();
        self.socket
            .emit_packet(event, &args, None, pace, self.options)
    }

    /// Sends the event and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`], and [`EmitError::Dropped`] if the event is volatile and the
    /// transport busy.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let name: String = socket.timeout(Duration::from_secs(5)).emit_with_ack("name?", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.28, 2.29.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        Ok(self.emit_for_answer(event, args).await?.read()?)
    }

    /// Sends the event and waits for the acknowledgement, as [`Socket::emit_for_answer`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_for_answer`].
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let answer = socket.timeout(Duration::from_secs(5)).emit_for_answer("anything?", ()).await?;
    /// assert_eq!(answer.from(), socket.id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.28, 2.29.
    pub async fn emit_for_answer(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answer, AckError> {
        let Self {
            socket,
            options,
            timeout,
            pace,
        } = self;
        let id = socket.namespace().next_ack_id();
        let (sender, answer) = oneshot::channel();
        socket.acks().insert(id, Waiting::One(sender));
        // The entry goes with this future, whichever way it ends.
        let _entry = Entry {
            socket: &socket,
            id,
        };
        socket.emit_packet(event, &args, Some(id), pace.as_ref(), options)?;
        drop(args);
        let meter = socket.namespace().meter();
        let answer = match timeout.or_else(|| socket.server().ack_timeout()) {
            Some(timeout) => {
                let answer = tokio::time::timeout(timeout, answer).await;
                answer.map_err(|_| {
                    meter.acks(AckOutcome::TimedOut, 1);
                    AckError::Timeout
                })?
            }
            None => answer.await,
        };
        let outcome = match answer {
            Ok(_) => AckOutcome::Answered,
            Err(_) => AckOutcome::Disconnected,
        };
        meter.acks(outcome, 1);
        answer.map_err(|_| AckError::Disconnected)
    }
}

struct Entry<'s> {
    socket: &'s Socket,
    id: AckId,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.socket.acks().remove(self.id);
    }
}

/// Reports an emit that nobody looks at.
pub(crate) fn log(event: &str, result: Result<(), EmitError>) {
    match result {
        Ok(()) | Err(EmitError::Disconnected | EmitError::Dropped) => {}
        // The client's fault: it reads too slowly.
        Err(error @ EmitError::Full) => tracing::debug!(event, %error, "event not sent"),
        Err(error @ (EmitError::Encode(_) | EmitError::Parent | EmitError::LogFull)) => {
            tracing::error!(event, %error, "event not sent")
        }
    }
}
