//! Joining and leaving rooms.

use roomcast::{Reply, Socket, State};
use serde::Serialize;

use super::limited::Room;
use super::presence::Presence;
use super::refused::{refused, unreadable};
use super::{Answer, Argument};

/// The rooms of a socket after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Rooms {
    rooms: Vec<String>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its parameters"
)]
pub(super) fn join(
    socket: Socket,
    presence: State<Presence>,
    room: Argument<Room>,
) -> Answer<Rooms> {
    let room = room.map_err(unreadable)?;
    if !socket.is_in(room.as_str()) && joined(&socket).len() >= MAX_ROOMS {
        return Err(refused(format_args!(
            "you are in {MAX_ROOMS} rooms, the most there may be"
        )));
    }
    socket.join(room.as_str());
    presence.changed();
    Ok(Reply(Rooms {
        rooms: joined(&socket),
    }))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its parameters"
)]
pub(super) fn leave(
    socket: Socket,
    presence: State<Presence>,
    room: Argument<Room>,
) -> Answer<Rooms> {
    let room = room.map_err(unreadable)?;
    if room.as_str() != socket.id().as_str() {
        socket.leave(room.as_str());
    }
    presence.changed();
    Ok(Reply(Rooms {
        rooms: joined(&socket),
    }))
}

/// The rooms that a socket has joined: all but the one of its own id.
pub(super) fn joined(socket: &Socket) -> Vec<String> {
    let id = socket.id();
    let rooms = socket
        .rooms()
        .into_iter()
        .filter(|room| **room != *id.as_str());
    rooms.map(|room| room.to_string()).collect()
}

/// The most rooms that one socket may join.
const MAX_ROOMS: usize = 50;
