//! Events to one socket, at the pace of its client.

use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::{Raw, Spread};
use serde::Serialize;
use tokio::sync::oneshot;

use super::{Emission, Socket};
use crate::engine::{OutboxPolicy, Pace, SendOptions, Sent};
use crate::error::EmitError;
use crate::recovery::{Emitted, Keeper};
use crate::wire::{self, Outgoing};

/// What is done when the client reads too slowly; the [guide to backpressure] compares the ways.
///
/// [guide to backpressure]: https://github.com/roomcast/roomcast/blob/main/docs/guide/backpressure.md
///
/// Spec: features N8.
impl Socket {
    /// Describes an event with a policy of its own for a full outbox.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{EmitError, OutboxPolicy, Socket};
    ///
    /// fn report(socket: &Socket, line: &str) {
    ///     let emission = socket.when_full(OutboxPolicy::Error);
    ///     if emission.try_emit("line", line) == Err(EmitError::Full) {
    ///         println!("{} does not keep up", socket.id());
    ///     }
    /// }
    /// ```
    ///
    /// Spec: features N8.
    pub fn when_full(&self, policy: OutboxPolicy) -> Emission {
        self.emission().when_full(policy)
    }

    /// Describes an event that takes the place of the one that still waits under the same key, if
    /// there is one: a client that reads slowly gets the latest value of each key.
    ///
    /// A key belongs to this socket's namespace. What was handed to the connection has left. An event
    /// that is larger than the one it would replace takes its place only while the rest of the outbox
    /// is within its limit; beyond, it is an event like any other for the outbox's
    /// [policy](OutboxPolicy).
    ///
    /// With [`connection_state_recovery`](crate::ServerBuilder::connection_state_recovery) the event
    /// goes to the end of what waits, and each value is kept, replaced or not. A client that comes back
    /// gets all values that came after the last event that it has received, in order, so the latest
    /// comes last. What was replaced before that event it never gets.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::Socket;
    /// # fn example(socket: Socket, name: &str, price: f64) {
    /// socket.coalesce(name).emit("price", (name, price));
    /// # }
    /// ```
    ///
    /// Spec: features N8.
    pub fn coalesce(&self, key: impl AsRef<str>) -> Emission {
        self.emission().coalesce(key)
    }

    /// Sends an event as soon as the client's outbox has room, whatever its policy is.
    ///
    /// It waits while more than half of the outbox is taken, and then until a quarter is: the other
    /// half is left to events that cannot wait. Of several that wait no more go on than that half
    /// holds. It may be awaited in a handler of this very socket: while the handler waits, its session
    /// goes on writing and reading. Other events to the same client may overtake one that waits.
    ///
    /// With a log on disk ([`RedbLog`](crate::recovery)) what waits for the disk counts as in the
    /// outbox. It also waits until the event is written and in the outbox, and where
    /// [`try_emit`](Self::try_emit) fails with [`EmitError::LogFull`] it waits until there is room. So
    /// one event at a time takes one or two writes of the disk.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form,
    /// [`EmitError::Disconnected`] if the socket is not connected, or is disconnected meanwhile.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{EmitError, Server, Socket};
    ///
    /// async fn send_file(socket: Socket, chunks: Vec<bytes::Bytes>) -> Result<(), EmitError> {
    ///     for chunk in chunks {
    ///         socket.emit_async("chunk", chunk).await?; // not faster than the client reads
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let io = Server::new();
    /// io.on("download", async |socket: Socket| {
    ///     let chunks = vec![bytes::Bytes::from_static(b"first"), bytes::Bytes::from_static(b"last")];
    ///     send_file(socket, chunks).await.is_ok()
    /// });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// An event whose future is dropped while it waits for room is not sent.
    ///
    /// Spec: features N8.
    pub async fn emit_async(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.emission().emit_async(event, args).await
    }
}

impl Emission {
    /// Does this with the event if the client's outbox is full, whatever the outbox's policy is.
    /// Example: [`Socket::when_full`].
    ///
    /// Spec: features N8.
    pub fn when_full(mut self, policy: OutboxPolicy) -> Self {
        self.options.when_full = Some(policy);
        self
    }

    /// Lets the event take the place of the one that still waits under the same key. Example:
    /// [`Socket::coalesce`].
    ///
    /// Spec: features N8.
    pub fn coalesce(mut self, key: impl AsRef<str>) -> Self {
        let key = scoped(self.socket.namespace().name(), key.as_ref());
        self.pace.get_or_insert_default().key = Some(key);
        self
    }

