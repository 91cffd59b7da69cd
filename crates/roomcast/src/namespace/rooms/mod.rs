//! The in-memory adapter: who is in which room, laid out for broadcasting.

mod into_rooms;
mod name;
mod state;

use std::sync::Arc;

use parking_lot::Mutex;

pub use into_rooms::IntoRooms;
pub(crate) use into_rooms::RoomNames;
pub(crate) use name::RoomName;
pub(crate) use state::State;

use crate::cluster::RoomInterest;
use crate::id::SocketId;
use crate::recovery::Keeper;
use crate::socket::{DisconnectReason, Socket};

/// The rooms of one namespace.
pub(crate) struct Rooms {
    /// Keeps what clients miss, if the server is to.
    keeper: Option<Arc<Keeper>>,
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
    pub(crate) fn new(keeper: Option<Arc<Keeper>>) -> Self {
        Self {
            keeper,
            state: Mutex::default(),
        }
    }

    pub(crate) fn keeper(&self) -> Option<&Arc<Keeper>> {
        self.keeper.as_ref()
    }

    /// Does something that has its place among the broadcasts and the changes of the rooms.
    ///
    /// `act` runs under the lock: it may only queue.
    pub(crate) fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock())
    }

    /// Notes what has changed for a socket, where that must outlive the process.
    fn changed(&self, state: &State, socket: &Socket) {
        if let Some(keeper) = &self.keeper {
            keeper.save_live(state, socket);
        }
    }

    /// Makes `socket` a member of `rooms`.
    pub(crate) fn join(&self, socket: &Socket, rooms: &[RoomName], events: &mut Events) {
        let mut state = self.state.lock();
        // Invariant: checked under the lock, so that a socket that leaves all rooms stays out.
        if socket.may_join() {
            for room in rooms {
                state.join(socket, room, events);
            }
            self.changed(&state, socket);
        }
    }

    pub(crate) fn leave(&self, socket: &Socket, room: &RoomName, events: &mut Events) {
        let mut state = self.state.lock();
        // The client may have come back, with the id of a socket that is gone.
        if socket.may_join() {
            state.leave(socket.own_id(), room, events);
            self.changed(&state, socket);
        }
    }

    /// Makes all selected sockets that are connected members of `rooms`.
    ///
    /// Cost: the lock is taken once; ten thousand sockets hold it for 0.7 ms, and for 1.3 ms when they
    /// leave. One after the other, and by their ids, they left in 3 ms.
    pub(crate) fn join_selected(
        &self,
        selection: &Selection,
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        self.change_selected(selection, |state, numbers| {
            state.join_each(numbers, rooms, events);
        });
    }

    /// Takes all selected sockets that are connected out of `rooms`. The cost is that of
    /// [`join_selected`](Self::join_selected).
    pub(crate) fn leave_selected(
        &self,
        selection: &Selection,
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        self.change_selected(selection, |state, numbers| {
            state.leave_each(numbers, rooms, events);
        });
    }

    fn change_selected(&self, selection: &Selection, change: impl FnOnce(&mut State, &[usize])) {
        let mut state = self.state.lock();
        let numbers = state.connected(selection);
        change(&mut state, &numbers);
        if self.keeper.is_some() {
            let sockets = numbers.iter().map(|number| state.member(*number));
            sockets.for_each(|socket| self.changed(&state, socket));
        }
    }

    /// Takes the socket out of every room.
    pub(crate) fn leave_all(&self, id: &SocketId, events: &mut Events) {
        // Invariant: dropped without the lock; the socket may be the last handle of much.
        let member = self.state.lock().leave_all(id, events);
        drop(member);
    }

    /// Takes a socket that was connected out of every room; its client may be awaited.
    pub(crate) fn retire(&self, socket: &Socket, reason: DisconnectReason, events: &mut Events) {
        let mut state = self.state.lock();
        let session = self
            .keeper
            .as_ref()
            .and_then(|keeper| keeper.end(&state, socket, reason));
        let member = state.leave_all(socket.own_id(), events);
        // Invariant: who comes back finds the place of its id free.
        let gone = self
            .keeper
            .as_ref()
            .map(|keeper| keeper.keep(socket, session));
        drop(state);
        // Invariant: dropped without the lock; they may be the last handles of much.
        drop((member, gone));
    }

    /// Calls `visit` for each selected socket once.
    ///
    /// `visit` runs under the lock: it may only queue.
    #[inline]
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

    /// Whether a bus with this interest is to hear of a room: it has members, or a client that is away
    /// has missed what it gets.
    pub(crate) fn is_wanted(&self, room: &RoomName, interest: RoomInterest) -> bool {
        let state = self.state.lock();
        let has_members = match interest {
            RoomInterest::All => state.members_of(room).next().is_some(),
            RoomInterest::Shared => state.is_listed(room),
            _ => false,
        };
        // Invariant: under the lock, so a socket that leaves or comes back is one or the other.
        let keeper = self.keeper.as_ref();
        has_members || keeper.is_some_and(|keeper| keeper.awaits_room(room))
    }

    /// The names of all rooms, the rooms of single sockets' ids included.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.state.lock().names()
    }
}
