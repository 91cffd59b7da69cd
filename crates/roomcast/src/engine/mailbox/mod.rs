//! The meeting point of one session's task and everyone else: outgoing frames, incoming requests.

mod backlog;
mod extra;
mod full;
mod inbox;
mod input;
mod line;
mod listening;
mod options;
mod relayed;
mod requests;
mod room;
mod task;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use roomcast_engineio::CloseReason;
use roomcast_websocket::OpCode;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use extra::Extra;
use inbox::Inbox;
pub(crate) use input::{Input, PollAnswer, PostAnswer, Relayed};
use line::Line;
pub(crate) use line::{Flushed, Lending};
pub use options::OutboxPolicy;
pub(crate) use options::{OutboxLimits, Pace, SendOptions, Sent};
pub(crate) use room::Coming;
pub(crate) use task::News;

use super::draft::Draft;
use super::flusher::Flusher;
use super::frame::Frame;
use super::outbox::{Batch, Entry, Mark, Queue, Role};
use super::totals::Totals;

#[derive(Debug)]
pub(crate) struct Mailbox {
    /// What the sessions of the server share when they send.
    flusher: Arc<Flusher>,
    // Lock order: last. Nothing else is locked, nothing is written and no user code runs while it
    // is held, but for the waker's own comparison and clone.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Of the session's task.
    waker: Option<Waker>,
    queue: Queue,
    /// Bytes that were sent and are not yet written, wherever they are now.
    pending_bytes: usize,
    // Cost: the limits lie side by side with what they limit, in as few bytes as they need.
    max_bytes: usize,
    max_packets: u32,
    /// Messages in the queue.
    waiting: u32,
    policy: OutboxPolicy,
    extra: Option<Box<Extra>>,
    inbox: Inbox,
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
    /// What is sent now would be discarded at the end.
    is_ending: bool,
    is_closed: bool,
    has_overflowed: bool,
}

impl Mailbox {
    pub(crate) fn new(limits: OutboxLimits, flusher: Arc<Flusher>) -> Self {
        let mut state = State {
            is_awake: true,
            ..State::default()
        };
        state.set_limits(limits);
        Self {
            flusher,
            state: Mutex::new(state),
        }
    }

    /// Reads a byte of what [`send`](Self::send) changes, and takes no lock.
    #[inline]
    pub(crate) fn look_at(&self) {
        std::hint::black_box(self.state.is_locked());
    }

    /// Queues all frames of one message side by side, or none of them.
    pub(crate) fn send(&self, frames: &[Frame], options: SendOptions) -> Sent {
        let mut state = match self.admit(self.state.lock(), options, || bytes(frames)) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        state.push(frames, options);
        self.queued(state)
    }

    /// Queues a message that may take the place of another, or may wait for room.
    pub(crate) fn send_paced(&self, pace: &Pace, frames: &[Frame], options: SendOptions) -> Sent {
        let mut state = self.state.lock();
        let is_lasting = !state.is_closed && !options.is_volatile;
        let key = pace.key.as_ref().filter(|_| is_lasting);
        let waiting = key.and_then(|key| Some((key, state.waiting_under(key)?)));
        if let Some((key, at)) = waiting
            && state.may_replace(at, frames)
        {
            match options.keeps_order {
                true => state.replace_at_end(key, at, frames, options),
                false => state.replace(at, frames, options.may_compress),
            }
            self.flusher.count(Totals::coalesced);
            return self.queued(state);
        }
        if pace.may_wait && is_lasting && state.is_half_full() {
            return Sent::Full;
        }
        if let Some((_, at)) = waiting
            && options.when_full.unwrap_or(state.policy) == OutboxPolicy::DropOldest
        {
            // Invariant: of each key one event waits.
            state.drop_packet(at);
            self.flusher.count(Totals::coalesced);
        }
        let mut state = match self.admit(state, options, || bytes(frames)) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        if let Some(key) = &pace.key {
            state.note_key(key);
        }
        state.push(frames, options);
        self.queued(state)
    }

    /// Queues a message with a mark behind it, which knows when it was handed to the connection.
    pub(crate) fn send_marked(&self, frames: &[Frame], options: SendOptions, mark: Mark) -> Sent {
        let mut state = match self.admit(self.state.lock(), options, || bytes(frames)) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        state.push(frames, options);
        state.queue.push(Entry::Mark(mark));
        self.queued(state)
    }