    /// Sends the event as soon as the client's outbox has room, as [`Socket::emit_async`].
    ///
    /// A [`timeout`](Self::timeout) limits the wait. An event that waits for nothing but the disk then
    /// is sent all the same.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_async`], [`EmitError::Full`] after the timeout, and [`EmitError::Dropped`]
    /// if the event is volatile and the transport busy.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use roomcast::{EmitError, Socket};
    /// # async fn example(socket: Socket) {
    /// let patient = socket.timeout(Duration::from_secs(10));
    /// if patient.emit_async("page", "a long text").await == Err(EmitError::Full) {
    ///     socket.disconnect();
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// An event whose future is dropped while it waits for room is not sent.
    ///
    /// Spec: features N8.
    pub async fn emit_async(mut self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        let namespace = self.socket.namespace();
        let packet = wire::plain_event(namespace.parser(), namespace.name(), event, &args)?;
        drop(args);
        if !self.socket.is_connected() {
            return Err(EmitError::Disconnected);
        }
        // However often it is tried, it is one event.
        self.socket.notify_outgoing(&packet);
        if let Some(keeper) = namespace.keeper() {
            let args = wire::args_of(namespace.parser(), &packet);
            return self.emit_kept(keeper, event, &args).await;
        }
        let pace = self.pace.get_or_insert_default();
        pace.may_wait = true;
        let sending = send_when_room(&self.socket, &packet, pace, self.options);
        in_time(self.timeout, sending).await??;
        self.socket.namespace().meter().emitted(event, 1);
        Ok(())
    }
}

impl Emission {
    /// Waits for room, sends an event that is kept for a client that misses it, and waits until the log
    /// lets it leave.
    ///
    /// Invariant: it has its place among all that is kept when it is emitted, so it waits for room before
    /// that. What the log holds back counts as in the outbox, so of those who wait each sees the others.
    async fn emit_kept(
        &self,
        keeper: &Keeper,
        event: &str,
        args: &Spread<Raw>,
    ) -> Result<(), EmitError> {
        let mut is_placed = false;
        let emitted = Emitted {
            event,
            args,
            ack: None,
            pace: self.pace.as_ref(),
            options: self.options,
        };
        let is_volatile = self.options.is_volatile;
        let sending = async {
            loop {
                if !is_volatile {
                    room_for(&self.socket).await;
                }
                let may_go = || is_volatile || has_room(&self.socket);
                match keeper.send_to(&self.socket, &emitted, may_go) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(EmitError::LogFull) => room_in(keeper).await,
                    Err(error) => return Err(error),
                }
            }
            is_placed = true;
            released(keeper).await;
            Ok(())
        };
        match in_time(self.timeout, sending).await {
            // It leaves, however long the log takes.
            Err(_) if is_placed => Ok(()),
            result => result.flatten(),
        }
    }
}

/// Waits until everything that was emitted before may leave.
pub(crate) async fn released(keeper: &Keeper) {
    if keeper.log().is_immediate() {
        return;
    }
    let (release, is_released) = oneshot::channel();
    drop(keeper.release(move |_| {
        // Who waited may have given up.
        let _ = release.send(());
    }));
    // An error says that the log is gone, and with it whatever could be waited for.
    let _ = is_released.await;
}

/// Waits until what has filled the log is written.
pub(crate) async fn room_in(keeper: &Keeper) {
    if let Err(error) = keeper.log().settled().await {
        tracing::debug!(%error, "what has filled the log is not on disk");
    }
}

/// A key within its namespace: the sockets of a client share its outbox.
pub(crate) fn scoped(namespace: &str, key: &str) -> Arc<str> {
    // A namespace's name holds no comma.
    [namespace, ",", key].concat().into()
}

/// Waits until an event that may wait can be queued, or the socket is gone.
pub(crate) async fn room_for(socket: &Socket) {
    loop {
        let room = socket.conn().room();
        let mut news = std::pin::pin!(room.notified());
        // Invariant: asked once it is registered, so no news is missed.
        news.as_mut().enable();
        if has_room(socket) {
            return;
        }
        news.await;
    }
}

/// Whether an event to the socket need not wait: its client has room, or it is gone.
pub(crate) fn has_room(socket: &Socket) -> bool {
    !socket.is_connected() || !socket.conn().must_wait()
}

/// Waits no longer than this.
pub(crate) async fn in_time<T>(
    timeout: Option<Duration>,
    waiting: impl Future<Output = T>,
) -> Result<T, EmitError> {
    match timeout {
        Some(timeout) => tokio::time::timeout(timeout, waiting)
            .await
            .map_err(|_| EmitError::Full),
        None => Ok(waiting.await),
    }
}

/// Queues the packet, whose pace is to wait, once there is room.
pub(crate) async fn send_when_room(
    socket: &Socket,
    packet: &Outgoing,
    pace: &Pace,
    options: SendOptions,
) -> Result<(), EmitError> {
    let attempt = || match socket.is_connected() {
        true => socket.send_paced(packet, Some(pace), options),
        false => Sent::Closed,
    };
    let mut sent = attempt();
    while sent == Sent::Full {
        let room = socket.conn().room();
        let mut news = std::pin::pin!(room.notified());
        // Invariant: asked again once it is registered, so no news is missed.
        news.as_mut().enable();
        sent = attempt();
        if sent == Sent::Full {
            news.await;
            sent = attempt();
        }
    }
    sent.into_result()
}
