//! Reading from the WebSocket, up to the application.

use std::task::{Context, Poll};

use roomcast_engineio::revision4::decode_text;
use roomcast_engineio::{self as proto, Packet, Transport};
use roomcast_websocket::{CloseCode, Event, OpCode};

use super::SessionTask;
use crate::engine::application::Readiness;
use crate::engine::read_buffer;
use crate::engine::websocket::WebSocket;

/// How reading from a WebSocket ended for now.
enum ReadEnd {
    /// There will be more.
    Open,
    /// The peer closed, perhaps with a code.
    Closed(Option<CloseCode>),
    /// The connection ended without a close frame.
    Gone,
    /// The connection is closed for the peer's mistake with this code.
    Failed(CloseCode),
}

impl SessionTask {
    pub(super) fn read_websocket(&mut self, cx: &mut Context<'_>) {
        let Some(mut websocket) = self.websocket.take() else {
            return;
        };
        let len = self.engine.config().read_buffer_bytes;
        let end = read_buffer::with_len(len, |buf| self.read_into(&mut websocket, buf, cx));
        match end {
            ReadEnd::Open => {
                self.websocket = Some(websocket);
                self.carry_out_orders();
            }
            ReadEnd::Closed(code) => {
                if let Err(websocket) = websocket.answer_close(code) {
                    self.engine.close_websocket(websocket, code);
                }
                self.tell(proto::Input::TransportClosed(Transport::WebSocket), cx);
            }
            ReadEnd::Gone => self.tell(proto::Input::TransportClosed(Transport::WebSocket), cx),
            ReadEnd::Failed(code) => {
                self.engine.close_websocket(websocket, Some(code));
                self.tell(proto::Input::TransportFailed(Transport::WebSocket), cx);
            }
        }
    }

    fn read_into(
        &mut self,
        websocket: &mut WebSocket,
        buf: &mut [u8],
        cx: &mut Context<'_>,
    ) -> ReadEnd {
        let mut stash = std::mem::take(&mut websocket.unread);
        if let Some(end) = self.decode(websocket, &mut stash, cx) {
            return end;
        }
        for _ in 0..MAX_READS {
            if !websocket.unread.is_empty() || self.orders.closes || websocket.owes_much() {
                return ReadEnd::Open;
            }
            match websocket.poll_read(cx, buf) {
                Poll::Pending => return ReadEnd::Open,
                Poll::Ready(Ok(0)) => return ReadEnd::Gone,
                Poll::Ready(Ok(n)) => {
                    if let Some(end) = self.decode(websocket, &mut buf[..n], cx) {
                        return end;
                    }
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "a WebSocket broke");
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
        websocket: &mut WebSocket,
        bytes: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Option<ReadEnd> {
        let mut position = 0;
        while position < bytes.len() {
            if self.application.readiness() == Readiness::Saturated {
                websocket.unread.extend_from_slice(&bytes[position..]);
                return None;
            }
            let decoded = match websocket.decoder.decode(&mut bytes[position..]) {
                Ok(decoded) => decoded,
                Err(error) => {
                    tracing::debug!(%error, "a client broke the WebSocket protocol");
                    return Some(ReadEnd::Failed(error.close_code()));
                }
            };
            position += decoded.consumed;
            match decoded.event? {
                Event::Text(text) => self.on_text(&text, cx),
                Event::Binary(bytes) => {
                    self.on_packet(Transport::WebSocket, Packet::Binary(bytes), cx)
                }
                Event::Ping(payload) => websocket.send_control(OpCode::Pong, &payload),
                Event::Pong(_) => {}
                Event::Close(frame) => return Some(ReadEnd::Closed(frame.map(|frame| frame.code))),
            }
            if self.orders.closes {
                return None;
            }
        }
        None
    }

    fn on_text(&mut self, text: &str, cx: &mut Context<'_>) {
        match decode_text(text) {
            Ok(packet) => self.on_packet(Transport::WebSocket, packet, cx),
            Err(error) => {
                tracing::debug!(%error, "a client sent what is no packet");
                self.tell(proto::Input::DecodeFailed(Transport::WebSocket), cx);
            }
        }
    }
}

/// Reads of one connection before others get their turn.
const MAX_READS: usize = 8;
