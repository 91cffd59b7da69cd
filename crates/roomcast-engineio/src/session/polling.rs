//! Polls and posts of a session.

use std::time::Instant;

use super::{
    CloseReason, Link, Output, Poll, PollAnswer, Post, RequestFault, Session, State, TransportError,
};

impl Session {
    pub(super) fn on_poll(&mut self, now: Instant) {
        match self.state {
            State::Open(Link::Polling(_)) | State::Flushing(Link::Polling(_)) => {
                self.begin_poll(now);
            }
            State::Open(Link::Duplex(_)) | State::Flushing(Link::Duplex(_)) => {
                let refusal = Output::RefusePoll(RequestFault::TransportMismatch);
                self.outputs.push_back(refusal);
            }
            // The official server sends the close packet behind a noop here.
            State::AwaitingPoll { .. } => {
                let answer = Output::AnswerPoll(PollAnswer::NoopAndClose);
                self.outputs.push_back(answer);
                self.finish(CloseReason::ForcedClose);
            }
            State::Closed(_) => {}
        }
    }

    fn begin_poll(&mut self, now: Instant) {
        if let Some(poll @ Poll::Away) = self.poll_mut() {
            *poll = Poll::Waiting;
            if let Some(beside) = self.beside_mut() {
                beside.probe.pass_checks(now);
            }
            return;
        }
        self.outputs
            .push_back(Output::RefusePoll(RequestFault::Overlap));
        self.fail(TransportError::PollOverlap);
    }

    pub(super) fn on_poll_answered(&mut self) {
        if let Some(poll) = self.poll_mut() {
            *poll = Poll::Away;
        }
    }

    pub(super) fn on_poll_aborted(&mut self) {
        if let Some(poll @ Poll::Waiting) = self.poll_mut() {
            *poll = Poll::Away;
            self.fail(TransportError::PollAborted);
        }
    }

    pub(super) fn on_post_begun(&mut self) {
        match self.post_mut() {
            Some(post @ Post::None) => *post = Post::Running,
            Some(Post::Running) => {
                let refusal = Output::RefusePost(RequestFault::Overlap);
                self.outputs.push_back(refusal);
                self.fail(TransportError::PostOverlap);
            }
            None => self.refuse_late_post(),
        }
    }

    pub(super) fn on_binary_post(&mut self) {
        let (fault, cause) = match self.post_mut() {
            Some(Post::None) => (RequestFault::BinaryContent, TransportError::BinaryPost),
            Some(Post::Running) => (RequestFault::Overlap, TransportError::PostOverlap),
            None => return self.refuse_late_post(),
        };
        self.outputs.push_back(Output::RefusePost(fault));
        self.fail(cause);
    }

    pub(super) fn on_post_ended(&mut self) {
        if let Some(post) = self.post_mut() {
            *post = Post::None;
        }
    }

    pub(super) fn on_post_aborted(&mut self) {
        if let Some(post @ Post::Running) = self.post_mut() {
            *post = Post::None;
            self.fail(TransportError::PostAborted);
        }
    }

    /// The client's close packet: a waiting poll gets a noop.
    pub(super) fn on_client_close(&mut self) {
        if let Some(poll @ Poll::Waiting) = self.poll_mut() {
            *poll = Poll::Away;
            let noop = Output::AnswerPoll(PollAnswer::Noop);
            self.outputs.push_back(noop);
        }
        self.finish(CloseReason::TransportClose);
    }

    fn refuse_late_post(&mut self) {
        if !self.is_closed() {
            let refusal = Output::RefusePost(RequestFault::TransportMismatch);
            self.outputs.push_back(refusal);
        }
    }

    pub(super) fn poll_mut(&mut self) -> Option<&mut Poll> {
        match &mut self.state {
            State::Open(Link::Polling(polling)) | State::Flushing(Link::Polling(polling)) => {
                Some(&mut polling.poll)
            }
            _ => None,
        }
    }

    fn post_mut(&mut self) -> Option<&mut Post> {
        self.beside_mut().map(|beside| &mut beside.post)
    }
}
