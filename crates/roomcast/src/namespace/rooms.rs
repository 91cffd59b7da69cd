//! The in-memory adapter: who is in which room, laid out for broadcasting.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::id::SocketId;
use crate::socket::Socket;

/// The rooms of one namespace.
///
/// A room is a dense list of sockets, so a broadcast walks memory in order; each member knows its
/// place in each of its rooms, so leaving costs no search through the room.
#[derive(Default)]
pub(crate) struct Rooms {
    // Lock order: before a session's mailbox. No user code runs while it is held.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: HashMap<Arc<str>, Vec<Socket>, RandomState>,
    members: HashMap<SocketId, Member, RandomState>,
    /// All members, for broadcasts to the whole namespace.
    everyone: Vec<Socket>,
}

struct Member {
    socket: Socket,
    place_in_everyone: usize,
    rooms: Vec<Place>,
}

/// Invariant: `rooms[room][index]` is the member that holds this place.
struct Place {
    room: Arc<str>,
    index: usize,
}

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
    pub(crate) rooms: Vec<Arc<str>>,
    pub(crate) except: Vec<Arc<str>>,
}

impl Rooms {
    /// Makes `socket` a member of `rooms`.
    pub(crate) fn join(&self, socket: &Socket, rooms: &[Arc<str>]) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        let mut state = self.state.lock();
        // Invariant: checked under the lock, so that a socket that leaves all rooms stays out.
        if socket.may_join() {
            for room in rooms {
                state.join(socket, room, &mut events);
            }
        }
        events
    }

    pub(crate) fn leave(&self, id: SocketId, room: &str) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        self.state.lock().leave(id, room, &mut events);
        events
    }

    /// Takes the socket out of every room.
    pub(crate) fn leave_all(&self, id: SocketId) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        let mut state = self.state.lock();
        let Some(member) = state.members.remove(&id) else {
            return events;
        };
        state.everyone.swap_remove(member.place_in_everyone);
        if let Some(moved) = state.everyone.get(member.place_in_everyone).map(Socket::id) {
            state.member_mut(moved).place_in_everyone = member.place_in_everyone;
        }
        for place in member.rooms {
            state.vacate(id, &place, &mut events);
        }
        events
    }

    /// Calls `visit` for each selected socket once.
    ///
    /// `visit` runs under the lock: it may only queue.
    pub(crate) fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&Socket)) {
        let state = self.state.lock();
        let excluded = state.excluded(&selection.except);
        match selection.rooms.as_slice() {
            [] => state
                .everyone
                .iter()
                .filter(|socket| !excluded.contains(socket))
                .for_each(visit),
            [room] => {
                let members = state.rooms.get(room).map_or(&[][..], Vec::as_slice);
                members
                    .iter()
                    .filter(|socket| !excluded.contains(socket))
                    .for_each(visit);
            }
            rooms => {
                let mut seen = HashSet::with_hasher(RandomState::default());
                for socket in rooms
                    .iter()
                    .filter_map(|room| state.rooms.get(room))
                    .flatten()
                {
                    if !excluded.contains(socket) && seen.insert(socket.id()) {
                        visit(socket);
                    }
                }
            }
        }
    }

    pub(crate) fn select(&self, selection: &Selection) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.for_each(selection, |socket| sockets.push(socket.clone()));
        sockets
    }

    /// The socket of this id, unless it has left all rooms.
    pub(crate) fn socket(&self, id: SocketId) -> Option<Socket> {
        self.state
            .lock()
            .members
            .get(&id)
            .map(|member| member.socket.clone())
    }

    /// The rooms of a socket, in the order in which it joined them.
    pub(crate) fn of(&self, id: SocketId) -> Vec<Arc<str>> {
        let state = self.state.lock();
        let member = state.members.get(&id);
        member.map_or_else(Vec::new, |member| {
            member
                .rooms
                .iter()
                .map(|place| Arc::clone(&place.room))
                .collect()
        })
    }

    pub(crate) fn is_member(&self, id: SocketId, room: &str) -> bool {
        let state = self.state.lock();
        state
            .members
            .get(&id)
            .is_some_and(|member| member.rooms.iter().any(|place| &*place.room == room))
    }

    /// The number of members, 0 for a room that does not exist.
    pub(crate) fn len(&self, room: &str) -> usize {
        self.state.lock().rooms.get(room).map_or(0, Vec::len)
    }

    /// The names of all rooms, the rooms of single sockets' ids included.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.state.lock().rooms.keys().cloned().collect()
    }
}

