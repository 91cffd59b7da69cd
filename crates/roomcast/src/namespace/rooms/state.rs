//! The lists behind the rooms of a namespace.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{Events, RoomEvent, RoomName, Selection};
use crate::id::SocketId;
use crate::socket::Socket;

/// Who is where.
///
/// A room is a dense list of sockets, so a broadcast walks memory in order; each member knows its
/// place in each of its rooms, so leaving costs no search through the room.
///
/// The room of a socket's own id is mostly that socket's alone. It is a mark at the member: no list,
/// no name. What others join under that name is a list like any other, beside the mark.
#[derive(Default)]
pub(crate) struct State {
    /// Invariant: no list is empty.
    rooms: HashMap<RoomName, Vec<Socket>, RandomState>,
    members: HashMap<SocketId, Member, RandomState>,
    /// All members, for broadcasts to the whole namespace.
    everyone: Vec<Socket>,
}

pub(crate) struct Member {
    socket: Socket,
    place_in_everyone: usize,
    /// The member is in the room of its own id, and how many of `rooms` it joined before that.
    own_room: Option<u32>,
    rooms: Vec<Place>,
}

/// Invariant: `rooms[room][index]` is the member that holds this place.
struct Place {
    room: RoomName,
    index: usize,
}

impl Member {
    /// How many of `rooms` come before the room of the member's own id.
    fn before_own_room(&self) -> usize {
        self.own_room.map_or(usize::MAX, |before| before as usize)
    }

    fn is_in(&self, room: &RoomName) -> bool {
        match room.is_id(self.socket.own_id()) {
            true => self.own_room.is_some(),
            false => self.rooms.iter().any(|place| place.room == *room),
        }
    }
}

impl State {
    pub(crate) fn join(&mut self, socket: &Socket, room: &RoomName, events: &mut Events) {
        let id = socket.own_id();
        let is_new = events.is_some() && self.members_of(room).next().is_none();
        let everyone = &mut self.everyone;
        let member = self.members.entry(id.clone()).or_insert_with(|| {
            everyone.push(socket.clone());
            Member {
                socket: socket.clone(),
                place_in_everyone: everyone.len() - 1,
                own_room: None,
                rooms: Vec::new(),
            }
        });
        if member.is_in(room) {
            return;
        }
        if room.is_id(id) {
            member.own_room = Some(u32::try_from(member.rooms.len()).unwrap_or(u32::MAX));
        } else {
            let sockets = self.rooms.entry(room.clone()).or_default();
            // Most members are in one room besides their own.
            member
                .rooms
                .reserve_exact(usize::from(member.rooms.is_empty()));
            member.rooms.push(Place {
                room: room.clone(),
                index: sockets.len(),
            });
            sockets.push(member.socket.clone());
        }
        note(events, is_new, |room| RoomEvent::Create { room }, room);
        let joined = |room| RoomEvent::Join {
            room,
            id: id.clone(),
        };
        note(events, true, joined, room);
    }

