//! Sessions on WebSockets that another library has opened, reads and writes.

mod accepted;
mod guarded;
mod message_socket;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use roomcast_websocket::{CloseCode, DecodeError};

pub use accepted::Accepted;
use guarded::Guarded;
pub use message_socket::{MessageSocket, ReceiveError, SocketMessage};

use super::binary_form::BinaryForm;
use super::cause::{DisconnectCause, Farewell};
use super::duplex::Fault;
use super::frame::Frame;
use super::mailbox::Mailbox;
use super::outbox::{Entry, Queue};
use super::outgoing::Written;
use super::websocket::change_all;

/// A WebSocket of another library, and what it has still to send.
pub(crate) struct Carried {
    socket: Guarded,
    max_message_bytes: usize,
    binary_form: Option<BinaryForm>,
    /// Packets of the transport itself (open, the answer to a probe), sent before what is queued.
    control: VecDeque<Frame>,
    /// What was taken from the mailbox and not yet handed to the socket, in order.
    taken: smallvec::IntoIter<[Entry; 2]>,
    /// What was handed to the socket and may not have left.
    handed: Handed,
}

/// Messages that lie with the socket.
#[derive(Default)]
struct Handed {
    /// Whether there may be some. Answers to pings, which only the socket knows of, count, too.
    is_some: bool,
    /// What the mailbox counts of them.
    bytes: usize,
    /// Who waits for them to leave.
    marks: Queue,
}

/// What a WebSocket of another library has received.
#[derive(Debug)]
pub(super) enum Received {
    Text(String),
    Binary(Bytes),
    /// The peer closes, perhaps with a code.
    Close(Option<CloseCode>),
    /// The connection is over.
    End,
    Fault(Fault),
}

impl Carried {
    fn new(
        socket: impl MessageSocket,
        max_message_bytes: usize,
        binary_form: Option<BinaryForm>,
    ) -> Self {
        Self {
            socket: Guarded::new(socket),
            max_message_bytes,
            binary_form,
            control: VecDeque::new(),
            taken: Queue::new().into_iter(),
            handed: Handed::default(),
        }
    }

