//! The sessions of one namespace, by their private ids.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::offset::Seen;
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
    /// When the clients of the stored sessions left.
    ends: BTreeSet<(Instant, Pid)>,
}

/// What is known of a private id.
pub(super) enum Found {
    Live(Socket),
    /// What its client has seen, too.
    Stored(Box<Stored>, Seen),
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
            ends: BTreeSet::new(),
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

    /// Finds a session. A stored one that `seen_of` approves of is the caller's from now on, until it is
    /// [connected](Self::connected) or [stored](Self::store) again.
    pub(super) fn take(
        &mut self,
        pid: Pid,
        now: Instant,
        seen_of: impl FnOnce(&Stored) -> Option<Seen>,
    ) -> Found {
        if let Some(socket) = self.live.get(&pid) {
            return Found::Live(socket.clone());
        }
        let stored = self.stored.get(&pid);
        let stored = stored.filter(|stored| !self.is_over(stored, now));
        let Some(seen) = stored.and_then(seen_of) else {
            return Found::Nothing;
        };
        let Some(stored) = self.stored.remove(&pid) else {
            return Found::Nothing;
        };
        self.ends.remove(&(stored.ended_at, pid));
        self.claimed.insert(pid);
        Found::Stored(Box::new(stored), seen)
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
        self.ends.insert((stored.ended_at, stored.pid));
        self.stored.insert(stored.pid, stored);
        self.expire(now)
    }

    /// Forgets sessions whose time is over, and those that are too many.
    #[must_use = "the log is to forget them"]
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Stored> {
        let mut gone = Vec::new();
        while let Some(&(ended_at, pid)) = self.ends.first() {
            let is_over = now.saturating_duration_since(ended_at) > self.max_away;
            if !is_over && self.stored.len() <= self.max_stored {
                break;
            }
            self.ends.pop_first();
            gone.extend(self.stored.remove(&pid));
        }
        gone
    }

    /// When the time of the next stored session is over, if there is one and it ends at all.
    pub(super) fn next_end(&self) -> Option<Instant> {
        let (ended_at, _) = self.ends.first()?;
        ended_at.checked_add(self.max_away)
    }

    pub(super) fn stored(&self) -> impl Iterator<Item = &Stored> {
        self.stored.values()
    }

    fn is_over(&self, stored: &Stored, now: Instant) -> bool {
        now.saturating_duration_since(stored.ended_at) > self.max_away
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Audience;
    use super::super::offset::Position;
    use super::*;
    use crate::id::SocketId;
    use crate::socket::SocketData;

    /// A session whose client left then.
    fn stored(ended_at: Instant) -> Stored {
        Stored {
            pid: Pid::random(),
            audience: Audience {
                id: SocketId::random(),
                rooms: Default::default(),
            },
            data: SocketData::default().save(),
            lacks_typed_data: false,
            start: Position(0),
            last_sent: Position(0),
            ended_at_head: Position(0),
            ended_at,
            ledger: None,
        }
    }

    fn pids(gone: Vec<Stored>) -> Vec<Pid> {
        gone.into_iter().map(|stored| stored.pid).collect()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_longest_away_go_in_whatever_order_they_were_stored() {
        let start = Instant::now();
        let mut sessions = Sessions::new(2, 10 * MINUTE);
        let left = [2, 0, 1].map(|minutes| stored(start + minutes * MINUTE));
        let [last, first, middle] = left.each_ref().map(|stored| stored.pid);
        let now = start + 5 * MINUTE;
        let [a, b, c] = left;

        assert_eq!(pids(sessions.store(a, now)), []);
        assert_eq!(pids(sessions.store(b, now)), []);
        assert_eq!(pids(sessions.store(c, now)), [first]);
        let over = pids(sessions.expire(start + 12 * MINUTE));
        assert_eq!(over, [middle]);
        let over = pids(sessions.expire(start + 13 * MINUTE));
        assert_eq!(over, [last]);
    }

    #[test]
    fn a_session_that_is_claimed_in_vain_again_and_again_takes_up_no_more_room() {
        let now = Instant::now();
        let mut sessions = Sessions::new(2, MINUTE);
        let session = stored(now);
        let pid = session.pid;
        assert_eq!(pids(sessions.store(session, now)), []);

        for _ in 0..3 {
            let refused = sessions.take(pid, now, |_| None);
            assert!(matches!(refused, Found::Nothing));
            let Found::Stored(session, _) = sessions.take(pid, now, |_| Some(Seen::default()))
            else {
                panic!("it is there");
            };
            assert!(sessions.has_stored() && sessions.knows(pid, now));
            assert_eq!(pids(sessions.store(*session, now)), []);
        }

        assert_eq!((sessions.ends.len(), sessions.stored.len()), (1, 1));
        assert!(sessions.claimed.is_empty());
    }
}
