//! What goes over the transports.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use roomcast_engineio::Transport;
use roomcast_engineio::client::Input;

use super::polling::fitting;
use super::{Engine, Outgoing, Queued, Source};

impl Engine {
    /// Whether a packet would leave at once: what volatile events ask.
    pub(crate) fn is_writable(&self) -> bool {
        let is_free = match self.session.writable() {
            Some(Transport::Polling) => self
                .polling
                .as_ref()
                .is_some_and(|polling| !polling.is_posting()),
            Some(_) => self
                .carrier
                .as_ref()
                .is_some_and(|duplex| !duplex.owes_much()),
            None => false,
        };
        is_free && self.queue.is_empty()
    }

    /// Whether all that was sent has left.
    pub(crate) fn is_drained(&self) -> bool {
        let is_posting = self
            .polling
            .as_ref()
            .is_some_and(|polling| polling.is_posting());
        let carrier = self.carrier.as_ref();
        let has_unwritten = carrier.is_some_and(|duplex| duplex.has_unwritten());
        self.queue.is_empty() && !is_posting && !has_unwritten
    }

    pub(super) fn write(&mut self, cx: &mut Context<'_>, source: &mut impl Source) -> bool {
        let mut has_moved = match self.session.writable() {
            Some(Transport::Polling) => self.post(source),
            Some(_) => self.write_frames(source),
            None => false,
        };
        for opening in &mut self.openings {
            let transport = opening.transport;
            let Some(probe) = opening.open() else {
                continue;
            };
            let was_held = probe.is_held();
            if let Poll::Ready(Err(error)) = probe.poll_flush(cx) {
                self.on_failed(transport, error);
                return true;
            }
            has_moved |= was_held && !probe.is_held();
        }
        if let Some(duplex) = &mut self.carrier {
            let transport = duplex.transport();
            let (owed_much, was_held) = (duplex.owes_much(), duplex.is_held());
            if let Poll::Ready(Err(error)) = duplex.poll_flush(cx) {
                self.carrier = None;
                self.on_failed(transport, error);
                return true;
            }
            // There is room for more, and nobody else would say so.
            has_moved |= owed_much && !duplex.owes_much();
            has_moved |= was_held && !duplex.is_held();
        }
        if self.session.is_flushing() && self.is_drained() {
            self.tell(Input::Drained);
            return true;
        }
        has_moved
    }

    fn post(&mut self, source: &mut impl Source) -> bool {
        let Some(polling) = &mut self.polling else {
            return false;
        };
        if polling.is_posting() {
            return false;
        }
        let handshake = self.handshake.as_ref();
        let limit = handshake.and_then(|handshake| handshake.max_payload);
        // COMPAT: engine.io-client takes 0 for no limit.
        let limit = limit.filter(|limit| *limit > 0);
        let limit = limit.unwrap_or(MAX_BODY_BYTES);
        gather(&mut self.queue, source, limit);
        if self.queue.is_empty() {
            return false;
        }
        let packets = || self.queue.iter().map(|queued| &queued.packet);
        self.posted = fitting(packets(), limit);
        self.has_pong &= !packets().take(self.posted).any(Outgoing::is_pong);
        polling.start_post(packets().take(self.posted));
        // The request is started by being polled.
        true
    }

    fn write_frames(&mut self, source: &mut impl Source) -> bool {
        let Some(duplex) = &mut self.carrier else {
            return false;
        };
        let mut has_moved = false;
        while !duplex.owes_much() {
            if let Some(queued) = self.queue.pop_front() {
                self.has_pong &= !queued.packet.is_pong();
                duplex.send(&queued.packet, queued.compression);
                has_moved = true;
            } else if !source.take_next(&mut self.queue) {
                break;
            }
        }
        has_moved
    }
}

/// Takes from `source` as much as one body holds.
fn gather(queue: &mut VecDeque<Queued>, source: &mut impl Source, limit: u64) {
    let mut bytes = 0;
    let mut counted = 0;
    loop {
        for queued in queue.range(counted..) {
            bytes += queued.packet.payload_len() as u64;
        }
        counted = queue.len();
        if bytes >= limit || !source.take_next(queue) {
            return;
        }
    }
}

/// What one body holds if the server names no limit.
const MAX_BODY_BYTES: u64 = 1_000_000;
