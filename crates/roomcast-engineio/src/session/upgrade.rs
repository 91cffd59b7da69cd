//! The move of a session from polling to a WebSocket.

use std::time::Instant;

use super::{CloseReason, Link, Output, Poll, PollAnswer, Probe, Session, State};
use crate::{Packet, Transport};

impl Session {
    /// A WebSocket with the session's id: a probe, or one too many.
    pub(super) fn on_transport_opened(&mut self, now: Instant, transport: Transport) {
        if self.is_closed() {
            return;
        }
        let opened = Probe::open(now, &self.config);
        match self.beside_mut() {
            Some(beside) if beside.probe == Probe::None && transport != Transport::Polling => {
                beside.probe = opened;
            }
            _ => self.outputs.push_back(Output::RefuseTransport(transport)),
        }
    }

    // SPEC: Engine.IO 4, "Upgrade". As in the official server the client may leave out its ping.
    pub(super) fn on_probe_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        let Some(beside) = self.beside_mut() else {
            return;
        };
        match packet {
            _ if beside.probe == Probe::None => {}
            Packet::Ping("probe") => {
                beside.probe.answer(now);
                let answer = Output::AnswerProbe(Transport::WebSocket);
                self.outputs.push_back(answer);
            }
            Packet::Upgrade => self.take_over(),
            _ => self.drop_probe(),
        }
    }

    /// The probing WebSocket carries the session from now on. The heartbeat goes on as it was.
    fn take_over(&mut self) {
        let upgraded = Output::Upgraded(Transport::WebSocket);
        match self.state {
            State::Open(Link::Polling(polling)) => {
                self.retire(polling);
                self.state = State::Open(Link::WebSocket);
                self.outputs.push_back(upgraded);
            }
            State::Flushing(Link::Polling(polling)) => {
                self.retire(polling);
                self.state = State::Flushing(Link::WebSocket);
                self.outputs.push_back(upgraded);
            }
            State::AwaitingPoll { beside, .. } => {
                self.abort_post(beside.post);
                self.state = State::Flushing(Link::WebSocket);
                self.outputs.push_back(upgraded);
                self.finish(CloseReason::ForcedClose);
            }
            State::Open(Link::WebSocket) | State::Flushing(Link::WebSocket) | State::Closed(_) => {}
        }
    }

    /// Closes the probing WebSocket; the session goes on over polling.
    pub(super) fn drop_probe(&mut self) {
        let Some(beside) = self.beside_mut() else {
            return;
        };
        if std::mem::take(&mut beside.probe) != Probe::None {
            let close = Output::CloseTransport(Transport::WebSocket);
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
