//! The task that owns one session: its transports, its state machine, its deadline, its application.

mod abandoned;
pub(super) mod body;
mod polling;
mod reading;
mod relayed;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use roomcast_engineio::{self as proto, CloseReason, Output, Packet, Revision, Session, Transport};
use tokio::sync::oneshot;

use super::application::{Application, Message, Readiness};
use super::cause::{DisconnectCause, Farewell};
use super::deadlines::{self, Deadline, Wait};
use super::duplex::Duplex;
use super::events::{Kinds, SessionEvent};
use super::flusher;
use super::frame::Frame;
use super::mailbox::{Input, News, PollAnswer, PostAnswer};
use super::outgoing::Written;
use super::server::Shared;
use super::socket::Socket;
use crate::metrics;

/// One session. Nothing else mutates what it owns.
pub(crate) struct SessionTask {
    engine: Arc<Shared>,
    socket: Socket,
    session: Session,
    application: Box<dyn Application>,
    /// What carries the session or probes for it; the state machine knows which.
    duplex: Option<Box<Duplex>>,
    /// What was opened and not yet accepted by the state machine.
    arriving: Option<Box<Duplex>>,
    /// The GET that waits.
    poll: Option<oneshot::Sender<PollAnswer>>,
    /// The POST whose packets are being handed in.
    post: Option<Box<Post>>,
    /// What other servers do for the session, if they do.
    elsewhere: Option<Box<relayed::Elsewhere>>,
    orders: Orders,
    /// When the task was polled last: one look at the clock serves all messages of a poll.
    now: Instant,
    /// What is set at the clock, and for what.
    deadline: Option<Deadline>,
    deadline_at: Instant,
    waits_for: Wait,
}

struct Post {
    body: body::Body,
    /// Where the packets begin that were not handed in yet, in bytes.
    from: usize,
    done: oneshot::Sender<PostAnswer>,
}

/// What the state machine asks of the connection. It is carried out when the connection is not
/// being read, which is where most orders come from.
#[derive(Default)]
struct Orders {
    answers_probe: bool,
    closes: bool,
    /// The server closes, and not for a mistake of the client.
    ends_here: bool,
    /// The answer to the waiting GET that goes with the end of the session.
    last_answer: Option<proto::PollAnswer>,
    /// What goes ahead of the close.
    farewell: Option<Box<Farewell>>,
}

impl SessionTask {
    pub(crate) fn new(
        engine: Arc<Shared>,
        socket: Socket,
        application: Box<dyn Application>,
        duplex: Option<Box<Duplex>>,
    ) -> Self {
        let now = deadlines::now();
        let times = Arc::clone(engine.times());
        let session = Session::with_revision(now, times, socket.transport(), socket.revision());
        Self {
            engine,
            socket,
            session,
            application,
            duplex,
            arriving: None,
            poll: None,
            post: None,
            elsewhere: None,
            orders: Orders::default(),
            now,
            deadline: None,
            deadline_at: now,
            waits_for: Wait::Task,
        }
    }

    /// Does what can be done now.
    fn run(&mut self, news: News, cx: &mut Context<'_>) {
        self.now = deadlines::now();
        if news.has_inputs {
            while let Some(input) = self.socket.mailbox().next_input() {
                self.on_input(input, cx);
            }
        }
        self.check_time(cx);
        self.application.poll(cx);
        if self.application.readiness() == Readiness::Ready {
            self.resume_post(cx);
            if self.elsewhere.is_some() {
                self.resume_relayed(cx);
            }
            self.read_duplex(cx);
        }
        if news.has_overflowed {
            self.tell(proto::Input::Discard(CloseReason::OutboxFull), cx);
        }
        self.write(cx);
    }

