//! What other servers do for a session: they serve its polls, its POSTs, its WebSocket.

use std::collections::VecDeque;
use std::task::Context;
use std::time::Instant;

use roomcast_cluster::NodeId;
use roomcast_cluster::engine::{
    Access, Body, Carrier, Data, Lock, MAX_PACKETS, Packet, PacketKind,
};
use roomcast_engineio::{self as proto, CloseReason, Transport, TransportError};

use super::SessionTask;
use crate::engine::application::Readiness;
use crate::engine::cause::{DisconnectCause, Farewell};
use crate::engine::events::SessionEvent;
use crate::engine::mailbox::{PollAnswer, Relayed};
use crate::engine::outbox::Entry;
use crate::engine::relay;

/// What other servers have of a session.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Where the waiting GET is.
    poll: Option<NodeId>,
    /// Where the connection is that carries the session or probes for it.
    duplex: Option<(NodeId, Transport)>,
    /// When a poll that waits beside the probe is to be ended.
    noop_at: Option<Instant>,
    /// What came while the application had enough.
    backlog: VecDeque<Relayed>,
}

impl SessionTask {
    /// Begins with what a client has sent to the server that had the session before.
    pub(crate) fn resume(&mut self, packets: Vec<Packet>, from: &NodeId) {
        let sid = self.socket.sid();
        let relayed = packets.into_iter().map(|packet| Relayed {
            from: from.clone(),
            body: Body::Packet {
                sid: sid.into(),
                packet,
            },
        });
        let backlog = relayed.collect();
        self.elsewhere_mut().backlog = backlog;
    }

    pub(super) fn on_relayed(&mut self, relayed: Relayed, cx: &mut Context<'_>) {
        let bytes = relayed.bytes();
        match relayed.body {
            Body::AcquireLock { request, lock } => {
                self.socket.mailbox().take_relayed(bytes);
                self.on_lock(relayed.from, request, &lock, cx);
            }
            // The other server does not wait as long as handlers may take. What came before is of the
            // same client, wherever it is now.
            Body::Upgrade {
                request, success, ..
            } if !self.application.is_movable() || self.is_sated() => {
                self.socket.mailbox().take_relayed(bytes);
                self.on_relayed_upgrade(relayed.from, request, success, cx);
            }
            // In the order in which they came.
            body => {
                let from = relayed.from;
                self.elsewhere_mut()
                    .backlog
                    .push_back(Relayed { from, body });
            }
        }
    }

    /// Takes in what other servers said, until the application has enough.
    pub(super) fn resume_relayed(&mut self, cx: &mut Context<'_>) {
        while !self.session.is_closed()
            && self.application.readiness() == Readiness::Ready
            && let Some(relayed) = self.next_relayed()
        {
            self.socket.mailbox().take_relayed(relayed.bytes());
            let from = relayed.from;
            match relayed.body {
                Body::Packet { packet, .. } => self.on_relayed_packet(&packet, cx),
                Body::Upgrade {
                    request, success, ..
                } => self.on_relayed_upgrade(from, request, success, cx),
                Body::Close { reason, .. } => self.on_relayed_close(&from, &reason, cx),
                _ => {}
            }
        }
    }

    fn is_sated(&self) -> bool {
        self.application.readiness() == Readiness::Saturated
    }

    fn has_backlog(&self) -> bool {
        let elsewhere = self.elsewhere.as_ref();
        elsewhere.is_some_and(|elsewhere| !elsewhere.backlog.is_empty())
    }

    fn next_relayed(&mut self) -> Option<Relayed> {
        self.elsewhere.as_mut()?.backlog.pop_front()
    }

    fn elsewhere_mut(&mut self) -> &mut Elsewhere {
        self.elsewhere.get_or_insert_default()
    }

    // SPEC: cluster-engine 0.1.0 grants a poll unless one waits, a POST always, and a probe unless
    // there is one, each while the session is on polling.
    fn on_lock(&mut self, from: NodeId, request: u64, lock: &Lock, cx: &mut Context<'_>) {
        let is_polling =
            self.session.transport() == Transport::Polling && !self.session.is_closed();
        let success = is_polling
            && match (lock.carrier, lock.access) {
                (Carrier::Polling, Access::Write) => true,
                (Carrier::Polling, Access::Read) => {
                    self.session.writable() != Some(Transport::Polling)
                }
                _ => !self.session.is_upgrading(),
            };
        let is_said = self.say(from.clone(), Body::AcquireLockResponse { request, success });
        if !success || !is_said {
            return;
        }
        match (lock.carrier, lock.access) {
            (Carrier::Polling, Access::Write) => {}
            (Carrier::Polling, Access::Read) => {
                self.elsewhere_mut().poll = Some(from);
                self.tell(proto::Input::Poll, cx);
            }
            (carrier, _) => {
                let noop_at = self
                    .engine
                    .exchange()
                    .map(|exchange| exchange.noop_interval());
                let noop_at = noop_at.map(|interval| self.now + interval);
                let transport = transport_of(carrier);
                let elsewhere = self.elsewhere_mut();
                elsewhere.duplex = Some((from, transport));
                elsewhere.noop_at = noop_at;
                self.tell(proto::Input::TransportOpened(transport), cx);
            }
        }
    }

