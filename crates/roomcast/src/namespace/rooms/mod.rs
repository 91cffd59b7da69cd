//! The in-memory adapter: who is in which room, laid out for broadcasting.

mod into_rooms;
mod name;
mod state;

use std::sync::Arc;

use parking_lot::Mutex;

pub use into_rooms::IntoRooms;
pub(crate) use into_rooms::RoomNames;
pub(crate) use name::RoomName;
use state::State;

use crate::id::SocketId;
use crate::socket::Socket;

/// The rooms of one namespace.
#[derive(Default)]
pub(crate) struct Rooms {
    // Lock order: before a session's mailbox. No user code runs while it is held.
    state: Mutex<State>,
}

/// What has changed, where somebody wants to know.
pub(crate) type Events = Option<Vec<RoomEvent>>;

/// A change of the rooms, told to the namespace's [`on_room`](crate::Namespace::on_room) hooks.
///
/// # Example
///
/// ```
/// use roomcast::{RoomEvent, Server};
///
/// let io = Server::new();
/// io.on_room(|event| match event {
///     RoomEvent::Create { room } => println!("{room} is there"),
///     RoomEvent::Join { room, id } => println!("{id} joined {room}"),
///     RoomEvent::Leave { room, id } => println!("{id} left {room}"),
///     RoomEvent::Delete { room } => println!("{room} is gone"),
///     _ => {}
/// });
/// ```
///
/// Spec: features 2.21.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// The room has its first member.
    Create {
        /// The room.
        room: Arc<str>,
    },
    /// The room has lost its last member.
    Delete {
        /// The room.
        room: Arc<str>,
    },
    /// A socket is a member now.
    Join {
        /// The room.
        room: Arc<str>,
        /// The new member.
        id: SocketId,
    },
    /// A socket is no member any more.
    Leave {
        /// The room.
        room: Arc<str>,
        /// The former member.
        id: SocketId,
    },
}

/// Which sockets a broadcast means: the members of any of `rooms` (all sockets if it is empty) that
/// are in none of `except`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) rooms: RoomNames,
    pub(crate) except: RoomNames,
}

impl Rooms {
    /// Makes `socket` a member of `rooms`.
    pub(crate) fn join(&self, socket: &Socket, rooms: &[RoomName], events: &mut Events) {
        let mut state = self.state.lock();
        // Invariant: checked under the lock, so that a socket that leaves all rooms stays out.
        if socket.may_join() {
            for room in rooms {
                state.join(socket, room, events);
            }
        }
    }

    pub(crate) fn leave(&self, id: &SocketId, room: &RoomName, events: &mut Events) {
        self.state.lock().leave(id, room, events);
    }

    /// Makes all selected sockets that are connected members of `rooms`.
    ///
    /// Cost: the lock is taken once; ten thousand sockets hold it for one or two milliseconds.
    pub(crate) fn join_selected(
        &self,
        selection: &Selection,
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        let mut state = self.state.lock();
        let sockets = state.connected_of(selection);
        for socket in &sockets {
            for room in rooms {
                state.join(socket, room, events);
            }
        }
        // Invariant: dropped without the lock; a socket may be the last handle of much.
        drop(state);
    }

    /// Takes all selected sockets that are connected out of `rooms`. The cost is that of
    /// [`join_selected`](Self::join_selected).
    pub(crate) fn leave_selected(
        &self,
        selection: &Selection,
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        let mut state = self.state.lock();
        let sockets = state.connected_of(selection);
        for socket in &sockets {
            for room in rooms {
                state.leave(socket.own_id(), room, events);
            }
        }
        drop(state);
    }

    /// Takes the socket out of every room.
    pub(crate) fn leave_all(&self, id: &SocketId, events: &mut Events) {
        // Invariant: dropped without the lock; the socket may be the last handle of much.
        let member = self.state.lock().leave_all(id, events);
        drop(member);
    }

    /// Calls `visit` for each selected socket once.
    ///
    /// `visit` runs under the lock: it may only queue.
    pub(crate) fn for_each(&self, selection: &Selection, visit: impl FnMut(&Socket)) {
        self.state.lock().for_each(selection, visit);
    }

    pub(crate) fn select(&self, selection: &Selection) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.for_each(selection, |socket| sockets.push(socket.clone()));
        sockets
    }

    /// The socket of this id, unless it has left all rooms.
    pub(crate) fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.state.lock().socket(id).cloned()
    }

    /// The rooms of a socket, in the order in which it joined them.
    pub(crate) fn of(&self, id: &SocketId) -> Vec<Arc<str>> {
        self.state.lock().rooms_of(id)
    }

    pub(crate) fn is_member(&self, id: &SocketId, room: &RoomName) -> bool {
        self.state.lock().is_member(id, room)
    }

    /// The number of members, 0 for a room that does not exist.
    pub(crate) fn len(&self, room: &RoomName) -> usize {
        self.state.lock().members_of(room).count()
    }

    /// Whether others than the socket whose id the room bears, if it bears one, are members.
    pub(crate) fn is_listed(&self, room: &RoomName) -> bool {
        self.state.lock().is_listed(room)
    }

    /// The names of all rooms, the rooms of single sockets' ids included.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.state.lock().names()
    }
}
