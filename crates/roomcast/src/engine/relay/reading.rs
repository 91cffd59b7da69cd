//! Reading packets from a WebSocket that carries a session of another server.

use std::borrow::Cow;
use std::task::{Context, Poll};

use roomcast_engineio::{Packet, Revision, revision3, revision4};
use roomcast_websocket::{CloseCode, Event};

use crate::engine::carried::{Carried, Received};
use crate::engine::duplex::{Duplex, Fault};
use crate::engine::framed::Framed;
use crate::engine::read_buffer;

/// How reading ended for good.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The client closed, perhaps with a code.
    Closed(Option<CloseCode>),
    /// The connection ended without a word.
    Gone,
    /// The client broke the rules of the transport.
    Failed(CloseCode),
}

/// What to do behind a packet that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Go,
    Stop,
}

/// Reads packets until there are none, or enough; `take` is given nothing for what is no packet.
/// `len` is how many bytes are read at a time.
pub(super) fn read(
    duplex: &mut Duplex,
    revision: Revision,
    len: usize,
    cx: &mut Context<'_>,
    take: &mut impl FnMut(Option<Packet<'_>>) -> Next,
) -> Option<End> {
    let mut reader = Reader { revision, take };
    match duplex {
        Duplex::WebSocket(websocket) => {
            read_buffer::with_len(len, |buf| reader.read_into(websocket, buf, cx))
        }
        Duplex::Carried(carried) => reader.receive(carried, cx),
        #[cfg(feature = "webtransport")]
        Duplex::WebTransport(webtransport) => {
            read_buffer::with_len(len, |buf| reader.read_into(&mut **webtransport, buf, cx))
        }
    }
}

struct Reader<'t, T> {
    revision: Revision,
    take: &'t mut T,
}

impl<T: FnMut(Option<Packet<'_>>) -> Next> Reader<'_, T> {
    fn receive(&mut self, carried: &mut Carried, cx: &mut Context<'_>) -> Option<End> {
        for _ in 0..MAX_MESSAGES {
            if carried.owes_much() {
                return None;
            }
            let Poll::Ready(received) = carried.poll_receive(cx) else {
                return None;
            };
            let next = match received {
                Received::Text(text) => self.text(&text),
                Received::Binary(bytes) => self.binary(Cow::Borrowed(&bytes)),
                Received::Close(code) => return Some(End::Closed(code)),
                Received::End => return Some(End::Gone),
                Received::Fault(fault) => return Some(end_of(&fault)),
            };
            if next == Next::Stop {
                return None;
            }
        }
        cx.waker().wake_by_ref();
        None
    }

    fn read_into<F: Framed>(
        &mut self,
        framed: &mut F,
        buf: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Option<End> {
        let mut stash = std::mem::take(framed.unread());
        let (next, end) = self.decode(framed, &mut stash);
        if end.is_some() || next == Next::Stop {
            return end;
        }
        for _ in 0..MAX_READS {
            if framed.owes_much() {
                return None;
            }
            match framed.poll_read(cx, buf) {
                Poll::Pending => return None,
                // COMPAT: a reset is an ordinary end to the official server (ws 8).
                Poll::Ready(Ok(0) | Err(_)) => return Some(End::Gone),
                Poll::Ready(Ok(n)) => {
                    let (next, end) = self.decode(framed, &mut buf[..n]);
                    if end.is_some() || next == Next::Stop {
                        return end;
                    }
                }
            }
        }
        // Others get their turn; this connection has more to read.
        cx.waker().wake_by_ref();
        None
    }

    /// Decodes what was read; what is behind the packet that was enough is kept.
    fn decode<F: Framed>(&mut self, framed: &mut F, bytes: &mut [u8]) -> (Next, Option<End>) {
        let mut position = 0;
        while position < bytes.len() {
            let (consumed, event) = match framed.decode(&mut bytes[position..]) {
                Ok(decoded) => decoded,
                Err(fault) => return (Next::Stop, Some(end_of(&fault))),
            };
            position += consumed;
            let next = match event {
                Some(Event::Text(text)) => self.text(&text),
                Some(Event::Binary(bytes)) => self.binary(bytes),
                Some(Event::Ping(payload)) => {
                    framed.answer_ping(&payload);
                    Next::Go
                }
                Some(Event::Pong(_)) => Next::Go,
                Some(Event::Close(frame)) => {
                    let code = frame.map(|frame| frame.code);
                    return (Next::Stop, Some(End::Closed(code)));
                }
                None => return (Next::Go, None),
            };
            if next == Next::Stop {
                framed.unread().extend_from_slice(&bytes[position..]);
                return (Next::Stop, None);
            }
        }
        (Next::Go, None)
    }

    fn text(&mut self, text: &str) -> Next {
        let packet = match self.revision {
            Revision::Three => revision3::decode_text(text),
            _ => revision4::decode_text(text),
        };
        if let Err(error) = &packet {
            tracing::debug!(%error, "a client sent what is no packet");
        }
        (self.take)(packet.ok())
    }

    fn binary(&mut self, bytes: Cow<'_, [u8]>) -> Next {
        match self.revision {
            Revision::Three => (self.take)(Some(revision3::decode_binary(&bytes))),
            _ => (self.take)(Some(Packet::Binary(bytes))),
        }
    }
}

fn end_of(fault: &Fault) -> End {
    match fault {
        Fault::Transport(code, _) => End::Failed(*code),
        #[cfg(feature = "webtransport")]
        Fault::Packet(_) => End::Failed(CloseCode::PROTOCOL_ERROR),
    }
}

/// Reads of one connection before others get their turn.
const MAX_READS: usize = 8;
/// Messages of one connection before others get their turn.
const MAX_MESSAGES: usize = 256;
