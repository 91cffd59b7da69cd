//! Broadcasts at the pace of their receivers, and what became of each.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_socketio::{Raw, Spread};
use serde::Serialize;

use super::Broadcast;
use crate::engine::{OutboxPolicy, Pace, SendOptions, Sent};
use crate::error::EmitError;
use crate::id::SocketId;
use crate::namespace::Namespace;
use crate::socket::{
    Socket, has_room, in_time, released, room_for, room_in, scoped, send_when_room,
};
use crate::wire::{self, Outgoing};

/// Says what became of an event that was sent by [`Broadcast::emit_async`].
///
/// # Example
///
/// ```
/// # use std::time::Duration;
/// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
/// let patient = io.to("viewers").timeout(Duration::from_secs(2));
/// let delivery = patient.emit_async("frame", bytes::Bytes::from_static(b"...")).await?;
/// println!("{} get it, {} are too slow", delivery.queued, delivery.late.len());
/// # Ok(())
/// # }
/// ```
///
/// Spec: features N8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// How many receivers have it in their outbox.
    pub queued: usize,
    /// Who was disconnected before there was room.
    pub gone: Vec<SocketId>,
    /// Whose outbox had no room in time; with a volatile event, whose connection was busy.
    pub late: Vec<SocketId>,
}

impl Delivery {
    /// Tells whether every receiver has the event in its outbox.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// assert!(io.to("nobody").emit_async("news", "it rains").await?.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.gone.is_empty() && self.late.is_empty()
    }
}

/// What a broadcast came to, receiver by receiver.
#[derive(Debug, Default)]
pub(super) struct Tally {
    queued: usize,
    gone: Vec<SocketId>,
    dropped: Vec<SocketId>,
    full: Vec<(Socket, Outgoing)>,
}

impl Tally {
    #[inline]
    pub(super) fn note(&mut self, socket: &Socket, packet: &Outgoing, sent: Sent) {
        match sent {
            Sent::Queued => self.queued += 1,
            sent => self.note_failure(socket, packet, sent),
        }
    }

    /// How many receivers have the event in their outbox.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    #[cold]
    fn note_failure(&mut self, socket: &Socket, packet: &Outgoing, sent: Sent) {
        match sent {
            Sent::Full => self.full.push((socket.clone(), packet.clone())),
            Sent::Dropped => self.dropped.push(socket.id()),
            _ => self.gone.push(socket.id()),
        }
    }

    /// Whether a receiver had no room, and its policy was to say so.
    pub(super) fn has_full(&self) -> bool {
        !self.full.is_empty()
    }
}

/// What the metrics are told of an awaited broadcast in one namespace, once nobody is waited for any
/// more.
struct Counted<'e> {
    namespace: Namespace,
    event: &'e str,
    receivers: usize,
    /// Its late receivers are those up to this number that are none of the targets before.
    late_until: usize,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.namespace.meter().broadcast(self.event, self.receivers);
    }
}

impl Namespace {
    /// Selects everyone; the event has a policy of its own for full outboxes.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{OutboxPolicy, Server};
    ///
    /// let io = Server::new();
    /// io.when_full(OutboxPolicy::DropOldest).emit("positions", [(3, 4), (7, 1)]);
    /// ```
    ///
    /// Spec: features N8.
    pub fn when_full(&self, policy: OutboxPolicy) -> Broadcast {
        Broadcast::new(self).when_full(policy)
    }

    /// Selects everyone; the event takes the place of the one that still waits under the same key.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.coalesce("EUR").emit("price", ("EUR", 1.08));
    /// ```
    ///
    /// Spec: features N8.
    pub fn coalesce(&self, key: impl AsRef<str>) -> Broadcast {
        Broadcast::new(self).coalesce(key)
    }