    fn on_input(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Poll(answer) => self.on_poll(answer, cx),
            Input::PollAborted => {
                // Invariant: an abort means the waiting GET only if that GET's end is gone; one that
                // was answered meanwhile has a successor, which lives.
                if self.poll.as_ref().is_some_and(oneshot::Sender::is_closed) {
                    self.tell(proto::Input::PollAborted, cx);
                }
            }
            Input::Post {
                body,
                content,
                done,
            } => self.on_post(body, content, done, cx),
            Input::PostAborted => {
                self.tell(proto::Input::PostBegun, cx);
                self.tell(proto::Input::PostAborted, cx);
            }
            Input::PostOverlapped => {
                self.tell(proto::Input::PostBegun, cx);
                self.tell(proto::Input::PostBegun, cx);
            }
            Input::PostRefused => self.tell(proto::Input::BinaryPost, cx),
            Input::Probe(duplex) => {
                let transport = duplex.transport();
                self.arriving = Some(duplex);
                self.tell(proto::Input::TransportOpened(transport), cx);
                if let Some(accepted) = self.arriving.take() {
                    self.duplex = Some(accepted);
                }
            }
            Input::Relayed(relayed) => self.on_relayed(*relayed, cx),
            Input::Close => self.tell(proto::Input::Close, cx),
            Input::Discard(reason) => self.tell(proto::Input::Discard(reason), cx),
        }
    }

    fn on_packet(&mut self, from: Transport, packet: Packet<'_>, cx: &mut Context<'_>) {
        let is_watched = self.socket.watches(Kinds::RECEIVED);
        if is_watched && self.session.is_open() && self.session.transport() == from {
            self.tell_packet(&packet);
        }
        match self.session.handle_packet(self.now, from, packet) {
            // The order to close is still in the mailbox.
            Some(_) if self.socket.is_closing() => {}
            Some(proto::Message::Text(text)) => {
                self.application.message(Message::Text(text.into()), cx)
            }
            Some(proto::Message::Binary(bytes)) => {
                self.application.message(Message::Binary(bytes), cx)
            }
            None => {}
        }
        self.drain(cx);
    }

    fn tell_packet(&self, packet: &Packet<'_>) {
        self.socket.tell(SessionEvent::Packet(packet));
        let is_beat = match self.session.revision() {
            Revision::Three => matches!(packet, Packet::Ping(_)),
            _ => matches!(packet, Packet::Pong(_)),
        };
        if is_beat {
            self.socket.tell(SessionEvent::Heartbeat);
        }
    }

    fn tell(&mut self, input: proto::Input, cx: &mut Context<'_>) {
        self.session.handle_input(self.now, input);
        self.drain(cx);
    }

    fn drain(&mut self, cx: &mut Context<'_>) {
        while let Some(output) = self.session.poll_output() {
            self.on_output(output, cx);
        }
        if self.orders.answers_probe || self.orders.closes {
            self.carry_out_orders(cx);
        }
    }

    fn carry_out_orders(&mut self, cx: &mut Context<'_>) {
        let Some(mut duplex) = self.duplex.take() else {
            if self.orders.closes && self.has_duplex_elsewhere() {
                let orders = std::mem::take(&mut self.orders);
                self.close_elsewhere(orders.farewell.as_deref(), cx);
            }
            return;
        };
        let orders = std::mem::take(&mut self.orders);
        if orders.answers_probe {
            duplex.answer_probe();
        }
        if orders.ends_here {
            duplex.end_here();
        }
        if orders.closes {
            self.engine.close_duplex(duplex, None, orders.farewell);
        } else {
            self.duplex = Some(duplex);
        }
    }

    fn on_output(&mut self, output: Output, cx: &mut Context<'_>) {
        match output {
            Output::QueuePing => self.socket.send_control(Frame::ping()),
            Output::QueuePong => self.socket.send_control(Frame::pong()),
            Output::AnswerPoll(body) if body.is_last() => self.orders.last_answer = Some(body),
            Output::AnswerPoll(body) => self.answer_by(body, cx),
            Output::AnswerProbe(transport) => {
                self.orders.answers_probe = true;
                self.socket.tell(SessionEvent::Upgrading(transport));
            }
            Output::RefuseTransport(_) => {
                if let Some(refused) = self.arriving.take() {
                    self.engine.close_duplex(refused, None, None);
                }
            }
            Output::CloseTransport(_) => self.orders.closes = true,
            Output::Upgraded(transport) => {
                self.application.settle(cx);
                self.end_polling(cx);
                metrics::session_upgraded(self.socket.transport(), transport);
                self.socket.upgrade_to(transport);
                self.socket.tell(SessionEvent::Upgrade(transport));
            }
            Output::Closed(reason) => self.on_closed(reason, cx),
            Output::AbortPost => {
                if let Some(post) = self.post.take() {
                    // The client may have hung up; then nobody waits for the refusal.
                    let _ = post.done.send(PostAnswer::Refused);
                }
            }
            // The HTTP side has refused it already.
            Output::RefusePost(_) => {}
            Output::RefusePoll(_) => debug_assert!(false, "a poll is refused where it is reported"),
        }
    }

    fn on_closed(&mut self, reason: CloseReason, cx: &mut Context<'_>) {
        self.socket.mailbox().blame(|| reason.into());
        let cause = self.socket.disconnect_cause();
        let cause = cause.unwrap_or_else(|| reason.into());
        tracing::debug!(
            target: "roomcast::disconnect",
            sid = self.socket.sid(), %reason, cause = cause.as_str(), detail = %cause,
            "session closed"
        );
        self.engine.totals().closed(&cause);
        self.engine.forget(&self.socket);
        self.orders.ends_here = matches!(
            reason,
            CloseReason::ForcedClose
                | CloseReason::ForcedServerClose
                | CloseReason::ServerShuttingDown
        );
        metrics::session_closed(self.socket.transport(), reason, &cause);
        self.say_farewell(cx);
        // Invariant: whoever still waits for an answer of this session sees its sender dropped.
        drop(self.socket.mailbox().close());
        self.poll = None;
        self.post = None;
        self.application.closed(reason, &cause, cx);
        self.socket.tell(SessionEvent::Close(reason, &cause));
        self.socket.mailbox().forget_listeners();
    }

    /// Answers the poll that waits for the end, or has the connection closed with what is to be said.
    fn say_farewell(&mut self, cx: &mut Context<'_>) {
        if let Some(answer) = self.orders.last_answer.take() {
            if self.has_poll_elsewhere() {
                let farewell = self.farewell();
                self.answer_elsewhere(answer, farewell.as_deref(), cx);
                return;
            }
            let answer = match self.farewell() {
                Some(farewell) => body::last(answer, &farewell, self.socket.dialect()),
                None => PollAnswer::control(answer, self.session.revision()),
            };
            self.answer_poll(answer, cx);
        } else if self.orders.closes && self.session.transport() != Transport::Polling {
            self.orders.farewell = self.farewell();
        }
    }

    /// What the client is told at the end.
    fn farewell(&self) -> Option<Box<Farewell>> {
        self.application.farewell(&self.socket.disconnect_cause()?)
    }

    /// Notes what is about to end the session, if it is on this transport.
    fn blame(&self, transport: Transport, cause: impl FnOnce() -> DisconnectCause) {
        if self.session.transport() == transport && !self.session.is_closed() {
            self.socket.mailbox().blame(cause);
        }
    }

    fn check_time(&mut self, cx: &mut Context<'_>) {
        if self.deadline_at > self.now {
            return;
        }
        if self.waits_for == Wait::Ping
            && let Some(sent) = self.deadline.as_ref().and_then(Deadline::take_ping)
        {
            self.session.handle_input(sent, proto::Input::PingSent);
        }
        self.tell(proto::Input::Timeout, cx);
        self.check_noop(cx);
    }

    /// Sets the deadline, where it has changed.
    ///
    /// Returns whether the time has already come.
    fn arm(&mut self) -> bool {
        let others = [self.application.next_timeout(), self.noop_at()];
        let others = others.into_iter().flatten().min();
        let (next, wait) = match (self.session.ping_at(), others) {
            (Some(ping_at), None) => (ping_at, Wait::Ping),
            _ => {
                let own = self.session.next_timeout();
                let Some(next) = own.into_iter().chain(others).min() else {
                    return false;
                };
                (next, Wait::Task)
            }
        };
        // It changes with the heartbeat and not with each message.
        if self.deadline_at != next || self.waits_for != wait || self.deadline.is_none() {
            (self.deadline_at, self.waits_for) = (next, wait);
            let add = || self.engine.deadlines().add(&self.socket);
            self.deadline.get_or_insert_with(add).set(next, wait);
        }
        next <= self.now
    }

    /// Writes what is queued to wherever the session may write now.
    fn write(&mut self, cx: &mut Context<'_>) {
        let writable = self.session.writable();
        let is_carried = writable.is_some_and(|transport| transport != Transport::Polling);
        if let Some(duplex) = &mut self.duplex {
            let was_stopped = duplex.owes_much();
            let is_watched = is_carried && self.socket.watches(Kinds::WRITE);
            let is_draining = is_watched && self.socket.tell_flush();
            let written = duplex.poll_write(is_carried.then(|| self.socket.mailbox()), cx);
            if is_draining && matches!(written, Ok(Written::All)) {
                self.socket.tell(SessionEvent::Drain);
            }
            if was_stopped && !duplex.owes_much() {
                // It was not read as long as it owed much.
                cx.waker().wake_by_ref();
            }
            match written {
                Ok(Written::All) if is_carried => {
                    duplex.lend_to(&self.socket);
                    self.check_drained(cx);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a connection broke");
                    let end = match duplex.transport() {
                        // COMPAT: to engine.io 6.6.9 a session of WebTransport only ever closes.
                        Transport::WebTransport => proto::Input::TransportClosed,
                        _ => proto::Input::TransportFailed,
                    };
                    let end = end(duplex.transport());
                    self.duplex = None;
                    self.tell(end, cx);
                }
            }
        } else if is_carried && self.elsewhere.is_some() {
            self.write_elsewhere(cx);
        }
        if self.session.writable() == Some(Transport::Polling) {
            self.write_poll(cx);
        } else if !is_carried {
            self.await_poll();
            if self.socket.mailbox().pending_bytes() == 0 {
                self.check_drained(cx);
            }
        }
    }

    /// Reports that everything has left, to a session that waits for it.
    fn check_drained(&mut self, cx: &mut Context<'_>) {
        if self.session.is_flushing() {
            self.tell(proto::Input::Drained, cx);
        }
    }
}

impl Future for SessionTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        flusher::gather(|| self.poll_rounds(cx))
    }
}

impl SessionTask {
    fn poll_rounds(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..MAX_ROUNDS {
            let news = self.socket.mailbox().wake_up(cx.waker());
            if !self.session.is_closed() {
                self.run(news, cx);
            }
            if self.session.is_closed() {
                self.application.poll(cx);
                if self.application.is_finished() {
                    self.socket.mailbox().forget_task();
                    return Poll::Ready(());
                }
            }
            let is_due = !self.session.is_closed() && self.arm();
            if !is_due && self.socket.mailbox().try_sleep() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Rounds of one session before others get their turn.
const MAX_ROUNDS: usize = 16;
