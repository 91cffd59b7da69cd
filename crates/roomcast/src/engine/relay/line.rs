//! A WebSocket here that carries a session of another server.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use roomcast_cluster::NodeId;
use roomcast_cluster::engine::{Input, Packet, PacketKind};
use roomcast_engineio::{self as proto, Revision};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::exchange::{Exchange, Moved};
use super::packets::{frames_of, received};
use super::reading::{self, End, Next};
use crate::engine::duplex::Duplex;
use crate::engine::events::SessionEvent;
use crate::engine::mailbox::{self, Mailbox, OutboxLimits, OutboxPolicy, SendOptions};
use crate::engine::outgoing::Written;
use crate::engine::request::Request;
use crate::engine::server::Shared;
use crate::engine::session::SessionTask;

/// The right to carry a session of another server. Dropped unused it is given back.
pub(in crate::engine) struct Promise {
    exchange: Arc<Exchange>,
    sid: Arc<str>,
    /// Who has granted it, until it is used.
    owner: Option<NodeId>,
}

impl Promise {
    pub(super) fn new(exchange: Arc<Exchange>, sid: Arc<str>, owner: NodeId) -> Self {
        let owner = Some(owner);
        Self {
            exchange,
            sid,
            owner,
        }
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

impl PartialEq for LineEnd {
    /// Whether it is the end of the same line.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl LineEnd {
    pub(super) fn take(&self, packets: &[Packet]) {
        self.has_heard.store(true, Ordering::Release);
        let is_close = |packet: &Packet| packet.kind == PacketKind::Close;
        let end = packets.iter().position(is_close);
        let packets = packets[..end.unwrap_or(packets.len())].iter();
        // A noop ends a poll, which has ended before.
        let packets = packets.filter(|packet| packet.kind != PacketKind::Noop);
        for (frame, may_compress) in frames_of(packets) {
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
    gathered: Gathered,
    /// Resolves when the packets have left that the bus was handed last.
    leaving: Option<oneshot::Receiver<()>>,
    silence: Pin<Box<Sleep>>,
    /// The owner has closed the session; what waits still leaves.
    is_closing: bool,
}

/// How a line ended.
#[derive(Clone, Copy, Debug)]
enum Over {
    /// Its client, or the connection.
    Read(End),
    /// The client does not read.
    Slow,
    /// Packets of the client found no room before the bus.
    Crowded,
    /// This server ends it: its owner has closed the session or says nothing, or the server closes.
    Here,
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
            mailbox: Mailbox::new(limits, engine.flusher()),
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
            gathered: Gathered::default(),
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
                return Poll::Ready(Over::Here);
            }
            self.poll_line(&owner, cx)
        });
        let end = end.await;
        self.finish(end, &owner);
    }

    /// The session is here from now on.
    async fn take_over(self, sid: &Arc<str>, packets: Vec<Packet>, from: &NodeId) {
        let transport = self.duplex.transport();
        let socket = self
            .engine
            .socket(sid.to_string().into(), self.request, transport);
        let Some(application) = self.engine.accept(&socket) else {
            return self.engine.close_duplex(self.duplex, None, None);
        };
        socket.tell(SessionEvent::Upgrade(transport));
        let mut session = SessionTask::new(self.engine, socket, application, Some(self.duplex));
        session.resume(packets, from);
        session.await;
    }

    /// Says to the owner, to the client or to both that it is over.
    fn finish(mut self, over: Over, owner: &NodeId) {
        if !self.gathered.packets.is_empty() {
            self.forward(owner);
        }
        drop(self.end.mailbox.close());
        let reason = match over {
            Over::Read(End::Closed(_) | End::Gone) | Over::Here => "transport close",
            Over::Read(End::Failed(_)) | Over::Slow | Over::Crowded => "transport error",
        };
        let Promise { exchange, sid, .. } = &self.promise;
        exchange.input(Input::Forget {
            sid: Arc::clone(sid),
            line: Arc::clone(&self.end),
        });
        if !self.is_closing {
            let (sid, owner) = (Arc::clone(sid), owner.clone());
            exchange.input(Input::End { sid, owner, reason });
        }
        match over {
            Over::Read(End::Closed(code)) => {
                if let Err(duplex) = self.duplex.answer_close(code) {
                    self.engine.close_duplex(duplex, code, None);
                }
            }
            Over::Read(End::Gone) => {}
            Over::Read(End::Failed(code)) => {
                self.engine.close_duplex(self.duplex, Some(code), None);
            }
            Over::Slow | Over::Crowded | Over::Here => {
                self.engine.close_duplex(self.duplex, None, None);
            }
        }
    }

