//! Who is in which room.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use super::Namespace;
use super::rooms::{Events, RoomName, Rooms, Selection, State as RoomsState};
use crate::id::SocketId;
use crate::socket::Socket;

impl Namespace {
    pub(crate) fn join(&self, socket: &Socket, rooms: &[RoomName]) {
        self.change_rooms(|all, events| all.join(socket, rooms, events));
    }

    pub(crate) fn leave(&self, socket: &Socket, room: &RoomName) {
        self.change_rooms(|rooms, events| rooms.leave(socket, room, events));
    }

    /// Does something that has its place among the broadcasts and the changes of the rooms. `act`
    /// may only queue.
    pub(crate) fn in_order<R>(&self, act: impl FnOnce(&mut RoomsState, &mut Events) -> R) -> R {
        let mut result = None;
        self.change_rooms(|rooms, events| {
            result = Some(rooms.locked(|state| act(state, events)));
        });
        result.expect("the change was made")
    }

    pub(crate) fn join_selected(&self, selection: &Selection, rooms: &[RoomName]) {
        self.change_rooms(|all, events| all.join_selected(selection, rooms, events));
    }

    pub(crate) fn leave_selected(&self, selection: &Selection, rooms: &[RoomName]) {
        self.change_rooms(|all, events| all.leave_selected(selection, rooms, events));
    }

    pub(crate) fn leave_all(&self, id: &SocketId) {
        self.change_rooms(|rooms, events| rooms.leave_all(id, events));
    }

    pub(crate) fn rooms_of(&self, id: &SocketId) -> Vec<Arc<str>> {
        self.0.rooms.of(id)
    }

    pub(crate) fn is_member(&self, id: &SocketId, room: &str) -> bool {
        self.0.rooms.is_member(id, &room.into())
    }

    /// Changes the rooms and tells the hooks, where there are any.
    pub(super) fn change_rooms(&self, change: impl FnOnce(&Rooms, &mut Events)) {
        let hooks = self.0.room_hooks.read().clone();
        let link = self.link().filter(|link| link.wants_rooms());
        let mut events = (!hooks.is_empty() || link.is_some()).then(Vec::new);
        change(&self.0.rooms, &mut events);
        if let Some(link) = link {
            link.note_rooms(events.iter().flatten());
        }
        for event in events.iter().flatten() {
            for hook in &hooks {
                // The hook runs wherever rooms change, in sessions' tasks too.
                if std::panic::catch_unwind(AssertUnwindSafe(|| hook(event))).is_err() {
                    tracing::error!(?event, "a room hook panicked");
                }
            }
        }
    }
}
