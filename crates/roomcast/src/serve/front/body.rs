//! The body of a request, of known length.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::net::TcpStream;

use crate::engine::read_buffer;

/// What belongs to one request of the bytes behind its head.
pub(super) struct Incoming<'s> {
    stream: &'s TcpStream,
    /// What came together with the head.
    first: Bytes,
    /// Bytes that were not read yet.
    remaining: u64,
}

impl<'s> Incoming<'s> {
    /// Takes a body of `len` bytes out of what is `unread`; the rest comes over the stream.
    pub(super) fn new(stream: &'s TcpStream, unread: &mut Vec<u8>, len: u64) -> Self {
        let there = usize::try_from(len).unwrap_or(usize::MAX).min(unread.len());
        let behind = unread.split_off(there);
        let first = Bytes::from(std::mem::replace(unread, behind));
        Self {
            stream,
            remaining: len - first.len() as u64,
            first,
        }
    }

    /// Whether nothing of it is still to come over the stream.
    pub(super) fn is_whole(&self) -> bool {
        self.remaining == 0
    }
}

impl Body for Incoming<'_> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let read = loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let read = read_buffer::with(|buf| {
                let most = usize::try_from(self.remaining).map_or(buf.len(), |n| n.min(buf.len()));
                let read = self.stream.try_read(&mut buf[..most])?;
                Ok::<_, io::Error>(Bytes::copy_from_slice(&buf[..read]))
            });
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => break read?,
            }
        };
        if read.is_empty() {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        self.remaining -= read.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(read))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.first.len() as u64 + self.remaining)
    }
}
