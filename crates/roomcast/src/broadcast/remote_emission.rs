//! Events to one socket that a selection has found.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::remote_socket::Elsewhere;
use crate::engine::SendOptions;
use crate::error::AckError;
use crate::socket::Emission;

/// An event to a [`RemoteSocket`](crate::RemoteSocket) that is still being described.
///
/// # Example
///
/// ```
/// # use std::time::Duration;
/// # async fn example(socket: roomcast::RemoteSocket) -> Result<(), roomcast::AckError> {
/// let asked = socket.timeout(Duration::from_secs(1)).uncompressed();
/// let name: String = asked.emit_with_ack("name?", ()).await?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.34.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack`"]
pub struct RemoteEmission(Target);

#[derive(Clone, Debug)]
enum Target {
    Here(Emission),
    Elsewhere {
        socket: Arc<Elsewhere>,
        options: SendOptions,
        timeout: Option<Duration>,
    },
}

impl RemoteEmission {
    pub(super) fn here(emission: Emission) -> Self {
        Self(Target::Here(emission))
    }

    pub(super) fn elsewhere(socket: Arc<Elsewhere>) -> Self {
        Self(Target::Elsewhere {
            socket,
            options: SendOptions::default(),
            timeout: None,
        })
    }

    /// Drops the event unless it can leave at once.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn example(socket: roomcast::RemoteSocket) {
    /// socket.timeout(Duration::from_secs(1)).volatile().emit("position", (3, 4));
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn volatile(mut self) -> Self {
        match &mut self.0 {
            Target::Here(emission) => *emission = emission.clone().volatile(),
            Target::Elsewhere { options, .. } => options.is_volatile = true,
        }
        self
    }

    /// Sends the event without compression. Example: [`RemoteEmission`].
    ///
    /// Spec: features 2.27.
    pub fn uncompressed(mut self) -> Self {
        match &mut self.0 {
            Target::Here(emission) => *emission = emission.clone().uncompressed(),
            Target::Elsewhere { options, .. } => options.may_compress = false,
        }
        self
    }

    /// Limits how long the event waits for its acknowledgement; as [`RemoteSocket::timeout`](crate::RemoteSocket::timeout).
    pub fn timeout(mut self, limit: Duration) -> Self {
        match &mut self.0 {
            Target::Here(emission) => *emission = emission.clone().timeout(limit),
            Target::Elsewhere { timeout, .. } => *timeout = Some(limit),
        }
        self
    }

    /// Sends the event, as [`RemoteSocket::emit`](crate::RemoteSocket::emit).
    pub fn emit(self, event: &str, args: impl Serialize) {
        match self.0 {
            Target::Here(emission) => emission.emit(event, args),
            Target::Elsewhere {
                socket, options, ..
            } => {
                if let Err(error) = socket.emit(event, &args, options) {
                    tracing::error!(event, %error, "event not sent");
                }
            }
        }
    }

    /// Sends the event and waits for the answer, as [`RemoteSocket::emit_with_ack`](crate::RemoteSocket::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`](crate::Socket::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::RemoteSocket) -> Result<(), roomcast::AckError> {
    /// let name: String = socket.timeout(Duration::from_secs(1)).emit_with_ack("name?", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.34.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        match self.0 {
            Target::Here(emission) => emission.emit_with_ack(event, args).await,
            Target::Elsewhere {
                socket,
                options,
                timeout,
            } => socket.emit_with_ack(event, args, options, timeout).await,
        }
    }
}
