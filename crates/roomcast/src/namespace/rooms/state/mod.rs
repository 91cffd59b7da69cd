//! The lists behind the rooms of a namespace.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

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
    /// All members, for broadcasts to the whole namespace.
    everyone: Vec<Socket>,
    /// Invariant: `memberships[n]` are those of `everyone[n]`.
    memberships: Vec<Membership>,
    /// Where each member is in both lists.
    // Cost: the id is read at the socket, which is who is looked for; a copy of it here made an idle
    // socket 60 bytes larger.
    numbers: HashTable<u32>,
    hasher: RandomState,
}

#[derive(Default)]
struct Membership {
    /// The member is in the room of its own id, and how many of `rooms` it joined before that.
    own_room: Option<u32>,
    rooms: Vec<Place>,
}

/// A member that is none any more.
pub(crate) struct Former {
    _socket: Socket,
    _membership: Membership,
}

/// Invariant: `rooms[room][index]` is the member that holds this place.
struct Place {
    room: RoomName,
    index: usize,
}

impl Membership {
    /// How many of `rooms` come before the room of the member's own id.
    fn before_own_room(&self) -> usize {
        self.own_room.map_or(usize::MAX, |before| before as usize)
    }

    /// Whether they are of a socket with this id that is in this room.
    fn are_in(&self, id: &SocketId, room: &RoomName) -> bool {
        match room.is_id(id) {
            true => self.own_room.is_some(),
            false => self.rooms.iter().any(|place| place.room == *room),
        }
    }
}

impl State {
    pub(crate) fn join(&mut self, socket: &Socket, room: &RoomName, events: &mut Events) {
        let id = socket.own_id();
        let is_new = events.is_some() && self.members_of(room).next().is_none();
        let number = self.number_of(id).unwrap_or_else(|| self.add(socket));
        let membership = &mut self.memberships[number];
        if membership.are_in(id, room) {
            return;
        }
        if room.is_id(id) {
            membership.own_room = Some(u32::try_from(membership.rooms.len()).unwrap_or(u32::MAX));
        } else {
            let sockets = self.rooms.entry(room.clone()).or_default();
            // Most members are in one room besides their own.
            membership
                .rooms
                .reserve_exact(usize::from(membership.rooms.is_empty()));
            membership.rooms.push(Place {
                room: room.clone(),
                index: sockets.len(),
            });
            sockets.push(self.everyone[number].clone());
        }
        note(events, is_new, |room| RoomEvent::Create { room }, room);
        let joined = |room| RoomEvent::Join {
            room,
            id: id.clone(),
        };
        note(events, true, joined, room);
    }

