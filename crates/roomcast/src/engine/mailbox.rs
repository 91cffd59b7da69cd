//! The meeting point of one session's task and everyone else: outgoing frames, incoming requests.

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use roomcast_engineio::CloseReason;
use tokio::sync::oneshot;

use super::frame::Frame;
use super::websocket::WebSocket;

/// Says what to do with a message for a client whose outbox is over its byte limit.
///
/// The limit is checked before a message is queued, so one message larger than the limit still
/// leaves if the outbox was within it.
///
/// # Example
///
/// ```
/// use roomcast::{OutboxPolicy, Server};
///
/// let io = Server::builder().max_outbox(1024 * 1024, OutboxPolicy::DropNewest).build();
/// ```
///
/// Spec: features 1.53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutboxPolicy {
    /// Closes the connection; its reason is [`CloseReason::OutboxFull`](super::CloseReason).
    #[default]
    Disconnect,
    /// Leaves the new message out and keeps the connection.
    DropNewest,
}

/// A queued frame.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) frame: Frame,
    pub(crate) may_compress: bool,
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SendOptions {
    /// Dropped unless the transport can take it at once.
    pub(crate) is_volatile: bool,
    /// Whether a transport that compresses may compress this message.
    pub(crate) may_compress: bool,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            is_volatile: false,
            may_compress: true,
        }
    }
}

/// What became of a message that was handed to [`Mailbox::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Queued,
    /// Volatile, and the transport was busy; or left out by [`OutboxPolicy::DropNewest`].
    Dropped,
    /// The session is closing or closed.
    Closed,
}

/// What the HTTP side or the application tells the session's task.
#[derive(Debug)]
pub(crate) enum Input {
    /// A GET waits for packets.
    Poll(oneshot::Sender<PollAnswer>),
    /// The GET's connection went away.
    PollAborted,
    /// A POST was read to its end.
    Post {
        body: Bytes,
        done: oneshot::Sender<PostAnswer>,
    },
    /// The POST's connection went away before its end.
    PostAborted,
    /// A second POST came before the first was answered.
    PostOverlapped,
    /// A POST had a content type that this revision does not know.
    PostRefused,
    /// A WebSocket was opened with this session's id.
    Probe(Box<WebSocket>),
    /// The application closes the session; what is queued still leaves.
    Close,
    /// The session ends at once; what is queued is discarded.
    Discard(CloseReason),
}

/// The answer to a waiting GET.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    Payload { body: Vec<u8>, may_compress: bool },
    Refused,
}

impl PollAnswer {
    /// An answer of the session itself.
    pub(crate) fn control(answer: roomcast_engineio::PollAnswer) -> Self {
        Self::Payload {
            body: answer.as_str().into(),
            may_compress: false,
        }
    }
}

/// The answer to a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostAnswer {
    Accepted,
    Refused,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    max_bytes: usize,
    policy: OutboxPolicy,
    task: AtomicWaker,
    // Lock order: last. Nothing else is locked and no user code runs while it is held.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Entry>,
    /// Bytes queued here or taken by the task and not yet written.
    pending_bytes: usize,
    inputs: VecDeque<Input>,
    /// The task would write a frame at once if there were one.
    is_writable: bool,
    /// The task has been woken, or runs, and will look here again before it sleeps.
    is_awake: bool,
    /// Somebody wants the task to look at what it owns besides this mailbox.
    is_notified: bool,
    /// A POST is being read, or its packets wait for the application.
    posting: Option<oneshot::Sender<Infallible>>,
    is_closed: bool,
    has_overflowed: bool,
}

impl Mailbox {
    pub(crate) fn new(max_bytes: usize, policy: OutboxPolicy) -> Self {
        let state = State {
            is_awake: true,
            ..State::default()
        };
        Self {
            max_bytes,
            policy,
            task: AtomicWaker::new(),
            state: Mutex::new(state),
        }
    }

