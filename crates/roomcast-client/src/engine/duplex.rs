//! A transport that carries packets in both directions at once.

use std::task::{Context, Poll};

use roomcast_engineio::Transport;

use super::event::Frame;
use super::outgoing::{Compression, Outgoing};
use super::websocket::WebSocket;
#[cfg(feature = "webtransport")]
use super::webtransport::WebTransport;
use crate::error::TransportError;

/// A transport that carries packets in both directions at once: all but polling.
pub(crate) enum Duplex {
    WebSocket(WebSocket),
    #[cfg(feature = "webtransport")]
    WebTransport(WebTransport),
}

/// How a transport ended.
#[derive(Debug)]
pub(crate) enum End {
    /// In order, by the server or with its connection. What it said of it, if it did.
    Closed(Option<TransportError>),
    Failed(TransportError),
}

/// Whether more messages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Goes,
    Stops,
}

impl Duplex {
    /// Appends a packet to what is to be written.
    pub(crate) fn send(&mut self, packet: &Outgoing, compression: Compression) {
        match self {
            Self::WebSocket(websocket) => websocket.send(packet, compression),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.send(packet),
        }
    }

    /// Appends a control packet.
    pub(crate) fn send_text(&mut self, packet: &'static str) {
        match self {
            Self::WebSocket(websocket) => websocket.send_text(packet),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.send_text(packet),
        }
    }

    /// No more than `packets` are still sent. Where the peer's acknowledgements can be seen, what it has
    /// not acknowledged counts as unwritten from now on.
    pub(crate) fn end_behind(&mut self, packets: usize) {
        match self {
            // What the operating system has is out of sight, however much follows.
            Self::WebSocket(_) => _ = packets,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.end_behind(packets),
        }
    }

    /// Writes what can be written now; ready when nothing is left.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_flush(cx),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.poll_flush(cx),
        }
    }

    /// Reads what has come, and hands each message to `take` until it says that it is enough.
    ///
    /// Ready with the end of the connection, or when it was enough.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(Frame) -> Flow,
    ) -> Poll<Result<(), End>> {
        match self {
            Self::WebSocket(websocket) => {
                websocket.poll_receive(cx, |event| match Frame::of(event) {
                    Some(frame) => take(frame),
                    None => Flow::Goes,
                })
            }
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.poll_receive(cx, take),
        }
    }

    /// Says goodbye, and waits for the server's answer or the end of patience.
    pub(crate) async fn close(self) {
        match self {
            Self::WebSocket(websocket) => websocket.close().await,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.close().await,
        }
    }

    /// Lets the connection go, which the server has ended; the answer to that is still written.
    pub(crate) async fn finish(self) {
        match self {
            Self::WebSocket(websocket) => websocket.finish().await,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.close().await,
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::WebSocket(_) => Transport::WebSocket,
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => Transport::WebTransport,
        }
    }

    /// Whether the peer takes less than is written.
    pub(crate) fn owes_much(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.owes_much(),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.owes_much(),
        }
    }

    /// Whether nothing more is read before the peer has taken its answers.
    pub(crate) fn is_held(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_held(),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => false,
        }
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.has_unwritten(),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(webtransport) => webtransport.has_unwritten(),
        }
    }
}
