//! A WebSocket here that carries a session of another server.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use roomcast_cluster::NodeId;
use roomcast_cluster::engine::{Input, Packet, PacketKind};
use roomcast_engineio::{self as proto, Revision, revision3, revision4};
use roomcast_websocket::{CloseCode, Event};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::exchange::{Exchange, Moved};
use super::packets::{frames_of, received};
use crate::engine::duplex::{Duplex, Fault};
use crate::engine::events::SessionEvent;
use crate::engine::mailbox::{self, Mailbox, OutboxLimits, OutboxPolicy, SendOptions};
use crate::engine::outgoing::Written;
use crate::engine::read_buffer;
use crate::engine::request::Request;
use crate::engine::server::Shared;
use crate::engine::session::SessionTask;

/// The right to carry a session of another server. Dropped unused it is given back.
pub(in crate::engine) struct Promise {
    exchange: Arc<Exchange>,
    sid: Arc<str>,
    /// Who has granted it.
    owner: Option<NodeId>,
}

impl Promise {
    /// One that nobody has granted yet.
    pub(super) fn new(exchange: Arc<Exchange>, sid: Arc<str>) -> Self {
        Self {
            exchange,
            sid,
            owner: None,
        }
    }

    pub(super) fn by(mut self, owner: NodeId) -> Self {
        self.owner = Some(owner);
        self
    }
}

impl std::fmt::Debug for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promise")
            .field("sid", &self.sid)
            .finish_non_exhaustive()
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.take() {
            let sid = Arc::clone(&self.sid);
            self.exchange.input(Input::GiveUpUpgrade { sid, owner });
        }
    }
}

/// Where a line takes packets of the session.
#[derive(Debug)]
pub(super) struct LineEnd {
    mailbox: Mailbox,
    /// The owner has said something since the line looked last.
    has_heard: AtomicBool,
}

impl LineEnd {
    pub(super) fn take(&self, packets: &[Packet]) {
        self.has_heard.store(true, Ordering::Release);
        let is_close = |packet: &Packet| packet.kind == PacketKind::Close;
        let end = packets.iter().position(is_close);
        for (frame, may_compress) in frames_of(&packets[..end.unwrap_or(packets.len())]) {
            let options = SendOptions {
                may_compress,
                ..SendOptions::essential()
            };
            // A line whose client does not read learns from its mailbox that it is full.
            let _ = self.mailbox.send(&[frame], options);
        }
        // Over a WebSocket its close frame says so.
        if end.is_some() {
            self.mailbox.tell(mailbox::Input::Close);
        }
        self.mailbox.notify();
    }
}

/// A WebSocket of a client whose session is elsewhere, first as a probe.
pub(in crate::engine) struct Line {
    engine: Arc<Shared>,
    request: Arc<Request>,
    promise: Promise,
    duplex: Box<Duplex>,
    end: Arc<LineEnd>,
    revision: Revision,
    /// Packets of the client that are not yet handed to the bus.
    gathered: Vec<Packet>,
    gathered_bytes: usize,
    /// Those that were and have not left.
    leaving: Option<oneshot::Receiver<()>>,
    silence: Pin<Box<Sleep>>,
    /// The owner has closed the session; what waits still leaves.
    is_closing: bool,
}

/// How a line ended.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The client closed, perhaps with a code.
    Closed(Option<CloseCode>),
    /// The connection ended without a word.
    Gone,
    /// The client does not read.
    Slow,
    /// The client broke the rules of the transport.
    Failed(CloseCode),
    /// This server ends it: its owner has closed the session or says nothing, or the server closes.
    Here,
}

/// What to do behind a packet that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
}

impl Line {
    pub(in crate::engine) fn new(
        engine: Arc<Shared>,
        request: Arc<Request>,
        promise: Promise,
        duplex: Box<Duplex>,
    ) -> Self {
        let limits = OutboxLimits {
            max_bytes: engine.config().outbox.max_bytes,
            policy: OutboxPolicy::Disconnect,
            ..OutboxLimits::default()
        };
        let end = LineEnd {
            mailbox: Mailbox::new(limits, Arc::clone(engine.flusher())),
            has_heard: AtomicBool::new(false),
        };
        let silence = tokio::time::sleep(engine.times().upgrade_timeout);
        Self {
            revision: engine.dialect_of(&request).revision(),
            engine,
            request,
            promise,
            duplex,
            end: Arc::new(end),
            gathered: Vec::new(),
            gathered_bytes: 0,
            leaving: None,
            silence: Box::pin(silence),
            is_closing: false,
        }
    }

