//! Messages that wait for the bus.

use std::collections::VecDeque;

use roomcast_cluster::engine::Message;
use tokio::sync::oneshot;

/// What is told when all that was queued before has left.
pub(super) type Mark = oneshot::Sender<()>;

#[derive(Debug)]
enum Entry {
    Message(Message),
    Mark(Mark),
}

/// Messages in order, and who waits for them to leave.
#[derive(Debug)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    bytes: usize,
    max_bytes: usize,
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
    /// Each waits for the messages before this place.
    marks: Vec<(usize, Mark)>,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_bytes,
            is_closed: false,
        }
    }

    /// Queues a message; one that finds no room is dropped. Returns whether there was room.
    pub(super) fn push(&mut self, message: Message) -> bool {
        if self.is_closed || self.bytes > self.max_bytes {
            return false;
        }
        self.bytes += message.bytes();
        self.entries.push_back(Entry::Message(message));
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

    /// Takes some from the front; none if nothing waits.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let mut batch = Batch {
            messages: Vec::new(),
            marks: Vec::new(),
        };
        let mut bytes = 0;
        while batch.messages.len() < MAX_BATCH
            && bytes < MAX_BATCH_BYTES
            && let Some(entry) = self.entries.pop_front()
        {
            match entry {
                Entry::Message(message) => {
                    bytes += message.bytes();
                    batch.messages.push(message);
                }
                Entry::Mark(mark) => batch.marks.push((batch.messages.len(), mark)),
            }
        }
        self.bytes -= bytes;
        (!batch.messages.is_empty() || !batch.marks.is_empty()).then_some(batch)
    }

    /// Puts back what did not leave.
    pub(super) fn put_back(&mut self, batch: Batch) {
        let mut marks = batch.marks;
        for (index, message) in batch.messages.into_iter().enumerate().rev() {
            while let Some((_, mark)) = marks.pop_if(|(behind, _)| *behind > index) {
                self.entries.push_front(Entry::Mark(mark));
            }
            self.bytes += message.bytes();
            self.entries.push_front(Entry::Message(message));
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

/// Messages in one call of the bus.
const MAX_BATCH: usize = 256;
/// About how many bytes they have.
const MAX_BATCH_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use roomcast_cluster::engine::Body;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

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
            Body::AcquireLockResponse { request, .. } => request,
            _ => unreachable!("all are answers"),
        };
        batch.messages.iter().map(request).collect()
    }

    #[test]
    fn what_did_not_leave_stays_in_order_and_its_marks_wait() {
        let mut outbox = Outbox::new(10_000);
        let (first, mut first_left) = oneshot::channel();
        let (second, mut second_left) = oneshot::channel();
        outbox.push(message(1));
        outbox.mark(first);
        outbox.push(message(2));
        outbox.mark(second);
        outbox.push(message(3));

        let mut batch = outbox.take().unwrap();
        outbox.push(message(4));
        batch.pass(1);
        assert!(first_left.try_recv().is_ok());
        outbox.put_back(batch);
        let mut batch = outbox.take().unwrap();
        assert_eq!(requests(&batch), [2, 3, 4]);
        assert!(second_left.try_recv().is_err());

        batch.pass(1);
        assert!(second_left.try_recv().is_ok());
        batch.pass(2);
        assert!(outbox.take().is_none());
    }

    #[test]
    fn what_is_closed_takes_nothing_and_tells_whoever_waits() {
        let mut outbox = Outbox::new(10_000);
        let (before, mut left) = oneshot::channel();
        outbox.push(message(1));
        outbox.mark(before);

        drop(outbox.close());

        assert_eq!(left.try_recv(), Err(TryRecvError::Closed));
        assert!(!outbox.push(message(2)));
        let (after, mut left) = oneshot::channel();
        outbox.mark(after);
        assert_eq!(left.try_recv(), Err(TryRecvError::Closed));
        assert!(outbox.take().is_none());
    }

    #[test]
    fn a_message_beyond_the_limit_is_dropped_until_there_is_room() {
        let mut outbox = Outbox::new(message(0).bytes());
        assert!(outbox.push(message(1)));
        assert!(outbox.push(message(2)));

        assert!(!outbox.push(message(3)));
        assert_eq!(
            outbox.take().map(|batch| requests(&batch)),
            Some(vec![1, 2])
        );
        assert!(outbox.push(message(4)));
    }
}
