//! The transports that are read as bytes, in which frames are found.

use std::io;
use std::task::{Context, Poll};

use bytes::BytesMut;
use roomcast_engineio::Transport;
use roomcast_websocket::{Event, OpCode};

use super::duplex::Fault;
use super::websocket::WebSocket;
#[cfg(feature = "webtransport")]
use super::webtransport::WebTransport;

/// A connection whose frames are decoded where its bytes were read.
pub(super) trait Framed {
    const TRANSPORT: Transport;

    /// Bytes that were read but not yet decoded.
    fn unread(&mut self) -> &mut BytesMut;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Decodes the first frame that ends in `bytes`, and tells how many bytes are done with.
    fn decode<'b>(&mut self, bytes: &'b mut [u8]) -> Result<(usize, Option<Event<'b>>), Fault>;

    /// Queues the answer to a ping of the transport itself.
    fn answer_ping(&mut self, payload: &[u8]);

    /// Whether so much waits of what the transport itself has to say that nothing more may be read.
    fn owes_much(&self) -> bool;
}

impl Framed for WebSocket {
    const TRANSPORT: Transport = Transport::WebSocket;

    #[inline]
    fn unread(&mut self) -> &mut BytesMut {
        &mut self.unread
    }

    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Self::poll_read(self, cx, buf)
    }

    // Cost: called, and not inlined, it is 45 instructions more for each message.
    #[inline]
    fn decode<'b>(&mut self, bytes: &'b mut [u8]) -> Result<(usize, Option<Event<'b>>), Fault> {
        match self.decoder.decode(bytes) {
            Ok(decoded) => Ok((decoded.consumed, decoded.event)),
            Err(error) => {
                tracing::debug!(%error, "a client broke the WebSocket protocol");
                Err(Fault::Transport(error.close_code(), error.into()))
            }
        }
    }

    #[inline]
    fn answer_ping(&mut self, payload: &[u8]) {
        self.send_control(OpCode::Pong, payload);
    }

    #[inline]
    fn owes_much(&self) -> bool {
        Self::owes_much(self)
    }
}

#[cfg(feature = "webtransport")]
impl Framed for WebTransport {
    const TRANSPORT: Transport = Transport::WebTransport;

    fn unread(&mut self) -> &mut BytesMut {
        &mut self.unread
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Self::poll_read(self, cx, buf)
    }

    fn decode<'b>(&mut self, bytes: &'b mut [u8]) -> Result<(usize, Option<Event<'b>>), Fault> {
        Self::decode(self, bytes).map_err(|error| {
            tracing::debug!(%error, "a client broke the framing of WebTransport");
            Fault::Packet(error.into())
        })
    }

    fn answer_ping(&mut self, _: &[u8]) {}

    fn owes_much(&self) -> bool {
        Self::owes_much(self)
    }
}
