//! What must hold for every session of a client, whatever happens to it in whatever order.
//!
//! The fuzz target `engineio_client` runs the same script from this file.

use std::time::{Duration, Instant};

use roomcast_engineio::client::{CloseReason, Input, Output, Session, Upgrades};
use roomcast_engineio::{Packet, Transport};

const TRANSPORTS: [Transport; 3] = [
    Transport::Polling,
    Transport::WebSocket,
    Transport::WebTransport,
];

/// A caller that keeps its own books and compares the outputs with them.
struct Caller {
    session: Session,
    now: Instant,
    carrier: Transport,
    phase: Phase,
    probes: Vec<(Transport, Probe)>,
    /// The probe for which polling pauses.
    chosen: Option<Transport>,
    /// The packet that is being handed in.
    incoming: Option<(Transport, Packet<'static>)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Opening,
    Open,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Probe {
    Opening,
    Opened,
    Asked,
}

/// Runs a session by a script. The first byte chooses the first transport; then two bytes are a step:
/// what happens to which transport, and after how long.
///
/// Panics if the session breaks a rule.
pub(crate) fn run(script: &[u8]) {
    let Some((&first, steps)) = script.split_first() else {
        return;
    };
    let carrier = TRANSPORTS[usize::from(first % 3)];
    let mut caller = Caller {
        session: Session::new(carrier, Upgrades::To(TRANSPORTS.to_vec())),
        now: Instant::now(),
        carrier,
        phase: Phase::Opening,
        probes: Vec::new(),
        chosen: None,
        incoming: None,
    };
    for step in steps.chunks_exact(2) {
        caller.now += Duration::from_millis(u64::from(step[1] % 64) * 8);
        let transport = TRANSPORTS[usize::from((step[0] >> 5) % 3)];
        caller.step(step[0] & 0x1f, transport);
        caller.check_state();
    }
    caller.input(Input::Discard(CloseReason::ForcedClose));
    assert_eq!(caller.phase, Phase::Closed, "a discarded session is over");
    assert_eq!(caller.session.next_timeout(), None);
}

impl Caller {
    fn step(&mut self, kind: u8, transport: Transport) {
        match kind {
            0 => self.packet(transport, Packet::Open(OFFERS_ALL)),
            1 => self.packet(transport, Packet::Open(OFFERS_WEBSOCKET)),
            2 => self.packet(transport, Packet::Open(OFFERS_NOTHING)),
            3 => self.packet(transport, Packet::Open("{}")),
            4 => self.packet(transport, Packet::Ping("")),
            5 => self.packet(transport, Packet::Pong("probe")),
            6 => self.packet(transport, Packet::Pong("")),
            7 => self.packet(transport, Packet::Close),
            8 => self.packet(transport, Packet::Noop),
            9 => self.packet(transport, Packet::Text("text")),
            10 => self.packet(transport, Packet::Binary(b"bytes"[..].into())),
            11 => self.packet(transport, Packet::Upgrade),
            12 => self.opened(transport),
            13 => self.input(Input::TransportClosed(transport)),
            14 => self.input(Input::TransportFailed(transport)),
            15 => self.input(Input::DecodeFailed(transport)),
            16 => self.input(Input::Paused),
            17 => self.input(Input::Close),
            18 => self.input(Input::Drained),
            19 => self.input(Input::Discard(CloseReason::ParseError)),
            _ => self.input(Input::Timeout),
        }
    }

    fn opened(&mut self, transport: Transport) {
        if let Some(Probe::Opening) = self.probe(transport) {
            self.set(transport, Probe::Opened);
        }
        self.input(Input::TransportOpened(transport));
    }

    fn packet(&mut self, from: Transport, packet: Packet<'static>) {
        let is_message = matches!(packet, Packet::Text(_) | Packet::Binary(_));
        let is_taken = is_message && from == self.carrier && self.phase == Phase::Open;
        self.incoming = Some((from, packet.clone()));
        let message = self.session.handle_packet(self.now, from, packet);
        assert_eq!(
            message.is_some(),
            is_taken,
            "messages come from the carrier"
        );
        self.drain();
        self.incoming = None;
    }

    fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            assert_ne!(self.phase, Phase::Closed, "{output:?} after the end");
            self.check(&output);
        }
    }

    fn check(&mut self, output: &Output) {
        match *output {
            Output::Opened(_) => {
                assert_eq!(self.phase, Phase::Opening);
                self.phase = Phase::Open;
            }
            Output::QueuePong => assert_eq!(self.phase, Phase::Open),
            Output::Probe { transport, .. } => {
                assert_eq!(self.phase, Phase::Open);
                assert_eq!(self.carrier, Transport::Polling);
                assert_ne!(transport, Transport::Polling);
                assert_eq!(self.probe(transport), None, "one probe of each");
                self.probes.push((transport, Probe::Opening));
            }
            Output::SendProbe(transport) => {
                assert_eq!(self.probe(transport), Some(Probe::Opened));
                self.set(transport, Probe::Asked);
            }
            Output::PausePolling => {
                let Some((from, Packet::Pong("probe"))) = self.incoming else {
                    panic!("nobody has answered the probe");
                };
                assert_eq!(self.probe(from), Some(Probe::Asked));
                assert_eq!(self.probes.len(), 1, "the others are given up");
                self.chosen = Some(from);
            }
            Output::Upgrade(transport) => {
                assert_eq!(self.chosen.take(), Some(transport));
                self.probes.clear();
                self.carrier = transport;
            }
            Output::DropProbe { transport, .. } => {
                assert!(self.probe(transport).is_some(), "it was tried");
                self.probes.retain(|(probed, _)| *probed != transport);
                self.chosen = self.chosen.filter(|chosen| *chosen != transport);
            }
            Output::CloseTransport(transport) => assert_eq!(transport, self.carrier),
            Output::Closed(_) => {
                assert!(self.probes.is_empty(), "no probe outlives its session");
                self.phase = Phase::Closed;
            }
        }
    }

    fn check_state(&self) {
        let session = &self.session;
        assert_eq!(session.is_closed(), self.phase == Phase::Closed);
        assert_eq!(session.transport(), self.carrier);
        assert!(!(session.is_open() && session.is_flushing()));
        let is_writable = self.phase == Phase::Open && self.chosen.is_none();
        assert_eq!(session.writable(), is_writable.then_some(self.carrier));
        assert_eq!(session.next_timeout().is_some(), self.phase == Phase::Open);
    }

    fn probe(&self, transport: Transport) -> Option<Probe> {
        let found = self.probes.iter().find(|(probed, _)| *probed == transport);
        found.map(|(_, probe)| *probe)
    }

    fn set(&mut self, transport: Transport, to: Probe) {
        for (probed, probe) in &mut self.probes {
            if *probed == transport {
                *probe = to;
            }
        }
    }
}

const OFFERS_ALL: &str =
    r#"{"sid":"x","upgrades":["websocket","webtransport"],"pingInterval":300,"pingTimeout":200}"#;
const OFFERS_WEBSOCKET: &str =
    r#"{"sid":"x","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200}"#;
const OFFERS_NOTHING: &str = r#"{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200}"#;
