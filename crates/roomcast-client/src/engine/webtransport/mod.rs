//! The WebTransport transport: one stream of a session, with a header before each packet.

mod open;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use futures_util::future::poll_fn;
use quinn::{ConnectionError, StoppedError, VarInt, WriteError};
use roomcast_engineio::FrameError;
use roomcast_engineio::revision4::{StreamDecoder, StreamFrame, write_stream_header};
use roomcast_webtransport::code;
use roomcast_webtransport::quic::Streams;

pub(crate) use self::open::Question;
use super::duplex::{End, Flow};
use super::event::Frame;
use super::outgoing::Outgoing;
use crate::error::TransportError;

/// An open session of WebTransport. Dropping it closes its connection.
pub(crate) struct WebTransport {
    streams: Streams,
    decoder: StreamDecoder,
    max_message_bytes: usize,
    to_write: BytesMut,
    unread: BytesMut,
    ending: Ending,
}

/// How far the end of the stream to the server has come.
enum Ending {
    No,
    /// Packets are still appended.
    Near,
    /// The stream ends behind what is appended.
    Asked,
    /// The server has not acknowledged all of the stream.
    Awaited(Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send>>),
    Acknowledged,
}

impl WebTransport {
    fn new(streams: Streams, max_message_bytes: usize) -> Self {
        Self {
            streams,
            decoder: StreamDecoder::new(max_message_bytes),
            max_message_bytes,
            to_write: BytesMut::new(),
            unread: BytesMut::new(),
            ending: Ending::No,
        }
    }

    /// Appends a packet to what is to be written.
    pub(crate) fn send(&mut self, packet: &Outgoing) {
        match packet {
            Outgoing::Text(text) => self.append(false, text),
            // COMPAT: a length of 0 ends the session, so nothing goes as base64.
            Outgoing::Binary(bytes) if bytes.is_empty() => self.append(false, b"b"),
            Outgoing::Binary(bytes) => self.append(true, bytes),
        }
    }

    /// Appends a control packet.
    pub(crate) fn send_text(&mut self, packet: &str) {
        self.append(false, packet.as_bytes());
    }

    fn append(&mut self, is_binary: bool, packet: &[u8]) {
        if matches!(self.ending, Ending::Awaited(_) | Ending::Acknowledged) {
            // A pong for a server that is being left.
            return;
        }
        let mut header = [0; 9];
        let header = write_stream_header(&mut header, is_binary, packet.len());
        self.to_write.reserve(header.len() + packet.len());
        self.to_write.extend_from_slice(header);
        self.to_write.extend_from_slice(packet);
    }

    /// Whether the peer takes less than is written.
    pub(crate) fn owes_much(&self) -> bool {
        self.to_write.len() >= MAX_UNWRITTEN_BYTES
    }

    /// Whether something has not been handed to the connection, or after
    /// [`end_behind`](Self::end_behind) has not been acknowledged by the server.
    pub(crate) fn has_unwritten(&self) -> bool {
        match self.ending {
            Ending::No | Ending::Acknowledged => !self.to_write.is_empty(),
            Ending::Near | Ending::Asked | Ending::Awaited(_) => true,
        }
    }

    /// Ends the stream when as many packets have been appended as are named; those that are left are
    /// named again. From now on it counts what the server acknowledges, not how it ends the session.
    pub(crate) fn end_behind(&mut self, packets: usize) {
        if matches!(self.ending, Ending::No | Ending::Near) {
            self.ending = match packets {
                0 => Ending::Asked,
                _ => Ending::Near,
            };
        }
    }

