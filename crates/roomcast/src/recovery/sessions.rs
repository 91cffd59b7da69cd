//! The sessions of one namespace, by their private ids.

use std::collections::{HashMap, HashSet, VecDeque};
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
    /// Stored sessions whose clients are on their way in: nobody else gets them, and what is emitted to
    /// their sockets is kept.
    claimed: HashSet<Pid, RandomState>,
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
            claimed: HashSet::default(),
            ends: VecDeque::new(),
        }
    }

    pub(super) fn connected(&mut self, pid: Pid, socket: Socket) {
        self.claimed.remove(&pid);
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
        self.live.contains_key(&pid)
            || self.claimed.contains(&pid)
            || stored.is_some_and(|stored| !self.is_over(stored, now))
    }

    /// Whether a client is away, or on its way back.
    pub(super) fn has_stored(&self) -> bool {
        !self.stored.is_empty() || !self.claimed.is_empty()
    }

    /// Finds a session; a stored one is the caller's from now on, until it is
    /// [connected](Self::connected), [stored](Self::store) again or [given up](Self::give_up).
    pub(super) fn take(&mut self, pid: Pid, now: Instant) -> Found {
        if let Some(socket) = self.live.get(&pid) {
            return Found::Live(socket.clone());
        }
        match self.stored.remove(&pid) {
            Some(stored) if !self.is_over(&stored, now) => {
                self.claimed.insert(pid);
                Found::Stored(Box::new(stored))
            }
            _ => Found::Nothing,
        }
    }

    /// A session that was taken ends.
    pub(super) fn give_up(&mut self, pid: Pid) {
        self.claimed.remove(&pid);
    }

    /// Keeps no session any more; gives the private ids of all, and those that were stored.
    pub(super) fn end(&mut self) -> (Vec<Pid>, Vec<Stored>) {
        self.max_stored = 0;
        self.ends.clear();
        let stored: Vec<_> = self.stored.drain().map(|(_, stored)| stored).collect();
        let away = stored.iter().map(|stored| stored.pid);
        let others = self.live.keys().copied().chain(self.claimed.drain());
        (away.chain(others).collect(), stored)
    }

    /// Keeps a session, and gives those that are kept no longer.
    #[must_use = "the log is to forget them"]
    pub(super) fn store(&mut self, stored: Stored, now: Instant) -> Vec<Stored> {
        self.claimed.remove(&stored.pid);
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
