//! One Engine.IO session at the client: transports, upgrade, heartbeat, queue.

mod cookies;
mod event;
mod http;
mod options;
mod outgoing;
mod polling;
mod probe;
mod target;
mod websocket;

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use roomcast_engineio::client::{CloseReason, Input, Output, ProbeFailure, Session, Upgrades};
use roomcast_engineio::revision4::{decode_payload, decode_text};
use roomcast_engineio::{Handshake, Message, Packet, Transport};
use tokio::time::Sleep;

pub(crate) use cookies::Cookies;
pub(crate) use event::{Closed, EngineEvent, Received};
pub(crate) use options::{Options, Timestamps};
pub(crate) use outgoing::{Compression, Outgoing, Queued, Source};

use self::http::HttpClient;
use self::polling::{Finished, Polling, fitting};
use self::probe::Opening;
use self::websocket::{End, Flow, WebSocket};
use crate::connect::Connector;
use crate::error::TransportError;

/// What all sessions of one manager share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) options: Arc<Options>,
    pub(crate) connector: Connector,
    pub(crate) http: HttpClient,
    pub(crate) cookies: Option<Arc<Cookies>>,
}

impl Shared {
    pub(crate) fn new(connector: Connector, options: Options) -> Self {
        let cookies = options.keeps_cookies.then(Arc::default);
        Self {
            http: HttpClient::new(connector.clone(), &options, cookies.clone()),
            options: Arc::new(options),
            connector,
            cookies,
        }
    }
}

/// One Engine.IO session. Whoever polls it is its only owner.
pub(crate) struct Engine {
    shared: Shared,
    session: Session,
    sid: Option<String>,
    max_payload: Option<u64>,
    /// Packets that are being sent by polling, answers to pings, and what is left for a session that
    /// closes. Everything else waits at its [`Source`].
    queue: VecDeque<Queued>,
    polling: Option<Box<Polling>>,
    /// How many packets the `POST` under way carries.
    posted: usize,
    /// The WebSocket that carries the session.
    websocket: Option<Box<WebSocket>>,
    /// The WebSocket on its way: the session's first transport, or a probe.
    opening: Option<Opening>,
    /// Transports to try if the first ones cannot be opened.
    untried: VecDeque<Transport>,
    failures: Vec<(Transport, TransportError)>,
    /// Why the session ends, if a transport is to blame.
    fault: Option<TransportError>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The heartbeat's deadline on the clock that goes on while a machine sleeps.
    wall_deadline: Option<SystemTime>,
    events: VecDeque<EngineEvent>,
}

impl Engine {
    /// Opens a session: over the first of the transports, or by `first` if it may be used.
    pub(crate) fn open(shared: Shared, first: Option<Transport>) -> Self {
        let wanted = &shared.options.transports;
        let mut untried: VecDeque<_> = wanted.iter().copied().collect();
        let first = first.filter(|first| wanted.contains(first));
        let first = first
            .or_else(|| untried.pop_front())
            .unwrap_or(Transport::Polling);
        if !shared.options.tries_all {
            untried.clear();
        }
        let mut engine = Self {
            session: Session::new(first, upgrades(&shared.options)),
            shared,
            sid: None,
            max_payload: None,
            queue: VecDeque::new(),
            polling: None,
            posted: 0,
            websocket: None,
            opening: None,
            untried,
            failures: Vec::new(),
            fault: None,
            timer: None,
            wall_deadline: None,
            events: VecDeque::new(),
        };
        engine.start(first);
        engine
    }

    fn start(&mut self, transport: Transport) {
        match transport {
            Transport::Polling => {
                let polling = Polling::open(self.shared.http.clone(), &self.shared.options);
                self.polling = Some(Box::new(polling));
            }
            _ => self.opening = Some(Opening::start(&self.shared, None)),
        }
    }

    /// Closes the session once all that `source` has now has left, if the session is open.
    pub(crate) fn close(&mut self, source: &mut impl Source) {
        while source.take_next(&mut self.queue) {}
        self.tell(Input::Close);
    }

    /// Gives the session up at once, for this reason.
    pub(crate) fn discard(&mut self, reason: CloseReason) {
        self.tell(Input::Discard(reason));
    }

    pub(crate) fn transport(&self) -> Transport {
        self.session.transport()
    }

