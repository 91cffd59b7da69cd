//! What the session's task is to look at: requests, and what the application asks for.

use std::collections::VecDeque;
use std::convert::Infallible;

use tokio::sync::oneshot;

use super::Input;

/// Cost: a pointer until the first input; a session that began with a WebSocket mostly has none.
#[derive(Debug, Default)]
pub(super) struct Inbox(Option<Box<Inputs>>);

#[derive(Debug, Default)]
struct Inputs {
    waiting: VecDeque<Input>,
    posting: Posting,
    /// The session has nothing for a GET but to let it wait.
    awaits_poll: bool,
}

/// How far a POST is.
#[derive(Debug, Default)]
enum Posting {
    #[default]
    None,
    /// It is being read, by somebody who is to know when the session ends.
    Reading(oneshot::Sender<Infallible>),
    /// It was read in one piece, and its packets are not all handed in.
    Read,
}

impl Inbox {
    pub(super) fn push(&mut self, input: Input) {
        self.0.get_or_insert_default().waiting.push_back(input);
    }

    pub(super) fn pop(&mut self) -> Option<Input> {
        self.0.as_mut()?.waiting.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        let inputs = self.0.as_ref();
        inputs.is_none_or(|inputs| inputs.waiting.is_empty())
    }

    /// Tells a task that runs whether there is something for it.
    pub(super) fn wake_up(&mut self) -> bool {
        self.set_awaiting_poll(false);
        !self.is_empty()
    }

    /// Whether a GET has nothing to do but to wait, as long as the task sleeps.
    pub(super) fn awaits_poll(&self) -> bool {
        self.0.as_ref().is_some_and(|inputs| inputs.awaits_poll)
    }

    pub(super) fn set_awaiting_poll(&mut self, awaits_poll: bool) {
        if let Some(inputs) = &mut self.0 {
            inputs.awaits_poll = awaits_poll;
        }
    }

    pub(super) fn is_posting(&self) -> bool {
        let inputs = self.0.as_ref();
        inputs.is_some_and(|inputs| !matches!(inputs.posting, Posting::None))
    }

    pub(super) fn set_posting(&mut self, end: oneshot::Sender<Infallible>) {
        self.0.get_or_insert_default().posting = Posting::Reading(end);
    }

    /// Takes a POST that was read in one piece.
    pub(super) fn push_post(&mut self, input: Input) {
        let inputs = self.0.get_or_insert_default();
        inputs.posting = Posting::Read;
        inputs.waiting.push_back(input);
    }

    pub(super) fn take_posting(&mut self) -> Option<oneshot::Sender<Infallible>> {
        match std::mem::take(&mut self.0.as_mut()?.posting) {
            Posting::Reading(end) => Some(end),
            Posting::None | Posting::Read => None,
        }
    }

    /// Hands over all that waits.
    pub(super) fn take(&mut self) -> VecDeque<Input> {
        let inputs = self.0.as_mut();
        inputs.map_or_else(VecDeque::new, |inputs| std::mem::take(&mut inputs.waiting))
    }
}
