//! Messages that wait for the bus.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use roomcast_cluster::engine::{Body, Message};
use tokio::sync::oneshot;

/// What is told when all that was queued before has left.
pub(super) type Mark = oneshot::Sender<()>;

#[derive(Debug)]
enum Entry {
    /// With the time at which it was queued.
    Message(Message, Instant),
    Mark(Mark),
}

/// Messages in order, and who waits for them to leave.
#[derive(Debug)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    bytes: usize,
    max_bytes: usize,
    /// How old a question may be that leaves.
    max_age: Duration,
    is_closed: bool,
}

/// What is left when nothing leaves any more; dropped, it tells whoever waits.
#[derive(Debug)]
#[must_use = "drop it where nothing is locked"]
pub(super) struct Rest(#[expect(dead_code, reason = "it is dropped")] VecDeque<Entry>);

/// Messages that are being sent.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    /// When each of them was queued.
    queued_at: Vec<Instant>,
    /// Each waits for the messages before this place.
    marks: Vec<(usize, Mark)>,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize, max_age: Duration) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_bytes,
            max_age,
            is_closed: false,
        }
    }

    /// Queues a message; one that finds no room is dropped. Returns whether there was room.
    pub(super) fn push(&mut self, message: Message, now: Instant) -> bool {
        if self.is_closed || self.bytes > self.max_bytes {
            return false;
        }
        self.bytes += message.bytes();
        self.entries.push_back(Entry::Message(message, now));
        true
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if !self.is_closed {
            self.entries.push_back(Entry::Mark(mark));
        }
    }

    /// Takes nothing from here on.
    pub(super) fn close(&mut self) -> Rest {
        self.is_closed = true;
        self.bytes = 0;
        Rest(std::mem::take(&mut self.entries))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes some from the front; none if nothing waits. Questions whose askers have given up are
    /// dropped.
    pub(super) fn take(&mut self, now: Instant) -> Option<Batch> {
        let mut batch = Batch {
            messages: Vec::new(),
            queued_at: Vec::new(),
            marks: Vec::new(),
        };
        let mut bytes = 0;
        while batch.messages.len() < MAX_BATCH
            && bytes < MAX_BATCH_BYTES
            && let Some(entry) = self.entries.pop_front()
        {
            match entry {
                Entry::Message(message, queued_at) => {
                    self.bytes -= message.bytes();
                    if is_question(&message) && now - queued_at >= self.max_age {
                        continue;
                    }
                    bytes += message.bytes();
                    batch.messages.push(message);
                    batch.queued_at.push(queued_at);
                }
                Entry::Mark(mark) => batch.marks.push((batch.messages.len(), mark)),
            }
        }
        (!batch.messages.is_empty() || !batch.marks.is_empty()).then_some(batch)
    }

    /// Puts back what did not leave.
    pub(super) fn put_back(&mut self, batch: Batch) {
        let mut marks = batch.marks;
        let messages = batch.messages.into_iter().zip(batch.queued_at);
        for (index, (message, queued_at)) in messages.enumerate().rev() {
            while let Some((_, mark)) = marks.pop_if(|(behind, _)| *behind > index) {
                self.entries.push_front(Entry::Mark(mark));
            }
            self.bytes += message.bytes();
            self.entries.push_front(Entry::Message(message, queued_at));
        }
        for (_, mark) in marks.into_iter().rev() {
            self.entries.push_front(Entry::Mark(mark));
        }
    }
}

impl Batch {
    /// Notes that the first `sent` messages have left.
    pub(super) fn pass(&mut self, sent: usize) {
        let sent = sent.min(self.messages.len());
        self.messages.drain(..sent);
        self.queued_at.drain(..sent);
        let is_waiting = |(behind, _): &(usize, Mark)| *behind > sent;
        let waiting = self.marks.iter().position(is_waiting);
        let waiting = self.marks.split_off(waiting.unwrap_or(self.marks.len()));
        for (_, mark) in std::mem::replace(&mut self.marks, waiting) {
            // Whoever waited may have gone.
            let _ = mark.send(());
        }
        self.marks
            .iter_mut()
            .for_each(|(behind, _)| *behind -= sent);
    }
}