    fn on_relayed_packet(&mut self, packet: &Packet, cx: &mut Context<'_>) {
        let transport = self.session.transport();
        let max_bytes = self.engine.config().max_message_bytes;
        if packet.data.as_ref().map_or(0, Data::len) > max_bytes {
            self.blame(transport, || DisconnectCause::Oversize { max_bytes });
            let error = TransportError::Connection;
            return self.tell(
                proto::Input::Discard(CloseReason::TransportError(error)),
                cx,
            );
        }
        match relay::packet_from(packet) {
            Some(packet) => self.on_packet(transport, packet, cx),
            None => {
                self.blame(transport, || {
                    DisconnectCause::parse(&"another server could not read a packet")
                });
                self.tell(proto::Input::DecodeFailed(transport), cx);
            }
        }
    }

    fn on_relayed_upgrade(
        &mut self,
        from: NodeId,
        request: u64,
        success: bool,
        cx: &mut Context<'_>,
    ) {
        let Some(transport) = self.probe_at(&from) else {
            return;
        };
        let elsewhere = self.elsewhere_mut();
        elsewhere.noop_at = None;
        if !success {
            elsewhere.duplex = None;
            return self.tell(proto::Input::TransportClosed(transport), cx);
        }
        let is_quiet = self.post.is_none() && !self.has_backlog() && self.session.is_open();
        if is_quiet && let Some(packets) = self.application.surrender() {
            return self.give_away(from, request, packets, cx);
        }
        if self.is_polled_at(&from) {
            // Its server has ended that poll. What is said to it from now on goes to the connection.
            self.end_poll_by_noop(cx);
        }
        self.on_packet(transport, proto::Packet::Upgrade, cx);
        let (take_over, packets) = (false, Vec::new());
        let response = Body::UpgradeResponse {
            request,
            take_over,
            packets,
        };
        // Where it finds no room the other server gives up after its time.
        let _ = self.say(from, response);
    }

    /// What probes for the session there.
    fn probe_at(&self, from: &NodeId) -> Option<Transport> {
        let (at, transport) = self.elsewhere.as_ref()?.duplex.as_ref()?;
        (at == from && self.session.is_upgrading()).then_some(*transport)
    }

    /// The session is another server's from now on. Nobody here was told of it.
    fn give_away(&mut self, to: NodeId, request: u64, packets: Vec<Packet>, cx: &mut Context<'_>) {
        self.end_poll_by_noop(cx);
        self.elsewhere = None;
        self.socket.mailbox().blame(|| DisconnectCause::TakenOver);
        self.tell(proto::Input::Discard(CloseReason::ForcedClose), cx);
        let take_over = true;
        let response = Body::UpgradeResponse {
            request,
            take_over,
            packets,
        };
        // As above: the client begins anew.
        let _ = self.say(to, response);
    }

    fn on_relayed_close(&mut self, from: &NodeId, reason: &str, cx: &mut Context<'_>) {
        let transport = self.session.transport();
        let elsewhere = self.elsewhere_mut();
        // Another server's word ends a request, beside which a poll or a WebSocket may still wait.
        let carrier = elsewhere.duplex.as_ref().map(|(at, _)| at);
        let is_carriers = transport != Transport::Polling && carrier == Some(from);
        if is_carriers {
            elsewhere.duplex = None;
        }
        // SPEC: cluster-engine 0.1.0 makes the application of the session first.
        self.application.settle(cx);
        match (reason, is_carriers) {
            (TRANSPORT_CLOSE, false) => {
                self.on_packet(transport, proto::Packet::Close, cx);
            }
            (TRANSPORT_CLOSE, true) => {
                self.blame(transport, || DisconnectCause::ConnectionLost);
                self.tell(proto::Input::TransportClosed(transport), cx);
            }
            (_, false) => {
                let error = CloseReason::TransportError(TransportError::Connection);
                self.tell(proto::Input::Discard(error), cx);
            }
            (_, true) => self.tell(proto::Input::TransportFailed(transport), cx),
        }
    }

    /// Ends a poll that waits while the client upgrades at another server.
    pub(super) fn check_noop(&mut self, cx: &mut Context<'_>) {
        let now = self.now;
        let Some(elsewhere) = &mut self.elsewhere else {
            return;
        };
        if elsewhere.noop_at.is_none_or(|at| at > now) {
            return;
        }
        let interval = self
            .engine
            .exchange()
            .map(|exchange| exchange.noop_interval());
        elsewhere.noop_at = interval.map(|interval| now + interval);
        self.end_poll_by_noop(cx);
    }

