//! What the state machine of the session asks for.

use std::sync::Arc;
use std::time::SystemTime;

use roomcast_engineio::client::{CloseReason, Input, Output, ProbeFailure, Session};
use roomcast_engineio::{Handshake, Transport};

use super::duplex::Duplex;
use super::opening::{Opening, Progress};
use super::{Closed, Compression, Engine, EngineEvent, Outgoing, Queued, now, upgrades};

impl Engine {
    pub(super) fn tell(&mut self, input: Input) {
        self.session.handle_input(now(), input);
        self.drain();
    }

    pub(super) fn check_paused(&mut self) {
        let polling = self.polling.as_ref();
        // Invariant: what an answer still holds is taken before the session changes over.
        if self.body.is_none() && polling.is_some_and(|polling| polling.is_paused()) {
            self.tell(Input::Paused);
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            self.on_output(output);
        }
    }

    fn on_output(&mut self, output: Output) {
        match output {
            Output::Opened(handshake) => self.on_opened(handshake),
            Output::QueuePong => {
                self.queue_pong();
                self.move_deadline();
            }
            Output::Probe { transport, delay } => {
                let handshake = self.handshake.as_ref();
                let sid = handshake.map(|handshake| handshake.sid.to_string());
                let opening = Opening::start(&self.shared, transport, sid, delay);
                self.openings.push(opening);
            }
            Output::SendProbe(transport) => {
                if let Some(duplex) = self.probing(transport) {
                    duplex.send_text("2probe");
                }
            }
            Output::PausePolling => {
                if let Some(polling) = &mut self.polling {
                    polling.pause();
                }
                self.check_paused();
            }
            Output::Upgrade(transport) => self.on_upgrade(transport),
            Output::DropProbe { transport, failure } => self.on_probe_failed(transport, failure),
            Output::CloseTransport(_) => self.close_transport(),
            Output::Closed(reason) => self.on_closed(reason),
        }
    }

    fn on_opened(&mut self, handshake: Handshake<'_>) {
        if let Some(polling) = &mut self.polling {
            polling.set_sid(&handshake.sid);
        }
        self.handshake = Some(Arc::new(handshake.into_owned()));
        self.move_deadline();
        let transport = self.session.transport();
        self.events.push_back(EngineEvent::Opened(transport));
    }

    /// Invariant: one pong waits at most, however often a server pings that takes none.
    fn queue_pong(&mut self) {
        if !std::mem::replace(&mut self.has_pong, true) {
            self.queue.push_back(Queued {
                packet: Outgoing::PONG,
                compression: Compression::Never,
            });
        }
    }

    fn move_deadline(&mut self) {
        let left = self
            .session
            .next_timeout()
            .map(|deadline| deadline.duration_since(now()));
        self.wall_deadline = left.and_then(|left| SystemTime::now().checked_add(left));
    }

    fn on_upgrade(&mut self, transport: Transport) {
        self.polling = None;
        if let Some(Progress::Open(mut duplex)) = self.take_opening(transport) {
            duplex.send_text("5");
            self.carrier = Some(duplex);
        }
        self.events.push_back(EngineEvent::Upgraded(transport));
    }

    fn on_probe_failed(&mut self, transport: Transport, failure: ProbeFailure) {
        match self.take_opening(transport) {
            Some(Progress::Open(duplex)) => {
                tokio::spawn(duplex.close());
            }
            Some(Progress::Connecting(_)) | None => {}
        }
        if let Some(polling) = &mut self.polling {
            polling.resume();
        }
        self.events
            .push_back(EngineEvent::UpgradeFailed { transport, failure });
    }

    /// The transport that is open and does not carry the session yet.
    pub(super) fn probing(&mut self, transport: Transport) -> Option<&mut Duplex> {
        let mut openings = self.openings.iter_mut();
        openings.find(|one| one.transport == transport)?.open()
    }

    pub(super) fn take_opening(&mut self, transport: Transport) -> Option<Progress> {
        let mut openings = self.openings.iter();
        let at = openings.position(|one| one.transport == transport)?;
        Some(self.openings.remove(at).progress)
    }

    fn close_transport(&mut self) {
        self.openings.clear();
        if let Some(polling) = self.polling.take() {
            tokio::spawn(polling.close());
        }
        if let Some(duplex) = self.carrier.take() {
            tokio::spawn(duplex.close());
        }
    }

    fn on_closed(&mut self, reason: CloseReason) {
        let was_opening = self.handshake.is_none();
        let fault = self.fault.take();
        if was_opening && let Some(error) = fault.clone() {
            self.failures.push((self.session.transport(), error));
        }
        self.polling = None;
        self.carrier = None;
        self.body = None;
        if was_opening
            && reason != CloseReason::ForcedClose
            && let Some(next) = self.untried.pop_front()
        {
            self.session = Session::new(next, upgrades(&self.shared.options));
            return self.start(next);
        }
        self.queue.clear();
        self.has_pong = false;
        self.events.push_back(EngineEvent::Closed(Closed {
            reason,
            fault,
            failures: std::mem::take(&mut self.failures),
        }));
    }
}