    /// Puts a mark behind everything that is queued. Where nothing waits it is passed at once.
    pub(crate) fn mark(&self, mut mark: Mark) -> Sent {
        let mut state = self.state.lock();
        if state.is_closed {
            return Sent::Closed;
        }
        if state.pending_bytes == 0 {
            drop(state);
            mark.pass();
            return Sent::Queued;
        }
        state.queue.push(Entry::Mark(mark));
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
        let state = self.state.lock();
        if matches!(state.line, Line::None) {
            drop(state);
            let binary = attachments.iter().map(|bytes| Frame::binary(bytes));
            let frames: SmallVec<[Frame; 1]> = std::iter::once(Frame::of(packet, opcode))
                .chain(binary)
                .collect();
            return self.send(&frames, options);
        }
        let attached = || attachments.iter().map(Bytes::len).sum::<usize>();
        let mut state = match self.admit(state, options, || packet.len() + attached()) {
            Ok(state) => state,
            Err(sent) => return sent,
        };
        state.waiting += 1;
        state.push_own(packet, opcode);
        for attachment in attachments {
            state.push_own(Draft::of(attachment), OpCode::Binary);
        }
        self.queued(state)
    }

    /// Queues a packet of the session itself (ping, open …), whatever the limit.
    pub(crate) fn send_control(&self, frame: Frame) {
        self.state.lock().push_control(frame);
    }

    /// Queues a packet of the session itself, if its task sleeps and others may write.
    ///
    /// Who sends it writes it: a lane that has listed the session may be held up for long.
    pub(crate) fn send_beside_task(&self, frame: Frame) -> Option<Sent> {
        let mut state = self.state.lock();
        let is_shared = matches!(state.line, Line::Idle(_) | Line::Lent);
        if state.is_awake || state.is_closed || !is_shared {
            return None;
        }
        state.push_control(frame);
        // Invariant: who has the line looks for more before it ends, and a connection that took
        // something wakes the task.
        let is_free = state.is_writable && matches!(state.line, Line::Idle(_));
        Some(if is_free {
            Sent::MustFlush
        } else {
            Sent::Queued
        })
    }

    pub(crate) fn flusher(&self) -> &Arc<Flusher> {
        &self.flusher
    }

    pub(crate) fn tell(&self, input: Input) {
        let mut state = self.state.lock();
        if state.is_closed {
            return;
        }
        state.inbox.push(input);
        Self::wake(state);
    }

    /// Has the task end the session. What others send meanwhile is discarded at once, as what waits
    /// will be: everybody may tell everybody else of the end.
    pub(crate) fn discard(&self, reason: CloseReason) {
        self.discard_what_comes();
        self.tell(Input::Discard(reason));
    }

    /// Discards what is sent from now on.
    pub(crate) fn discard_what_comes(&self) {
        self.state.lock().refuse();
    }

    /// Notes that a POST is read from now on; `None` if one is already being read or its packets
    /// are not all handed in. What it gives ends with the session.
    pub(crate) fn begin_post(&self) -> Option<oneshot::Receiver<Infallible>> {
        let mut state = self.state.lock();
        if state.inbox.is_posting() {
            return None;
        }
        let (sender, end) = oneshot::channel();
        if !state.is_closed {
            state.inbox.set_posting(sender);
        }
        Some(end)
    }

    pub(crate) fn end_post(&self) {
        let posting = self.state.lock().inbox.take_posting();
        drop(posting);
    }

    /// Makes the task run once more.
    pub(crate) fn notify(&self) {
        let mut state = self.state.lock();
        state.is_notified = true;
        Self::wake(state);
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.state.lock().pending_bytes
    }

    /// Messages that were not yet handed to the connection.
    pub(crate) fn pending_packets(&self) -> usize {
        self.state.lock().waiting as usize
    }

    pub(crate) fn is_writable(&self) -> bool {
        let state = self.state.lock();
        state.is_idle()
    }