    pub(super) fn leave(&mut self, id: &SocketId, room: &RoomName, events: &mut Events) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        if room.is_id(id) {
            if member.own_room.take().is_some() {
                self.left(id, room, events);
            }
            return;
        }
        let Some(index) = member.rooms.iter().position(|place| place.room == *room) else {
            return;
        };
        let place = member.rooms.remove(index);
        if index < member.before_own_room() {
            member.own_room = member.own_room.map(|before| before - 1);
        }
        self.vacate(id, &place, events);
    }

    /// Takes the member out of every room, in the order in which it joined them.
    pub(crate) fn leave_all(&mut self, id: &SocketId, events: &mut Events) -> Option<Member> {
        let mut member = self.members.remove(id)?;
        let place = member.place_in_everyone;
        self.everyone.swap_remove(place);
        if let Some(moved) = self.everyone.get(place).map(Socket::id) {
            self.member_mut(&moved).place_in_everyone = place;
        }
        let before = member.before_own_room();
        for (index, place) in std::mem::take(&mut member.rooms).iter().enumerate() {
            if index == before {
                self.left(id, &RoomName::Id(id.clone()), events);
                member.own_room = None;
            }
            self.vacate(id, place, events);
        }
        if member.own_room.is_some() {
            self.left(id, &RoomName::Id(id.clone()), events);
        }
        Some(member)
    }

    /// Fills the place that `id` leaves with the room's last member.
    fn vacate(&mut self, id: &SocketId, place: &Place, events: &mut Events) {
        let sockets = self
            .rooms
            .get_mut(&place.room)
            .expect("a member's rooms exist");
        sockets.swap_remove(place.index);
        let moved = sockets.get(place.index).map(Socket::id);
        if sockets.is_empty() {
            self.rooms.remove(&place.room);
        }
        if let Some(moved) = moved {
            let places = &mut self.member_mut(&moved).rooms;
            let moved = places.iter_mut().find(|other| other.room == place.room);
            moved.expect("a room's members know the room").index = place.index;
        }
        self.left(id, &place.room, events);
    }

    fn left(&self, id: &SocketId, room: &RoomName, events: &mut Events) {
        let left = |room| RoomEvent::Leave {
            room,
            id: id.clone(),
        };
        note(events, true, left, room);
        let is_empty = events.is_some() && self.members_of(room).next().is_none();
        note(events, is_empty, |room| RoomEvent::Delete { room }, room);
    }

    pub(crate) fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&Socket)) {
        let excluded = self.excluded(&selection.except);
        match selection.rooms.as_slice() {
            [] => self
                .everyone
                .iter()
                .filter(|socket| !excluded.contains(socket))
                .for_each(visit),
            [room] => self
                .members_of(room)
                .filter(|socket| !excluded.contains(socket))
                .for_each(visit),
            rooms => {
                let mut seen = HashSet::with_hasher(RandomState::default());
                for socket in rooms.iter().flat_map(|room| self.members_of(room)) {
                    if !excluded.contains(socket) && seen.insert(socket.own_id()) {
                        visit(socket);
                    }
                }
            }
        }
    }

    pub(super) fn connected_of(&self, selection: &Selection) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.for_each(selection, |socket| {
            if socket.is_connected() {
                sockets.push(socket.clone());
            }
        });
        sockets
    }

    /// The members of a room: whose id it bears, if it is one, and those who are listed.
    pub(super) fn members_of(&self, room: &RoomName) -> impl Iterator<Item = &Socket> {
        let owner = match room {
            RoomName::Id(id) => self.members.get(id),
            RoomName::Text(_) => None,
        };
        let owner = owner
            .filter(|member| member.own_room.is_some())
            .map(|member| &member.socket);
        owner
            .into_iter()
            .chain(self.rooms.get(room).into_iter().flatten())
    }

    pub(crate) fn socket(&self, id: &SocketId) -> Option<&Socket> {
        self.members.get(id).map(|member| &member.socket)
    }

    /// The rooms of a socket, in the order in which it joined them.
    pub(crate) fn room_names_of(&self, id: &SocketId) -> Vec<RoomName> {
        let Some(member) = self.members.get(id) else {
            return Vec::new();
        };
        let mut rooms: Vec<_> = member
            .rooms
            .iter()
            .map(|place| place.room.clone())
            .collect();
        if member.own_room.is_some() {
            rooms.insert(
                member.before_own_room().min(rooms.len()),
                RoomName::Id(id.clone()),
            );
        }
        rooms
    }

    pub(crate) fn rooms_of(&self, id: &SocketId) -> Vec<Arc<str>> {
        let rooms = self.room_names_of(id);
        rooms.iter().map(RoomName::to_shared).collect()
    }

    pub(crate) fn is_member(&self, id: &SocketId, room: &RoomName) -> bool {
        let member = self.members.get(id);
        member.is_some_and(|member| member.is_in(room))
    }

    /// Whether others than the socket whose id the room bears, if it bears one, are members.
    pub(super) fn is_listed(&self, room: &RoomName) -> bool {
        self.rooms.contains_key(room)
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let own = self.members.iter().filter_map(|(id, member)| {
            let is_listed = || self.rooms.contains_key(&RoomName::Id(id.clone()));
            (member.own_room.is_some() && !is_listed()).then(|| id.as_str().into())
        });
        self.rooms
            .keys()
            .map(RoomName::to_shared)
            .chain(own)
            .collect()
    }

    fn member_mut(&mut self, id: &SocketId) -> &mut Member {
        self.members
            .get_mut(id)
            .expect("every socket in a room is a member")
    }

    fn excluded(&self, except: &[RoomName]) -> Excluded<'_> {
        let mut members = except.iter().flat_map(|room| self.members_of(room));
        match (members.next(), members.next()) {
            (None, _) => Excluded::Nobody,
            (Some(only), None) => Excluded::One(only.own_id()),
            (Some(first), Some(second)) => {
                let ids = [first.own_id(), second.own_id()]
                    .into_iter()
                    .chain(members.map(Socket::own_id));
                Excluded::Many(ids.collect())
            }
        }
    }
}

/// Notes a change for those who want to know, if there are any and it happened.
fn note(
    events: &mut Events,
    happened: bool,
    event: impl FnOnce(Arc<str>) -> RoomEvent,
    room: &RoomName,
) {
    if let (Some(events), true) = (events, happened) {
        events.push(event(room.to_shared()));
    }
}

/// Who is left out; mostly nobody or the sender alone.
enum Excluded<'s> {
    Nobody,
    One(&'s SocketId),
    Many(HashSet<&'s SocketId, RandomState>),
}

impl Excluded<'_> {
    // Cost: each receiver of a broadcast asks.
    #[inline]
    fn contains(&self, socket: &Socket) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(id) => *id == socket.own_id(),
            Self::Many(ids) => ids.contains(socket.own_id()),
        }
    }
}
