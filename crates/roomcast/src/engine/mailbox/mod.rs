//! The meeting point of one session's task and everyone else: outgoing frames, incoming requests.

mod input;
mod line;
mod task;

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};
use roomcast_websocket::OpCode;
use smallvec::SmallVec;
use tokio::sync::oneshot;

pub(crate) use input::{Input, PollAnswer, PostAnswer};
use line::Line;
pub(crate) use line::{Flushed, Lending};

use super::draft::{self, Draft};
use super::frame::Frame;
use super::outbox::{Batch, Entry, Queue};

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
    /// Queued, and nobody is about to write it: the caller lists the session for a flush.
    MustFlush,
    /// Volatile, and the transport was busy; or left out by [`OutboxPolicy::DropNewest`].
    Dropped,
    /// The session is closing or closed.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    max_bytes: usize,
    policy: OutboxPolicy,
    task: AtomicWaker,
    // Lock order: last. Nothing else is locked, nothing is written and no user code runs while it
    // is held.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Bytes that were sent and are not yet written, wherever they are now.
    pending_bytes: usize,
    inputs: VecDeque<Input>,
    line: Line,
    /// What the connection did not take when it was last written to.
    stalled: Option<Box<Batch>>,
    /// The transport would take a frame at once if there were one.
    is_writable: bool,
    /// The task has been woken, or runs, and will look here again before it sleeps.
    is_awake: bool,
    /// Somebody wants the task to look at what it owns besides this mailbox.
    is_notified: bool,
    /// Somebody has listed the session for a flush.
    is_listed: bool,
    /// The task waits for the lent line.
    is_line_wanted: bool,
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
        let mut state = match self.admit(options) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        for frame in frames {
            state.pending_bytes += frame.len();
            state.queue.push(Entry::Shared {
                frame: frame.clone(),
                may_compress: options.may_compress,
            });
        }
        self.queued(state)
    }

    /// Queues a message for this session alone: a packet, and its attachments side by side.
    ///
    /// Cost: short packets that wait together share one buffer, long ones are not copied.
    pub(crate) fn send_own(
        &self,
        packet: Draft,
        opcode: OpCode,
        attachments: &[Bytes],
        options: SendOptions,
    ) -> Sent {
        let mut state = match self.admit(options) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        if matches!(state.line, Line::None) {
            drop(state);
            let binary = attachments.iter().map(|bytes| Frame::binary(bytes));
            let frames: SmallVec<[Frame; 1]> = std::iter::once(Frame::of(packet, opcode))
                .chain(binary)
                .collect();
            return self.send(&frames, options);
        }
        state.push_own(packet, opcode);
        for attachment in attachments {
            state.push_own(Draft::of(attachment), OpCode::Binary);
        }
        self.queued(state)
    }

    /// Queues a packet of the session itself (ping, open …), whatever the limit.
    pub(crate) fn send_control(&self, frame: Frame) {
        let mut state = self.state.lock();
        state.pending_bytes += frame.len();
        state.queue.push(Entry::Shared {
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

    fn admit(&self, options: SendOptions) -> Result<MutexGuard<'_, State>, Sent> {
        let state = self.state.lock();
        if state.is_closed {
            return Err(Sent::Closed);
        }
        if options.is_volatile && !(state.is_writable && state.queue.is_empty()) {
            return Err(Sent::Dropped);
        }
        if state.pending_bytes > self.max_bytes {
            return Err(self.overflow(state));
        }
        Ok(state)
    }

    /// Sees to it that somebody writes what was queued.
    fn queued(&self, mut state: MutexGuard<'_, State>) -> Sent {
        if state.is_awake || !state.is_writable {
            return Sent::Queued;
        }
        match state.line {
            Line::Idle(_) if state.is_listed => Sent::Queued,
            Line::Idle(_) => {
                state.is_listed = true;
                Sent::MustFlush
            }
            // Who writes looks for more before it ends.
            Line::Lent => Sent::Queued,
            Line::None | Line::Broken(_) => {
                self.wake(state);
                Sent::Queued
            }
        }
    }

    fn overflow(&self, mut state: MutexGuard<'_, State>) -> Sent {
        if self.policy == OutboxPolicy::DropNewest {
            return Sent::Dropped;
        }
        state.has_overflowed = true;
        state.is_notified = true;
        self.wake(state);
        Sent::Closed
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if !std::mem::replace(&mut state.is_awake, true) {
            drop(state);
            self.task.wake();
        }
    }
}

impl State {
    fn push_own(&mut self, mut packet: Draft, opcode: OpCode) {
        if packet.len() > MAX_COPIED_BYTES {
            let (bytes, start) = packet.into_frame(opcode);
            self.pending_bytes += bytes.len() - start;
            self.queue.push(Entry::Own { bytes, start });
            return;
        }
        let frame = packet.frame(opcode);
        self.pending_bytes += frame.len();
        match self.queue.last_mut() {
            Some(Entry::Own { bytes, .. }) if bytes.len() <= MAX_COPIED_BYTES => {
                bytes.extend_from_slice(frame);
            }
            _ => {
                let mut bytes = draft::take_buffer();
                bytes.extend_from_slice(frame);
                self.queue.push(Entry::Own { bytes, start: 0 });
            }
        }
    }
}

/// Longer packets are queued in the buffer that they were encoded into.
const MAX_COPIED_BYTES: usize = 4 * 1024;

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
        let mut queue = Queue::new();
        mailbox.take(&mut queue);
        let packets = queue.iter().map(|entry| {
            let Entry::Shared { frame, .. } = entry else {
                panic!("a session without a line shares its frames");
            };
            mailbox.written(frame.len());
            String::from_utf8_lossy(frame.payload()).into_owned()
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
            assert_eq!(
                mailbox.wake_up().has_overflowed,
                policy == OutboxPolicy::Disconnect
            );
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
