//! What comes over the transports.

use std::task::{Context, Poll};

use bytes::Bytes;
use roomcast_engineio::client::Input;
use roomcast_engineio::revision4::{decode_payload, decode_text};
use roomcast_engineio::{Handshake, Message, Packet, Transport};

use super::event::Frame;
use super::polling::Finished;
use super::probe::Opening;
use super::websocket::{End, Flow, WebSocket};
use super::{Engine, EngineEvent, Received, now};
use crate::error::TransportError;

impl Engine {
    pub(super) fn poll_opening(&mut self, cx: &mut Context<'_>) -> bool {
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
        match polling.poll_finished(cx, self.is_reading) {
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

    pub(super) fn poll_websocket(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_moved = false;
        if let Some(websocket) = self.websocket.take_if(|_| self.is_reading) {
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
            taken.extend(Frame::of(event));
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

    fn on_frame(&mut self, frame: Frame) {
        match frame {
            Frame::Text(text) => match decode_text(&text) {
                Ok(packet) => self.on_packet(Transport::WebSocket, packet),
                Err(error) => self.on_undecodable(Transport::WebSocket, error.to_string()),
            },
            Frame::Binary(bytes) => {
                self.on_packet(Transport::WebSocket, Packet::Binary(bytes.into()));
            }
        }
    }
}

/// Which WebSocket is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Carrier,
    Probe,
}

/// Frames of one connection before others get their turn.
const MAX_FRAMES: usize = 64;