fn is_question(message: &Message) -> bool {
    matches!(message.body, Body::AcquireLock { .. })
}

/// Messages in one call of the bus.
const MAX_BATCH: usize = 256;
/// About how many bytes they have.
const MAX_BATCH_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use roomcast_cluster::engine::{Access, Carrier, Lock};
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn question(request: u64) -> Message {
        let lock = Lock {
            sid: "09pZYmR_bs9tdKzqAAAA".into(),
            carrier: Carrier::Polling,
            access: Access::Write,
        };
        Message {
            from: "a".into(),
            to: None,
            body: Body::AcquireLock { request, lock },
        }
    }

    fn message(request: u64) -> Message {
        let success = true;
        Message {
            from: "a".into(),
            to: None,
            body: Body::AcquireLockResponse { request, success },
        }
    }

    fn requests(batch: &Batch) -> Vec<u64> {
        let request = |message: &Message| match message.body {
            Body::AcquireLock { request, .. } => request,
            Body::AcquireLockResponse { request, .. } => request,
            _ => unreachable!("all are questions or answers"),
        };
        batch.messages.iter().map(request).collect()
    }

    #[test]
    fn what_did_not_leave_stays_in_order_and_its_marks_wait() {
        let now = Instant::now();
        let mut outbox = Outbox::new(10_000, SECOND);
        let (first, mut first_left) = oneshot::channel();
        let (second, mut second_left) = oneshot::channel();
        outbox.push(message(1), now);
        outbox.mark(first);
        outbox.push(message(2), now);
        outbox.mark(second);
        outbox.push(message(3), now);

        let mut batch = outbox.take(now).unwrap();
        outbox.push(message(4), now);
        batch.pass(1);
        assert!(first_left.try_recv().is_ok());
        outbox.put_back(batch);
        let mut batch = outbox.take(now).unwrap();
        assert_eq!(requests(&batch), [2, 3, 4]);
        assert!(second_left.try_recv().is_err());

        batch.pass(1);
        assert!(second_left.try_recv().is_ok());
        batch.pass(2);
        assert!(outbox.take(now).is_none());
    }

    #[test]
    fn questions_that_are_too_old_do_not_leave() {
        let now = Instant::now();
        let mut outbox = Outbox::new(10_000, SECOND);
        outbox.push(question(1), now);
        outbox.push(message(2), now);
        let left = outbox.take(now + SECOND / 2).unwrap();
        assert_eq!(requests(&left), [1, 2]);
        outbox.put_back(left);
        outbox.push(question(3), now + SECOND / 2);

        let left = outbox.take(now + SECOND).unwrap();

        assert_eq!(requests(&left), [2, 3]);
        outbox.put_back(left);
        let left = outbox.take(now + 2 * SECOND).unwrap();
        assert_eq!(requests(&left), [2]);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn what_is_closed_takes_nothing_and_tells_whoever_waits() {
        let now = Instant::now();
        let mut outbox = Outbox::new(10_000, SECOND);
        let (before, mut left) = oneshot::channel();
        outbox.push(message(1), now);
        outbox.mark(before);

        drop(outbox.close());

        assert_eq!(left.try_recv(), Err(TryRecvError::Closed));
        assert!(!outbox.push(message(2), now));
        let (after, mut left) = oneshot::channel();
        outbox.mark(after);
        assert_eq!(left.try_recv(), Err(TryRecvError::Closed));
        assert!(outbox.take(now).is_none());
    }

    #[test]
    fn a_message_beyond_the_limit_is_dropped_until_there_is_room() {
        let now = Instant::now();
        let mut outbox = Outbox::new(message(0).bytes(), SECOND);
        assert!(outbox.push(message(1), now));
        assert!(outbox.push(message(2), now));

        assert!(!outbox.push(message(3), now));
        assert_eq!(
            outbox.take(now).map(|batch| requests(&batch)),
            Some(vec![1, 2])
        );
        assert!(outbox.push(message(4), now));
    }
}
