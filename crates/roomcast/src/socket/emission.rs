//! Events to one socket: with options, and with an acknowledgement.

use std::time::Duration;

use roomcast_socketio::{AckId, ArgError, Packet, Spread, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::{Socket, Waiting};
use crate::engine::{SendOptions, Sent};
use crate::error::{AckError, ArgumentError, EmitError};
use crate::id::SocketId;
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
/// let name: String = socket.timeout(Duration::from_secs(5)).emit_with_ack("your-name", ()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack`"]
pub struct Emission {
    socket: Socket,
    options: SendOptions,
    timeout: Option<Duration>,
}

impl Socket {
    /// The next event is dropped unless it can leave at once.
    pub fn volatile(&self) -> Emission {
        self.emission().volatile()
    }

    /// The next event is not compressed.
    pub fn uncompressed(&self) -> Emission {
        self.emission().uncompressed()
    }

    /// How long the next event waits for its acknowledgement.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.emission().timeout(timeout)
    }

    /// Sends an event and waits for the client's acknowledgement, read as a `T`: a tuple takes
    /// several values, any other type the first one.
    ///
    /// Without [`timeout`](Self::timeout), and without
    /// [`ack_timeout`](crate::ServerBuilder::ack_timeout), it waits until the socket is disconnected.
    ///
    /// # Errors
    ///
    /// [`AckError`]: not sent, no answer in time, disconnected, or an answer of another type.
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
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
    /// As [`emit_with_ack`](Self::emit_with_ack).
    pub async fn emit_for_answer(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answer, AckError> {
        self.emission().emit_for_answer(event, args).await
    }

    fn emission(&self) -> Emission {
        Emission {
            socket: self.clone(),
            options: SendOptions::default(),
            timeout: None,
        }
    }

    pub(super) fn emit_with<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
        options: SendOptions,
    ) -> Result<(), EmitError> {
        self.emit_packet(event, args, None, options)
    }

    fn emit_packet<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
        ack: Option<AckId>,
        options: SendOptions,
    ) -> Result<(), EmitError> {
        let packet = wire::event(self.namespace().name(), ack, event, args)?;
        if !self.is_connected() {
            return Err(EmitError::Disconnected);
        }
        self.notify_outgoing(&packet);
        match self.send_packet(&packet, options) {
            Sent::Queued => Ok(()),
            Sent::Dropped => Err(EmitError::Dropped),
            Sent::Closed => Err(EmitError::Disconnected),
        }
    }
}

impl Emission {
    /// The event is dropped unless it can leave at once.
    pub fn volatile(mut self) -> Self {
        self.options.is_volatile = true;
        self
    }

    /// The event is not compressed.
    pub fn uncompressed(mut self) -> Self {
        self.options.may_compress = false;
        self
    }

    /// How long the event waits for its acknowledgement.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the event, as [`Socket::emit`].
    pub fn emit(self, event: &str, args: impl Serialize) {
        log(event, self.socket.emit_with(event, &args, self.options));
    }

    /// Sends the event, as [`Socket::try_emit`].
    ///
    /// # Errors
    ///
    /// As [`Socket::try_emit`], and [`EmitError::Dropped`] if the event is volatile and the
    /// transport busy.
    pub fn try_emit(self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.socket.emit_with(event, &args, self.options)
    }

    /// Sends the event and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`].
    pub async fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        Ok(self.emit_for_answer(event, args).await?.read()?)
    }

    /// Sends the event and waits for the acknowledgement, whatever its values are.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`].
    pub async fn emit_for_answer(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answer, AckError> {
        let Self {
            socket,
            options,
            timeout,
        } = self;
        let id = socket.namespace().next_ack_id();
        let (sender, answer) = oneshot::channel();
        socket.acks().insert(id, Waiting::One(sender));
        // The entry goes with this future, whichever way it ends.
        let _entry = Entry {
            socket: &socket,
            id,
        };
        socket.emit_packet(event, &args, Some(id), options)?;
        drop(args);
        let answer = match timeout.or_else(|| socket.server().ack_timeout()) {
            Some(timeout) => tokio::time::timeout(timeout, answer)
                .await
                .map_err(|_| AckError::Timeout)?,
            None => answer.await,
        };
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

/// A client's acknowledgement.
#[derive(Debug)]
pub struct Answer {
    from: SocketId,
    packet: Packet<'static>,
}

impl Answer {
    pub(crate) fn new(from: SocketId, packet: Packet<'static>) -> Self {
        Self { from, packet }
    }

    /// Who answered.
    #[must_use]
    pub fn from(&self) -> SocketId {
        self.from
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packet.args().len()
    }

    /// Whether the answer has no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        self.packet
            .args()
            .rest()
            .expect("every JSON text is a value")
    }

    /// Reads the answer: a tuple takes several values, any other type the first one.
    ///
    /// # Errors
    ///
    /// If the values are not of this type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        if Spread::<T>::is_tuple() {
            let all = self
                .packet
                .data()
                .unwrap_or(Err(ArgError::Missing { index: 0 }));
            return all.map_err(|error| ArgumentError::read::<T>(&error));
        }
        self.packet
            .args()
            .read()
            .map_err(|error| ArgumentError::read::<T>(&error))
    }
}

/// Reports an emit that nobody looks at.
pub(super) fn log(event: &str, result: Result<(), EmitError>) {
    match result {
        Ok(()) | Err(EmitError::Disconnected | EmitError::Dropped) => {}
        Err(error @ (EmitError::Encode(_) | EmitError::Parent)) => {
            tracing::error!(event, %error, "event not sent")
        }
    }
}