    /// Sends an event to everyone as soon as their outboxes have room; see
    /// [`Broadcast::emit_async`].
    ///
    /// # Errors
    ///
    /// As [`Broadcast::emit_async`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// for line in ["one", "two", "three"] {
    ///     io.emit_async("line", line).await?; // not faster than the slowest client reads
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As [`Broadcast::emit_async`].
    ///
    /// Spec: features N8.
    pub async fn emit_async(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Delivery, EmitError> {
        Broadcast::new(self).emit_async(event, args).await
    }
}

impl Broadcast {
    /// Does this with the event where a receiver's outbox is full, whatever the outbox's policy is.
    /// Other servers of a cluster follow their own.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{OutboxPolicy, Server};
    ///
    /// let io = Server::new();
    /// io.to("game").when_full(OutboxPolicy::DropNewest).emit("hint", "look left");
    /// ```
    ///
    /// Spec: features N8.
    pub fn when_full(mut self, policy: OutboxPolicy) -> Self {
        self.options.when_full = Some(policy);
        self
    }

    /// Lets the event take the place of the one that still waits under the same key, at each
    /// receiver for itself: who reads slowly gets the latest value of each key. Who comes back after a
    /// lost connection gets all it has missed; see [`Socket::coalesce`]. Other servers of a cluster do
    /// not know the key: their clients get each value.
    ///
    /// # Example
    ///
    /// ```
    /// # let (io, name, price) = (roomcast::Server::new(), "EUR", 1.08);
    /// io.to("traders").coalesce(name).emit("price", (name, price));
    /// ```
    ///
    /// Spec: features N8.
    pub fn coalesce(mut self, key: impl AsRef<str>) -> Self {
        self.pace.get_or_insert_default().key = Some(key.as_ref().into());
        self
    }

