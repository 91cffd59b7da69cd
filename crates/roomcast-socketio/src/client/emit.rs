//! What becomes of an event that is emitted.

use std::time::{Duration, Instant};

use super::acks::{Owner, PendingAck};
use super::outbox::Role;
use super::output::AckPlace;
use super::retries::Entry;
use super::socket::{Phase, Socket};
use super::work::Work;
use super::{AckError, AckToken, Content, EmitError, OutgoingPacket, Output, Overflow};
use crate::AckId;

/// An event to be emitted.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast_socketio::Parser;
/// use roomcast_socketio::client::{Content, Emission};
///
/// let mut emission = Emission::new(Content::event(&Parser::Text, "question", &"?")?);
/// emission.wants_ack = true;
/// emission.timeout = Some(Duration::from_secs(5));
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Emission {
    /// Its name and arguments.
    pub content: Content,
    /// Whether someone waits for the acknowledgement. Default `false`.
    pub wants_ack: bool,
    /// How long to wait for it; `None` for
    /// [`SocketOptions::ack_timeout`](super::SocketOptions::ack_timeout). Default `None`.
    pub timeout: Option<Duration>,
    /// Whether it is dropped if it cannot leave at once. Default `false`.
    pub is_volatile: bool,
    /// Whether the transport may compress it. Default `true`.
    pub is_compressed: bool,
    /// What happens if there is no room for it; `None` for
    /// [`SocketOptions::overflow`](super::SocketOptions::overflow). Default `None`.
    pub when_full: Option<Overflow>,
}

impl Emission {
    /// An event without an acknowledgement.
    #[must_use]
    pub fn new(content: Content) -> Self {
        Self {
            content,
            wants_ack: false,
            timeout: None,
            is_volatile: false,
            is_compressed: true,
            when_full: None,
        }
    }
}

/// What the engine says of itself when an event is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Whether a packet would leave at once.
    pub is_writable: bool,
    /// Whether the heartbeat's time is over although the engine has not closed yet, as when the
    /// machine has slept: then events wait for the next connection.
    pub has_expired: bool,
}

impl Socket {
    /// Sends an event, keeps it until the socket is connected, or drops it.
    pub(super) fn emit<E>(
        &mut self,
        now: Instant,
        work: &mut Work<E>,
        emission: Emission,
        link: LinkState,
    ) -> Result<Option<AckToken>, EmitError> {
        if self.options.retries > 0 && !emission.is_volatile {
            return self.enqueue(now, work, emission, link);
        }
        let limit = self.options.max_pending_acks;
        if emission.wants_ack && self.acks.len() >= limit {
            return Err(EmitError::TooManyAcks { limit });
        }
        let is_connected = self.is_connected() && !link.has_expired;
        if emission.is_volatile && !(is_connected && link.is_writable) {
            return self.drop_new(now, work, &emission);
        }
        if is_connected && matches!(self.phase, Phase::Connected(_)) {
            // The engine that was taken for dead lives.
            while self.hand_over(work) {}
        }
        // Invariant: nothing overtakes what has waited, volatile events excepted.
        let waits = !is_connected || !(self.buffer.is_empty() || emission.is_volatile);
        let overflow = emission.when_full.unwrap_or(self.options.overflow);
        let weight = emission.content.weight();
        let has_room = match waits {
            true => self.make_room(work, weight, overflow)?,
            false => work.make_room(weight, overflow)?,
        };
        if !has_room {
            return self.drop_new(now, work, &emission);
        }
        let id = emission.wants_ack.then(|| self.acks.next_id());
        let namespace = self.namespace.clone();
        let packet = OutgoingPacket::event(namespace, emission.content, id.map(AckId::from))
            .compressed(emission.is_compressed);
        let buffered = if waits {
            Some(self.buffer.push(packet))
        } else {
            self.send(work, packet, Role::Event(self.key));
            None
        };
        if let Some(id) = id {
            let timeout = emission.timeout.or(self.options.ack_timeout);
            self.await_ack(now, work, id, timeout, Owner::Emitter, buffered);
        }
        Ok(id.map(|id| self.token(AckPlace::Sent(id))))
    }