    /// Queues all frames of one message side by side, or none of them.
    pub(crate) fn send(&self, frames: &[Frame], options: SendOptions) -> Sent {
        let mut state = self.state.lock();
        if state.is_closed {
            return Sent::Closed;
        }
        if options.is_volatile && !(state.is_writable && state.queue.is_empty()) {
            return Sent::Dropped;
        }
        if state.pending_bytes > self.max_bytes {
            return self.overflow(state);
        }
        for frame in frames {
            state.pending_bytes += frame.len();
            state.queue.push_back(Entry {
                frame: frame.clone(),
                may_compress: options.may_compress,
            });
        }
        if state.is_writable {
            self.wake(state);
        }
        Sent::Queued
    }

    /// Queues a packet of the session itself (ping, open …), whatever the limit.
    pub(crate) fn send_control(&self, frame: Frame) {
        let mut state = self.state.lock();
        state.pending_bytes += frame.len();
        state.queue.push_back(Entry {
            frame,
            may_compress: false,
        });
    }

    pub(crate) fn tell(&self, input: Input) {
        let mut state = self.state.lock();
        if state.is_closed {
            return;
        }
        state.inputs.push_back(input);
        self.wake(state);
    }

    /// Notes that a POST is read from now on; `None` if one is already being read or its packets
    /// are not all handed in. What it gives ends with the session.
    pub(crate) fn begin_post(&self) -> Option<oneshot::Receiver<Infallible>> {
        let mut state = self.state.lock();
        if state.posting.is_some() {
            return None;
        }
        let (sender, end) = oneshot::channel();
        if !state.is_closed {
            state.posting = Some(sender);
        }
        Some(end)
    }

    pub(crate) fn end_post(&self) {
        let posting = self.state.lock().posting.take();
        drop(posting);
    }

    /// Makes the task run once more.
    pub(crate) fn notify(&self) {
        let mut state = self.state.lock();
        state.is_notified = true;
        self.wake(state);
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.state.lock().pending_bytes
    }

    pub(crate) fn is_writable(&self) -> bool {
        let state = self.state.lock();
        state.is_writable && state.queue.is_empty()
    }

    fn overflow(&self, mut state: parking_lot::MutexGuard<'_, State>) -> Sent {
        if self.policy == OutboxPolicy::DropNewest {
            return Sent::Dropped;
        }
        state.has_overflowed = true;
        state.is_notified = true;
        self.wake(state);
        Sent::Closed
    }

    fn wake(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        if !std::mem::replace(&mut state.is_awake, true) {
            drop(state);
            self.task.wake();
        }
    }
}

/// The side of the session's own task.
impl Mailbox {
    pub(crate) fn register(&self, cx: &std::task::Context<'_>) {
        self.task.register(cx.waker());
    }

    pub(crate) fn next_input(&self) -> Option<Input> {
        self.state.lock().inputs.pop_front()
    }

    /// Moves everything that is queued to the empty `taken`.
    ///
    /// Without frames the mailbox notes that the transport is idle: the next frame wakes the task.
    pub(crate) fn take(&self, taken: &mut VecDeque<Entry>) {
        debug_assert!(taken.is_empty(), "frames must leave in order");
        let mut state = self.state.lock();
        std::mem::swap(&mut state.queue, taken);
        state.is_writable = taken.is_empty();
    }

    /// The transport cannot take frames now.
    pub(crate) fn set_busy(&self) {
        self.state.lock().is_writable = false;
    }

    pub(crate) fn written(&self, bytes: usize) {
        self.state.lock().pending_bytes -= bytes;
    }

    pub(crate) fn has_overflowed(&self) -> bool {
        self.state.lock().has_overflowed
    }

    /// Whether the task may sleep: nothing came since it last looked.
    pub(crate) fn try_sleep(&self) -> bool {
        let mut state = self.state.lock();
        let is_notified = std::mem::take(&mut state.is_notified);
        let has_frames = state.is_writable && !state.queue.is_empty();
        let is_idle = !is_notified && !has_frames && state.inputs.is_empty();
        state.is_awake = !is_idle;
        is_idle
    }

