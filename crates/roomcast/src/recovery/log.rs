//! What a namespace keeps for clients that come back: the trait behind its implementations.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::Instant;

use foldhash::fast::RandomState;
use indexmap::IndexSet;

use super::error::LogError;
use super::offset::{Epoch, Position};
use super::pid::Pid;
use super::session::Stored;
use super::stamped::{Overtaken, Stamped};
use crate::id::SocketId;
use crate::namespace::{RoomName, RoomsState, Selection};
use crate::socket::Socket;

/// The packets of one namespace in the order in which they were emitted, and the sessions of its
/// clients if they are to outlive the process.
///
/// The caller holds the lock of the namespace's rooms while it appends, so positions have the order
/// in which packets reach each receiver. A log that is not [immediate](Self::is_immediate) decides
/// when they may: whatever leaves is handed to [`release`](Self::release), in order.
///
/// A log that spans a cluster implements the same: it gives positions, calls what it was asked to
/// release when the packet has come back from the cluster, and adds the packets of other servers to
/// its own copy.
pub(crate) trait Log: Send + Sync {
    /// What the offsets of this log begin with.
    fn epoch(&self) -> Epoch;

    /// The position of the newest packet.
    fn head(&self) -> Position;

    /// The newest position whose packet is not kept any more.
    fn trimmed(&self) -> Position;

    /// Gives the packet its position, stamps it and keeps it.
    ///
    /// # Errors
    ///
    /// [`NotAppended`]: nothing has changed.
    fn append(&self, target: Target, packet: &mut Stamped) -> Result<Position, NotAppended>;

    /// Shows the packets behind `after` up to `until`, the oldest first.
    fn read(&self, after: Position, until: Position, visit: &mut dyn FnMut(Position, &Entry));

    /// Shows the packets up to `until`, the newest first, until told to stop.
    fn read_back(&self, until: Position, visit: &mut Visit<'_>);

    /// Whether everything may leave at once, now and always.
    fn is_immediate(&self) -> bool {
        true
    }

    /// Whether so much waits to be released that what need not wait should not.
    fn is_overfull(&self) -> bool {
        false
    }

    /// Calls `release` when everything that was appended before may leave; at once if it may.
    fn release(&self, release: Release) {
        release();
    }

    /// Keeps the session of a client, as it is now.
    fn save(&self, _session: &SessionRecord<'_>) {}

    /// Forgets a session.
    fn forget(&self, _pid: Pid) {}

    /// Forgets everything, these sessions too: nobody uses the namespace any more. What is kept
    /// later is forgotten at once.
    fn purge(&self, _sessions: Vec<Pid>) {}

    /// The sessions that an earlier process has left.
    fn left_sessions(&self) -> Vec<Stored> {
        Vec::new()
    }

    /// Waits until everything that was appended is as safe as this log makes it.
    fn settled(&self) -> Settled {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Why a packet was not appended.
#[derive(Debug)]
pub(crate) enum NotAppended {
    /// It was encoded for a position that another packet has now.
    Overtaken,
    /// Too much waits to be written.
    #[cfg_attr(
        not(feature = "redb"),
        expect(dead_code, reason = "memory waits for nobody")
    )]
    Full,
}

impl From<Overtaken> for NotAppended {
    fn from(_: Overtaken) -> Self {
        Self::Overtaken
    }
}

/// What leaves when the log allows it.
pub(crate) type Release = Box<dyn FnOnce() + Send>;

pub(crate) type Settled = Pin<Box<dyn Future<Output = Result<(), LogError>> + Send>>;

/// Looks at a packet, and says whether to go on.
pub(crate) type Visit<'a> = dyn FnMut(Position, &Entry) -> ControlFlow<()> + 'a;

/// A packet that is kept.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) emitted_at: Instant,
    pub(crate) target: Target,
    pub(crate) packet: Stamped,
}

impl Entry {
    /// What the entry adds to the log, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let frames = self.packet.packet().frames();
        size_of::<Self>() + frames.iter().map(crate::engine::Frame::len).sum::<usize>()
    }
}

/// For whom a packet is.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// For one socket, in whatever rooms it is.
    Socket(SocketId),
    /// For one socket: the packet at this position once more, from the history of a room.
    Copy(SocketId, Position),
    Selected(Selection),
}

impl Target {
    /// Where the packet is of which this one is a copy.
    pub(crate) fn original(&self) -> Option<Position> {
        match self {
            Self::Copy(_, original) => Some(*original),
            Self::Socket(_) | Self::Selected(_) => None,
        }
    }
}

/// Which packets are for a client: its id, and its rooms when its connection ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Audience {
    pub(crate) id: SocketId,
    pub(crate) rooms: IndexSet<RoomName, RandomState>,
}

impl Audience {
    /// A socket and the rooms it is in.
    pub(crate) fn of(state: &RoomsState, socket: &Socket) -> Self {
        Self {
            id: socket.id(),
            rooms: state.room_names_of(socket.own_id()).into_iter().collect(),
        }
    }

    pub(crate) fn is_left_out(&self, target: &Target) -> bool {
        match target {
            Target::Socket(_) | Target::Copy(..) => false,
            Target::Selected(selection) => selection
                .except
                .iter()
                .any(|room| self.rooms.contains(room)),
        }
    }

    pub(crate) fn is_meant_by(&self, target: &Target) -> bool {
        match target {
            Target::Socket(id) | Target::Copy(id, _) => *id == self.id,
            Target::Selected(Selection { rooms, .. }) => {
                let is_in = |room: &RoomName| self.rooms.contains(room);
                (rooms.is_empty() || rooms.iter().any(is_in)) && !self.is_left_out(target)
            }
        }
    }
}

/// A session as it is written down.
#[cfg_attr(
    not(feature = "redb"),
    expect(dead_code, reason = "only a log that outlives the process reads it")
)]
pub(crate) struct SessionRecord<'a> {
    pub(crate) pid: Pid,
    pub(crate) audience: &'a Audience,
    pub(crate) data: &'a roomcast_socketio::Value,
    pub(crate) has_typed_data: bool,
    pub(crate) start: Position,
    /// What was last sent to the client, and the newest packet then; `None` while it is connected.
    pub(crate) end: Option<(Position, Position)>,
}
