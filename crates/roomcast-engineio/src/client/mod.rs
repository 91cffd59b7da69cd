//! The client's side of one session, from the first transport to the close reason.

mod input;
mod output;
mod probe;
mod upgrades;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use self::input::Input;
pub use self::output::{CloseReason, Output, ProbeFailure};
use self::probe::{Probe, Probes};
pub use self::upgrades::Upgrades;
use crate::{Handshake, Message, Packet, Transport};

/// The client's side of one session.
///
/// The caller owns the connections and the queue of packets to send; the session decides what
/// happens to them. The caller
/// 1. opens the first transport, and hands in what comes over it;
/// 2. reports what happens, and after each report takes all of [`poll_output`](Self::poll_output);
/// 3. writes its queue when [`writable`](Self::writable) says where; once
///    [`is_flushing`](Self::is_flushing), reports [`Input::Drained`] when nothing is queued and
///    nothing is being written;
/// 4. reports [`Input::Timeout`] at [`next_timeout`](Self::next_timeout).
///
/// After [`Output::Closed`] nothing is done any more, whatever is reported.
///
/// # Example
///
/// ```
/// use std::time::{Duration, Instant};
/// use roomcast_engineio::client::{Input, Output, Session, Upgrades};
/// use roomcast_engineio::{Packet, Transport};
///
/// let now = Instant::now();
/// let upgrades = Upgrades::To(vec![Transport::WebSocket]);
/// let mut session = Session::new(Transport::Polling, upgrades);
///
/// let open = r#"{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;
/// session.handle_packet(now, Transport::Polling, Packet::Open(open));
/// assert!(matches!(session.poll_output(), Some(Output::Opened(handshake)) if handshake.sid == "x"));
/// let probe = Output::Probe { transport: Transport::WebSocket, delay: Duration::ZERO };
/// assert_eq!(session.poll_output(), Some(probe));
///
/// session.handle_input(now, Input::TransportOpened(Transport::WebSocket));
/// assert_eq!(session.poll_output(), Some(Output::SendProbe(Transport::WebSocket)));
/// session.handle_packet(now, Transport::WebSocket, Packet::Pong("probe"));
/// assert_eq!(session.poll_output(), Some(Output::PausePolling));
/// session.handle_input(now, Input::Paused);
/// assert_eq!(session.poll_output(), Some(Output::Upgrade(Transport::WebSocket)));
/// assert_eq!(session.writable(), Some(Transport::WebSocket));
/// ```
///
/// Spec: Engine.IO protocol 4, "Protocol"; engine.io-client 6.6.6 where the text leaves a choice.
#[derive(Clone, Debug)]
pub struct Session {
    upgrades: Upgrades,
    transport: Transport,
    state: State,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Debug)]
enum State {
    /// The open packet is awaited.
    Opening,
    Open(Link),
    /// The application closed; packets may still be queued.
    Flushing(Link),
    Closed,
}

/// What an open session knows.
#[derive(Clone, Debug)]
struct Link {
    /// How long the server may be silent.
    patience: Duration,
    /// When it has been silent for too long.
    deadline: Option<Instant>,
    probes: Probes,
}

impl Session {
    /// A session that is about to be opened on `transport`.
    #[must_use]
    pub fn new(transport: Transport, upgrades: Upgrades) -> Self {
        Self {
            upgrades,
            transport,
            state: State::Opening,
            outputs: VecDeque::new(),
        }
    }

