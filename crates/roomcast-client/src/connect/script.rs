//! Connections on which a server says what a fuzz target wants it to.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use roomcast_websocket::handshake::accept_key;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The answers on each connection. One is given for each write; behind the last the server hangs up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<VecDeque<VecDeque<Vec<u8>>>>>);

impl Script {
    pub(crate) fn new(connections: impl IntoIterator<Item = VecDeque<Vec<u8>>>) -> Self {
        Self(Arc::new(Mutex::new(connections.into_iter().collect())))
    }

    pub(crate) fn connect(&self) -> io::Result<Scripted> {
        let answers = self.0.lock().pop_front();
        Ok(Scripted {
            answers: answers.ok_or(io::ErrorKind::ConnectionRefused)?,
            readable: VecDeque::new(),
            request: Vec::new(),
            reader: None,
        })
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Scripted {
    answers: VecDeque<Vec<u8>>,
    readable: VecDeque<u8>,
    /// What the client has written of its first request.
    request: Vec<u8>,
    reader: Option<Waker>,
}

impl Scripted {
    /// Puts the key in that the client expects of a WebSocket server.
    fn filled_in(&self, answer: &[u8]) -> Vec<u8> {
        let request = String::from_utf8_lossy(&self.request);
        let key = request.split_once("Sec-WebSocket-Key: ");
        let key = key.and_then(|(_, rest)| rest.lines().next());
        let place = answer.windows(ACCEPT.len()).position(|part| part == ACCEPT);
        match (key, place) {
            (Some(key), Some(at)) => {
                let (head, rest) = answer.split_at(at);
                [
                    head,
                    accept_key(key).to_string().as_bytes(),
                    &rest[ACCEPT.len()..],
                ]
                .concat()
            }
            _ => answer.to_vec(),
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.readable.is_empty() && !self.answers.is_empty() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let len = buf.remaining().min(self.readable.len());
        for byte in self.readable.drain(..len) {
            buf.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.request.len() < MAX_REQUEST_BYTES {
            self.request.extend_from_slice(buf);
        }
        if let Some(answer) = self.answers.pop_front() {
            let answer = self.filled_in(&answer);
            self.readable.extend(answer);
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const ACCEPT: &[u8] = b"{accept}";

/// Room for the request of a WebSocket.
const MAX_REQUEST_BYTES: usize = 4096;