    #[inline]
    fn admit<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        options: SendOptions,
        bytes: impl FnOnce() -> usize,
    ) -> Result<MutexGuard<'s, State>, Sent> {
        if state.is_full() {
            return self.make_room(state, options, bytes());
        }
        if options.is_volatile && !state.is_idle() {
            return Err(Sent::Dropped);
        }
        Ok(state)
    }

    /// Sees to it that somebody writes what was queued.
    #[inline]
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
                Self::wake(state);
                Sent::Queued
            }
        }
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        if std::mem::replace(&mut state.is_awake, true) {
            return;
        }
        let waker = state.waker.clone();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    /// Cost: as a call of its own it is 20 instructions more for each receiver of a broadcast.
    #[inline(always)]
    fn push(&mut self, frames: &[Frame], options: SendOptions) {
        self.waiting += 1;
        let mut role = options.role;
        for frame in frames {
            self.pending_bytes += frame.len();
            self.queue.push(Entry::Shared {
                frame: frame.clone(),
                may_compress: options.may_compress,
                role,
            });
            role = role.next();
        }
    }

    fn push_control(&mut self, frame: Frame) {
        self.waiting += 1;
        self.pending_bytes += frame.len();
        self.queue.push(Entry::Shared {
            frame,
            may_compress: false,
            role: Role::ESSENTIAL,
        });
    }

    /// Hands over what waits.
    fn take_queue(&mut self) -> Queue {
        self.waiting = 0;
        if let Some(backlog) = self.backlog() {
            backlog.clear();
        }
        std::mem::take(&mut self.queue)
    }

    fn push_own(&mut self, mut packet: Draft, opcode: OpCode) {
        if packet.len() <= MAX_COPIED_BYTES
            && let Some(Entry::Own { bytes, .. }) = self.queue.last_mut()
            && bytes.len() <= MAX_COPIED_BYTES
        {
            let frame = packet.frame(opcode);
            self.pending_bytes += frame.len();
            bytes.extend_from_slice(frame);
            return;
        }
        let (bytes, start) = packet.into_frame(opcode);
        self.pending_bytes += bytes.len() - start;
        self.queue.push(Entry::Own { bytes, start });
    }
}

fn bytes(frames: &[Frame]) -> usize {
    frames.iter().map(Frame::len).sum()
}

/// Longer packets are queued in the buffer that they were encoded into.
const MAX_COPIED_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const VOLATILE: SendOptions = SendOptions {
        is_volatile: true,
        may_compress: true,
        keeps_order: false,
        when_full: None,
        role: Role::EVENT,
    };

    fn mailbox(max_bytes: usize, policy: OutboxPolicy) -> Mailbox {
        let limits = OutboxLimits {
            max_bytes,
            policy,
            ..OutboxLimits::default()
        };
        Mailbox::new(limits, Arc::default())
    }

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
        let mailbox = mailbox(1000, OutboxPolicy::Disconnect);

        mailbox.send(&[text("4a"), text("4b")], SendOptions::default());
        mailbox.send_control(text("2"));

        // Each frame has a header of 2 bytes.
        assert_eq!(mailbox.pending_bytes(), 4 + 4 + 3);
        assert_eq!(take(&mailbox), ["4a", "4b", "2"]);
        assert_eq!(mailbox.pending_bytes(), 0);
    }

    #[test]
    fn volatile_messages_pass_only_an_idle_transport() {
        let mailbox = mailbox(1000, OutboxPolicy::Disconnect);
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
            let mailbox = mailbox(5, policy);
            assert_eq!(
                mailbox.send(&[text("4four")], SendOptions::default()),
                Sent::Queued
            );

            assert_eq!(mailbox.send(&[text("4x")], SendOptions::default()), beyond);
            assert_eq!(
                mailbox.wake_up(Waker::noop()).has_overflowed,
                policy == OutboxPolicy::Disconnect
            );
            assert_eq!(take(&mailbox), ["4four"]);
        }
    }

    #[test]
    fn a_task_that_was_notified_while_it_ran_does_not_sleep() {
        let mailbox = mailbox(1000, OutboxPolicy::Disconnect);
        assert!(take(&mailbox).is_empty());
        mailbox.notify();

        assert!(!mailbox.try_sleep());
        assert!(mailbox.try_sleep());
        mailbox.send(&[text("4x")], SendOptions::default());
        assert!(!mailbox.try_sleep());
    }

    #[test]
    fn what_is_sent_to_a_session_that_is_to_end_is_discarded() {
        let mailbox = mailbox(1000, OutboxPolicy::DropNewest);
        mailbox.discard(CloseReason::ForcedClose);

        assert_eq!(
            mailbox.send(&[text("4x")], SendOptions::default()),
            Sent::Queued
        );
        assert_eq!((mailbox.pending_packets(), mailbox.pending_bytes()), (0, 0));
        assert!(matches!(
            mailbox.next_input(),
            Some(Input::Discard(CloseReason::ForcedClose))
        ));
    }

    #[test]
    fn a_closed_mailbox_takes_nothing_and_drops_the_answers_that_were_owed() {
        let mailbox = mailbox(1000, OutboxPolicy::Disconnect);
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