    /// Takes a packet that came over `from` and hands back what is for the application.
    ///
    /// Packets of a payload are handed in one by one. If one of them ends the session, those
    /// behind it have no effect.
    pub fn handle_packet<'p>(
        &mut self,
        now: Instant,
        from: Transport,
        packet: Packet<'p>,
    ) -> Option<Message<'p>> {
        if from == self.transport {
            return self.on_packet(now, packet);
        }
        self.on_probe_packet(from, &packet);
        None
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::TransportOpened(transport) => {
                if self
                    .probes_mut()
                    .is_some_and(|probes| probes.open(transport))
                {
                    self.outputs.push_back(Output::SendProbe(transport));
                }
            }
            Input::TransportClosed(transport) => {
                self.on_gone(transport, CloseReason::TransportClose, ProbeFailure::Closed);
            }
            Input::TransportFailed(transport) => {
                self.on_gone(transport, CloseReason::TransportError, ProbeFailure::Failed);
            }
            Input::DecodeFailed(transport) if transport == self.transport => {
                self.finish(CloseReason::TransportError);
            }
            Input::DecodeFailed(transport) => self.drop_probe(transport, ProbeFailure::Answer),
            Input::Paused => self.on_paused(),
            Input::Close => self.on_close(),
            Input::Drained => self.on_drained(),
            Input::Discard(reason) => self.finish(reason),
            Input::Timeout => self.on_timeout(now),
        }
    }

    /// The next thing to do, or none until something happens again.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Where queued packets may be written now: nowhere before the session is open, nor while it
    /// changes over.
    #[must_use]
    pub fn writable(&self) -> Option<Transport> {
        let link = self.link()?;
        (!link.probes.is_upgrading()).then_some(self.transport)
    }

    /// When [`Input::Timeout`] is to be reported.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.link()?.deadline
    }

    /// The transport the session is on; after its end, was on.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether packets may be queued to be sent: the session is open and nobody has closed it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether the application closed and its queued packets are awaited ([`Input::Drained`]).
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        matches!(&self.state, State::Flushing(link) if !link.probes.is_upgrading())
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether the server has been silent for so long that it is taken for dead, which the timer of
    /// a machine that slept may not have told yet.
    #[must_use]
    pub fn has_expired(&self, now: Instant) -> bool {
        self.next_timeout().is_some_and(|deadline| deadline <= now)
    }

    fn on_packet<'p>(&mut self, now: Instant, packet: Packet<'p>) -> Option<Message<'p>> {
        match packet {
            Packet::Open(json) => self.on_open(now, json),
            Packet::Ping(_) => self.on_ping(now),
            Packet::Close if self.transport == Transport::Polling => {
                self.finish(CloseReason::TransportClose);
            }
            Packet::Text(text) if self.link().is_some() => return Some(Message::Text(text)),
            Packet::Binary(bytes) if self.link().is_some() => return Some(Message::Binary(bytes)),
            // COMPAT: engine.io-client 6.6 lets all of these pass without effect.
            Packet::Text(_)
            | Packet::Binary(_)
            | Packet::Close
            | Packet::Pong(_)
            | Packet::Upgrade
            | Packet::Noop => {}
        }
        None
    }

    fn on_open(&mut self, now: Instant, json: &str) {
        if !matches!(self.state, State::Opening) {
            return;
        }
        let Ok(handshake) = Handshake::decode(json) else {
            return self.finish(CloseReason::BadHandshake);
        };
        let patience = handshake
            .ping_interval
            .saturating_add(handshake.ping_timeout);
        let candidates = self.candidates(&handshake.upgrades);
        self.outputs
            .push_back(Output::Opened(handshake.into_owned()));
        let has_webtransport = candidates.contains(&Transport::WebTransport);
        for &transport in &candidates {
            let delay = match has_webtransport && transport != Transport::WebTransport {
                true => HEAD_START,
                false => Duration::ZERO,
            };
            self.outputs.push_back(Output::Probe { transport, delay });
        }
        self.state = State::Open(Link {
            patience,
            deadline: now.checked_add(patience),
            probes: Probes::of(candidates),
        });
    }

    /// The transports that are tried beside polling: each once, whatever the server names.
    fn candidates(&self, offered: &[Transport]) -> Vec<Transport> {
        let mut candidates = Vec::new();
        if self.transport == Transport::Polling {
            for transport in self.upgrades.filter(offered) {
                if transport != Transport::Polling && !candidates.contains(&transport) {
                    candidates.push(transport);
                }
            }
        }
        candidates
    }

    fn on_ping(&mut self, now: Instant) {
        if let State::Open(link) = &mut self.state {
            // Invariant: a server that only pings does not keep a session that closes.
            link.deadline = now.checked_add(link.patience);
        }
        if self.link().is_some() {
            self.outputs.push_back(Output::QueuePong);
        }
    }

    fn on_probe_packet(&mut self, from: Transport, packet: &Packet<'_>) {
        let Some(probes) = self.probes_mut() else {
            return;
        };
        match (probes.state(from), packet) {
            (Some(Probe::Asked), Packet::Pong("probe")) => {
                let others = probes.choose(from);
                let failed = others.into_iter().map(|transport| Output::DropProbe {
                    transport,
                    failure: ProbeFailure::Outrun,
                });
                self.outputs.extend(failed);
                self.outputs.push_back(Output::PausePolling);
            }
            (Some(Probe::Asked), _) => self.drop_probe(from, ProbeFailure::Answer),
            _ => {}
        }
    }

    fn on_paused(&mut self) {
        let Some(chosen) = self.probes_mut().and_then(Probes::take_chosen) else {
            return;
        };
        self.transport = chosen;
        self.outputs.push_back(Output::Upgrade(chosen));
    }

    fn on_gone(&mut self, transport: Transport, reason: CloseReason, failure: ProbeFailure) {
        if transport == self.transport {
            self.end(reason);
        } else {
            self.drop_probe(transport, failure);
        }
    }

    fn drop_probe(&mut self, transport: Transport, failure: ProbeFailure) {
        if self
            .probes_mut()
            .is_some_and(|probes| probes.remove(transport))
        {
            self.outputs
                .push_back(Output::DropProbe { transport, failure });
        }
    }

    fn on_close(&mut self) {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Opening => {
                self.state = State::Opening;
                self.finish(CloseReason::ForcedClose);
            }
            State::Open(link) => self.state = State::Flushing(link),
            state => self.state = state,
        }
    }

    fn on_drained(&mut self) {
        if self.is_flushing() {
            self.finish(CloseReason::ForcedClose);
        }
    }

    fn on_timeout(&mut self, now: Instant) {
        if self.has_expired(now) {
            self.finish(CloseReason::PingTimeout);
        }
    }

    /// Ends the session, whose transport is still there.
    fn finish(&mut self, reason: CloseReason) {
        if !self.is_closed() {
            self.outputs
                .push_back(Output::CloseTransport(self.transport));
            self.end(reason);
        }
    }

    /// Ends the session, whose transport is gone or about to be.
    fn end(&mut self, reason: CloseReason) {
        if self.is_closed() {
            return;
        }
        let probing: Vec<_> = self.probes_mut().map(Probes::take_all).unwrap_or_default();
        let dropped = probing.into_iter().map(|transport| Output::DropProbe {
            transport,
            failure: ProbeFailure::SessionClosed,
        });
        self.outputs.extend(dropped);
        self.state = State::Closed;
        self.outputs.push_back(Output::Closed(reason));
    }

    fn link(&self) -> Option<&Link> {
        match &self.state {
            State::Open(link) | State::Flushing(link) => Some(link),
            State::Opening | State::Closed => None,
        }
    }

    fn probes_mut(&mut self) -> Option<&mut Probes> {
        match &mut self.state {
            State::Open(link) | State::Flushing(link) => Some(&mut link.probes),
            State::Opening | State::Closed => None,
        }
    }
}

/// By how much WebTransport is favoured.
// COMPAT: engine.io-client 6.6, as `webtransport_is_tried_200_ms_before_websocket` shows.
const HEAD_START: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests;
