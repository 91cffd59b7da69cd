//! Reading from the connection, up to the application.

use std::task::{Context, Poll};

use roomcast_engineio::{self as proto, Packet, Revision, Transport, revision3, revision4};
use roomcast_websocket::{CloseCode, Event};

use super::SessionTask;
use crate::engine::application::Readiness;
use crate::engine::cause::DisconnectCause;
use crate::engine::duplex::{Duplex, Fault};
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
        let len = self.engine.config().read_buffer_bytes;
        let end = read_buffer::with_len(len, |buf| self.read_into(&mut duplex, buf, cx));
        match end {
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

    fn read_into(&mut self, duplex: &mut Duplex, buf: &mut [u8], cx: &mut Context<'_>) -> ReadEnd {
        let mut stash = std::mem::take(duplex.unread());
        if let Some(end) = self.decode(duplex, &mut stash, cx) {
            return end;
        }
        for _ in 0..MAX_READS {
            if !duplex.unread().is_empty() || self.orders.closes || duplex.owes_much() {
                return ReadEnd::Open;
            }
            match duplex.poll_read(cx, buf) {
                Poll::Pending => return ReadEnd::Open,
                Poll::Ready(Ok(0)) => return end_of(duplex.transport()),
                Poll::Ready(Ok(n)) => {
                    if let Some(end) = self.decode(duplex, &mut buf[..n], cx) {
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
    fn decode(
        &mut self,
        duplex: &mut Duplex,
        bytes: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Option<ReadEnd> {
        let transport = duplex.transport();
        let mut position = 0;
        while position < bytes.len() {
            if self.application.readiness() == Readiness::Saturated {
                duplex.unread().extend_from_slice(&bytes[position..]);
                return None;
            }
            let (consumed, event) = match duplex.decode(&mut bytes[position..]) {
                Ok(decoded) => decoded,
                Err(fault) => return Some(ReadEnd::Failed(fault)),
            };
            position += consumed;
            match event? {
                Event::Text(text) => self.on_text(transport, &text, cx),
                Event::Binary(bytes) => {
                    let packet = match self.session.revision() {
                        Revision::Three => revision3::decode_binary(&bytes),
                        _ => Packet::Binary(bytes),
                    };
                    self.on_packet(transport, packet, cx);
                }
                Event::Ping(payload) => duplex.answer_ping(&payload),
                Event::Pong(_) => {}
                Event::Close(frame) => return Some(ReadEnd::Closed(frame.map(|frame| frame.code))),
            }
            if self.orders.closes {
                return None;
            }
        }
        None
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
