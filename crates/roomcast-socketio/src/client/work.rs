//! What is still to be done, in order.

use std::collections::VecDeque;
use std::time::Instant;

use super::deadlines::Deadlines;
use super::outbox::{Outbox, Role};
use super::{
    EmitError, EngineKey, ManagerEvent, OpenError, OutgoingPacket, Output, Overflow, SocketKey,
};

/// What the sockets of a manager share: what is still to be done, what is to be sent, and when
/// acknowledgements are due.
#[derive(Debug)]
pub(super) struct Work<E> {
    steps: VecDeque<Step<E>>,
    pub(super) outbox: Outbox,
    /// Events that were dropped out of it, whose acknowledgements have to fail.
    pub(super) dropped: VecDeque<(SocketKey, u64)>,
    pub(super) deadlines: Deadlines,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Step<E> {
    /// Hand this to the caller.
    Give(Output<'static, E>),
    /// Decide what follows a lost connection or a failed attempt, of which this is the error if it
    /// was one to connect again.
    Decide(Option<OpenError<E>>),
    /// Begin the attempt that was announced.
    Attempt,
    /// Have the sockets join over a connection that is open; it is the attempt of this number, if it
    /// was one to connect again.
    Join(EngineKey, Option<u32>),
    /// Hand over what has waited until the socket was connected, if its session is still this one.
    Settle(SocketKey, u64),
}

impl<E> Work<E> {
    pub(super) fn new(max_outbox: usize) -> Self {
        Self {
            steps: VecDeque::new(),
            outbox: Outbox::new(max_outbox),
            dropped: VecDeque::new(),
            deadlines: Deadlines::default(),
        }
    }

    pub(super) fn push(&mut self, step: Step<E>) {
        self.steps.push_back(step);
    }

    pub(super) fn give(&mut self, output: Output<'static, E>) {
        self.push(Step::Give(output));
    }

    /// Sees to the limit of the outbox; whether the new event may come in.
    pub(super) fn make_room(
        &mut self,
        weight: usize,
        overflow: Overflow,
    ) -> Result<bool, EmitError> {
        while !self.outbox.has_room(weight) {
            match overflow {
                Overflow::DropNewest => return Ok(false),
                Overflow::DropOldest if let Some((socket, id)) = self.outbox.drop_oldest() => {
                    self.dropped.extend(id.map(|id| (socket, id)));
                }
                Overflow::Refuse | Overflow::DropOldest => {
                    return Err(EmitError::OutboxFull {
                        bytes: self.outbox.bytes(),
                    });
                }
            }
        }
        Ok(true)
    }

    /// Sends a packet; the caller has seen to the limits.
    pub(super) fn send(&mut self, packet: OutgoingPacket, role: Role) {
        self.outbox.push(packet, role);
        // Many packets are one thing to do.
        if !matches!(self.steps.back(), Some(Step::Give(Output::Send))) {
            self.give(Output::Send);
        }
    }

    /// Sends what the server cannot do without.
    pub(super) fn send_essential(&mut self, packet: OutgoingPacket) {
        self.send(packet, Role::Essential);
    }

    pub(super) fn report(&mut self, event: ManagerEvent<E>) {
        self.give(Output::Manager(event));
    }

    /// Hands something over at once if nothing else is to be done before it.
    pub(super) fn give_or_return<'p>(&mut self, output: Output<'p, E>) -> Option<Output<'p, E>> {
        if self.steps.is_empty() {
            return Some(output);
        }
        self.give(output.into_owned());
        None
    }

    pub(super) fn pop(&mut self) -> Option<Step<E>> {
        self.steps.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Takes all steps out, so that those which are added meanwhile come before them.
    pub(super) fn set_aside(&mut self) -> VecDeque<Step<E>> {
        std::mem::take(&mut self.steps)
    }

    pub(super) fn put_back(&mut self, mut later: VecDeque<Step<E>>) {
        self.steps.append(&mut later);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}
