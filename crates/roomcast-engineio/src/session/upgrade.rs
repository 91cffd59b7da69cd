//! The move of a session from polling to a WebSocket or to WebTransport.

use std::time::Instant;

use super::{CloseReason, Duplex, Link, Output, Poll, PollAnswer, Probe, Session, State};
use crate::{Packet, Transport};

impl Session {
    /// A WebSocket or a stream of WebTransport with the session's id: a probe, or one too many.
    pub(super) fn on_transport_opened(&mut self, now: Instant, transport: Transport) {
        if self.is_closed() {
            return;
        }
        let opened = Duplex::of(transport).map(|over| Probe::open(now, over, &self.config));
        match (self.beside_mut(), opened) {
            (Some(beside), Some(opened)) if beside.probe == Probe::None => beside.probe = opened,
            _ => self.outputs.push_back(Output::RefuseTransport(transport)),
        }
    }

    // SPEC: Engine.IO 4, "Upgrade". As in the official server the client may leave out its ping.
    pub(super) fn on_probe_packet(&mut self, now: Instant, over: Duplex, packet: &Packet<'_>) {
        let Some(beside) = self.beside_mut() else {
            return;
        };
        match packet {
            _ if beside.probe.over() != Some(over) => {}
            Packet::Ping("probe") => {
                beside.probe.answer(now);
                let answer = Output::AnswerProbe(over.transport());
                self.outputs.push_back(answer);
            }
            Packet::Upgrade => self.take_over(over),
            _ => self.drop_probe(),
        }
    }

    /// The probing transport carries the session from now on. The heartbeat goes on as it was.
    fn take_over(&mut self, duplex: Duplex) {
        let upgraded = Output::Upgraded(duplex.transport());
        match self.state {
            State::Open(Link::Polling(polling)) => {
                self.retire(polling);
                self.state = State::Open(Link::Duplex(duplex));
                self.outputs.push_back(upgraded);
            }
            State::Flushing(Link::Polling(polling)) => {
                self.retire(polling);
                self.state = State::Flushing(Link::Duplex(duplex));
                self.outputs.push_back(upgraded);
            }
            State::AwaitingPoll { beside, .. } => {
                self.abort_post(beside.post);
                self.state = State::Flushing(Link::Duplex(duplex));
                self.outputs.push_back(upgraded);
                self.finish(CloseReason::ForcedClose);
            }
            State::Open(Link::Duplex(_)) | State::Flushing(Link::Duplex(_)) | State::Closed(_) => {}
        }
    }

    /// Closes the probing transport; the session goes on over polling.
    pub(super) fn drop_probe(&mut self) {
        let Some(beside) = self.beside_mut() else {
            return;
        };
        if let Some(over) = std::mem::take(&mut beside.probe).over() {
            let close = Output::CloseTransport(over.transport());
            self.outputs.push_back(close);
        }
    }

    pub(super) fn on_probe_timeout(&mut self, now: Instant) {
        let Some(beside) = self.beside_mut() else {
            return;
        };
        if beside.probe.until().is_some_and(|until| until <= now) {
            self.drop_probe();
        } else if beside.probe.pass_checks(now) {
            self.end_waiting_poll();
        }
    }

    /// Ends a waiting poll, so that the client can stop polling and move.
    fn end_waiting_poll(&mut self) {
        if let Some(poll @ Poll::Waiting) = self.poll_mut() {
            *poll = Poll::Away;
            let noop = Output::AnswerPoll(PollAnswer::Noop);
            self.outputs.push_back(noop);
        }
    }
}
