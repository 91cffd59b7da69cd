//! The name of a room, in a form that costs nothing for the rooms of single sockets.

use std::sync::Arc;

use crate::id::{RandomId, SocketId};

/// The name of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RoomName {
    /// Invariant: 20 characters of base64url, and no such name is a `Text`.
    Id(SocketId),
    Text(Arc<str>),
}

impl RoomName {
    pub(crate) fn to_shared(&self) -> Arc<str> {
        match self {
            Self::Id(id) => id.as_str().into(),
            Self::Text(text) => Arc::clone(text),
        }
    }

    /// Whether this is the room of the socket with this id, in a form that costs nothing.
    pub(crate) fn is_id(&self, id: &SocketId) -> bool {
        matches!(self, Self::Id(own) if own == id)
    }
}

impl From<&str> for RoomName {
    fn from(name: &str) -> Self {
        RandomId::parse(name).map_or_else(|| Self::Text(name.into()), |id| Self::Id(id.into()))
    }
}

impl From<Arc<str>> for RoomName {
    fn from(name: Arc<str>) -> Self {
        match RandomId::parse(&name) {
            Some(id) => Self::Id(id.into()),
            None => Self::Text(name),
        }
    }
}

impl From<SocketId> for RoomName {
    fn from(id: SocketId) -> Self {
        match id.as_other_text() {
            Some(text) => Self::Text(Arc::clone(text)),
            None => Self::Id(id),
        }
    }
}
