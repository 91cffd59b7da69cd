//! A session that is open.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quinn::{ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};

use super::Guarded;
use crate::capsule::{CapsuleReader, Close, encode_close};
use crate::error::code;

/// What a session consists of. Dropping it closes the connection.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "both ends put it together")]
pub struct Parts {
    /// The connection.
    pub guarded: Guarded,
    /// The session's one stream, from here.
    pub send: SendStream,
    /// The session's one stream, to here; its head has been read.
    pub recv: RecvStream,
    /// The stream of the request, from here: its end is that of the session.
    pub request: SendStream,
    /// The stream of the request, to here; its headers have been read.
    pub capsules: RecvStream,
    /// The own control stream, which must be open as long as the connection.
    pub control: SendStream,
    /// Streams of the peer that must not be refused.
    pub kept: Vec<RecvStream>,
}

/// A session of WebTransport with its one stream. Dropping it closes the connection.
#[derive(Debug)]
pub struct Streams {
    parts: Parts,
    reader: CapsuleReader,
    /// How the peer has ended the session, if it has.
    close: Option<Close>,
}

impl Streams {
    /// A session that is open.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            reader: CapsuleReader::default(),
            close: None,
        }
    }

    /// Reads from the stream; 0 bytes if the peer has ended it, or the session, or with the code
    /// [`NO_ERROR`](code::NO_ERROR) the connection.
    ///
    /// # Errors
    ///
    /// If the stream or the connection ended otherwise.
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, ReadError>> {
        // Invariant: what came before the end of the session is read first.
        let read = match self.parts.recv.poll_read(cx, buf) {
            Poll::Pending => self.poll_end(cx).map_ok(|()| 0),
            read => read,
        };
        read.map(|read| match read {
            Err(ReadError::ConnectionLost(ConnectionError::ApplicationClosed(close)))
                if close.error_code == VarInt::from_u32(code::NO_ERROR) =>
            {
                Ok(0)
            }
            read => read,
        })
    }

    /// Where packets are written to.
    pub fn writer(&mut self) -> Pin<&mut SendStream> {
        Pin::new(&mut self.parts.send)
    }

    /// Waits for the end of the session: its capsule, or the end of the stream of the request.
    ///
    /// # Errors
    ///
    /// If the connection ended first.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        let mut buf = [0; 64];
        while self.close.is_none() {
            match ready!(self.parts.capsules.poll_read(cx, &mut buf)) {
                Ok(len @ 1..) => self.close = self.reader.read(&buf[..len]),
                Ok(0) => self.close = Some(Close::default()),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// How the peer has ended the session, once it has.
    #[must_use]
    pub fn close(&self) -> Option<&Close> {
        self.close.as_ref()
    }

    /// Ends the stream, and waits until the peer has all of it or wants no more: the end of the session
    /// would overtake what was written.
    pub async fn finish(&mut self) {
        finish(&mut self.parts.send).await;
    }

    /// Ends the session, and waits until the peer has ended it, too.
    ///
    /// # Errors
    ///
    /// If the connection ended first.
    pub async fn end(&mut self) -> Result<(), SessionError> {
        let capsule = encode_close(0, "");
        self.parts.request.write_all(&capsule).await?;
        finish(&mut self.parts.request).await;
        Ok(std::future::poll_fn(|cx| self.poll_end(cx)).await?)
    }

    /// Waits until the peer has closed the connection.
    pub async fn closed(&self) -> ConnectionError {
        self.parts.guarded.connection().closed().await
    }
}

/// Why a session did not end in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The peer does not want what is sent to it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The connection ended.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Ends a stream, and waits until the peer has all of it or wants no more.
pub async fn finish(stream: &mut SendStream) {
    if stream.finish().is_ok() {
        // A peer that has left has nothing to wait for.
        let _ = stream.stopped().await;
    }
}
