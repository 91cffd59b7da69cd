//! One namespace of a manager: its state, and how it comes to an end.

use std::sync::Arc;
use std::time::Instant;

use super::acks::{Acks, Owner};
use super::outbox::Role;
use super::output::AckPlace;
use super::receive_buffer::ReceiveBuffer;
use super::recovery::Recovery;
use super::retries::RetryQueue;
use super::send_buffer::SendBuffer;
use super::work::Work;
use super::{
    AckError, AckToken, Answer, BufferLimits, ConnectError, Description, DisconnectReason,
    OutgoingPacket, Output, SocketKey, SocketOptions,
};
use crate::Packet;

/// One namespace of a manager.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) key: SocketKey,
    pub(super) namespace: Arc<str>,
    pub(super) options: SocketOptions,
    pub(super) phase: Phase,
    /// Counts up whenever what belongs to a connection becomes void.
    pub(super) session: u64,
    /// Whether the last CONNECT has restored the session before.
    pub(super) recovered: bool,
    pub(super) recovery: Recovery,
    pub(super) received: ReceiveBuffer,
    pub(super) buffer: SendBuffer,
    pub(super) acks: Acks,
    pub(super) queue: RetryQueue,
    /// Whether someone listens to the events that are sent.
    pub(super) reports_outgoing: bool,
}

/// How far a socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody wants it connected.
    Idle,
    /// Nobody wants it connected any more; the server has not answered its CONNECT yet.
    Abandoned,
    /// It is to be connected once the manager is.
    Waiting,
    /// The caller is asked for its `auth`, by this serial.
    Asking(u64),
    /// CONNECT was sent.
    Joining,
    /// The server has confirmed, with this id; what has waited is being handed over.
    Settling(Arc<str>),
    /// The same, and nothing waits any more.
    Connected(Arc<str>),
}

impl Phase {
    pub(super) fn is_active(&self) -> bool {
        !matches!(self, Self::Idle | Self::Abandoned)
    }

    pub(super) fn sid(&self) -> Option<&Arc<str>> {
        match self {
            Self::Settling(sid) | Self::Connected(sid) => Some(sid),
            _ => None,
        }
    }
}

