//! One namespace of a manager.

use std::ops::Deref;
use std::time::{Duration, Instant};

use roomcast_handler::{ArgumentError, ExpectsReply, via};
use roomcast_socketio::EventName;
use roomcast_socketio::client::{BufferLimits, Overflow};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::hold::Hold;
use super::thread::{deadline, wait};
use super::{ConnectedError, Emission, Events, FlushError, Manager};
use crate::error::{AckError, EmitError};
use crate::handler::{Call, ClientSide};
use crate::socket;

/// One namespace of a [`Manager`]: a [`crate::Socket`] whose calls wait. Cheap to clone; usable from any
/// thread.
///
/// What does not wait is that of [`crate::Socket`]: `connect` and `disconnect`, `on`, `once`, `off`,
/// `on_any`, `on_event`, `on_connect`, `on_connect_error`, `on_disconnect`, `emit`, `try_emit`, `id`,
/// `is_connected` and the others. The async socket itself is `(*socket).clone()`; that handle does not
/// keep the connection.
///
/// # Example
///
/// ```no_run
/// use roomcast_client::{DisconnectReason, blocking::Socket};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = roomcast_client::builder("http://localhost:3000").build_blocking()?;
/// socket.on_connect(|socket: Socket| socket.emit("hello", "world"));
/// socket.on_disconnect(|reason: DisconnectReason| println!("{reason}"));
/// socket.on("news", |text: String| println!("{text}"));
/// socket.connect();
/// let name: String = socket.emit_with_ack("name?", ())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Socket {
    socket: socket::Socket,
    hold: Hold,
}

impl Socket {
    pub(super) fn new(socket: socket::Socket) -> Self {
        let hold = Hold::new(socket.manager());
        Self { socket, hold }
    }

    /// Returns the manager of the socket.
    #[must_use]
    pub fn manager(&self) -> Manager {
        Manager::new(self.hold.manager().clone())
    }

    /// Waits until the socket is connected, or will not be by itself, as [`crate::Socket::connected`]. It
    /// does not connect it.
    ///
    /// # Errors
    ///
    /// [`ConnectedError::NotConnected`] if it will not be, [`ConnectedError::Wait`] in a handler.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = roomcast_client::blocking::connect("http://localhost:3000")?;
    /// socket.connected()?;
    /// println!("{:?}", socket.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn connected(&self) -> Result<(), ConnectedError> {
        Ok(wait(None, self.socket.connected())??)
    }

    /// Waits as [`connected`](Self::connected) does, but no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As those of [`connected`](Self::connected), and [`ConnectedError::Wait`] if it did not happen in
    /// time.
    pub fn connected_timeout(&self, timeout: Duration) -> Result<(), ConnectedError> {
        Ok(wait(deadline(timeout), self.socket.connected())??)
    }

    /// Sends an event and waits for the server's acknowledgement. A tuple takes several values, any other
    /// type the first.
    ///
    /// It waits as long as the [`ack_timeout`](crate::Builder::ack_timeout) or the event's own
    /// [`timeout`](Self::timeout) says; without one, until the answer comes or the connection over which
    /// the event was sent is gone.
    ///
    /// # Errors
    ///
    /// [`AckError`] if no answer comes, or one of another type; [`EmitError::InHandler`] in a handler,
    /// whose event is not sent.
    pub fn emit_with_ack<'e, T: DeserializeOwned + Send + 'static>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        self.emission().emit_with_ack(event, args)
    }

    /// Sends a typed event and waits for its reply, as [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As those of [`emit_with_ack`](Self::emit_with_ack).
    pub fn emit_event_with_ack<E>(&self, event: &E) -> Result<E::Reply, AckError>
    where
        E: ExpectsReply<Reply: Send + 'static>,
    {
        self.emission().emit_event_with_ack(event)
    }

    /// Sends an event as soon as there is room for it, so that a producer is not faster than the
    /// connection: [`crate::Socket::emit_async`], which is waited for.
    ///
    /// # Errors
    ///
    /// As those of [`crate::Socket::try_emit`]; [`EmitError::InHandler`] in a handler, whose event is not
    /// sent.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{EmitError, blocking::Socket};
    ///
    /// fn upload(socket: &Socket, chunks: Vec<bytes::Bytes>) -> Result<(), EmitError> {
    ///     for chunk in chunks {
    ///         socket.emit_when_room("chunk", chunk)?; // not faster than the server reads
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn emit_when_room<'e>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        self.emission().emit_when_room(event, args)
    }

    /// The next event is dropped if it cannot leave at once.
    pub fn volatile(&self) -> Emission {
        self.emission().volatile()
    }

    /// What happens to the next event if there is no room for it.
    pub fn when_full(&self, overflow: Overflow) -> Emission {
        self.emission().when_full(overflow)
    }

    /// How long the next event waits for its acknowledgement, or for room.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.emission().timeout(timeout)
    }

    /// The next event is not compressed by the transport.
    pub fn without_compression(&self) -> Emission {
        self.emission().without_compression()
    }

    /// The next event, without options yet.
    pub fn emission(&self) -> Emission {
        Emission::new(self.clone())
    }

    /// Returns the events of the server from now on as an iterator that waits. Its limits are those of
    /// [`crate::Socket::events`].
    pub fn events(&self) -> Events {
        Events(self.socket.events())
    }

    /// As [`events`](Self::events), with limits of one's own on the events that wait to be taken.
    pub fn events_within(&self, limits: BufferLimits) -> Events {
        Events(self.socket.events_within(limits))
    }

    /// Waits until all that was emitted has left this program, as [`crate::Socket::flushed`]. After
    /// `disconnect`, too.
    ///
    /// # Errors
    ///
    /// [`FlushError::NotFlushed`] if that cannot happen any more, [`FlushError::Wait`] in a handler.
    pub fn flushed(&self) -> Result<(), FlushError> {
        self.flushed_until(None)
    }

    /// Waits as [`flushed`](Self::flushed) does, but no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As those of [`flushed`](Self::flushed), and [`FlushError::Wait`] if it did not happen in time.
    pub fn flushed_timeout(&self, timeout: Duration) -> Result<(), FlushError> {
        self.flushed_until(deadline(timeout))
    }

    fn flushed_until(&self, until: Option<Instant>) -> Result<(), FlushError> {
        Ok(wait(until, self.socket.flushed())??)
    }
}

impl Deref for Socket {
    type Target = socket::Socket;

    fn deref(&self) -> &socket::Socket {
        &self.socket
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        self.socket == other.socket
    }
}

impl Eq for Socket {}

/// For handlers of a blocking socket.
impl roomcast_handler::FromCall<ClientSide, via::Context> for Socket {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        let socket = call.context().socket;
        if socket.shared().holders.is_none() {
            let cause = "only handlers of a blocking socket are given one";
            return Err(ArgumentError::context::<Self>(&cause));
        }
        Ok(Self::new(socket.clone()))
    }
}