    /// Drops an event that was just emitted. An acknowledgement with a time limit fails at its end,
    /// as if the event had been lost; one without would never end.
    fn drop_new<E>(
        &mut self,
        now: Instant,
        work: &mut Work<E>,
        emission: &Emission,
    ) -> Result<Option<AckToken>, EmitError> {
        if !emission.wants_ack {
            return Err(EmitError::Dropped);
        }
        let id = self.acks.next_id();
        let token = self.token(AckPlace::Sent(id));
        let timeout = emission.timeout.or(self.options.ack_timeout);
        if timeout.is_some() {
            self.await_ack(now, work, id, timeout, Owner::Emitter, None);
        } else {
            work.give(Output::Ack {
                token,
                result: Err(AckError::Dropped),
            });
        }
        Ok(Some(token))
    }

    /// Sees to the limits of the send buffer; whether the new event may come in.
    fn make_room<E>(
        &mut self,
        work: &mut Work<E>,
        weight: usize,
        overflow: Overflow,
    ) -> Result<bool, EmitError> {
        while !self.buffer.has_room(weight) {
            match overflow {
                Overflow::DropNewest => return Ok(false),
                Overflow::DropOldest if self.buffer.could_have_room(weight) => {
                    self.drop_oldest(work);
                }
                Overflow::Refuse | Overflow::DropOldest => {
                    return Err(EmitError::BufferFull {
                        packets: self.buffer.len(),
                        bytes: self.buffer.bytes(),
                    });
                }
            }
        }
        Ok(true)
    }

    fn drop_oldest<E>(&mut self, work: &mut Work<E>) {
        let oldest = self.buffer.pop();
        let id = oldest.and_then(|packet| packet.ack_id()?.as_u64());
        if let Some(id) = id {
            self.fail_ack(work, id, AckError::Dropped);
        }
    }

    fn await_ack<E>(
        &mut self,
        now: Instant,
        work: &mut Work<E>,
        id: u64,
        timeout: Option<Duration>,
        owner: Owner,
        buffered: Option<u64>,
    ) {
        let deadline = timeout.and_then(|timeout| work.deadlines.add(now, timeout, self.key, id));
        let ack = PendingAck {
            owner,
            deadline,
            buffered,
        };
        self.acks.insert(id, ack);
    }

    /// Puts an event into the queue of retries.
    fn enqueue<E>(
        &mut self,
        now: Instant,
        work: &mut Work<E>,
        emission: Emission,
        link: LinkState,
    ) -> Result<Option<AckToken>, EmitError> {
        if !self.queue.has_room(emission.content.weight()) {
            return Err(EmitError::BufferFull {
                packets: self.queue.len(),
                bytes: self.queue.bytes(),
            });
        }
        let serial = self.queue.push(Entry {
            content: emission.content,
            is_awaited: emission.wants_ack,
            is_compressed: emission.is_compressed,
            timeout: emission.timeout.or(self.options.ack_timeout),
            tries: 0,
            in_flight: None,
        });
        if !link.has_expired {
            self.drain_queue(now, work);
        }
        Ok(emission
            .wants_ack
            .then(|| self.token(AckPlace::Queued(serial))))
    }

    /// Sends the first event of the queue, unless it is on its way already.
    pub(super) fn drain_queue<E>(&mut self, now: Instant, work: &mut Work<E>) {
        if !self.is_connected() {
            return;
        }
        let Some(entry) = self.queue.next_to_send() else {
            return;
        };
        let id = self.acks.next_id();
        entry.in_flight = Some(id);
        entry.tries = entry.tries.saturating_add(1);
        let timeout = entry.timeout;
        let namespace = self.namespace.clone();
        let packet = OutgoingPacket::event(namespace, entry.content.clone(), Some(id.into()))
            .compressed(entry.is_compressed);
        self.send(work, packet, Role::Retried);
        self.await_ack(now, work, id, timeout, Owner::Queue, None);
    }
}
