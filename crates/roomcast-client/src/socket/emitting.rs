//! Emitting.

use std::future::Future;
use std::time::Duration;

use roomcast_socketio::client::Overflow;
use roomcast_socketio::{Args, EventName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::{Acknowledgement, Emission, Socket};
use crate::error::{AckError, EmitError, NotFlushed};
use crate::manager::Flush;

/// Emitting.
impl Socket {
    /// Sends an event, or keeps it until the socket is connected. A tuple is spread into several
    /// arguments, `()` is none, everything else is one; bytes ([`bytes::Bytes`] and what else serde
    /// knows as bytes) leave as attachments, wherever they sit.
    ///
    /// A mistake, such as a reserved name, is logged; [`try_emit`](Self::try_emit) reports it.
    pub fn emit<'e>(&self, event: impl Into<EventName<'e>>, args: impl Serialize) {
        self.emission().emit(event, args);
    }

    /// Sends an event as [`emit`](Self::emit), and reports whether that worked.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that cannot be written,
    /// [`EmitError::Refused`] if too much waits, or if the event was dropped because it is
    /// [volatile](Self::volatile) and cannot leave at once.
    pub fn try_emit<'e>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        self.emission().try_emit(event, args)
    }

    /// Sends an event as soon as there is room for it: a producer that awaits each event is not faster
    /// than the connection.
    ///
    /// It waits while more than half of the [outbox](crate::Builder::max_outbox) is taken, and then
    /// until a quarter is; while the socket is not connected, the same holds for its
    /// [send buffer](crate::SocketConfig::send_buffer). The other half is left to events that cannot wait.
    /// Other events may overtake one that waits.
    ///
    /// # Errors
    ///
    /// As those of [`try_emit`](Self::try_emit).
    ///
    /// # Cancel safety
    ///
    /// An event whose future is dropped while it waits for room is not sent.
    ///
    /// # Example
    ///
    /// ```
    /// use bytes::Bytes;
    /// use roomcast_client::{EmitError, Socket};
    ///
    /// async fn upload(socket: &Socket, chunks: Vec<Bytes>) -> Result<(), EmitError> {
    ///     for chunk in chunks {
    ///         socket.emit_async("chunk", chunk).await?; // not faster than the server reads
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn emit_async<'e, A: Serialize, N: Into<EventName<'e>>>(
        &self,
        event: N,
        args: A,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + 'static + use<'e, A, N> {
        self.emission().emit_async(event, args)
    }

    /// Sends the event `message`.
    pub fn send(&self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Sends an event and waits for the server's acknowledgement. The event is on its way when this
    /// returns; the future is for the answer. A tuple takes several values, any other type the first.
    ///
    /// # Errors
    ///
    /// [`AckError`] if no answer comes, or one of another type.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped forgets the answer; the event is sent all the same.
    pub fn emit_with_ack<'e, T: DeserializeOwned + Send + 'static>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Acknowledgement<T> {
        self.emission().emit_with_ack(event, args)
    }

    /// Sends an event and calls `callback`, once, with the server's acknowledgement, in order with the
    /// listeners.
    ///
    /// # Errors
    ///
    /// As those of [`try_emit`](Self::try_emit); the callback is not called then.
    pub fn emit_with_callback<'e>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
        callback: impl FnOnce(Result<Args<'_>, AckError>) + Send + 'static,
    ) -> Result<(), EmitError> {
        self.emission().emit_with_callback(event, args, callback)
    }

    /// The next event is dropped if it cannot leave at once.
    pub fn volatile(&self) -> Emission {
        self.emission().volatile()
    }

    /// What happens to the next event if there is no room for it.
    pub fn when_full(&self, overflow: Overflow) -> Emission {
        self.emission().when_full(overflow)
    }

    /// How long the next event waits for its acknowledgement.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.emission().timeout(timeout)
    }

    /// The next event is not compressed by the transport.
    pub fn without_compression(&self) -> Emission {
        self.emission().without_compression()
    }

    /// Waits until all that was emitted has left this program: until the operating system has it, or the
    /// server's answer if it goes by polling. After [`disconnect`](Self::disconnect), too.
    ///
    /// Over WebTransport it has left when QUIC has it, which sends it as long as the runtime lives; after
    /// a disconnect that closes the connection, when the server has acknowledged it.
    ///
    /// That the server has handled something is told by acknowledgements alone.
    ///
    /// # Errors
    ///
    /// [`NotFlushed`] if the socket is not active and something waits, or if the connection broke while
    /// it was to be closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn flushed(&self) -> Result<(), NotFlushed> {
        let (done, is_done) = oneshot::channel();
        let flush = Flush {
            socket: self.state.key,
            done,
        };
        drop(self.manager.update(|state, _| state.flush(flush)));
        // The task was dropped with its runtime.
        is_done.await.unwrap_or(Err(NotFlushed))
    }

    /// The next event, without options yet.
    pub fn emission(&self) -> Emission {
        Emission::new(self.clone())
    }
}
