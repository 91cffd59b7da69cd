//! What is remembered of the events of one session, and of their answers.

use std::collections::VecDeque;

use roomcast_socketio::AckId;

use super::digest::Digest;
use super::offset::Seen;
use super::packed::Packed;
use crate::socket::{Socket, WeakSocket};

#[derive(Debug, Default)]
pub(super) struct Known {
    events: VecDeque<Received>,
    /// The id of the event before the last: what has a higher one was sent after it.
    before: Option<u64>,
    /// Bytes of the answers.
    bytes: usize,
    /// Marks that were sent.
    pub(super) marks: u64,
}

#[derive(Debug)]
struct Received {
    key: Digest,
    /// The id under which the handlers answer.
    first: AckId,
    /// The id under which the client waits now, and where.
    latest: (AckId, WeakSocket),
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    /// The handlers have not answered.
    Awaited,
    /// Sent behind this mark, if it was sent.
    Given { packed: Packed, mark: Option<Seen> },
    /// The client has it, or may have it.
    Confirmed,
}

/// An event that was recognised.
pub(super) struct Again {
    pub(super) first: AckId,
    /// The answer, if it was given.
    pub(super) answer: Option<Packed>,
}

impl Known {
    /// The last event, if this one can be nothing but the same.
    pub(super) fn find_in_order(
        &mut self,
        (key, id): (Digest, AckId),
        socket: &Socket,
        retries: u64,
    ) -> Option<Again> {
        let before = self.before;
        let last = self.events.back_mut()?;
        let is_same = last.key == key
            && last.may_be_missed()
            && is_next_try(before, last.latest.0, id, retries);
        is_same.then(|| last.again(id, socket))
    }

    pub(super) fn find_by_key(
        &mut self,
        (key, id): (Digest, AckId),
        socket: &Socket,
    ) -> Option<Again> {
        let found = self.events.iter_mut().find(|event| event.key == key)?;
        Some(found.again(id, socket))
    }

    /// Remembers a new event, and the last ones before it.
    pub(super) fn note(&mut self, (key, id): (Digest, AckId), socket: &Socket, max_events: usize) {
        if let Some(last) = self.events.back() {
            self.before = last.latest.0.as_u64();
        }
        if self.events.len() >= max_events {
            self.forget(0);
        }
        self.events.push_back(Received {
            key,
            first: id,
            latest: (id, socket.downgrade()),
            answer: Answer::Awaited,
        });
    }

    /// Keeps the answer to an event, and tells where the client waits for it; `None` if nothing is
    /// known of the event.
    pub(super) fn keep_answer(
        &mut self,
        first: AckId,
        packed: Packed,
        max_bytes: usize,
    ) -> Option<(AckId, WeakSocket)> {
        let event = self.event(first)?;
        let latest = event.latest.clone();
        let len = packed.len();
        let old = std::mem::replace(&mut event.answer, Answer::Given { packed, mark: None });
        self.bytes = self.bytes + len - old.len();
        while self.bytes > max_bytes
            && let Some(oldest) = self.events.iter().position(|event| event.answer.len() > 0)
        {
            self.forget(oldest);
        }
        Some(latest)
    }

    /// The answer to an event leaves behind a mark.
    pub(super) fn mark(&mut self, first: AckId, seen: Seen) {
        self.marks = seen.marks;
        if let Some(Received {
            answer: Answer::Given { mark, .. },
            ..
        }) = self.event(first)
        {
            *mark = Some(seen);
        }
    }

    /// The answer to an event leaves without a mark.
    pub(super) fn confirm(&mut self, first: AckId) {
        let freed = self.event(first).map(Received::confirm);
        self.bytes -= freed.unwrap_or_default();
    }

    /// The client has come back, having seen so much. What it has not seen now, it does not see
    /// later: whatever it sees then is no sign of the answer.
    pub(super) fn resume(&mut self, seen: Seen) {
        let mut freed = 0;
        for event in &mut self.events {
            if let Answer::Given { mark: until, .. } = &mut event.answer {
                match until {
                    Some(mark) if seen >= *mark => freed += event.confirm(),
                    _ => *until = None,
                }
            }
        }
        self.bytes -= freed;
    }

    fn event(&mut self, first: AckId) -> Option<&mut Received> {
        self.events
            .iter_mut()
            .rev()
            .find(|event| event.first == first)
    }

    fn forget(&mut self, index: usize) {
        let Some(gone) = self.events.remove(index) else {
            return;
        };
        self.bytes -= gone.answer.len();
        if index == self.events.len() {
            self.before = gone.latest.0.as_u64();
        }
    }
}

impl Received {
    /// Whether it is certain that the client has no answer. An answer that was sent over the
    /// connection that still stands may be there.
    fn may_be_missed(&self) -> bool {
        match &self.answer {
            Answer::Awaited | Answer::Given { mark: None, .. } => true,
            Answer::Given { .. } => self
                .latest
                .1
                .upgrade()
                .is_none_or(|socket| !socket.is_connected()),
            Answer::Confirmed => false,
        }
    }

    /// The client waits under another id now.
    fn again(&mut self, id: AckId, socket: &Socket) -> Again {
        self.latest = (id, socket.downgrade());
        let answer = match &self.answer {
            Answer::Given { packed, .. } => Some(packed.clone()),
            // It is answered when the handlers answer.
            Answer::Awaited | Answer::Confirmed => None,
        };
        Again {
            first: self.first,
            answer,
        }
    }

    /// Gives how many bytes that frees.
    fn confirm(&mut self) -> usize {
        std::mem::replace(&mut self.answer, Answer::Confirmed).len()
    }
}

impl Answer {
    fn len(&self) -> usize {
        match self {
            Self::Given { packed, .. } => packed.len(),
            Self::Awaited | Self::Confirmed => 0,
        }
    }
}

/// Whether the client may still be trying: each attempt has taken one id.
///
/// `before` is the id of the event before the one that is tried, `latest` the one of its last
/// attempt that has arrived. Attempts that were lost count, too.
fn is_next_try(before: Option<u64>, latest: AckId, id: AckId, retries: u64) -> bool {
    let (Some(latest), Some(id)) = (latest.as_u64(), id.as_u64()) else {
        return false;
    };
    // The ids of a client begin at 0.
    let tries = match before {
        Some(before) => id.saturating_sub(before),
        None => id.saturating_add(1),
    };
    id > latest && tries <= retries.saturating_add(1)
}