    pub(super) fn leave(&mut self, id: &SocketId, room: &RoomName, events: &mut Events) {
        let Some(number) = self.number_of(id) else {
            return;
        };
        let member = &mut self.memberships[number];
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
    pub(crate) fn leave_all(&mut self, id: &SocketId, events: &mut Events) -> Option<Former> {
        let (socket, mut member) = self.remove(id)?;
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
        Some(Former {
            _socket: socket,
            _membership: member,
        })
    }

    fn add(&mut self, socket: &Socket) -> usize {
        let number = self.everyone.len();
        if number == self.everyone.capacity() {
            // Cost: lists of thousands that grow to the double hold much that nobody is in.
            self.everyone.reserve_exact(number / 4 + 8);
            self.memberships.reserve_exact(number / 4 + 8);
        }
        self.everyone.push(socket.clone());
        self.memberships.push(Membership::default());
        let (everyone, hasher) = (&self.everyone, &self.hasher);
        let hash = |number: &u32| hasher.hash_one(everyone[*number as usize].own_id());
        let short = u32::try_from(number).expect("a server has fewer sockets than 4 billion");
        self.numbers.insert_unique(hash(&short), short, hash);
        number
    }

    /// Takes the member out of the lists of all; its place there goes to the last one.
    fn remove(&mut self, id: &SocketId) -> Option<(Socket, Membership)> {
        let everyone = &self.everyone;
        let is_it = |number: &u32| everyone[*number as usize].own_id() == id;
        let entry = self.numbers.find_entry(self.hasher.hash_one(id), is_it);
        let (place, _) = entry.ok()?.remove();
        let last = self.everyone.len() - 1;
        if place as usize != last {
            let hash = self.hasher.hash_one(self.everyone[last].own_id());
            let moved = self
                .numbers
                .find_mut(hash, |number| *number as usize == last);
            *moved.expect("every member has a number") = place;
        }
        let socket = self.everyone.swap_remove(place as usize);
        Some((socket, self.memberships.swap_remove(place as usize)))
    }

    fn number_of(&self, id: &SocketId) -> Option<usize> {
        let is_it = |number: &u32| self.everyone[*number as usize].own_id() == id;
        let number = self.numbers.find(self.hasher.hash_one(id), is_it);
        number.map(|number| *number as usize)
    }

    fn membership(&self, id: &SocketId) -> Option<&Membership> {
        self.number_of(id).map(|number| &self.memberships[number])
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
            let number = self.number_of(&moved);
            let number = number.expect("every socket in a room is a member");
            let places = &mut self.memberships[number].rooms;
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

    /// Calls `visit` for each selected socket once.
    ///
    /// Cost: together with `visit`, wherever the compiler puts either; apart it is 22 instructions
    /// more for each receiver.
    #[inline]
    pub(crate) fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&Socket)) {
        let excluded = self.excluded(&selection.except);
        match selection.rooms.as_slice() {
            [] => walk(&self.everyone, |socket| {
                if !excluded.contains(socket) {
                    visit(socket);
                }
            }),
            [room] => {
                let (owner, listed) = self.places_of(room);
                owner
                    .into_iter()
                    .filter(|socket| !excluded.contains(socket))
                    .for_each(&mut visit);
                walk(listed, |socket| {
                    if !excluded.contains(socket) {
                        visit(socket);
                    }
                });
            }
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

    /// The members of a room.
    pub(super) fn members_of(&self, room: &RoomName) -> impl Iterator<Item = &Socket> {
        let (owner, listed) = self.places_of(room);
        owner.into_iter().chain(listed)
    }

    /// Whose id the room bears, if it is one, and those who are listed.
    fn places_of(&self, room: &RoomName) -> (Option<&Socket>, &[Socket]) {
        let owner = match room {
            RoomName::Id(id) => self.number_of(id),
            RoomName::Text(_) => None,
        };
        let owner = owner
            .filter(|number| self.memberships[*number].own_room.is_some())
            .map(|number| &self.everyone[number]);
        (owner, self.rooms.get(room).map_or(&[], Vec::as_slice))
    }

    pub(crate) fn socket(&self, id: &SocketId) -> Option<&Socket> {
        self.number_of(id).map(|number| &self.everyone[number])
    }

    /// The rooms of a socket, in the order in which it joined them.
    pub(crate) fn room_names_of(&self, id: &SocketId) -> Vec<RoomName> {
        let Some(member) = self.membership(id) else {
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
        let membership = self.membership(id);
        membership.is_some_and(|membership| membership.are_in(id, room))
    }

    /// Whether others than the socket whose id the room bears, if it bears one, are members.
    pub(super) fn is_listed(&self, room: &RoomName) -> bool {
        self.rooms.contains_key(room)
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let members = self.everyone.iter().zip(&self.memberships);
        let own = members.filter_map(|(socket, membership)| {
            let id = socket.own_id();
            let is_listed = || self.rooms.contains_key(&RoomName::Id(id.clone()));
            (membership.own_room.is_some() && !is_listed()).then(|| id.as_str().into())
        });
        self.rooms
            .keys()
            .map(RoomName::to_shared)
            .chain(own)
            .collect()
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

/// Calls `visit` for each socket in order.
///
/// Cost: sockets lie anywhere in memory. The processor fetches those of one step side by side, where
/// the locks of `visit` would make it fetch one after the other.
#[inline]
fn walk(sockets: &[Socket], mut visit: impl FnMut(&Socket)) {
    for step in sockets.chunks(STEP) {
        if step.len() > 1 {
            step.iter().for_each(Socket::look_at);
        }
        step.iter().for_each(&mut visit);
    }
}

/// As many sockets as the processor fetches at a time.
const STEP: usize = 16;

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
