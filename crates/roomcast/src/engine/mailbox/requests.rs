//! Polls and POSTs on their way to the session's task.

use tokio::sync::oneshot;

use super::{Input, Mailbox, PollAnswer};

impl Mailbox {
    /// Hands a GET to the session.
    ///
    /// Cost: one that has only to wait does so in here. The task looks at it when it wakes up for a
    /// packet, a POST or anything else; until then it would do nothing with it.
    pub(crate) fn tell_poll(&self, answer: oneshot::Sender<PollAnswer>) {
        let mut state = self.state.lock();
        if state.is_closed {
            return;
        }
        let may_wait = !state.is_awake
            && !state.is_writable
            && state.queue.is_empty()
            && state.inbox.is_empty()
            && state.inbox.awaits_poll();
        state.inbox.push(Input::Poll(answer));
        if may_wait {
            // From now on a packet wakes the task.
            state.is_writable = true;
        } else {
            Self::wake(state);
        }
    }

    /// Notes that the transport takes nothing until the next GET. `need_not_know`: until then, and
    /// when it comes, the session has nothing to do.
    pub(crate) fn await_poll(&self, need_not_know: bool) {
        let mut state = self.state.lock();
        state.is_writable = false;
        state.inbox.set_awaiting_poll(need_not_know);
    }

    /// Tells the task of a POST that was read in one piece; not if another is being read or its
    /// packets are not all handed in. Returns whether it was the only one.
    pub(crate) fn tell_post(&self, post: Input) -> bool {
        let mut state = self.state.lock();
        if state.inbox.is_posting() {
            return false;
        }
        if !state.is_closed {
            state.inbox.push_post(post);
            Self::wake(state);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;

    use super::*;
    use crate::engine::dialect::Content;
    use crate::engine::frame::Frame;
    use crate::engine::mailbox::{OutboxLimits, SendOptions};

    /// The mailbox of a session that has answered a poll, and whose task sleeps.
    fn polled(need_not_know: bool) -> Mailbox {
        let mailbox = Mailbox::new(OutboxLimits::default(), Arc::default());
        mailbox.tell_poll(oneshot::channel().0);
        assert!(mailbox.wake_up(Waker::noop()).has_inputs);
        mailbox.next_input();
        mailbox.await_poll(need_not_know);
        assert!(mailbox.try_sleep());
        mailbox
    }

    fn is_awake(mailbox: &Mailbox) -> bool {
        mailbox.state.lock().is_awake
    }

    fn event() -> [Frame; 1] {
        [Frame::text(b"42[]")]
    }

    #[test]
    fn a_poll_waits_without_the_task_until_there_is_a_packet() {
        let mailbox = polled(true);

        mailbox.tell_poll(oneshot::channel().0);

        assert!(!is_awake(&mailbox));
        mailbox.send(&event(), SendOptions::default());
        assert!(is_awake(&mailbox));
        assert!(mailbox.wake_up(Waker::noop()).has_inputs);
    }

    #[test]
    fn a_poll_for_which_something_waits_wakes_the_task() {
        let mailbox = polled(true);
        mailbox.send(&event(), SendOptions::default());
        assert!(!is_awake(&mailbox));

        mailbox.tell_poll(oneshot::channel().0);

        assert!(is_awake(&mailbox));
    }

    #[test]
    fn a_post_is_not_taken_before_the_one_ahead_of_it_has_ended() {
        let mailbox = polled(true);
        let post = || Input::Post {
            body: b"3".to_vec(),
            content: Content::Text,
            done: oneshot::channel().0,
        };

        assert!(mailbox.tell_post(post()));
        mailbox.wake_up(Waker::noop());
        assert!(matches!(mailbox.next_input(), Some(Input::Post { .. })));
        assert!(!mailbox.tell_post(post()));
        assert!(mailbox.begin_post().is_none());
        assert!(mailbox.next_input().is_none());

        mailbox.end_post();
        assert!(mailbox.tell_post(post()));
    }

    #[test]
    fn a_second_poll_wakes_the_task() {
        let mailbox = polled(true);

        mailbox.tell_poll(oneshot::channel().0);
        mailbox.tell_poll(oneshot::channel().0);

        assert!(is_awake(&mailbox));
    }

    #[test]
    fn a_session_that_has_to_know_of_its_polls_is_told() {
        let mailbox = polled(false);

        mailbox.tell_poll(oneshot::channel().0);

        assert!(is_awake(&mailbox));
    }

    #[test]
    fn what_a_task_said_before_it_ran_is_forgotten() {
        let mailbox = polled(true);
        mailbox.wake_up(Waker::noop());
        assert!(mailbox.try_sleep());

        mailbox.tell_poll(oneshot::channel().0);

        assert!(is_awake(&mailbox));
    }
}
