//! A client's session: what of it a socket carries, and what is kept while the client is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use roomcast_socketio::Value;

use super::keeper::Keeper;
use super::ledger::Ledger;
use super::log::Audience;
use super::offset::{Epoch, Position, Seen};
use super::pid::Pid;
use crate::id::SocketId;
use crate::socket::SavedData;

/// What a socket knows of its session.
pub(crate) struct Ticket {
    pid: Pid,
    /// The newest position when the session began: where a client stands that has seen no packet.
    start: AtomicU64,
    /// The newest packet that was sent to the socket; 0 if there was none.
    last_sent: AtomicU64,
    is_recovered: bool,
    ledger: Option<Arc<Ledger>>,
}

impl Ticket {
    /// For a client whose session begins.
    pub(super) fn new(ledger: Option<Arc<Ledger>>) -> Self {
        Self {
            pid: Pid::random(),
            start: AtomicU64::new(0),
            last_sent: AtomicU64::new(0),
            is_recovered: false,
            ledger,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn is_recovered(&self) -> bool {
        self.is_recovered
    }

    pub(crate) fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    pub(super) fn start(&self) -> Position {
        Position(self.start.load(Ordering::Relaxed))
    }

    /// Notes that a packet of the log is on its way to the client.
    pub(crate) fn note_sent(&self, position: Position) {
        self.last_sent.store(position.0, Ordering::Relaxed);
    }

    pub(super) fn last_sent(&self) -> Position {
        Position(self.last_sent.load(Ordering::Relaxed))
    }

    /// Set once, before anybody can send to the socket.
    pub(super) fn begin(&self, start: Position) {
        self.start.store(start.0, Ordering::Relaxed);
    }
}

/// A session whose client is away.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) pid: Pid,
    pub(crate) audience: Audience,
    pub(crate) data: SavedData,
    /// Values that no file can hold belonged to the session, and are not in `data`: the middleware
    /// has to make them again.
    pub(crate) lacks_typed_data: bool,
    pub(crate) start: Position,
    /// The newest packet that was sent to the client, whether or not it arrived.
    pub(crate) last_sent: Position,
    /// The newest packet of the namespace when the client's connection ended.
    pub(crate) ended_at_head: Position,
    pub(crate) ended_at: Instant,
    pub(crate) ledger: Option<Arc<Ledger>>,
}

impl Stored {
    /// Where the replay begins for a client that has seen this much; `None` if a packet for it may
    /// be lost.
    pub(super) fn replay_from(&self, seen: Position, trimmed: Position) -> Option<Position> {
        replay_from(seen, (self.last_sent, self.ended_at_head), trimmed)
    }

    pub(super) fn ticket(&self) -> Ticket {
        Ticket {
            pid: self.pid,
            start: AtomicU64::new(self.start.0),
            last_sent: AtomicU64::new(0),
            is_recovered: true,
            ledger: self.ledger.clone(),
        }
    }
}

/// Where the replay begins for a client that has seen this much, to which `last_sent` was sent last
/// when its connection ended at `ended_at_head`; `None` if a packet for it may be lost.
///
/// Invariant: positions are compared, never searched, so the position of a client to which nothing
/// was sent for long is as good as any.
pub(super) fn replay_from(
    seen: Position,
    (last_sent, ended_at_head): (Position, Position),
    trimmed: Position,
) -> Option<Position> {
    if seen >= last_sent {
        // Whatever came up to the end of the connection was for others.
        let from = seen.max(ended_at_head);
        return (from >= trimmed).then_some(from);
    }
    (seen >= trimmed).then_some(seen)
}

/// What a client says who wants its session back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) pid: Pid,
    /// `None` if the client has seen no packet yet.
    seen: Option<Seen>,
}

impl Claim {
    /// Reads the `auth` object of a CONNECT.
    ///
    /// COMPAT: the client leaves `offset` out until it has received an event.
    pub(super) fn read(epoch: Epoch, auth: &Value) -> Option<Self> {
        let pid = Pid::parse(auth.get("pid")?.as_str()?)?;
        let seen = match auth.get("offset") {
            None | Some(Value::Null) => None,
            Some(offset) => Some(epoch.read(offset.as_str()?)?),
        };
        Some(Self { pid, seen })
    }

    /// What the client has seen of a session that began at `start`, in a log that has come to
    /// `head`; `None` if that cannot be.
    pub(super) fn seen(&self, start: Position, head: Position) -> Option<Seen> {
        let seen = self.seen.unwrap_or_else(|| start.into());
        (start..=head).contains(&seen.position).then_some(seen)
    }
}

/// A session that one client has claimed. Unless the client is let in, it goes back.
pub(crate) struct Reclaimed {
    keeper: Arc<Keeper>,
    stored: Option<Stored>,
    seen: Seen,
}

impl Reclaimed {
    pub(super) fn new(keeper: Arc<Keeper>, stored: Stored, seen: Seen) -> Self {
        Self {
            keeper,
            stored: Some(stored),
            seen,
        }
    }

    pub(crate) fn id(&self) -> SocketId {
        self.stored().audience.id.clone()
    }

    pub(crate) fn data(&self) -> &SavedData {
        &self.stored().data
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.stored().ticket()
    }

    /// Whether the middleware need not be asked again.
    pub(crate) fn may_skip_middleware(&self) -> bool {
        self.keeper.options().skips_middleware && !self.stored().lacks_typed_data
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    pub(super) fn stored(&self) -> &Stored {
        self.stored.as_ref().expect("taken when it is dropped only")
    }

    /// The client is let in: the session is its own again.
    pub(super) fn consume(mut self) -> Option<Stored> {
        self.stored.take()
    }
}

impl Drop for Reclaimed {
    fn drop(&mut self) {
        if let Some(stored) = self.stored.take() {
            self.keeper.put_back(stored);
        }
    }
}