impl State {
    fn join(&mut self, socket: &Socket, room: &Arc<str>, events: &mut Vec<RoomEvent>) {
        let id = socket.id();
        let everyone = &mut self.everyone;
        let member = self.members.entry(id).or_insert_with(|| {
            everyone.push(socket.clone());
            Member {
                socket: socket.clone(),
                place_in_everyone: everyone.len() - 1,
                rooms: Vec::new(),
            }
        });
        if member.rooms.iter().any(|place| place.room == *room) {
            return;
        }
        let (room, sockets) = match self.rooms.get_key_value(room) {
            Some((known, _)) => {
                let known = Arc::clone(known);
                (
                    Arc::clone(&known),
                    self.rooms
                        .get_mut(&known)
                        .expect("the room was found one line above"),
                )
            }
            None => {
                events.push(RoomEvent::Create {
                    room: Arc::clone(room),
                });
                (
                    Arc::clone(room),
                    self.rooms.entry(Arc::clone(room)).or_default(),
                )
            }
        };
        member.rooms.push(Place {
            room: Arc::clone(&room),
            index: sockets.len(),
        });
        sockets.push(member.socket.clone());
        events.push(RoomEvent::Join { room, id });
    }

    fn leave(&mut self, id: SocketId, room: &str, events: &mut Vec<RoomEvent>) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let Some(index) = member.rooms.iter().position(|place| &*place.room == room) else {
            return;
        };
        let place = member.rooms.remove(index);
        self.vacate(id, &place, events);
    }

    /// Fills the place that `id` leaves with the room's last member.
    fn vacate(&mut self, id: SocketId, place: &Place, events: &mut Vec<RoomEvent>) {
        let sockets = self
            .rooms
            .get_mut(&place.room)
            .expect("a member's rooms exist");
        sockets.swap_remove(place.index);
        let moved = sockets.get(place.index).map(Socket::id);
        let is_empty = sockets.is_empty();
        if let Some(moved) = moved {
            let places = &mut self.member_mut(moved).rooms;
            let moved = places
                .iter_mut()
                .find(|other| Arc::ptr_eq(&other.room, &place.room));
            moved.expect("a room's members know the room").index = place.index;
        }
        events.push(RoomEvent::Leave {
            room: Arc::clone(&place.room),
            id,
        });
        if is_empty {
            self.rooms.remove(&place.room);
            events.push(RoomEvent::Delete {
                room: Arc::clone(&place.room),
            });
        }
    }

    fn member_mut(&mut self, id: SocketId) -> &mut Member {
        self.members
            .get_mut(&id)
            .expect("every socket in a room is a member")
    }

    fn excluded(&self, except: &[Arc<str>]) -> Excluded {
        let mut members = except
            .iter()
            .filter_map(|room| self.rooms.get(room))
            .flatten();
        match (members.next(), members.next()) {
            (None, _) => Excluded::Nobody,
            (Some(only), None) => Excluded::One(only.id()),
            (Some(first), Some(second)) => {
                let ids = [first.id(), second.id()]
                    .into_iter()
                    .chain(members.map(Socket::id));
                Excluded::Many(ids.collect())
            }
        }
    }
}

/// Who is left out; mostly nobody or the sender alone.
enum Excluded {
    Nobody,
    One(SocketId),
    Many(HashSet<SocketId, RandomState>),
}

impl Excluded {
    fn contains(&self, socket: &Socket) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(id) => *id == socket.id(),
            Self::Many(ids) => ids.contains(&socket.id()),
        }
    }
}