    /// Whether the client has moved; it has not if it does something else, or takes too long.
    fn poll_probe(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut outcome = None;
        let mut answers = false;
        let (duplex, len) = (&mut *self.duplex, self.engine.config().read_buffer_bytes);
        let end = reading::read(duplex, self.revision, len, cx, &mut |packet| match packet {
            Some(proto::Packet::Ping("probe")) => {
                answers = true;
                Next::Go
            }
            packet => {
                outcome = Some(packet == Some(proto::Packet::Upgrade));
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

    fn poll_line(&mut self, owner: &NodeId, cx: &mut Context<'_>) -> Poll<Over> {
        let end = Arc::clone(&self.end);
        for _ in 0..MAX_ROUNDS {
            if end.mailbox.wake_up(cx.waker()).has_overflowed {
                return Poll::Ready(Over::Slow);
            }
            while let Some(input) = end.mailbox.next_input() {
                self.is_closing |= matches!(input, mailbox::Input::Close);
            }
            if end.has_heard.swap(false, Ordering::AcqRel) {
                let until = Instant::now() + self.engine.silence();
                self.silence.as_mut().reset(until);
            }
            if self.silence.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Over::Here);
            }
            if let Some(over) = self.poll_forward(owner, cx) {
                return Poll::Ready(over);
            }
            let was_stopped = self.duplex.owes_much();
            match self.duplex.poll_write(Some(&end.mailbox), cx) {
                Ok(Written::All) if self.is_closing => return Poll::Ready(Over::Here),
                Ok(_) => {}
                Err(_) => return Poll::Ready(Over::Read(End::Gone)),
            }
            if was_stopped && !self.duplex.owes_much() {
                // It was not read as long as it owed much.
                cx.waker().wake_by_ref();
            }
            if end.mailbox.try_sleep() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads from the client as fast as the bus takes it.
    fn poll_forward(&mut self, owner: &NodeId, cx: &mut Context<'_>) -> Option<Over> {
        loop {
            if let Some(leaving) = &mut self.leaving {
                match leaving.poll_unpin(cx) {
                    Poll::Pending => return None,
                    // Its packets found no room.
                    Poll::Ready(Err(_)) => return Some(Over::Crowded),
                    Poll::Ready(Ok(())) => self.leaving = None,
                }
            }
            if self.is_closing {
                return None;
            }
            let (duplex, gathered) = (&mut *self.duplex, &mut self.gathered);
            let len = self.engine.config().read_buffer_bytes;
            let end = reading::read(duplex, self.revision, len, cx, &mut |packet| {
                gathered.add(packet)
            });
            if !self.gathered.packets.is_empty() && end.is_none() {
                self.forward(owner);
                continue;
            }
            return end.map(Over::Read);
        }
    }

    fn forward(&mut self, owner: &NodeId) {
        let Gathered { packets, .. } = std::mem::take(&mut self.gathered);
        let sid = &self.promise.sid;
        self.leaving = Some(self.promise.exchange.forward(sid, owner, packets));
    }
}

/// Packets of the client that are not yet handed to the bus.
#[derive(Default)]
struct Gathered {
    packets: Vec<Packet>,
    bytes: usize,
}

impl Gathered {
    fn add(&mut self, packet: Option<proto::Packet<'_>>) -> Next {
        let is_readable = packet.is_some();
        let packet = packet.map_or_else(Packet::unreadable, |packet| received(&packet));
        self.bytes += packet.bytes();
        self.packets.push(packet);
        let is_enough = self.packets.len() >= MAX_GATHERED || self.bytes >= MAX_GATHERED_BYTES;
        match is_enough || !is_readable {
            true => Next::Stop,
            false => Next::Go,
        }
    }
}

/// Packets of the client that are handed to the bus at a time, and about how many bytes.
const MAX_GATHERED: usize = 256;
const MAX_GATHERED_BYTES: usize = 256 * 1024;
/// Rounds of one line before others get their turn.
const MAX_ROUNDS: usize = 16;
