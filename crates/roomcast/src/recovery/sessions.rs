//! The sessions of one namespace, by their private ids.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::pid::Pid;
use super::session::Stored;
use crate::socket::Socket;

/// Who is connected, and whose client may come back.
#[derive(Debug)]
pub(super) struct Sessions {
    max_stored: usize,
    max_away: Duration,
    live: HashMap<Pid, Socket, RandomState>,
    stored: HashMap<Pid, Stored, RandomState>,
    /// When the clients of the stored sessions left, the earliest first. Sessions that were taken
    /// since stand here until their time is over.
    ends: VecDeque<(Instant, Pid)>,
}

/// What is known of a private id.
pub(super) enum Found {
    Live(Socket),
    Stored(Box<Stored>),
    Nothing,
}

impl Sessions {
    pub(super) fn new(max_stored: usize, max_away: Duration) -> Self {
        Self {
            max_stored,
            max_away,
            live: HashMap::default(),
            stored: HashMap::default(),
            ends: VecDeque::new(),
        }
    }

    pub(super) fn connected(&mut self, pid: Pid, socket: Socket) {
        self.live.insert(pid, socket);
    }

    /// The socket is gone; what it gives is dropped by the caller, without the lock.
    pub(super) fn disconnected(&mut self, pid: Pid, socket: &Socket) -> Option<Socket> {
        match self.live.get(&pid) {
            Some(live) if live == socket => self.live.remove(&pid),
            _ => None,
        }
    }

    /// Whether the client is here or may come back.
    pub(super) fn knows(&self, pid: Pid, now: Instant) -> bool {
        let stored = self.stored.get(&pid);
        self.live.contains_key(&pid) || stored.is_some_and(|stored| !self.is_over(stored, now))
    }

    pub(super) fn has_stored(&self) -> bool {
        !self.stored.is_empty()
    }

    /// Finds a session; a stored one is the caller's from now on.
    pub(super) fn take(&mut self, pid: Pid, now: Instant) -> Found {
        if let Some(socket) = self.live.get(&pid) {
            return Found::Live(socket.clone());
        }
        match self.stored.remove(&pid) {
            Some(stored) if !self.is_over(&stored, now) => Found::Stored(Box::new(stored)),
            _ => Found::Nothing,
        }
    }

    /// Keeps a session, and gives those that are kept no longer.
    #[must_use = "the log is to forget them"]
    pub(super) fn store(&mut self, stored: Stored, now: Instant) -> Vec<Stored> {
        let end = (stored.ended_at, stored.pid);
        match self.ends.back() {
            Some((last, _)) if *last > end.0 => self.ends.push_front(end),
            _ => self.ends.push_back(end),
        }
        self.stored.insert(stored.pid, stored);
        self.expire(now)
    }

    /// Forgets sessions whose time is over, and those that are too many.
    #[must_use = "the log is to forget them"]
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Stored> {
        let mut gone = Vec::new();
        while let Some((ended_at, pid)) = self.ends.front().copied() {
            let is_taken = self
                .stored
                .get(&pid)
                .is_none_or(|stored| stored.ended_at != ended_at);
            let is_over = now.saturating_duration_since(ended_at) > self.max_away;
            if !(is_taken || is_over || self.stored.len() > self.max_stored) {
                break;
            }
            self.ends.pop_front();
            if !is_taken {
                gone.extend(self.stored.remove(&pid));
            }
        }
        // A client that comes back again and again leaves an entry each time.
        if self.ends.len() > 2 * self.stored.len() + MIN_STALE {
            let stored = &self.stored;
            self.ends.retain(|(ended_at, pid)| {
                stored
                    .get(pid)
                    .is_some_and(|stored| stored.ended_at == *ended_at)
            });
        }
        gone
    }

    fn is_over(&self, stored: &Stored, now: Instant) -> bool {
        now.saturating_duration_since(stored.ended_at) > self.max_away
    }
}

const MIN_STALE: usize = 64;