    /// Refuses everything from now on and gives back the inputs that nobody will answer.
    pub(crate) fn close(&self) -> VecDeque<Input> {
        let (posting, inputs) = {
            let mut state = self.state.lock();
            state.is_closed = true;
            state.is_writable = false;
            (state.posting.take(), std::mem::take(&mut state.inputs))
        };
        drop(posting);
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLATILE: SendOptions = SendOptions {
        is_volatile: true,
        may_compress: true,
    };

    fn text(packet: &str) -> Frame {
        Frame::text(packet.as_bytes())
    }

    /// What the task would write now.
    fn take(mailbox: &Mailbox) -> Vec<String> {
        let mut queue = VecDeque::new();
        mailbox.take(&mut queue);
        let packets = queue.iter().map(|entry| {
            mailbox.written(entry.frame.len());
            String::from_utf8_lossy(entry.frame.payload()).into_owned()
        });
        packets.collect()
    }

    #[test]
    fn frames_leave_in_order_and_are_counted_until_they_are_written() {
        let mailbox = Mailbox::new(1000, OutboxPolicy::Disconnect);

        mailbox.send(&[text("4a"), text("4b")], SendOptions::default());
        mailbox.send_control(text("2"));

        // Each frame has a header of 2 bytes.
        assert_eq!(mailbox.pending_bytes(), 4 + 4 + 3);
        assert_eq!(take(&mailbox), ["4a", "4b", "2"]);
        assert_eq!(mailbox.pending_bytes(), 0);
    }

    #[test]
    fn volatile_messages_pass_only_an_idle_transport() {
        let mailbox = Mailbox::new(1000, OutboxPolicy::Disconnect);
        assert_eq!(mailbox.send(&[text("4early")], VOLATILE), Sent::Dropped);

        assert_eq!(take(&mailbox), Vec::<String>::new());
        assert_eq!(mailbox.send(&[text("4now")], VOLATILE), Sent::Queued);
        assert_eq!(mailbox.send(&[text("4late")], VOLATILE), Sent::Dropped);

        assert_eq!(take(&mailbox), ["4now"]);
    }

    #[test]
    fn a_message_over_the_limit_still_leaves_from_an_outbox_within_it() {
        for (policy, beyond) in [
            (OutboxPolicy::Disconnect, Sent::Closed),
            (OutboxPolicy::DropNewest, Sent::Dropped),
        ] {
            let mailbox = Mailbox::new(5, policy);
            assert_eq!(
                mailbox.send(&[text("4four")], SendOptions::default()),
                Sent::Queued
            );

            assert_eq!(mailbox.send(&[text("4x")], SendOptions::default()), beyond);
            assert_eq!(mailbox.has_overflowed(), policy == OutboxPolicy::Disconnect);
            assert_eq!(take(&mailbox), ["4four"]);
        }
    }

    #[test]
    fn a_task_that_was_notified_while_it_ran_does_not_sleep() {
        let mailbox = Mailbox::new(1000, OutboxPolicy::Disconnect);
        assert!(take(&mailbox).is_empty());
        mailbox.notify();

        assert!(!mailbox.try_sleep());
        assert!(mailbox.try_sleep());
        mailbox.send(&[text("4x")], SendOptions::default());
        assert!(!mailbox.try_sleep());
    }

    #[test]
    fn a_closed_mailbox_takes_nothing_and_drops_the_answers_that_were_owed() {
        let mailbox = Mailbox::new(1000, OutboxPolicy::Disconnect);
        let (sender, mut answer) = oneshot::channel();
        mailbox.tell(Input::Poll(sender));

        drop(mailbox.close());

        assert!(answer.try_recv().is_err());
        assert_eq!(
            mailbox.send(&[text("4x")], SendOptions::default()),
            Sent::Closed
        );
        mailbox.tell(Input::Close);
        assert!(mailbox.next_input().is_none());
    }
}
