//! Reading from the connection, up to the application.

use std::borrow::Cow;
use std::task::{Context, Poll};

use roomcast_engineio::{self as proto, Packet, Revision, Transport, revision3, revision4};
use roomcast_websocket::{CloseCode, Event};

use super::SessionTask;
use crate::engine::application::Readiness;
use crate::engine::carried::{Carried, Received};
use crate::engine::cause::DisconnectCause;
use crate::engine::duplex::{Duplex, Fault};
use crate::engine::framed::Framed;
use crate::engine::read_buffer;

/// How reading from a connection ended for now.
enum ReadEnd {
    /// There will be more.
    Open,
    /// The peer closed, perhaps with a code.
    Closed(Option<CloseCode>),
    /// The connection ended without a close frame.
    Gone,
    /// The connection is closed for the peer's mistake.
    Failed(Fault),
}

impl SessionTask {
    pub(super) fn read_duplex(&mut self, cx: &mut Context<'_>) {
        let Some(mut duplex) = self.duplex.take() else {
            return;
        };
        let transport = duplex.transport();
        match self.read_some(&mut duplex, cx) {
            ReadEnd::Open => {
                self.duplex = Some(duplex);
                self.carry_out_orders(cx);
            }
            ReadEnd::Closed(code) => {
                if let Err(duplex) = duplex.answer_close(code) {
                    self.engine.close_duplex(duplex, code, None);
                }
                self.tell(proto::Input::TransportClosed(transport), cx);
            }
            ReadEnd::Gone => {
                self.blame(transport, || DisconnectCause::ConnectionLost);
                self.tell(proto::Input::TransportClosed(transport), cx);
            }
            ReadEnd::Failed(Fault::Transport(code, cause)) => {
                self.blame(transport, || cause);
                let is_carrier = self.session.transport() == transport;
                let farewell = is_carrier.then(|| self.farewell()).flatten();
                self.engine.close_duplex(duplex, Some(code), farewell);
                self.tell(proto::Input::TransportFailed(transport), cx);
            }
            #[cfg(feature = "webtransport")]
            ReadEnd::Failed(Fault::Packet(cause)) => {
                self.blame(transport, || cause);
                // The state machine closes it.
                self.duplex = Some(duplex);
                self.tell(proto::Input::DecodeFailed(transport), cx);
            }
        }
    }

    fn read_some(&mut self, duplex: &mut Duplex, cx: &mut Context<'_>) -> ReadEnd {
        let len = self.engine.config().read_buffer_bytes;
        match duplex {
            Duplex::WebSocket(websocket) => {
                read_buffer::with_len(len, |buf| self.read_into(websocket, buf, cx))
            }
            Duplex::Carried(carried) => self.receive(carried, cx),
            #[cfg(feature = "webtransport")]
            Duplex::WebTransport(webtransport) => {
                read_buffer::with_len(len, |buf| self.read_into(&mut **webtransport, buf, cx))
            }
        }
    }

    /// Takes messages of a WebSocket that another library reads.
    fn receive(&mut self, carried: &mut Carried, cx: &mut Context<'_>) -> ReadEnd {
        for _ in 0..MAX_MESSAGES {
            let is_sated = self.application.readiness() == Readiness::Saturated;
            if is_sated || self.orders.closes || carried.owes_much() {
                return ReadEnd::Open;
            }
            match carried.poll_receive(cx) {
                Poll::Pending => return ReadEnd::Open,
                Poll::Ready(Received::Text(text)) => self.on_text(Transport::WebSocket, &text, cx),
                Poll::Ready(Received::Binary(bytes)) => {
                    self.on_binary(Transport::WebSocket, Cow::Borrowed(&bytes), cx);
                }
                Poll::Ready(Received::Close(code)) => return ReadEnd::Closed(code),
                Poll::Ready(Received::End) => return ReadEnd::Gone,
                Poll::Ready(Received::Fault(fault)) => return ReadEnd::Failed(fault),
            }
        }
        cx.waker().wake_by_ref();
        ReadEnd::Open
    }

    fn read_into<F: Framed>(
        &mut self,
        framed: &mut F,
        buf: &mut [u8],
        cx: &mut Context<'_>,
    ) -> ReadEnd {
        let mut stash = std::mem::take(framed.unread());
        if let Some(end) = self.decode(framed, &mut stash, cx) {
            return end;
        }
        for _ in 0..MAX_READS {
            if !framed.unread().is_empty() || self.orders.closes || framed.owes_much() {
                return ReadEnd::Open;
            }
            match framed.poll_read(cx, buf) {
                Poll::Pending => return ReadEnd::Open,
                Poll::Ready(Ok(0)) => return end_of(F::TRANSPORT),
                Poll::Ready(Ok(n)) => {
                    if let Some(end) = self.decode(framed, &mut buf[..n], cx) {
                        return end;
                    }
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "a connection broke");
                    // COMPAT: a reset is an ordinary end to the official server (ws 8).
                    return ReadEnd::Gone;
                }
            }
        }
        // Others get their turn; this socket has more to read.
        cx.waker().wake_by_ref();
        ReadEnd::Open
    }

    /// Decodes what was read; bytes that the application does not want yet are kept.
    fn decode<F: Framed>(
        &mut self,
        framed: &mut F,
        bytes: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Option<ReadEnd> {
        let mut position = 0;
        while position < bytes.len() {
            if self.application.readiness() == Readiness::Saturated {
                framed.unread().extend_from_slice(&bytes[position..]);
                return None;
            }
            let (consumed, event) = match framed.decode(&mut bytes[position..]) {
                Ok(decoded) => decoded,
                Err(fault) => return Some(ReadEnd::Failed(fault)),
            };
            position += consumed;
            match event? {
                Event::Text(text) => self.on_text(F::TRANSPORT, &text, cx),
                Event::Binary(bytes) => self.on_binary(F::TRANSPORT, bytes, cx),
                Event::Ping(payload) => framed.answer_ping(&payload),
                Event::Pong(_) => {}
                Event::Close(frame) => return Some(ReadEnd::Closed(frame.map(|frame| frame.code))),
            }
            if self.orders.closes {
                return None;
            }
        }
        None
    }

    fn on_binary(&mut self, from: Transport, bytes: Cow<'_, [u8]>, cx: &mut Context<'_>) {
        let packet = match self.session.revision() {
            Revision::Three => revision3::decode_binary(&bytes),
            _ => Packet::Binary(bytes),
        };
        self.on_packet(from, packet, cx);
    }

    fn on_text(&mut self, from: Transport, text: &str, cx: &mut Context<'_>) {
        let packet = match self.session.revision() {
            Revision::Three => revision3::decode_text(text),
            _ => revision4::decode_text(text),
        };
        match packet {
            Ok(packet) => self.on_packet(from, packet, cx),
            Err(error) => {
                tracing::debug!(%error, "a client sent what is no packet");
                self.blame(from, || DisconnectCause::parse(&error));
                self.tell(proto::Input::DecodeFailed(from), cx);
            }
        }
    }
}

/// What it means that a connection ends without an error. Only a WebSocket has a frame to say so before.
fn end_of(transport: Transport) -> ReadEnd {
    match transport {
        Transport::WebTransport => ReadEnd::Closed(None),
        _ => ReadEnd::Gone,
    }
}

/// Reads of one connection before others get their turn.
const MAX_READS: usize = 8;

/// Messages of one connection that another library reads, before others get their turn.
const MAX_MESSAGES: usize = 64;
