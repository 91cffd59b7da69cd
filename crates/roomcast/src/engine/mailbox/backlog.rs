//! Waiting packets that can still be dropped or replaced.
//!
//! Where an outbox needs it, what waits stays in the mailbox as long as the connection has not taken
//! what it was handed before. The places of dropped packets stay as gaps, so that neither dropping
//! nor replacing moves what is behind.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{SendOptions, State};
use crate::engine::frame::Frame;
use crate::engine::outbox::{Entry, Role};

/// What is known of the queue of a session that drops or replaces packets.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// No event stands before this place.
    first: usize,
    /// Places of packets that were dropped.
    gaps: usize,
    /// Where the waiting packet of a key begins. A place that holds no event any more means none.
    keys: HashMap<Arc<str>, usize, RandomState>,
}

impl Backlog {
    /// The queue was handed to the connection.
    pub(super) fn clear(&mut self) {
        self.first = 0;
        self.gaps = 0;
        self.keys.clear();
    }
}

impl State {
    /// Drops events, the oldest first, until one more is within the limits; gives their number.
    pub(super) fn drop_oldest(&mut self) -> u64 {
        self.keep_backlog();
        let mut dropped = 0;
        while self.is_full()
            && let Some(at) = self.oldest_event()
        {
            self.drop_packet(at);
            dropped += 1;
        }
        dropped
    }

    /// Where the packet begins that waits under `key`, if there is one.
    pub(super) fn waiting_under(&mut self, key: &str) -> Option<usize> {
        let at = *self.keep_backlog().keys.get(key)?;
        self.queue.get(at).is_some_and(is_event).then_some(at)
    }

    /// Whether a packet may take the place of the one at `at`: it needs no more room than that, or
    /// there is room for it without that.
    pub(super) fn may_replace(&self, at: usize, frames: &[Frame]) -> bool {
        let old = self.bytes(at, self.packet_len(at));
        super::bytes(frames) <= old || self.pending_bytes.saturating_sub(old) <= self.max_bytes
    }

    /// Puts a packet into the place of the one at `at`.
    pub(super) fn replace(&mut self, at: usize, frames: &[Frame], may_compress: bool) {
        let old = self.packet_len(at);
        self.forget_bytes(at, old);
        self.pending_bytes += super::bytes(frames);
        if let Some(Entry::Mark(mark)) = self.queue.get_mut(at + old) {
            mark.give_up();
        }
        if old == frames.len() {
            for (entry, new) in self.queue[at..]
                .iter_mut()
                .zip(entries(frames, may_compress))
            {
                *entry = new;
            }
        } else {
            self.queue.drain(at..at + old);
            self.queue.insert_many(at, entries(frames, may_compress));
            let places = self.keep_backlog().keys.values_mut();
            for place in places.filter(|place| **place > at) {
                *place = *place + frames.len() - old;
            }
        }
    }

    /// Drops the packet at `at`, which waits under `key`, and queues another one behind all others.
    pub(super) fn replace_at_end(
        &mut self,
        key: &Arc<str>,
        at: usize,
        frames: &[Frame],
        options: SendOptions,
    ) {
        self.drop_packet(at);
        self.note_key(key);
        self.push(frames, options);
    }

    /// The packet that is queued next waits under `key`.
    pub(super) fn note_key(&mut self, key: &Arc<str>) {
        let at = self.queue.len();
        self.keep_backlog().keys.insert(Arc::clone(key), at);
    }

    fn oldest_event(&mut self) -> Option<usize> {
        let first = self.backlog()?.first;
        let found = self.queue[first..].iter().position(is_event);
        let at = found.map_or(self.queue.len(), |after| first + after);
        self.keep_backlog().first = at;
        found.map(|_| at)
    }

    /// Drops the packet at `at`. The others may have other places then.
    pub(super) fn drop_packet(&mut self, at: usize) {
        let len = self.packet_len(at);
        self.forget_bytes(at, len);
        self.waiting -= 1;
        self.queue[at..at + len].fill_with(|| Entry::Gap);
        if let Some(Entry::Mark(mark)) = self.queue.get_mut(at + len) {
            mark.give_up();
        }
        self.keep_backlog().gaps += len;
        self.close_gaps();
    }

    fn forget_bytes(&mut self, at: usize, len: usize) {
        let bytes = self.bytes(at, len);
        self.pending_bytes = self.pending_bytes.saturating_sub(bytes);
    }

    /// How many entries the packet has that begins at `at`: its text and its attachments.
    fn packet_len(&self, at: usize) -> usize {
        let behind = self.queue[at + 1..].iter();
        1 + behind
            .take_while(|entry| role(entry) == Some(Role::ATTACHMENT))
            .count()
    }

    fn bytes(&self, at: usize, len: usize) -> usize {
        let entries = self.queue[at..at + len].iter();
        entries.map(|entry| entry.bytes().len()).sum()
    }

    /// Takes the gaps out where most entries are gaps.
    ///
    /// Cost: so a dropped packet moves few others, however many wait.
    fn close_gaps(&mut self) {
        let len = self.queue.len();
        let Some(extra) = &mut self.extra else { return };
        let Some(backlog) = &mut extra.backlog else {
            return;
        };
        if backlog.gaps < MIN_GAPS || backlog.gaps * 2 < len {
            return;
        }
        let mut places = Vec::with_capacity(len);
        let mut kept = 0;
        for entry in &self.queue {
            places.push(kept);
            kept += usize::from(!matches!(entry, Entry::Gap));
        }
        let queue = &self.queue;
        backlog.keys.retain(|_, place| {
            let is_there = is_event(&queue[*place]);
            *place = places[*place];
            is_there
        });
        backlog.first = places.get(backlog.first).copied().unwrap_or(kept);
        backlog.gaps = 0;
        self.queue.retain(|entry| !matches!(entry, Entry::Gap));
    }
}

/// The entries of one event.
pub(super) fn entries(
    frames: &[Frame],
    may_compress: bool,
) -> impl ExactSizeIterator<Item = Entry> {
    let frames = frames.iter().enumerate();
    frames.map(move |(index, frame)| Entry::Shared {
        frame: frame.clone(),
        may_compress,
        role: match index {
            0 => Role::EVENT,
            _ => Role::ATTACHMENT,
        },
    })
}

fn role(entry: &Entry) -> Option<Role> {
    match entry {
        Entry::Shared { role, .. } => Some(*role),
        _ => None,
    }
}

fn is_event(entry: &Entry) -> bool {
    role(entry) == Some(Role::EVENT)
}

/// Fewer gaps than this are left where they are.
const MIN_GAPS: usize = 32;
