//! The lists behind the rooms of a namespace.

mod members;
mod selected;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use self::members::{Former, Members, Place};
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
    members: Members,
}

impl State {
    pub(crate) fn join(&mut self, socket: &Socket, room: &RoomName, events: &mut Events) {
        let number = self.members.number_of(socket.own_id());
        let number = number.unwrap_or_else(|| self.members.add(socket));
        self.join_as(number, room, events);
    }

    /// Makes the member with this number a member of `room`.
    fn join_as(&mut self, number: usize, room: &RoomName, events: &mut Events) {
        let is_new = events.is_some() && self.members_of(room).next().is_none();
        let (socket, membership) = self.members.member_mut(number);
        let id = socket.own_id();
        if membership.are_in(id, room) {
            return;
        }
        if room.is_id(id) {
            membership.join_own_room();
        } else {
            let sockets = self.rooms.entry(room.clone()).or_default();
            membership.join(Place {
                room: room.clone(),
                index: sockets.len(),
            });
            sockets.push(socket.clone());
        }
        note(events, is_new, |room| RoomEvent::Create { room }, room);
        let joined = |room| RoomEvent::Join {
            room,
            id: id.clone(),
        };
        note(events, true, joined, room);
    }

    pub(super) fn leave(&mut self, id: &SocketId, room: &RoomName, events: &mut Events) {
        if let Some(number) = self.members.number_of(id) {
            self.leave_each(&[number], std::slice::from_ref(room), events);
        }
    }

    /// Takes the member out of every room, in the order in which it joined them.
    pub(crate) fn leave_all(&mut self, id: &SocketId, events: &mut Events) -> Option<Former> {
        let (socket, mut member) = self.members.remove(id)?;
        let before = member.before_own_room();
        for (index, place) in std::mem::take(&mut member.rooms).iter().enumerate() {
            if index == before && member.leave_own_room() {
                self.left(id, &RoomName::Id(id.clone()), 0, events);
            }
            self.close_gaps(&place.room, &mut [place.index]);
            self.left(id, &place.room, 0, events);
        }
        if member.leave_own_room() {
            self.left(id, &RoomName::Id(id.clone()), 0, events);
        }
        Some(Former::new(socket, member))
    }

    /// Gives the places in a room that members have left to the last ones who are still there.
    fn close_gaps(&mut self, room: &RoomName, gaps: &mut [usize]) {
        let sockets = self.rooms.get_mut(room).expect("a member's rooms exist");
        if gaps.len() == sockets.len() {
            self.rooms.remove(room);
            return;
        }
        // Invariant: from the last, so who moves into a gap has not left.
        gaps.sort_unstable_by(|one, other| other.cmp(one));
        for gap in gaps {
            sockets.swap_remove(*gap);
            if let Some(moved) = sockets.get(*gap) {
                self.members.moved(moved, room, *gap);
            }
        }
    }

    /// Notes that a member has left `room`, whose list has `gaps` still.
    fn left(&self, id: &SocketId, room: &RoomName, gaps: usize, events: &mut Events) {
        let left = |room| RoomEvent::Leave {
            room,
            id: id.clone(),
        };
        note(events, true, left, room);
        let is_empty = events.is_some() && self.members_of(room).nth(gaps).is_none();
        note(events, is_empty, |room| RoomEvent::Delete { room }, room);
    }

    /// The members of a room.
    pub(super) fn members_of(&self, room: &RoomName) -> impl Iterator<Item = &Socket> {
        let (owner, listed) = self.places_of(room);
        owner.into_iter().chain(listed)
    }

    /// Whose id the room bears, if it is one, and those who are listed.
    fn places_of(&self, room: &RoomName) -> (Option<&Socket>, &[Socket]) {
        let owner = match room {
            RoomName::Id(id) => self.members.number_of(id),
            RoomName::Text(_) => None,
        };
        let owner = owner
            .filter(|number| self.members.membership(*number).is_in_own_room())
            .map(|number| self.members.socket(number));
        (owner, self.rooms.get(room).map_or(&[], Vec::as_slice))
    }

    pub(crate) fn socket(&self, id: &SocketId) -> Option<&Socket> {
        let number = self.members.number_of(id);
        number.map(|number| self.members.socket(number))
    }

    /// The member with this number.
    pub(super) fn member(&self, number: usize) -> &Socket {
        self.members.socket(number)
    }

    /// The rooms of a socket, in the order in which it joined them.
    pub(crate) fn room_names_of(&self, id: &SocketId) -> Vec<RoomName> {
        let Some(number) = self.members.number_of(id) else {
            return Vec::new();
        };
        let member = self.members.membership(number);
        let mut rooms: Vec<_> = member
            .rooms
            .iter()
            .map(|place| place.room.clone())
            .collect();
        if member.is_in_own_room() {
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
        let number = self.members.number_of(id);
        number.is_some_and(|number| self.members.membership(number).are_in(id, room))
    }

    /// Whether others than the socket whose id the room bears, if it bears one, are members.
    pub(super) fn is_listed(&self, room: &RoomName) -> bool {
        self.rooms.contains_key(room)
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let own = self.members.iter().filter_map(|(socket, membership)| {
            let id = socket.own_id();
            let is_listed = || self.rooms.contains_key(&RoomName::Id(id.clone()));
            (membership.is_in_own_room() && !is_listed()).then(|| id.as_str().into())
        });
        self.rooms
            .keys()
            .map(RoomName::to_shared)
            .chain(own)
            .collect()
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
