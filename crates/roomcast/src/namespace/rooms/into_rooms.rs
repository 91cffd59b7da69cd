//! Names of rooms, in the forms that callers have them.

use std::sync::Arc;

use smallvec::SmallVec;

use super::RoomName;
use crate::id::SocketId;

/// Rooms by name; mostly one.
pub(crate) type RoomNames = SmallVec<[RoomName; 1]>;

/// Names one room or several: a text, a [`SocketId`], or a list of them.
///
/// # Example
///
/// ```
/// use roomcast::{Server, SocketId};
///
/// let io = Server::new();
/// io.to("lobby").emit("event", ());
/// io.to(format!("user:{}", 7)).emit("event", ());
/// io.to(["red", "blue"]).emit("event", ());
/// io.to(vec!["red".to_owned()]).emit("event", ());
///
/// let id: SocketId = "wNhZbJYd3vWdGhFZAAAB".parse()?;
/// io.to(id).emit("event", ()); // to one socket
/// # Ok::<(), roomcast::InvalidSocketId>(())
/// ```
///
/// Spec: features 2.20, 2.22.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no room",
    note = "a room is a text or a `SocketId`; several rooms are an array, a slice or a `Vec` of them; a number is named by `number.to_string()`"
)]
pub trait IntoRooms {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames;
}

impl IntoRooms for &str {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.into()])
    }
}

impl IntoRooms for SocketId {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.into()])
    }
}

impl IntoRooms for &SocketId {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.clone().into()])
    }
}

impl IntoRooms for Arc<str> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.into()])
    }
}

impl IntoRooms for String {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.as_str().into()])
    }
}

impl IntoRooms for &String {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        RoomNames::from_buf([self.as_str().into()])
    }
}

impl<T: IntoRooms> IntoRooms for Vec<T> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: IntoRooms, const N: usize> IntoRooms for [T; N] {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: IntoRooms + Clone> IntoRooms for &[T] {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        self.iter()
            .cloned()
            .flat_map(IntoRooms::into_rooms)
            .collect()
    }
}

impl<T: IntoRooms + Clone> IntoRooms for &Vec<T> {
    #[expect(private_interfaces, reason = "hidden, called in this crate only")]
    fn into_rooms(self) -> RoomNames {
        self.as_slice().into_rooms()
    }
}