    /// Whether a packet would leave at once: what volatile events ask.
    pub(crate) fn is_writable(&self) -> bool {
        let is_free = match self.session.writable() {
            Some(Transport::Polling) => self
                .polling
                .as_ref()
                .is_some_and(|polling| !polling.is_posting()),
            Some(_) => self
                .websocket
                .as_ref()
                .is_some_and(|websocket| !websocket.owes_much()),
            None => false,
        };
        is_free && self.queue.is_empty()
    }

    /// When the server is taken for dead: on the clock of timers, and on the one that goes on while
    /// the machine sleeps.
    pub(crate) fn expiry(&self) -> Option<(Instant, Option<SystemTime>)> {
        Some((self.session.next_timeout()?, self.wall_deadline))
    }

    /// The id of the session, once it is open.
    pub(crate) fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The next thing that happens.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Source,
    ) -> Poll<EngineEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            if self.session.is_closed() || !self.advance(cx, source) {
                return Poll::Pending;
            }
        }
    }

    /// Does what can be done now; whether anything was.
    fn advance(&mut self, cx: &mut Context<'_>, source: &mut impl Source) -> bool {
        let mut has_moved = self.poll_opening(cx);
        has_moved |= self.poll_polling(cx);
        has_moved |= self.poll_websocket(cx);
        has_moved |= self.poll_timer(cx);
        has_moved |= self.write(cx, source);
        has_moved || !self.events.is_empty()
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(mut opening) = self.opening.take() else {
            return false;
        };
        let is_probe = self.polling.is_some();
        match opening.poll(cx) {
            Poll::Pending => {
                self.opening = Some(opening);
                return false;
            }
            Poll::Ready(Ok(websocket)) if is_probe => {
                self.opening = Some(Opening::Open(Box::new(websocket)));
                self.tell(Input::TransportOpened(Transport::WebSocket));
            }
            Poll::Ready(Ok(websocket)) => self.websocket = Some(Box::new(websocket)),
            Poll::Ready(Err(error)) => self.on_failed(Transport::WebSocket, error),
        }
        true
    }

    /// A transport could not be opened, or broke.
    fn on_failed(&mut self, transport: Transport, error: TransportError) {
        let is_probe = transport != self.session.transport();
        if !is_probe {
            self.fault = Some(error);
        }
        self.tell(Input::TransportFailed(transport));
    }

    fn poll_polling(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(polling) = &mut self.polling else {
            return false;
        };
        match polling.poll_finished(cx) {
            Poll::Pending => return false,
            Poll::Ready(Err(error)) => self.on_failed(Transport::Polling, error),
            Poll::Ready(Ok(Finished::Posted)) => {
                self.queue.drain(..self.posted.min(self.queue.len()));
                self.posted = 0;
                self.check_paused();
            }
            Poll::Ready(Ok(Finished::Got(body))) => {
                self.on_body(&body);
                // Invariant: a probe's answer that came before this one is taken before it. Another
                // request would wait for a server that has no more to say by polling.
                self.poll_websocket(cx);
                if let Some(polling) = &mut self.polling
                    && !self.session.is_closed()
                {
                    polling.start_get();
                }
                self.check_paused();
            }
        }
        true
    }

    fn on_body(&mut self, body: &Bytes) {
        let Ok(text) = std::str::from_utf8(body) else {
            return self.on_undecodable(Transport::Polling, "not UTF-8".to_owned());
        };
        for packet in decode_payload(text) {
            match packet {
                Ok(packet) => self.on_packet(Transport::Polling, packet),
                Err(error) => {
                    return self.on_undecodable(Transport::Polling, error.to_string());
                }
            }
            if self.session.is_closed() {
                return;
            }
        }
    }

    fn on_undecodable(&mut self, from: Transport, error: String) {
        if from == self.session.transport() {
            self.fault = Some(TransportError::Packet(error));
        }
        self.tell(Input::DecodeFailed(from));
    }

    fn on_packet(&mut self, from: Transport, packet: Packet<'_>) {
        if let Packet::Open(json) = &packet
            && let Err(error) = Handshake::decode(json)
        {
            self.fault = Some(TransportError::Handshake(error.to_string()));
        }
        if matches!(packet, Packet::Ping(_)) && from == self.session.transport() {
            self.events.push_back(EngineEvent::Ping);
        }
        let message = self.session.handle_packet(now(), from, packet);
        if let Some(message) = message {
            let received = match message {
                Message::Text(text) => Received::Text(text.to_owned()),
                Message::Binary(bytes) => Received::Binary(bytes.into_owned().into()),
            };
            self.events.push_back(EngineEvent::Message(received));
        }
        self.drain();
    }

    fn poll_websocket(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_moved = false;
        if let Some(websocket) = self.websocket.take() {
            has_moved |= self.receive(websocket, Place::Carrier, cx);
        }
        if let Some(Opening::Open(websocket)) = self.opening.take_if(|opening| opening.is_open()) {
            has_moved |= self.receive(websocket, Place::Probe, cx);
        }
        has_moved
    }

    /// Reads from a WebSocket and puts it back, if it lives on.
    fn receive(
        &mut self,
        mut websocket: Box<WebSocket>,
        place: Place,
        cx: &mut Context<'_>,
    ) -> bool {
        let mut taken = Vec::new();
        let received = websocket.poll_receive(cx, |event| {
            taken.extend(event::Frame::of(event));
            // Invariant: a reader that gets much leaves room for what else the session has to do.
            if taken.len() < MAX_FRAMES {
                Flow::Goes
            } else {
                Flow::Stops
            }
        });
        match place {
            Place::Carrier => self.websocket = Some(websocket),
            Place::Probe => self.opening = Some(Opening::Open(websocket)),
        }
        let has_moved = !taken.is_empty() || received.is_ready();
        for frame in taken {
            self.on_frame(frame);
        }
        match received {
            Poll::Pending | Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(End::Closed)) => {
                self.leave(place);
                self.tell(Input::TransportClosed(Transport::WebSocket));
            }
            Poll::Ready(Err(End::Failed(error))) => {
                self.leave(place);
                self.on_failed(Transport::WebSocket, error);
            }
        }
        has_moved
    }

    /// Lets a WebSocket go that has ended; its last answer is still written.
    fn leave(&mut self, place: Place) {
        let websocket = match place {
            Place::Carrier => self.websocket.take(),
            Place::Probe => match self.opening.take() {
                Some(Opening::Open(websocket)) => Some(websocket),
                _ => None,
            },
        };
        if let Some(websocket) = websocket {
            tokio::spawn(websocket.finish());
        }
    }

    fn on_frame(&mut self, frame: event::Frame) {
        match frame {
            event::Frame::Text(text) => match decode_text(&text) {
                Ok(packet) => self.on_packet(Transport::WebSocket, packet),
                Err(error) => self.on_undecodable(Transport::WebSocket, error.to_string()),
            },
            event::Frame::Binary(bytes) => {
                self.on_packet(Transport::WebSocket, Packet::Binary(bytes.into()));
            }
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(next) = self.session.next_timeout() else {
            return false;
        };
        let next = tokio::time::Instant::from_std(next);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if timer.deadline() != next {
            timer.as_mut().reset(next);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.tell(Input::Timeout);
        true
    }

    fn write(&mut self, cx: &mut Context<'_>, source: &mut impl Source) -> bool {
        let mut has_moved = match self.session.writable() {
            Some(Transport::Polling) => self.post(source),
            Some(_) => self.write_frames(source),
            None => false,
        };
        if let Some(Opening::Open(probe)) = &mut self.opening
            && let Poll::Ready(Err(error)) = probe.poll_flush(cx)
        {
            self.on_failed(Transport::WebSocket, error);
            return true;
        }
        if let Some(websocket) = &mut self.websocket {
            let owed_much = websocket.owes_much();
            if let Poll::Ready(Err(error)) = websocket.poll_flush(cx) {
                self.websocket = None;
                self.on_failed(Transport::WebSocket, error);
                return true;
            }
            // There is room for more, and nobody else would say so.
            has_moved |= owed_much && !websocket.owes_much();
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
        let limit = self.max_payload.unwrap_or(MAX_BODY_BYTES);
        gather(&mut self.queue, source, limit);
        if self.queue.is_empty() {
            return false;
        }
        let packets = || self.queue.iter().map(|queued| &queued.packet);
        self.posted = fitting(packets(), limit);
        polling.start_post(packets().take(self.posted));
        // The request is started by being polled.
        true
    }

    fn write_frames(&mut self, source: &mut impl Source) -> bool {
        let Some(websocket) = &mut self.websocket else {
            return false;
        };
        let mut has_moved = false;
        while !websocket.owes_much() {
            if let Some(queued) = self.queue.pop_front() {
                websocket.send(&queued.packet, queued.compression);
                has_moved = true;
            } else if !source.take_next(&mut self.queue) {
                break;
            }
        }
        has_moved
    }

    /// Whether all that was sent has left.
    pub(crate) fn is_drained(&self) -> bool {
        let is_posting = self
            .polling
            .as_ref()
            .is_some_and(|polling| polling.is_posting());
        let has_unwritten = self.websocket.as_ref().is_some_and(|ws| ws.has_unwritten());
        self.queue.is_empty() && !is_posting && !has_unwritten
    }

    fn check_paused(&mut self) {
        if self
            .polling
            .as_ref()
            .is_some_and(|polling| polling.is_paused())
        {
            self.tell(Input::Paused);
        }
    }

    fn tell(&mut self, input: Input) {
        self.session.handle_input(now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            self.on_output(output);
        }
    }

    fn on_output(&mut self, output: Output) {
        match output {
            Output::Opened(handshake) => self.on_opened(&handshake),
            Output::QueuePong => {
                self.queue_control(Outgoing::PONG);
                self.move_deadline();
            }
            Output::Probe { delay, .. } => {
                let sid = self.sid.clone();
                self.opening = Some(Opening::start_after(&self.shared, sid, delay));
            }
            Output::SendProbe(_) => {
                if let Some(Opening::Open(websocket)) = &mut self.opening {
                    websocket.send_text("2probe");
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

    fn on_opened(&mut self, handshake: &Handshake<'_>) {
        if let Some(polling) = &mut self.polling {
            polling.set_sid(&handshake.sid);
        }
        self.sid = Some(handshake.sid.as_ref().to_owned());
        self.max_payload = handshake.max_payload;
        self.move_deadline();
        let transport = self.session.transport();
        self.events.push_back(EngineEvent::Opened(transport));
    }

    /// Pongs go before what is queued, but not into a body that is under way.
    fn queue_control(&mut self, packet: Outgoing) {
        let compression = Compression::Never;
        self.queue.push_back(Queued {
            packet,
            compression,
        });
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
        if let Some(Opening::Open(mut websocket)) = self.opening.take() {
            websocket.send_text("5");
            self.websocket = Some(websocket);
        }
        self.events.push_back(EngineEvent::Upgraded(transport));
    }

    fn on_probe_failed(&mut self, transport: Transport, failure: ProbeFailure) {
        match self.opening.take() {
            Some(Opening::Open(websocket)) => {
                tokio::spawn(websocket.close());
            }
            Some(Opening::Connecting(_)) | None => {}
        }
        if let Some(polling) = &mut self.polling {
            polling.resume();
        }
        self.events
            .push_back(EngineEvent::UpgradeFailed { transport, failure });
    }

    fn close_transport(&mut self) {
        self.opening = None;
        if let Some(polling) = self.polling.take() {
            tokio::spawn(polling.close());
        }
        if let Some(websocket) = self.websocket.take() {
            tokio::spawn(websocket.close());
        }
    }

    fn on_closed(&mut self, reason: CloseReason) {
        let was_opening = self.sid.is_none();
        let fault = self.fault.take();
        if was_opening && let Some(error) = fault.clone() {
            self.failures.push((self.session.transport(), error));
        }
        self.polling = None;
        self.websocket = None;
        if was_opening
            && reason != CloseReason::ForcedClose
            && let Some(next) = self.untried.pop_front()
        {
            self.session = Session::new(next, upgrades(&self.shared.options));
            return self.start(next);
        }
        self.queue.clear();
        self.events.push_back(EngineEvent::Closed(Closed {
            reason,
            fault,
            failures: std::mem::take(&mut self.failures),
        }));
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

/// Which WebSocket is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Carrier,
    Probe,
}

fn upgrades(options: &Options) -> Upgrades {
    match options.upgrades {
        true => Upgrades::To(options.transports.clone()),
        false => Upgrades::Never,
    }
}

/// The time, on the clock of timers.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What one body holds if the server names no limit.
const MAX_BODY_BYTES: u64 = 1_000_000;

/// Frames of one connection before others get their turn.
const MAX_FRAMES: usize = 64;

#[cfg(test)]
mod tests;
