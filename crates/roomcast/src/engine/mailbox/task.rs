//! The side of the mailbox that the session's own task uses.

use std::collections::VecDeque;
use std::task::Waker;

use super::line::Line;
use super::{Input, Mailbox, State, room};
use crate::engine::cause::DisconnectCause;
use crate::engine::outbox::Queue;

/// What the task finds when it wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) has_inputs: bool,
    pub(crate) has_overflowed: bool,
}

impl Mailbox {
    /// Notes that the task runs, whoever woke it, and says what has come. From now on it is woken
    /// through `waker`.
    pub(crate) fn wake_up(&self, waker: &Waker) -> News {
        let mut state = self.state.lock();
        state.is_awake = true;
        let news = News {
            has_inputs: state.inbox.wake_up(),
            has_overflowed: state.has_overflowed,
        };
        let is_known = state
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker));
        let former = match is_known {
            true => None,
            false => state.waker.replace(waker.clone()),
        };
        // Invariant: dropped without the lock.
        drop(state);
        drop(former);
        news
    }

    pub(crate) fn next_input(&self) -> Option<Input> {
        self.state.lock().inbox.pop()
    }

    /// Moves everything that is queued to the empty `taken`.
    ///
    /// Without frames the mailbox notes that the transport is idle: the next frame wakes the task.
    pub(crate) fn take(&self, taken: &mut Queue) {
        debug_assert!(taken.is_empty(), "frames must leave in order");
        let mut state = self.state.lock();
        *taken = state.take_queue();
        state.is_writable = taken.is_empty();
    }

    /// The transport cannot take frames now.
    pub(crate) fn set_busy(&self) {
        self.state.lock().is_writable = false;
    }

    pub(crate) fn written(&self, bytes: usize) {
        self.recount(bytes, 0);
    }

    /// Queued bytes have become more or fewer.
    pub(crate) fn recount(&self, before: usize, after: usize) {
        let mut state = self.state.lock();
        state.pending_bytes = state.pending_bytes.saturating_sub(before) + after;
        let room = state.room_news();
        drop(state);
        room::tell(room);
    }

    /// Whether the task may sleep: nothing came since it last looked.
    pub(crate) fn try_sleep(&self) -> bool {
        let mut state = self.state.lock();
        let is_notified = std::mem::take(&mut state.is_notified);
        // Who has the line looks for frames before it is given back.
        let is_written = matches!(state.line, Line::Lent);
        let has_frames = state.is_writable && !state.queue.is_empty() && !is_written;
        let is_idle = !is_notified && !has_frames && state.inbox.is_empty();
        state.is_awake = !is_idle;
        is_idle
    }

    /// Notes what ends the session. What was noted first stays.
    pub(crate) fn blame(&self, cause: impl FnOnce() -> DisconnectCause) {
        self.state.lock().blame(cause);
    }

    /// What has ended the session, or will.
    pub(crate) fn cause(&self) -> Option<DisconnectCause> {
        self.state.lock().extra.as_ref()?.cause.clone()
    }

    /// Notes that the task has ended.
    pub(crate) fn forget_task(&self) {
        let waker = self.state.lock().waker.take();
        // Invariant: dropped without the lock; a socket that is kept does not keep the task.
        drop(waker);
    }

    /// Refuses everything from now on, and gives back the inputs that nobody will answer and what
    /// never left.
    pub(crate) fn close(&self) -> (VecDeque<Input>, Queue) {
        let (posting, inputs, queue) = {
            let mut state = self.state.lock();
            state.is_closed = true;
            state.refuse();
            state.is_writable = false;
            let inputs = state.inbox.take();
            (state.inbox.take_posting(), inputs, state.take_queue())
        };
        drop(posting);
        self.recall();
        (inputs, queue)
    }
}

impl State {
    /// Has no room for anyone any more.
    ///
    /// Cost: whoever sends asks only whether there is room.
    pub(super) fn refuse(&mut self) {
        self.is_ending = true;
        self.max_packets = 0;
    }

    pub(super) fn blame(&mut self, cause: impl FnOnce() -> DisconnectCause) {
        self.extra
            .get_or_insert_default()
            .cause
            .get_or_insert_with(cause);
    }
}