    /// Queues the packets that a session begins with.
    fn greet(&mut self, packets: impl Iterator<Item = Frame>) {
        self.control.extend(packets);
    }

    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        // Invariant: a flush follows, or answers to pings could stay with the socket.
        self.handed.is_some = true;
        let max_bytes = self.max_message_bytes;
        let too_large = || {
            let cause = DisconnectCause::Oversize { max_bytes };
            Received::Fault(Fault::Transport(CloseCode::MESSAGE_TOO_BIG, cause))
        };
        Poll::Ready(match ready!(self.socket.poll_receive(cx)) {
            Some(Ok(SocketMessage::Text(text))) if text.len() > max_bytes => too_large(),
            Some(Ok(SocketMessage::Binary(bytes))) if bytes.len() > max_bytes => too_large(),
            Some(Ok(SocketMessage::Text(text))) => Received::Text(text),
            Some(Ok(SocketMessage::Binary(bytes))) => Received::Binary(bytes),
            Some(Ok(SocketMessage::Close { code, .. })) => {
                Received::Close(code.and_then(CloseCode::new))
            }
            Some(Err(ReceiveError::TooLarge)) => too_large(),
            Some(Err(ReceiveError::Protocol(rule))) => {
                tracing::debug!(%rule, "a client broke the WebSocket protocol");
                let cause = DisconnectCause::Protocol(rule.into());
                Received::Fault(Fault::Transport(CloseCode::PROTOCOL_ERROR, cause))
            }
            Some(Err(ReceiveError::NotUtf8)) => {
                let error = DecodeError::InvalidUtf8;
                Received::Fault(Fault::Transport(error.close_code(), error.into()))
            }
            Some(Err(ReceiveError::Lost(error))) => {
                tracing::debug!(%error, "a connection broke");
                Received::End
            }
            None => Received::End,
        })
    }

    pub(super) fn answer_probe(&mut self) {
        self.control.push_back(Frame::text(b"3probe"));
    }

    /// Whether so many packets of the transport itself wait that nothing more may be read.
    pub(super) fn owes_much(&self) -> bool {
        self.control.len() > MAX_CONTROL_PACKETS
    }

    /// Hands over what is left here and what `mailbox` holds, until it is empty and has left, or the
    /// socket takes no more.
    pub(super) fn poll_write(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        let written = loop {
            // Invariant: nothing more is handed over as long as the socket holds back what it has,
            // or a reader that is slow but steady would count as one that takes nothing.
            if self.poll_flush(mailbox, cx)?.is_pending() {
                break Written::Blocked;
            }
            if let (true, Some(mailbox)) = (self.taken.as_slice().is_empty(), mailbox) {
                self.take(mailbox);
            }
            if self.control.is_empty() && self.taken.as_slice().is_empty() {
                break Written::All;
            }
            let handed = self.poll_hand_over(cx)?;
            if handed.is_pending() && !self.handed.is_some {
                break Written::Blocked;
            }
        };
        if written == Written::Blocked {
            mailbox.inspect(|mailbox| mailbox.set_busy());
        }
        Ok(written)
    }

    /// Takes what is queued, in the form that the client takes.
    fn take(&mut self, mailbox: &Mailbox) {
        let mut queue = Queue::new();
        mailbox.take(&mut queue);
        if let Some(form) = self.binary_form {
            change_all(&mut queue, mailbox, |entry| form.give_to_entry(entry));
        }
        self.taken = queue.into_iter();
    }

    /// Sees to it that what was handed over leaves, and says so to those who count and wait.
    fn poll_flush(
        &mut self,
        mailbox: Option<&Mailbox>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<()>> {
        if !self.handed.is_some {
            return Ok(Poll::Ready(()));
        }
        if self.socket.poll_flush(cx)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let mut left = std::mem::take(&mut self.handed);
        if let (Some(mailbox), 1..) = (mailbox, left.bytes) {
            mailbox.written(left.bytes);
        }
        left.marks.iter_mut().for_each(Entry::pass);
        Ok(Poll::Ready(()))
    }

    /// Hands over as much as the socket takes now, up to what is to leave before there is more.
    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        while self.handed.bytes < MAX_HANDED_BYTES {
            if !self.control.is_empty() {
                if self.socket.poll_ready(cx)?.is_pending() {
                    return Ok(Poll::Pending);
                }
                if let Some(packet) = self.control.pop_front() {
                    self.hand_over(&packet)?;
                }
                continue;
            }
            match self.taken.as_slice().first() {
                None => break,
                Some(Entry::Shared { .. }) if self.socket.poll_ready(cx)?.is_pending() => {
                    return Ok(Poll::Pending);
                }
                Some(_) => {}
            }
            match self.taken.next() {
                Some(Entry::Shared { frame, .. }) => {
                    self.hand_over(&frame)?;
                    self.handed.bytes += frame.len();
                }
                // Invariant: packets stand side by side only in sessions that are lent, and none of
                // these is.
                Some(entry) => {
                    self.handed.is_some = true;
                    self.handed.marks.push(entry);
                }
                None => {}
            }
        }
        Ok(Poll::Ready(()))
    }

    fn hand_over(&mut self, packet: &Frame) -> io::Result<()> {
        self.handed.is_some = true;
        self.socket.start_send(message(packet))
    }

    /// Sends what is left, says goodbye and waits for the peer to do so, too. Who does not is cut
    /// after [`CLOSE_TIMEOUT`].
    pub(super) async fn close(mut self, code: Option<CloseCode>, farewell: Option<Box<Farewell>>) {
        let goodbye = self.say_goodbye(code, farewell);
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await {
            tracing::debug!(%error, "the connection ended before the WebSocket close");
        }
    }

    async fn say_goodbye(
        &mut self,
        code: Option<CloseCode>,
        farewell: Option<Box<Farewell>>,
    ) -> io::Result<()> {
        if let Err(error) = self.say_last(code, farewell).await {
            // What was said is not lost by it: a library that has answered the peer's close itself
            // takes nothing more.
            tracing::debug!(%error, "a WebSocket of another library took no close");
        }
        poll_fn(|cx| self.socket.poll_flush(cx)).await?;
        self.drain().await;
        Ok(())
    }

    /// Receives and forgets until the connection ends. A second error ends it, too, or a library
    /// that repeats its error would be asked for ever.
    async fn drain(&mut self) {
        let mut has_failed = false;
        loop {
            match poll_fn(|cx| self.socket.poll_receive(cx)).await {
                None | Some(Err(ReceiveError::Lost(_))) => return,
                Some(Err(_)) if has_failed => return,
                Some(received) => has_failed |= received.is_err(),
            }
        }
    }

    async fn say_last(
        &mut self,
        code: Option<CloseCode>,
        farewell: Option<Box<Farewell>>,
    ) -> io::Result<()> {
        self.write_rest().await?;
        let (mut code, mut reason) = (code, "");
        if let Some(farewell) = farewell {
            for mut packet in farewell.packets {
                self.binary_form.inspect(|form| form.give_to(&mut packet));
                self.control.push_back(packet);
            }
            self.write_rest().await?;
            code = code.or_else(|| Some(farewell.cause.close_code()));
            reason = farewell.cause.as_str();
        }
        poll_fn(|cx| self.socket.poll_ready(cx)).await?;
        self.socket.start_send(SocketMessage::Close {
            code: code.map(CloseCode::get),
            reason: reason.to_owned(),
        })
    }

    async fn write_rest(&mut self) -> io::Result<()> {
        poll_fn(|cx| match self.poll_write(None, cx) {
            Ok(Written::All) => Poll::Ready(Ok(())),
            Ok(Written::Blocked) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried")
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

/// Cost: a text is copied for each receiver, since libraries take texts of their own; of bytes all
/// receivers share one copy.
fn message(packet: &Frame) -> SocketMessage {
    match packet.is_binary() {
        true => SocketMessage::Binary(Bytes::from_owner(Payload(packet.clone()))),
        // A packet of text is UTF-8: nothing is replaced.
        false => SocketMessage::Text(String::from_utf8_lossy(packet.payload()).into_owned()),
    }
}

/// The bytes of a packet without the header of our own WebSockets.
struct Payload(Frame);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.0.payload()
    }
}

/// Packets of the transport itself that may wait before nothing more is read.
const MAX_CONTROL_PACKETS: usize = 1024;
/// Bytes that are handed to a socket before they have to leave.
const MAX_HANDED_BYTES: usize = 64 * 1024;
/// How long a closed WebSocket may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
