//! Polls and posts: requests that the HTTP side hands to the session's task.

use std::task::Context;

use roomcast_engineio::{self as proto, Output, Transport};
use tokio::sync::oneshot;

use super::body::{self, Body};
use super::{Post, SessionTask};
use crate::engine::application::Readiness;
use crate::engine::cause::DisconnectCause;
use crate::engine::dialect::Content;
use crate::engine::events::SessionEvent;
use crate::engine::mailbox::{PollAnswer, PostAnswer};
use crate::engine::outbox::{Entry, Queue};
use crate::engine::relay;

impl SessionTask {
    pub(super) fn on_poll(&mut self, answer: oneshot::Sender<PollAnswer>, cx: &mut Context<'_>) {
        self.session.handle_input(self.now, proto::Input::Poll);
        let mut arriving = Some(answer);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::RefusePoll(_) => {
                    if let Some(refused) = arriving.take() {
                        // The client may have hung up; then nobody waits for the refusal.
                        let _ = refused.send(PollAnswer::Refused);
                    }
                }
                // An answer that comes before any refusal, while no other GET waits, is for this one.
                Output::AnswerPoll(body) if self.poll.is_none() && body.is_last() => {
                    self.poll = arriving.take();
                    self.orders.last_answer = Some(body);
                }
                Output::AnswerPoll(body) if self.poll.is_none() => {
                    if let Some(answer) = arriving.take() {
                        let revision = self.session.revision();
                        let _ = answer.send(PollAnswer::control(body, revision));
                    }
                }
                output => self.on_output(output, cx),
            }
        }
        if let Some(accepted) = arriving {
            self.poll = Some(accepted);
        }
    }

    pub(super) fn on_post(
        &mut self,
        body: Vec<u8>,
        content: Content,
        done: oneshot::Sender<PostAnswer>,
        cx: &mut Context<'_>,
    ) {
        let body = Body::new(self.socket.dialect(), content, body);
        let mut arriving = Some(Post {
            body,
            from: 0,
            done,
        });
        self.session.handle_input(self.now, proto::Input::PostBegun);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::RefusePost(_) => arriving = None,
                output => self.on_output(output, cx),
            }
        }
        if arriving.is_some() {
            self.post = arriving.map(Box::new);
            // The session has nothing to answer any more if one of the packets ends it.
            self.session.handle_input(self.now, proto::Input::PostEnded);
        }
        self.drain(cx);
    }

    /// Hands in packets of the POST until its end, or until the application has enough.
    ///
    /// SPEC: engine.io 6.6.9 answers `ok` to a POST that was read, whatever its packets do.
    pub(super) fn resume_post(&mut self, cx: &mut Context<'_>) {
        let Some(mut post) = self.post.take() else {
            return;
        };
        let mut packets = post.body.packets(post.from);
        while !self.session.is_closed() {
            if self.application.readiness() == Readiness::Saturated
                && let Some(rest_len) = packets.rest_len()
            {
                post.from = post.body.len() - rest_len;
                self.post = Some(post);
                return;
            }
            match packets.next() {
                Some(Ok(packet)) => self.on_packet(Transport::Polling, packet, cx),
                Some(Err(error)) => {
                    tracing::debug!(%error, "a client posted what is no packet");
                    self.blame(Transport::Polling, || DisconnectCause::parse(&error));
                    self.tell(proto::Input::DecodeFailed(Transport::Polling), cx);
                }
                None => break,
            }
        }
        // Invariant: until here a second POST is refused; it would take this one's place.
        self.socket.mailbox().end_post();
        // The client may have hung up; its packets are taken all the same.
        let _ = post.done.send(PostAnswer::Accepted);
    }

    /// Answers the waiting GET, and tells whether it still waited.
    pub(super) fn answer_poll(&mut self, answer: PollAnswer, cx: &mut Context<'_>) -> bool {
        let Some(poll) = self.poll.take() else {
            return false;
        };
        let is_answered = poll.send(answer).is_ok();
        if !is_answered {
            // The packets went to a client that had hung up.
            self.session.handle_input(self.now, proto::Input::Poll);
            self.tell(proto::Input::PollAborted, cx);
        }
        is_answered
    }

    /// Tells a GET that still waits that the session is on another transport now.
    pub(super) fn end_polling(&mut self, cx: &mut Context<'_>) {
        let Some(answer) = self.orders.last_answer.take() else {
            return;
        };
        if !self.answer_elsewhere(answer, None, cx)
            && let Some(poll) = self.poll.take()
        {
            // The client may have hung up; nothing for it goes that way any more.
            let _ = poll.send(PollAnswer::control(answer, self.session.revision()));
        }
    }

    /// Everything that is queued, and its bytes; none if nothing is left to answer with.
    pub(super) fn take_packets(&self) -> (Queue, usize) {
        loop {
            let mut queue = Queue::new();
            self.socket.mailbox().take(&mut queue);
            let bytes = queue.iter().map(|entry| entry.bytes().len()).sum();
            // Invariant: only a mailbox that was found empty wakes the task for what comes.
            if bytes > 0 || queue.is_empty() {
                return (queue, bytes);
            }
            queue.iter_mut().for_each(Entry::pass);
        }
    }

    fn payload(&self, queue: &Queue, bytes: usize) -> PollAnswer {
        let (payload, content) = body::encode(queue, bytes, self.socket.dialect());
        let may_compress = |entry: &Entry| {
            matches!(
                entry,
                Entry::Shared {
                    may_compress: true,
                    ..
                }
            )
        };
        PollAnswer::Payload {
            body: payload,
            content,
            may_compress: queue.iter().any(may_compress),
        }
    }

    /// Answers the waiting GET with everything that is queued.
    pub(super) fn write_poll(&mut self, cx: &mut Context<'_>) {
        let (mut queue, bytes) = self.take_packets();
        if bytes == 0 {
            if self.session.is_flushing() {
                self.tell(proto::Input::Drained, cx);
            }
            return;
        }
        self.socket.tell(SessionEvent::Flush);
        self.socket.mailbox().written(bytes);
        self.session
            .handle_input(self.now, proto::Input::PollAnswered);
        let is_answered = match self.take_poll_elsewhere() {
            Some(to) => {
                self.drain_to(to, relay::drained(&queue), cx);
                true
            }
            None => self.answer_poll(self.payload(&queue, bytes), cx),
        };
        if is_answered {
            queue.iter_mut().for_each(Entry::pass);
            self.socket.tell(SessionEvent::Drain);
        }
        if self.session.is_flushing() {
            self.tell(proto::Input::Drained, cx);
        }
        self.await_poll();
    }

    /// Notes that nothing can be written until the next GET, and whether that need not be told.
    pub(super) fn await_poll(&self) {
        let session = &self.session;
        let is_alone = self.elsewhere.is_none() && self.engine.exchange().is_none();
        let need_not_know = is_alone
            && session.is_open()
            && session.transport() == Transport::Polling
            && !session.is_upgrading();
        self.socket.mailbox().await_poll(need_not_know);
    }
}
