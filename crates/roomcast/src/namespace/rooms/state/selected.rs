//! What is done with many members at once: those that a broadcast means.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::members::Had;
use super::{Events, RoomName, Selection, State};
use crate::id::SocketId;
use crate::socket::Socket;

impl State {
    /// Calls `visit` for each selected socket once.
    ///
    /// Cost: together with `visit`, wherever the compiler puts either; apart it is 22 instructions
    /// more for each receiver.
    #[inline]
    pub(crate) fn for_each(&self, selection: &Selection, mut visit: impl FnMut(&Socket)) {
        let excluded = self.excluded(&selection.except);
        match selection.rooms.as_slice() {
            [] => walk(self.members.sockets(), |socket| {
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

    /// The numbers of the selected members that are connected.
    pub(in crate::namespace::rooms) fn connected(&self, selection: &Selection) -> Vec<usize> {
        let mut numbers = Vec::new();
        if selection.rooms.is_empty() {
            let excluded = self.excluded(&selection.except);
            let mut number = 0..;
            walk(self.members.sockets(), |socket| {
                let number = number.next();
                if socket.is_connected() && !excluded.contains(socket) {
                    numbers.extend(number);
                }
            });
        } else {
            self.for_each(selection, |socket| {
                if socket.is_connected() {
                    numbers.extend(self.members.number_of(socket.own_id()));
                }
            });
        }
        numbers
    }

    /// Makes members, by number, members of `rooms`.
    pub(in crate::namespace::rooms) fn join_each(
        &mut self,
        numbers: &[usize],
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        for number in numbers {
            for room in rooms {
                self.join_as(*number, room, events);
            }
        }
    }

    /// Takes members, by number, out of `rooms`.
    ///
    /// Cost: the gaps in a room's list are closed once, when all have left. One after the other, each
    /// gap would go to a member that is looked for by its id, and mostly is the next to leave.
    pub(in crate::namespace::rooms) fn leave_each(
        &mut self,
        numbers: &[usize],
        rooms: &[RoomName],
        events: &mut Events,
    ) {
        // In the order of `rooms`; one room and one member are the most frequent.
        let mut gaps: SmallVec<[SmallVec<[usize; 2]>; 1]> = SmallVec::new();
        gaps.resize_with(rooms.len(), SmallVec::new);
        for number in numbers {
            for (room, gaps) in rooms.iter().zip(&mut gaps) {
                match self.members.leave(*number, room) {
                    None => continue,
                    Some(Had::OwnRoom) => {}
                    Some(Had::Place(index)) => gaps.push(index),
                }
                let id = self.members.socket(*number).own_id();
                self.left(id, room, gaps.len(), events);
            }
        }
        for (room, gaps) in rooms.iter().zip(&mut gaps) {
            if !gaps.is_empty() {
                self.close_gaps(room, gaps);
            }
        }
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