impl Socket {
    pub(super) fn new(
        key: SocketKey,
        namespace: Arc<str>,
        options: SocketOptions,
        receive_limits: BufferLimits,
    ) -> Self {
        Self {
            key,
            namespace,
            phase: Phase::Idle,
            session: 0,
            recovered: false,
            recovery: Recovery::default(),
            received: ReceiveBuffer::new(receive_limits),
            buffer: SendBuffer::new(options.send_buffer),
            acks: Acks::default(),
            queue: RetryQueue::new(options.send_buffer),
            reports_outgoing: false,
            options,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.phase.sid().is_some()
    }

    /// Reports that the socket is no longer connected, after a [`reset`](Self::reset).
    pub(super) fn report_disconnect<E>(
        &mut self,
        work: &mut Work<E>,
        reason: DisconnectReason,
        description: Option<Description<E>>,
    ) {
        work.give(Output::Disconnect {
            socket: self.key,
            reason,
            description,
        });
        for id in self.acks.sent_ids() {
            self.fail_ack(work, id, AckError::Disconnected);
        }
    }

    /// Makes void what belongs to a connection, and returns how far the socket was.
    pub(super) fn reset(&mut self, next: Phase) -> Phase {
        self.session += 1;
        self.received.clear();
        std::mem::replace(&mut self.phase, next)
    }

    pub(super) fn refused<E>(&mut self, work: &mut Work<E>, error: ConnectError<E>) {
        work.give(Output::ConnectError {
            socket: self.key,
            error,
        });
    }

    /// Takes the confirmation of CONNECT. What has waited is handed over by
    /// [`Step::Settle`](super::work::Step::Settle).
    pub(super) fn connected(&mut self, sid: &str, pid: Option<&str>) {
        self.recovered = self.recovery.connected(pid);
        self.phase = Phase::Settling(sid.into());
    }

    /// What the user gets of an event.
    pub(super) fn received<'p, E>(&mut self, packet: Packet<'p>) -> Output<'p, E> {
        self.recovery.received(&packet);
        let answer = packet.ack().map(|id| Answer {
            socket: self.key,
            session: self.session,
            id,
        });
        Output::Event {
            socket: self.key,
            packet,
            answer,
        }
    }

    /// Sends an event that is encoded and has its id.
    pub(super) fn send<E>(&self, work: &mut Work<E>, packet: OutgoingPacket, role: Role) {
        if self.reports_outgoing {
            work.give(Output::AnyOutgoing {
                socket: self.key,
                packet: packet.clone(),
            });
        }
        work.send(packet, role);
    }

    /// Hands over one piece of what has waited until the socket was connected: events of the server,
    /// then those of the user. Whether there was one.
    pub(super) fn hand_over<E>(&mut self, work: &mut Work<E>) -> bool {
        if let Some(packet) = self.received.pop() {
            let output = self.received(packet);
            work.give(output);
            return true;
        }
        let Some(packet) = self.buffer.pop() else {
            return false;
        };
        if let Some(id) = packet.ack_id().and_then(crate::AckId::as_u64) {
            self.acks.sent(id);
        }
        self.send(work, packet, Role::Event(self.key));
        true
    }

    /// Ends the waiting for an acknowledgement that did not come in time.
    pub(super) fn time_out<E>(&mut self, now: Instant, work: &mut Work<E>, id: u64) {
        self.fail_ack(work, id, AckError::TimedOut);
        self.drain_queue(now, work);
    }

    /// Ends the waiting for an acknowledgement that will not come. Its event is not sent if it still
    /// waits.
    pub(super) fn fail_ack<E>(&mut self, work: &mut Work<E>, id: u64, error: AckError) {
        let Some(ack) = self.acks.take(&mut work.deadlines, id) else {
            return;
        };
        if let Some(place) = ack.buffered {
            self.buffer.remove(place);
        }
        let place = match ack.owner {
            Owner::Emitter => Some(AckPlace::Sent(id)),
            Owner::Queue => {
                let retries = self.options.retries;
                let ended = self.queue.end_try(id, |entry| entry.tries > retries);
                ended.map(AckPlace::Queued)
            }
        };
        if let Some(place) = place {
            work.give(Output::Ack {
                token: self.token(place),
                result: Err(error),
            });
        }
    }

    /// Takes the server's acknowledgement: what the user gets of it.
    pub(super) fn acknowledged<'p, E>(
        &mut self,
        work: &mut Work<E>,
        packet: Packet<'p>,
    ) -> Option<Output<'p, E>> {
        let id = packet.ack()?.as_u64()?;
        let place = match self.acks.take(&mut work.deadlines, id)?.owner {
            Owner::Emitter => AckPlace::Sent(id),
            Owner::Queue => AckPlace::Queued(self.queue.end_try(id, |_| true)?),
        };
        Some(Output::Ack {
            token: self.token(place),
            result: Ok(packet),
        })
    }

    /// Ends all waiting, before the socket is removed.
    pub(super) fn abandon<E>(&mut self, work: &mut Work<E>) {
        while self.buffer.pop().is_some() {}
        for id in self.acks.ids() {
            self.fail_ack(work, id, AckError::Disconnected);
        }
        while !self.queue.is_empty() {
            if let Some(serial) = self.queue.pop() {
                work.give(Output::Ack {
                    token: self.token(AckPlace::Queued(serial)),
                    result: Err(AckError::Disconnected),
                });
            }
        }
    }

    pub(super) fn token(&self, place: AckPlace) -> AckToken {
        AckToken {
            socket: self.key,
            place,
        }
    }
}