    /// Hands what can be written now to the connection; ready when nothing is left.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        while !self.to_write.is_empty() {
            match ready!(self.streams.writer().poll_write(cx, &self.to_write)) {
                Ok(written) => self.to_write.advance(written),
                // The reading side tells of an end in order.
                Err(error) if matches!(self.ending, Ending::No) && is_in_order(&error) => {
                    self.to_write.clear();
                }
                Err(error) => return Poll::Ready(Err(broken(&error))),
            }
        }
        if self.to_write.capacity() > 0 {
            // An idle connection keeps no buffer.
            self.to_write = BytesMut::new();
        }
        self.poll_ending(cx)
    }

    /// Ready when the server has acknowledged all of the stream, if that is asked for.
    fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if matches!(self.ending, Ending::Asked) {
            let mut writer = self.streams.writer();
            if let Err(error) = writer.finish() {
                return Poll::Ready(Err(broken(&error)));
            }
            self.ending = Ending::Awaited(Box::pin(writer.stopped()));
        }
        let Ending::Awaited(stopped) = &mut self.ending else {
            return Poll::Ready(Ok(()));
        };
        let stopped = ready!(stopped.as_mut().poll(cx));
        self.ending = Ending::Acknowledged;
        Poll::Ready(match stopped {
            Ok(None) => Ok(()),
            Ok(Some(code)) => Err(broken(&WriteError::Stopped(code))),
            Err(error) => Err(broken(&error)),
        })
    }

    /// Reads what has come, and hands each message to `take` until it says that it is enough.
    ///
    /// Ready with the end of the session, or when it was enough.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(Frame) -> Flow,
    ) -> Poll<Result<(), End>> {
        let mut buf = [0; READ_BYTES];
        loop {
            match self.decode(&mut take) {
                Ok(Flow::Goes) => {}
                Ok(Flow::Stops) => return Poll::Ready(Ok(())),
                Err(error) => return Poll::Ready(Err(End::Failed(error))),
            }
            match ready!(self.streams.poll_read(cx, &mut buf)) {
                // Invariant: who flushes is woken by the acknowledgement, or by the connection's end.
                Ok(0) | Err(_) if !matches!(self.ending, Ending::No) => return Poll::Pending,
                Ok(0) => return Poll::Ready(Err(End::Closed(self.last_word()))),
                Ok(len) => self.unread.extend_from_slice(&buf[..len]),
                Err(error) => return Poll::Ready(Err(End::Failed(broken(&error)))),
            }
        }
    }

    fn decode(&mut self, take: &mut impl FnMut(Frame) -> Flow) -> Result<Flow, TransportError> {
        while !self.unread.is_empty() {
            let decoded = self
                .decoder
                .decode(&self.unread)
                .map_err(|error| match error {
                    FrameError::TooLong { .. } => TransportError::TooLarge {
                        limit: self.max_message_bytes,
                    },
                    error => TransportError::Packet(error.to_string()),
                })?;
            let frame = decoded.frame.map(|frame| match frame {
                StreamFrame::Text(text) => Frame::Text(text.into_owned()),
                StreamFrame::Binary(bytes) => Frame::Binary(bytes.into_owned()),
            });
            let consumed = decoded.consumed;
            self.unread.advance(consumed);
            if frame.is_some_and(|frame| take(frame) == Flow::Stops) {
                return Ok(Flow::Stops);
            }
        }
        self.unread = BytesMut::new();
        Ok(Flow::Goes)
    }

    /// What the server said when it ended the session.
    fn last_word(&self) -> Option<TransportError> {
        let close = self.streams.close()?;
        let is_said = close.code != 0 || !close.reason.is_empty();
        is_said.then(|| TransportError::Ended {
            code: close.code,
            reason: close.reason.as_str().into(),
        })
    }

    /// Ends the session once all that was written has arrived; a server that does not follow is left
    /// alone after [`CLOSE_TIMEOUT`].
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            if poll_fn(|cx| self.poll_flush(cx)).await.is_ok() {
                self.streams.finish().await;
            }
            if let Err(error) = self.streams.end().await {
                tracing::debug!(%error, "the connection ended before the session of WebTransport");
            }
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await.is_err() {
            tracing::debug!("the server did not end the session of WebTransport in time");
        }
    }
}

fn is_in_order(error: &WriteError) -> bool {
    matches!(
        error,
        WriteError::ConnectionLost(ConnectionError::ApplicationClosed(close))
            if close.error_code == code::NO_ERROR.into()
    )
}

fn broken(error: &impl std::error::Error) -> TransportError {
    TransportError::Connection(error.to_string())
}

/// What waits to be written before nothing more is added.
const MAX_UNWRITTEN_BYTES: usize = 256 * 1024;

const READ_BYTES: usize = 16 * 1024;

/// How long the end of a session may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
