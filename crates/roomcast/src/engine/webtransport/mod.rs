//! The WebTransport transport: one stream of a session, with a header before each packet.

mod handshake;

use std::io;
use std::task::{Context, Poll, ready};

use roomcast_engineio::FrameError;
use roomcast_engineio::revision4::{StreamDecoder, StreamFrame, write_stream_header};
use roomcast_websocket::Event;

use super::cause::Farewell;
use super::draft;
use super::frame::Frame;
use super::mailbox::Mailbox;
use super::outbox::{Entry, Queue, Role};
use super::outgoing::{Outgoing, Written};
use crate::webtransport::{CLOSE_TIMEOUT, Streams, close};

/// A session of WebTransport whose first packet has come.
#[derive(Debug)]
pub(crate) struct WebTransport {
    streams: Streams,
    decoder: StreamDecoder,
    /// Bytes that were read but not yet decoded.
    pub(super) unread: Vec<u8>,
    outgoing: Outgoing,
    is_ended_here: bool,
}

impl WebTransport {
    /// `unread` was read from the stream already.
    fn new(streams: Streams, unread: Vec<u8>, max_message_bytes: usize) -> Self {
        Self {
            streams,
            decoder: StreamDecoder::new(max_message_bytes),
            unread,
            outgoing: Outgoing::default(),
            is_ended_here: false,
        }
    }

    /// Notes that the server ends the session, and not for a mistake of the client.
    pub(super) fn end_here(&mut self) {
        self.is_ended_here = true;
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(ready!(self.streams.poll_read(cx, buf)).map_err(io::Error::from))
    }

    pub(super) fn decode<'b>(
        &mut self,
        bytes: &'b [u8],
    ) -> Result<(usize, Option<Event<'b>>), FrameError> {
        let decoded = self.decoder.decode(bytes)?;
        let event = decoded.frame.map(|frame| match frame {
            StreamFrame::Text(text) => Event::Text(text),
            StreamFrame::Binary(bytes) => Event::Binary(bytes),
        });
        Ok((decoded.consumed, event))
    }

    /// Queues a packet of the transport itself; it leaves with the next write, ahead of what is
    /// queued.
    fn send_control(&mut self, packet: &[u8]) {
        let mut header = [0; 9];
        let header = write_stream_header(&mut header, false, packet.len());
        self.outgoing.control.extend_from_slice(header);
        self.outgoing.control.extend_from_slice(packet);
    }

    fn send_packet(&mut self, packet: &Frame) {
        let frames = entries(Entry::Shared {
            frame: packet.clone(),
            may_compress: false,
            role: Role::ESSENTIAL,
        });
        for frame in frames {
            self.outgoing.control.extend_from_slice(frame.bytes());
        }
    }

    pub(super) fn answer_probe(&mut self) {
        self.send_control(b"3probe");
    }

    pub(super) fn owes_much(&self) -> bool {
        self.outgoing.owes_much()
    }

    pub(super) fn poll_write(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        let writer = self.streams.writer();
        self.outgoing.poll_write(writer, mailbox, encode, cx)
    }

    /// Writes what is left, ends the session, and waits until the peer has ended it, too.
    ///
    /// A farewell goes behind what is left. A client that does not read, or does not follow, is cut
    /// after [`CLOSE_TIMEOUT`].
    pub(super) async fn close(self, farewell: Option<Box<Farewell>>) {
        let end = tokio::time::timeout(CLOSE_TIMEOUT, self.say_goodbye(farewell));
        if end.await.is_err() {
            tracing::debug!("a session of WebTransport was not ended in time");
        }
    }

    async fn say_goodbye(mut self, farewell: Option<Box<Farewell>>) {
        let mut end = self.outgoing.write_rest(self.streams.writer()).await;
        if let (Ok(()), Some(farewell)) = (&end, farewell) {
            for packet in &farewell.packets {
                self.send_packet(packet);
            }
            end = self.outgoing.write_rest(self.streams.writer()).await;
        }
        if let Err(error) = end {
            tracing::debug!(%error, "a session of WebTransport ended before its last packets left");
        }
        close(self.streams, self.is_ended_here).await;
    }
}

/// Puts the headers of this transport in the place of those of WebSockets.
fn encode(queue: &mut Queue, mailbox: &Mailbox) {
    let len = |queue: &Queue| queue.iter().map(|entry| entry.bytes().len()).sum::<usize>();
    let before = len(queue);
    *queue = std::mem::take(queue)
        .into_iter()
        .flat_map(entries)
        .collect();
    mailbox.recount(before, len(queue));
}

/// A frame of WebSocket is that of this transport but for its first byte: the lengths are written
/// alike, and this transport marks bytes by the bit that masks would be marked by.
///
/// Cost: a text is sent from the bytes that all receivers share, and of bytes only the header is
/// new.
fn entries(entry: Entry) -> impl Iterator<Item = Entry> {
    let Entry::Shared { frame, .. } = entry else {
        // Invariant: packets stand side by side only where a WebSocket carries the session.
        return [Some(entry), None].into_iter().flatten();
    };
    let parts = match (frame.is_binary(), frame.payload()) {
        (false, _) => [None, Some(Entry::Part { frame, start: 1 })],
        (true, []) => [Some(own(NO_BYTES)), None],
        (true, payload) => {
            let mut header = [0; 9];
            let header = own(write_stream_header(&mut header, true, payload.len()));
            let start = frame.header_len();
            [Some(header), Some(Entry::Part { frame, start })]
        }
    };
    parts.into_iter().flatten()
}

fn own(frame: &[u8]) -> Entry {
    let mut bytes = draft::take_buffer();
    bytes.extend_from_slice(frame);
    Entry::Own { bytes, start: 0 }
}

/// A message of 0 bytes in base64.
///
/// COMPAT: clients refuse a length of 0, which engine.io 6.6.9 sends here.
const NO_BYTES: &[u8] = b"\x01b";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mailbox::{OutboxLimits, SendOptions};

    fn encoded(frames: &[Frame]) -> Vec<u8> {
        let mailbox = Mailbox::new(OutboxLimits::default(), std::sync::Arc::default());
        mailbox.send(frames, SendOptions::default());
        let mut queue = Queue::new();
        mailbox.take(&mut queue);
        encode(&mut queue, &mailbox);
        let bytes: Vec<u8> = queue.iter().flat_map(Entry::bytes).copied().collect();
        assert_eq!(mailbox.pending_bytes(), bytes.len());
        bytes
    }

    #[test]
    fn packets_get_the_headers_of_this_transport() {
        assert_eq!(encoded(&[Frame::text(b"4hello")]), b"\x064hello");
        assert_eq!(encoded(&[Frame::binary(b"\x01\x02")]), b"\x82\x01\x02");
        assert_eq!(encoded(&[Frame::ping(), Frame::ping()]), b"\x012\x012");
        assert_eq!(encoded(&[Frame::binary(b"")]), b"\x01b");
        let long = |len: usize| Frame::binary(&vec![7; len]);
        assert_eq!(encoded(&[long(126)])[..4], *b"\xfe\x00\x7e\x07");
        let frames = encoded(&[long(65536), Frame::text(&[b'4'; 65536])]);
        assert_eq!(frames[..10], *b"\xff\x00\x00\x00\x00\x00\x01\x00\x00\x07");
        assert_eq!(
            frames[65545..65555],
            *b"\x7f\x00\x00\x00\x00\x00\x01\x00\x004"
        );
        assert_eq!(frames.len(), 2 * 65545);
    }
}