    /// Carries the session, or is its begin here, until the end.
    pub(in crate::engine) async fn run(mut self) {
        let closing = self.engine.closing();
        let mut closing = std::pin::pin!(closing);
        let probed = poll_fn(|cx| {
            if closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(false);
            }
            self.poll_probe(cx)
        });
        if !probed.await {
            return self.engine.close_duplex(self.duplex, None, None);
        }
        let Some(owner) = self.promise.owner.take() else {
            return self.engine.close_duplex(self.duplex, None, None);
        };
        let (exchange, sid) = (
            Arc::clone(&self.promise.exchange),
            Arc::clone(&self.promise.sid),
        );
        match exchange.upgrade(&sid, &owner, Arc::clone(&self.end)).await {
            Some(Moved {
                take_over: true,
                packets,
            }) => return self.take_over(&sid, packets, &owner).await,
            Some(_) => {}
            None => return self.engine.close_duplex(self.duplex, None, None),
        }
        let silence = self.engine.silence();
        self.silence.as_mut().reset(Instant::now() + silence);
        let end = poll_fn(|cx| {
            if closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Here);
            }
            self.poll_line(&owner, cx)
        });
        let end = end.await;
        self.finish(end, &owner);
    }

    /// The session is here from now on.
    async fn take_over(self, sid: &Arc<str>, packets: Vec<Packet>, from: &NodeId) {
        let transport = self.duplex.transport();
        let socket = self.engine.socket(sid.to_string(), self.request, transport);
        let Some(application) = self.engine.accept(&socket) else {
            return self.engine.close_duplex(self.duplex, None, None);
        };
        socket.tell(SessionEvent::Upgrade(transport));
        let mut session = SessionTask::new(self.engine, socket, application, Some(self.duplex));
        session.resume(packets, from);
        session.await;
    }

    /// Says to the owner, to the client or to both that it is over.
    fn finish(mut self, end: End, owner: &NodeId) {
        if !self.gathered.is_empty() {
            self.forward(owner);
        }
        drop(self.end.mailbox.close());
        let reason = match end {
            End::Closed(_) | End::Gone | End::Here => "transport close",
            End::Slow | End::Failed(_) => "transport error",
        };
        if !self.is_closing {
            let (sid, owner) = (Arc::clone(&self.promise.sid), owner.clone());
            let hang_up = Input::HangUp { sid, owner, reason };
            self.promise.exchange.input(hang_up);
        }
        match end {
            End::Closed(code) => {
                if let Err(duplex) = self.duplex.answer_close(code) {
                    self.engine.close_duplex(duplex, code, None);
                }
            }
            End::Gone => {}
            End::Failed(code) => self.engine.close_duplex(self.duplex, Some(code), None),
            End::Slow | End::Here => self.engine.close_duplex(self.duplex, None, None),
        }
    }

    /// Whether the client has moved; it has not if it does something else, or takes too long.
    fn poll_probe(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut outcome = None;
        let mut answers = false;
        let end = self.read(cx, |_, packet| match packet {
            proto::Packet::Ping("probe") => {
                answers = true;
                Next::Go
            }
            packet => {
                outcome = Some(packet == proto::Packet::Upgrade);
                Next::Stop
            }
        });
        if answers {
            self.duplex.answer_probe();
        }
        if let Some(is_moved) = outcome {
            return Poll::Ready(is_moved);
        }
        if end.is_some() || self.duplex.poll_write(None, cx).is_err() {
            return Poll::Ready(false);
        }
        self.silence.as_mut().poll(cx).map(|()| false)
    }

    fn poll_line(&mut self, owner: &NodeId, cx: &mut Context<'_>) -> Poll<End> {
        let end = Arc::clone(&self.end);
        end.mailbox.register(cx);
        for _ in 0..MAX_ROUNDS {
            if end.mailbox.wake_up().has_overflowed {
                return Poll::Ready(End::Slow);
            }
            while let Some(input) = end.mailbox.next_input() {
                self.is_closing |= matches!(input, mailbox::Input::Close);
            }
            if end.has_heard.swap(false, Ordering::AcqRel) {
                let until = Instant::now() + self.engine.silence();
                self.silence.as_mut().reset(until);
            }
            if self.silence.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Here);
            }
            if let Some(over) = self.poll_forward(owner, cx) {
                return Poll::Ready(over);
            }
            match self.duplex.poll_write(Some(&end.mailbox), cx) {
                Ok(Written::All) if self.is_closing => return Poll::Ready(End::Here),
                Ok(_) => {}
                Err(_) => return Poll::Ready(End::Gone),
            }
            if end.mailbox.try_sleep() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads from the client as fast as the bus takes it.
    fn poll_forward(&mut self, owner: &NodeId, cx: &mut Context<'_>) -> Option<End> {
        loop {
            if let Some(leaving) = &mut self.leaving {
                match leaving.poll_unpin(cx) {
                    Poll::Pending => return None,
                    // Its packets found no room.
                    Poll::Ready(Err(_)) => return Some(End::Failed(CloseCode::TRY_AGAIN_LATER)),
                    Poll::Ready(Ok(())) => self.leaving = None,
                }
            }
            if self.is_closing {
                return None;
            }
            let end = self.read(cx, |line, packet| line.gather(&packet));
            if !self.gathered.is_empty() && end.is_none() {
                self.forward(owner);
                continue;
            }
            return end;
        }
    }

    fn forward(&mut self, owner: &NodeId) {
        self.gathered_bytes = 0;
        let packets = std::mem::take(&mut self.gathered);
        let sid = &self.promise.sid;
        self.leaving = Some(self.promise.exchange.forward(sid, owner, packets));
    }

    fn gather(&mut self, packet: &proto::Packet<'_>) -> Next {
        let packet = received(packet);
        self.gathered_bytes += packet.bytes();
        self.gathered.push(packet);
        match self.gathered.len() >= MAX_GATHERED || self.gathered_bytes >= MAX_GATHERED_BYTES {
            true => Next::Stop,
            false => Next::Go,
        }
    }

    /// Reads packets until there are none, or enough.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Self, proto::Packet<'_>) -> Next,
    ) -> Option<End> {
        let mut stash = std::mem::take(self.duplex.unread());
        let len = self.engine.config().read_buffer_bytes;
        let (next, end) = self.decode(&mut stash, &mut take);
        if end.is_some() || next == Next::Stop {
            return end;
        }
        read_buffer::with_len(len, |buf| {
            for _ in 0..MAX_READS {
                if !self.duplex.unread().is_empty() || self.duplex.owes_much() {
                    return None;
                }
                match self.duplex.poll_read(cx, buf) {
                    Poll::Pending => return None,
                    // COMPAT: a reset is an ordinary end to the official server (ws 8).
                    Poll::Ready(Ok(0) | Err(_)) => return Some(End::Gone),
                    Poll::Ready(Ok(n)) => {
                        let (next, end) = self.decode(&mut buf[..n], &mut take);
                        if end.is_some() || next == Next::Stop {
                            return end;
                        }
                    }
                }
            }
            cx.waker().wake_by_ref();
            None
        })
    }

    /// Decodes what was read; what is behind the packet that was enough is kept.
    fn decode(
        &mut self,
        bytes: &mut [u8],
        take: &mut impl FnMut(&mut Self, proto::Packet<'_>) -> Next,
    ) -> (Next, Option<End>) {
        let mut position = 0;
        while position < bytes.len() {
            let (consumed, event) = match self.duplex.decode(&mut bytes[position..]) {
                Ok(decoded) => decoded,
                Err(Fault::Transport(code, _)) => return (Next::Stop, Some(End::Failed(code))),
                #[cfg(feature = "webtransport")]
                Err(Fault::Packet(_)) => {
                    return (Next::Stop, Some(End::Failed(CloseCode::PROTOCOL_ERROR)));
                }
            };
            position += consumed;
            let Some(event) = event else {
                break;
            };
            let revision = self.revision;
            let next = match event {
                Event::Text(text) => match decode_text(revision, &text) {
                    Ok(packet) => take(self, packet),
                    Err(error) => {
                        tracing::debug!(%error, "a client sent what is no packet");
                        self.gathered.push(Packet::unreadable());
                        Next::Stop
                    }
                },
                Event::Binary(bytes) if revision == Revision::Three => {
                    take(self, revision3::decode_binary(&bytes))
                }
                Event::Binary(bytes) => take(self, proto::Packet::Binary(bytes)),
                Event::Ping(payload) => {
                    self.duplex.answer_ping(&payload);
                    Next::Go
                }
                Event::Pong(_) => Next::Go,
                Event::Close(frame) => {
                    let code = frame.map(|frame| frame.code);
                    return (Next::Stop, Some(End::Closed(code)));
                }
            };
            if next == Next::Stop {
                self.duplex.unread().extend_from_slice(&bytes[position..]);
                return (Next::Stop, None);
            }
        }
        (Next::Go, None)
    }
}

fn decode_text(
    revision: Revision,
    text: &str,
) -> Result<proto::Packet<'_>, roomcast_engineio::DecodeError> {
    match revision {
        Revision::Three => revision3::decode_text(text),
        _ => revision4::decode_text(text),
    }
}

/// Packets of the client that are handed to the bus at a time, and about how many bytes.
const MAX_GATHERED: usize = 256;
const MAX_GATHERED_BYTES: usize = 256 * 1024;
/// Reads of one connection before others get their turn.
const MAX_READS: usize = 8;
/// Rounds of one line before others get their turn.
const MAX_ROUNDS: usize = 16;
