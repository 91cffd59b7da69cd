//! What comes over the transports.

use std::task::{Context, Poll};

use roomcast_engineio::client::Input;
use roomcast_engineio::revision4::{decode_payload, decode_text};
use roomcast_engineio::{Handshake, Message, Packet, Transport};

use super::duplex::{Duplex, End, Flow};
use super::event::Frame;
use super::opening::Progress;
use super::polling::Finished;
use super::{Engine, EngineEvent, Received, now};
use crate::error::TransportError;

impl Engine {
    pub(super) fn poll_openings(&mut self, cx: &mut Context<'_>) -> bool {
        let (mut at, mut has_moved) = (0, false);
        while let Some(opening) = self.openings.get_mut(at) {
            match opening.poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(outcome) => {
                    has_moved = true;
                    self.on_opening(at, outcome);
                }
            }
        }
        has_moved
    }

    /// Invariant: the future of the opening at this place has ended, and is not polled again.
    fn on_opening(&mut self, at: usize, outcome: Result<Duplex, TransportError>) {
        let transport = self.openings[at].transport;
        let is_probe = self.polling.is_some();
        match outcome {
            Ok(duplex) if is_probe => {
                self.openings[at].progress = Progress::Open(Box::new(duplex));
                self.tell(Input::TransportOpened(transport));
            }
            Ok(duplex) => {
                self.openings.remove(at);
                self.carrier = Some(Box::new(duplex));
            }
            Err(error) => {
                self.openings.remove(at);
                self.on_failed(transport, error);
            }
        }
    }

    /// A transport could not be opened, or broke.
    pub(super) fn on_failed(&mut self, transport: Transport, error: TransportError) {
        let is_probe = transport != self.session.transport();
        if !is_probe {
            self.fault = Some(error);
        }
        self.tell(Input::TransportFailed(transport));
    }

    pub(super) fn poll_polling(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(polling) = &mut self.polling else {
            return false;
        };
        match polling.poll_finished(cx, self.is_reading && self.body.is_none()) {
            Poll::Pending => return self.is_reading && self.read_body(cx),
            Poll::Ready(Err(error)) => self.on_failed(Transport::Polling, error),
            Poll::Ready(Ok(Finished::Posted)) => {
                self.queue.drain(..self.posted.min(self.queue.len()));
                self.posted = 0;
                self.check_paused();
            }
            Poll::Ready(Ok(Finished::Got(body))) => {
                match String::from_utf8(body.into()) {
                    Ok(text) => self.body = Some(Body { text, at: 0 }),
                    Err(_) => {
                        self.on_undecodable(Transport::Polling, "not UTF-8".to_owned());
                    }
                }
                self.read_body(cx);
            }
        }
        true
    }

    /// Takes the next packets of an answer, and asks for another one behind the last; whether there was
    /// an answer.
    fn read_body(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(body) = self.body.take() else {
            return false;
        };
        let rest = self.on_body(body);
        // A transport that is given up has no more to say.
        self.body = rest.filter(|_| self.polling.is_some());
        if self.body.is_none() && !self.session.is_closed() {
            // Invariant: a probe's answer that came before this one is taken before it. Another
            // request would wait for a server that has no more to say by polling.
            self.poll_duplexes(cx);
            if let Some(polling) = &mut self.polling {
                polling.start_get();
            }
            self.check_paused();
        }
        true
    }

    /// Takes packets of an answer, and gives back what is left for later.
    fn on_body(&mut self, mut body: Body) -> Option<Body> {
        let start = body.at;
        let mut packets = decode_payload(&body.text[start..]);
        for _ in 0..MAX_FRAMES {
            match packets.next()? {
                Ok(packet) => self.on_packet(Transport::Polling, packet),
                Err(error) => {
                    self.on_undecodable(Transport::Polling, error.to_string());
                    return None;
                }
            }
            let rest = packets.rest().filter(|_| !self.session.is_closed())?;
            body.at = body.text.len() - rest.len();
            if body.at - start >= MAX_BYTES {
                break;
            }
        }
        Some(body)
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

    pub(super) fn poll_duplexes(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_moved = false;
        if self.is_reading {
            has_moved |= self.receive(Place::Carrier, cx);
        }
        for transport in [Transport::WebSocket, Transport::WebTransport] {
            has_moved |= self.receive(Place::Probe(transport), cx);
        }
        has_moved
    }

    /// Reads from the transport at this place, if there is one.
    fn receive(&mut self, place: Place, cx: &mut Context<'_>) -> bool {
        let duplex = match place {
            Place::Carrier => self.carrier.as_deref_mut(),
            Place::Probe(transport) => self.probing(transport),
        };
        let Some(duplex) = duplex else {
            return false;
        };
        let transport = duplex.transport();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        let received = duplex.poll_receive(cx, |frame| {
            bytes += frame.len();
            taken.push(frame);
            // Invariant: a reader that gets much leaves room for what else the session has to do.
            if taken.len() < MAX_FRAMES && bytes < MAX_BYTES {
                Flow::Goes
            } else {
                Flow::Stops
            }
        });
        let has_moved = !taken.is_empty() || received.is_ready();
        for frame in taken {
            self.on_frame(transport, frame);
        }
        match received {
            Poll::Pending | Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(End::Closed(said))) => {
                self.leave(place);
                if place == Place::Carrier {
                    self.fault = said;
                }
                self.tell(Input::TransportClosed(transport));
            }
            Poll::Ready(Err(End::Failed(error))) => {
                self.leave(place);
                self.on_failed(transport, error);
            }
        }
        has_moved
    }

    /// Lets a transport go that has ended; its last answer is still written.
    fn leave(&mut self, place: Place) {
        let duplex = match place {
            Place::Carrier => self.carrier.take(),
            Place::Probe(transport) => match self.take_opening(transport) {
                Some(Progress::Open(duplex)) => Some(duplex),
                _ => None,
            },
        };
        if let Some(duplex) = duplex {
            tokio::spawn(duplex.finish());
        }
    }

    fn on_frame(&mut self, from: Transport, frame: Frame) {
        match frame {
            Frame::Text(text) => match decode_text(&text) {
                Ok(packet) => self.on_packet(from, packet),
                Err(error) => self.on_undecodable(from, error.to_string()),
            },
            Frame::Binary(bytes) => self.on_packet(from, Packet::Binary(bytes.into())),
        }
    }
}

/// An answer to a poll, of which packets are taken a few at a time.
#[derive(Debug)]
pub(super) struct Body {
    text: String,
    /// Where the next packet begins.
    at: usize,
}

/// Which transport is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Carrier,
    Probe(Transport),
}

/// Frames of one connection, or packets of a body, before others get their turn.
const MAX_FRAMES: usize = 64;

/// The same in bytes.
const MAX_BYTES: usize = 1 << 20;