    fn end_poll_by_noop(&mut self, cx: &mut Context<'_>) {
        if self.session.writable() == Some(Transport::Polling) {
            self.session
                .handle_input(self.now, proto::Input::PollAnswered);
            self.answer_by(proto::PollAnswer::Noop, cx);
        }
    }

    pub(super) fn noop_at(&self) -> Option<Instant> {
        self.elsewhere.as_ref()?.noop_at
    }

    /// Answers the waiting GET, wherever it waits, with a packet of the session itself.
    pub(super) fn answer_by(&mut self, answer: proto::PollAnswer, cx: &mut Context<'_>) {
        if !self.answer_elsewhere(answer, None, cx) {
            self.answer_poll(PollAnswer::control(answer, self.session.revision()), cx);
        }
    }

    /// Answers the waiting GET with packets of the session itself, if it waits at another server.
    pub(super) fn answer_elsewhere(
        &mut self,
        answer: proto::PollAnswer,
        farewell: Option<&Farewell>,
        cx: &mut Context<'_>,
    ) -> bool {
        let Some(to) = self.take_poll_elsewhere() else {
            return false;
        };
        let packets = answer.packets().iter().map(relay::received);
        self.drain_to(to, said(farewell).chain(packets).collect(), cx);
        true
    }

    pub(super) fn take_poll_elsewhere(&mut self) -> Option<NodeId> {
        self.elsewhere.as_mut()?.poll.take()
    }

    pub(super) fn has_poll_elsewhere(&self) -> bool {
        let elsewhere = self.elsewhere.as_ref();
        elsewhere.is_some_and(|elsewhere| elsewhere.poll.is_some())
    }

    fn is_polled_at(&self, node: &NodeId) -> bool {
        let elsewhere = self.elsewhere.as_ref();
        elsewhere.is_some_and(|elsewhere| elsewhere.poll.as_ref() == Some(node))
    }

    pub(super) fn has_duplex_elsewhere(&self) -> bool {
        let elsewhere = self.elsewhere.as_ref();
        elsewhere.is_some_and(|elsewhere| elsewhere.duplex.is_some())
    }

    /// Whether another server's connection carries the session.
    pub(super) fn is_carried_elsewhere(&self) -> bool {
        self.has_duplex_elsewhere() && self.session.transport() != Transport::Polling
    }

    /// Sends everything that is queued to the connection at another server.
    pub(super) fn write_elsewhere(&mut self, cx: &mut Context<'_>) {
        loop {
            let (mut queue, bytes) = self.take_packets();
            if bytes == 0 {
                break;
            }
            self.socket.tell(SessionEvent::Flush);
            let duplex = self
                .elsewhere
                .as_ref()
                .and_then(|elsewhere| elsewhere.duplex.as_ref());
            let Some((to, _)) = duplex else {
                return;
            };
            self.drain_to(to.clone(), relay::drained(&queue), cx);
            self.socket.mailbox().written(bytes);
            queue.iter_mut().for_each(Entry::pass);
            self.socket.tell(SessionEvent::Drain);
        }
        if self.session.is_flushing() {
            self.tell(proto::Input::Drained, cx);
        }
    }

    /// Carries out that the connection at another server is to be closed, or forgotten.
    pub(super) fn close_elsewhere(&mut self, farewell: Option<&Farewell>, cx: &mut Context<'_>) {
        let is_carrier = self.is_carried_elsewhere();
        let Some(elsewhere) = &mut self.elsewhere else {
            return;
        };
        elsewhere.noop_at = None;
        if let Some((to, _)) = elsewhere.duplex.take()
            && is_carrier
        {
            let close = Packet::of(PacketKind::Close);
            self.drain_to(to, said(farewell).chain([close]).collect(), cx);
        }
    }

    /// Sends packets for the client to the server that serves it.
    pub(super) fn drain_to(&mut self, to: NodeId, packets: Vec<Packet>, cx: &mut Context<'_>) {
        let is_readable = packets.len() <= MAX_PACKETS;
        let sid = self.socket.sid().into();
        if !is_readable || !self.say(to, Body::Drain { sid, packets }) {
            // What was lost would be missed in the middle of the others.
            let cause = || DisconnectCause::limit(&"too much waited for another server");
            self.socket.mailbox().blame(cause);
            let error = CloseReason::TransportError(TransportError::Connection);
            self.tell(proto::Input::Discard(error), cx);
        }
    }

    #[must_use]
    fn say(&self, to: NodeId, body: Body) -> bool {
        let exchange = self.engine.exchange();
        exchange.is_some_and(|exchange| exchange.send(to, body))
    }
}

/// What a session says to its client at the end.
fn said(farewell: Option<&Farewell>) -> impl Iterator<Item = Packet> {
    let farewell = farewell.into_iter().flat_map(|farewell| &farewell.packets);
    farewell.map(relay::packet_of)
}

fn transport_of(carrier: Carrier) -> Transport {
    match carrier {
        Carrier::WebTransport => Transport::WebTransport,
        _ => Transport::WebSocket,
    }
}

const TRANSPORT_CLOSE: &str = "transport close";
