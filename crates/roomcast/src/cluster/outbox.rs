//! Messages that wait for the bus.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use roomcast_cluster::Message;

use super::Cluster;

/// Messages in the order in which they are to leave, bounded in number, bytes and age.
#[derive(Debug)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    bytes: usize,
    max_messages: usize,
    max_bytes: usize,
    max_age: Duration,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    bytes: usize,
    since: Instant,
}

/// What leaves together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    /// Since when each of them has waited.
    pub(super) since: Vec<Instant>,
}

/// How many leave together at most.
const BATCH: usize = 1000;

impl Outbox {
    pub(super) fn new(limits: &Cluster) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_messages: limits.max_queued_messages,
            max_bytes: limits.max_queued_bytes,
            max_age: limits.max_queued_age,
        }
    }

    /// Adds a message; returns how many old ones had to make room. The newest is always kept.
    pub(super) fn push(&mut self, now: Instant, message: Message) -> usize {
        let bytes = message.body.approximate_bytes();
        self.bytes += bytes;
        self.entries.push_back(Entry {
            message,
            bytes,
            since: now,
        });
        let mut dropped = 0;
        while self.entries.len() > 1
            && (self.entries.len() > self.max_messages || self.bytes > self.max_bytes)
        {
            self.pop();
            dropped += 1;
        }
        dropped
    }

    /// Takes what may leave now, and says how many messages were too old for it.
    pub(super) fn take(&mut self, now: Instant) -> (Batch, usize) {
        let (mut batch, mut too_old) = (Batch::default(), 0);
        while batch.messages.len() < BATCH
            && let Some(entry) = self.pop()
        {
            if now.saturating_duration_since(entry.since) > self.max_age {
                too_old += 1;
                continue;
            }
            batch.messages.push(entry.message);
            batch.since.push(entry.since);
        }
        (batch, too_old)
    }

    /// Puts back, at the front, the messages that did not leave: the last ones of a batch, whose
    /// times of arrival are `since`. Returns how many there is no more room for, the oldest ones.
    pub(super) fn put_back(&mut self, unsent: Vec<Message>, since: &[Instant]) -> usize {
        let since = &since[since.len().saturating_sub(unsent.len())..];
        let mut dropped = 0;
        for (message, since) in unsent.into_iter().zip(since).rev() {
            let bytes = message.body.approximate_bytes();
            if self.entries.len() >= self.max_messages || self.bytes + bytes > self.max_bytes {
                dropped += 1;
                continue;
            }
            self.bytes += bytes;
            self.entries.push_front(Entry {
                message,
                bytes,
                since: *since,
            });
        }
        dropped
    }

    /// Drops what waits.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use roomcast_cluster::{Body, Hub};
    use roomcast_socketio::value;

    use super::*;

    fn message(name: &str, argument: &str) -> Message {
        Message {
            from: None,
            namespace: "/".into(),
            body: Body::ServerSideEmit {
                request: None,
                packet: [value!(name), value!(argument)].into(),
            },
        }
    }

    fn names(batch: &Batch) -> Vec<String> {
        let name = |message: &Message| match &message.body {
            Body::ServerSideEmit { packet, .. } => packet[0].as_str().unwrap().to_owned(),
            body => panic!("{body:?}"),
        };
        batch.messages.iter().map(name).collect()
    }

    fn outbox(max_messages: usize, max_bytes: usize) -> Outbox {
        let limits = Cluster::new(Hub::new().bus())
            .max_queued_messages(max_messages)
            .max_queued_bytes(max_bytes)
            .max_queued_age(Duration::from_secs(1));
        Outbox::new(&limits)
    }

    #[test]
    fn the_oldest_makes_room_at_the_limit_of_messages() {
        let now = Instant::now();
        let mut outbox = outbox(2, usize::MAX);

        assert_eq!(outbox.push(now, message("a", "")), 0);
        assert_eq!(outbox.push(now, message("b", "")), 0);
        assert_eq!(outbox.push(now, message("c", "")), 1);
        assert_eq!(names(&outbox.take(now).0), ["b", "c"]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn the_oldest_makes_room_at_the_limit_of_bytes_and_the_newest_stays() {
        let now = Instant::now();
        let one = message("a", "").body.approximate_bytes();
        let mut outbox = outbox(100, 2 * one);

        assert_eq!(outbox.push(now, message("a", "")), 0);
        assert_eq!(outbox.push(now, message("b", "")), 0);
        assert_eq!(outbox.push(now, message("c", &"x".repeat(10 * one))), 2);
        assert_eq!(names(&outbox.take(now).0), ["c"]);
    }

    #[test]
    fn what_has_waited_too_long_does_not_leave() {
        let start = Instant::now();
        let mut outbox = outbox(100, usize::MAX);
        outbox.push(start, message("old", ""));
        outbox.push(start + Duration::from_millis(1), message("new", ""));

        let (batch, too_old) = outbox.take(start + Duration::from_millis(1001));
        assert_eq!((names(&batch), too_old), (vec!["new".to_owned()], 1));
    }

    #[test]
    fn what_did_not_leave_goes_to_the_front_with_its_age() {
        let start = Instant::now();
        let mut outbox = outbox(3, usize::MAX);
        for name in ["a", "b", "c"] {
            outbox.push(start, message(name, ""));
        }
        let (batch, _) = outbox.take(start);
        outbox.push(start + Duration::from_millis(900), message("d", ""));

        let unsent = batch.messages[1..].to_vec();
        assert_eq!(outbox.put_back(unsent, &batch.since), 0);
        let (batch, too_old) = outbox.take(start + Duration::from_millis(1001));
        assert_eq!((names(&batch), too_old), (vec!["d".to_owned()], 2));
    }
}
