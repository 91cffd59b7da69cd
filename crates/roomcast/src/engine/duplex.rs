//! The transports that carry both directions at once, in the one shape in which a session's task
//! uses them.

use std::io;
use std::task::Context;

use roomcast_engineio::Transport;
use roomcast_websocket::{CloseCode, OpCode};

use super::carried::Carried;
use super::cause::{DisconnectCause, Farewell};
use super::mailbox::Mailbox;
use super::outgoing::Written;
use super::socket::Socket;
use super::websocket::WebSocket;
#[cfg(feature = "webtransport")]
use super::webtransport::WebTransport;

/// A connection that carries a session or probes for it.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is what most sessions have, and a box of its own would cost them"
)]
#[derive(Debug)]
pub(crate) enum Duplex {
    WebSocket(WebSocket),
    /// A WebSocket of another library.
    Carried(Box<Carried>),
    #[cfg(feature = "webtransport")]
    WebTransport(Box<WebTransport>),
}

/// Why a connection cannot be read any further.
#[derive(Debug)]
pub(super) enum Fault {
    /// The peer broke the rules of the transport; it is told by this code.
    Transport(CloseCode, DisconnectCause),
    /// What came is no packet.
    #[cfg(feature = "webtransport")]
    Packet(DisconnectCause),
}

impl Duplex {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::WebSocket(_) | Self::Carried(_) => Transport::WebSocket,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => Transport::WebTransport,
        }
    }

    /// Queues the answer to a probe; it leaves with the next write, ahead of what is queued.
    pub(super) fn answer_probe(&mut self) {
        match self {
            Self::WebSocket(websocket) => websocket.send_control(OpCode::Text, b"3probe"),
            Self::Carried(carried) => carried.answer_probe(),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.answer_probe(),
        }
    }

    /// Whether so much waits of what the transport itself has to say that nothing more may be read.
    pub(super) fn owes_much(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.owes_much(),
            Self::Carried(carried) => carried.owes_much(),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.owes_much(),
        }
    }

    /// Writes what is left here and what `mailbox` holds, until it is empty or the connection is
    /// full.
    pub(super) fn poll_write(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_write(mailbox, cx),
            Self::Carried(carried) => carried.poll_write(mailbox, cx),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.poll_write(mailbox, cx),
        }
    }

    /// Lets others write to the connection, where it is one that they can.
    pub(super) fn lend_to(&mut self, socket: &Socket) {
        match self {
            Self::WebSocket(websocket) => websocket.lend_to(socket),
            Self::Carried(_) => {}
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => {}
        }
    }

    /// Answers the peer's close frame and ends the connection, if that takes no time. Otherwise
    /// gives it back, to be [closed](Self::close).
    pub(super) fn answer_close(
        mut self: Box<Self>,
        code: Option<CloseCode>,
    ) -> Result<(), Box<Self>> {
        let is_answered = match &mut *self {
            Self::WebSocket(websocket) => websocket.answer_close(code),
            Self::Carried(_) => false,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => false,
        };
        if is_answered { Ok(()) } else { Err(self) }
    }

    /// Notes that the server ends the session, and not for a mistake of the client.
    pub(super) fn end_here(&mut self) {
        match self {
            Self::WebSocket(_) | Self::Carried(_) => {}
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.end_here(),
        }
    }

    /// Writes what is left, says goodbye and waits for the peer to do so, too. Only a WebSocket has
    /// a code for it. A farewell goes behind what is left.
    pub(crate) async fn close(self, code: Option<CloseCode>, farewell: Option<Box<Farewell>>) {
        match self {
            Self::WebSocket(websocket) => websocket.close(code, farewell).await,
            Self::Carried(carried) => carried.close(code, farewell).await,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.close(farewell).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_takes_no_more_memory_for_the_others() {
        assert_eq!(size_of::<Duplex>(), size_of::<WebSocket>());
    }
}