    /// Sends an event, encoded once, to each receiver as soon as its outbox has room, and says what
    /// became of it.
    ///
    /// Receivers with room have it at once. The others are waited for all together, up to the
    /// [`timeout`](Self::timeout), if one was set. In a cluster the other servers send it by the
    /// policies of their own, and are not waited for.
    ///
    /// With [`connection_state_recovery`](crate::ServerBuilder::connection_state_recovery) an event has
    /// one place among all others, so nobody has it before all have room. They are waited for up to the
    /// timeout, without one up to [`ack_timeout`](crate::ServerBuilder::ack_timeout), and without that
    /// 10 s. Then the event goes to all, and whose outbox is full is dealt with by its
    /// [policy](crate::OutboxPolicy). With a log on disk it waits until the event is written, too, and
    /// the policies have the last word after that: everyone it was written for counts as `queued`.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form,
    /// [`EmitError::LogFull`] if too much waits for the disk until the timeout is over. That a
    /// receiver is gone or late is no error.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let patient = io.to("viewers").timeout(Duration::from_secs(2));
    /// let delivery = patient.emit_async("frame", bytes::Bytes::from_static(b"...")).await?;
    /// for id in delivery.late {
    ///     println!("{id} misses a frame");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Receivers with room have the event when the future was first polled. Dropping it leaves out
    /// those who are waited for: with recovery that is everyone, or nobody.
    ///
    /// Spec: features N8.
    pub async fn emit_async(
        mut self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Delivery, EmitError> {
        let targets = self.targets();
        if targets.iter().any(|namespace| namespace.keeper().is_some()) {
            let packet = wire::plain_event(self.namespace.parser(), "/", event, &args)?;
            drop(args);
            let args = wire::args_of(self.namespace.parser(), &packet);
            return self.emit_kept(&targets, event, &args).await;
        }
        self.pace.get_or_insert_default().may_wait = true;
        let mut tally = Tally::default();
        let mut counted = Vec::with_capacity(targets.len());
        for namespace in targets {
            let queued = tally.queued;
            self.emit_counted(&namespace, event, &args, None, &mut tally)?;
            counted.push(Counted {
                event,
                receivers: tally.queued - queued,
                late_until: tally.full.len(),
                namespace: namespace.clone(),
            });
            self.publish(&namespace, event, &args)?;
        }
        drop(args);
        let mut delivery = Delivery {
            queued: tally.queued,
            gone: tally.gone,
            late: tally.dropped,
        };
        let late: FuturesUnordered<_> = tally
            .full
            .iter()
            .enumerate()
            .map(|(index, (socket, packet))| {
                let pace = self.pace_in(socket.namespace()).unwrap_or_default();
                let late = late(socket, packet, pace, self.options, self.timeout);
                late.map(move |(id, result)| (index, id, result))
            })
            .collect();
        let mut late = std::pin::pin!(late);
        while let Some((index, id, result)) = late.next().await {
            match result {
                Ok(()) => {
                    delivery.queued += 1;
                    let target = counted.partition_point(|target| target.late_until <= index);
                    counted[target].receivers += 1;
                }
                Err(EmitError::Disconnected) => delivery.gone.push(id),
                Err(_) => delivery.late.push(id),
            }
        }
        Ok(delivery)
    }

    /// Waits for the receivers' room, and then sends an event that is kept for who misses it.
    ///
    /// Invariant: it has one place among all that is kept, so it cannot wait for each receiver alone.
    async fn emit_kept(
        &self,
        targets: &[Namespace],
        event: &str,
        args: &Spread<Raw>,
    ) -> Result<Delivery, EmitError> {
        let receivers: Vec<_> = targets
            .iter()
            .flat_map(|namespace| namespace.connected_of(&self.selection))
            .collect();
        let patience = self
            .timeout
            .or_else(|| self.namespace.server()?.ack_timeout());
        // Who has no room in time is dealt with by the policy of its outbox.
        let patience = Some(patience.unwrap_or(MAX_HOLD));
        if !self.options.is_volatile {
            let _ = in_time(patience, room_for_all(&receivers)).await;
        }
        let mut tally = Tally::default();
        for namespace in targets {
            let sending = self.emit_when_logged(namespace, event, args, &mut tally);
            in_time(self.timeout, sending)
                .await
                .unwrap_or(Err(EmitError::LogFull))?;
            self.publish(namespace, event, args)?;
        }
        let keepers = targets.iter().filter_map(Namespace::keeper);
        let leaving: FuturesUnordered<_> = keepers.map(|keeper| released(keeper)).collect();
        // It leaves, however long the log takes.
        let _ = in_time(self.timeout, leaving.collect::<()>()).await;
        let full = tally.full.iter().map(|(socket, _)| socket.id());
        Ok(Delivery {
            queued: tally.queued,
            gone: tally.gone,
            late: tally.dropped.into_iter().chain(full).collect(),
        })
    }

    /// Sends the event in one namespace as soon as its log has room.
    async fn emit_when_logged(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Spread<Raw>,
        tally: &mut Tally,
    ) -> Result<(), EmitError> {
        loop {
            match (
                self.emit_counted(namespace, event, args, None, tally),
                namespace.keeper(),
            ) {
                (Err(EmitError::LogFull), Some(keeper)) => room_in(keeper).await,
                (sent, _) => return sent.map(drop),
            }
        }
    }

    /// The pace in one namespace, whose keys are its own.
    pub(super) fn pace_in(&self, namespace: &Namespace) -> Option<Pace> {
        let Pace { key, may_wait } = self.pace.as_ref()?;
        let key = key.as_ref().map(|key| scoped(namespace.name(), key));
        let may_wait = *may_wait;
        Some(Pace { key, may_wait })
    }
}

/// Waits until all have room at the same time: another event may fill the outbox of one while others
/// are waited for.
async fn room_for_all(receivers: &[Socket]) {
    while !receivers.iter().all(has_room) {
        let rooms: FuturesUnordered<_> = receivers.iter().map(room_for).collect();
        rooms.collect::<()>().await;
    }
}

/// How long receivers without room hold back an event that has one place for all.
const MAX_HOLD: Duration = Duration::from_secs(10);

/// Sends to a receiver that had no room.
async fn late(
    socket: &Socket,
    packet: &Outgoing,
    pace: Pace,
    options: SendOptions,
    timeout: Option<Duration>,
) -> (SocketId, Result<(), EmitError>) {
    let sending = send_when_room(socket, packet, &pace, options);
    (socket.id(), in_time(timeout, sending).await.flatten())
}
