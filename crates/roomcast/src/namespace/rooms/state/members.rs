//! The members of a namespace by number, and what each has in its rooms.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::RoomName;
use crate::id::SocketId;
use crate::socket::Socket;

/// All members, for broadcasts to the whole namespace.
///
/// A member's number is its place in the lists. It stays until somebody [leaves](Self::remove) the
/// namespace.
#[derive(Default)]
pub(super) struct Members {
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
pub(super) struct Membership {
    /// The member is in the room of its own id, and how many of `rooms` it joined before that.
    own_room: Option<u32>,
    pub(super) rooms: Vec<Place>,
}

/// Invariant: the list of `room` has the member that holds this place at `index`.
pub(super) struct Place {
    pub(super) room: RoomName,
    pub(super) index: usize,
}

/// What a member had in a room.
pub(super) enum Had {
    OwnRoom,
    Place(usize),
}

/// A member that is none any more.
pub(crate) struct Former {
    _socket: Socket,
    _membership: Membership,
}

impl Members {
    /// All of them, by number.
    pub(super) fn sockets(&self) -> &[Socket] {
        &self.everyone
    }

    pub(super) fn socket(&self, number: usize) -> &Socket {
        &self.everyone[number]
    }

    pub(super) fn membership(&self, number: usize) -> &Membership {
        &self.memberships[number]
    }

    /// The member with its lists of rooms.
    pub(super) fn member_mut(&mut self, number: usize) -> (&Socket, &mut Membership) {
        (&self.everyone[number], &mut self.memberships[number])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Socket, &Membership)> {
        self.everyone.iter().zip(&self.memberships)
    }

    pub(super) fn number_of(&self, id: &SocketId) -> Option<usize> {
        let is_it = |number: &u32| self.everyone[*number as usize].own_id() == id;
        let number = self.numbers.find(self.hasher.hash_one(id), is_it);
        number.map(|number| *number as usize)
    }

    pub(super) fn add(&mut self, socket: &Socket) -> usize {
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

    /// Notes that a member has left a room, and tells what it had there.
    pub(super) fn leave(&mut self, number: usize, room: &RoomName) -> Option<Had> {
        let (socket, membership) = self.member_mut(number);
        membership.leave(socket.own_id(), room)
    }

    /// Takes the member out of the lists; its number goes to the last one.
    pub(super) fn remove(&mut self, id: &SocketId) -> Option<(Socket, Membership)> {
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

    /// Notes where a member is now in the list of `room`.
    pub(super) fn moved(&mut self, socket: &Socket, room: &RoomName, index: usize) {
        let number = self.number_of(socket.own_id());
        let number = number.expect("every socket in a room is a member");
        let places = &mut self.memberships[number].rooms;
        let place = places.iter_mut().find(|place| place.room == *room);
        place.expect("a room's members know the room").index = index;
    }
}

impl Membership {
    pub(super) fn is_in_own_room(&self) -> bool {
        self.own_room.is_some()
    }

    /// How many of `rooms` come before the room of the member's own id.
    pub(super) fn before_own_room(&self) -> usize {
        self.own_room.map_or(usize::MAX, |before| before as usize)
    }

    /// Whether they are of a socket with this id that is in this room.
    pub(super) fn are_in(&self, id: &SocketId, room: &RoomName) -> bool {
        match room.is_id(id) {
            true => self.own_room.is_some(),
            false => self.rooms.iter().any(|place| place.room == *room),
        }
    }

    pub(super) fn join_own_room(&mut self) {
        self.own_room = Some(u32::try_from(self.rooms.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn leave_own_room(&mut self) -> bool {
        self.own_room.take().is_some()
    }

    pub(super) fn join(&mut self, place: Place) {
        // Most members are in one room besides their own.
        self.rooms.reserve_exact(usize::from(self.rooms.is_empty()));
        self.rooms.push(place);
    }

    /// Forgets a room, and tells what the member, whose id this is, had there.
    pub(super) fn leave(&mut self, id: &SocketId, room: &RoomName) -> Option<Had> {
        if room.is_id(id) {
            return self.leave_own_room().then_some(Had::OwnRoom);
        }
        let index = self.rooms.iter().position(|place| place.room == *room)?;
        if index < self.before_own_room() {
            self.own_room = self.own_room.map(|before| before - 1);
        }
        Some(Had::Place(self.rooms.remove(index).index))
    }
}

impl Former {
    pub(super) fn new(socket: Socket, membership: Membership) -> Self {
        Self {
            _socket: socket,
            _membership: membership,
        }
    }
}
