//! The name of a room, in a form that costs nothing for the rooms of single sockets.

use std::sync::Arc;

use crate::id::SocketId;

/// The name of a room. One that has the form of a [`SocketId`] is always an `Id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RoomName {
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
}

impl From<&str> for RoomName {
    fn from(name: &str) -> Self {
        name.parse()
            .map_or_else(|_| Self::Text(name.into()), Self::Id)
    }
}

impl From<Arc<str>> for RoomName {
    fn from(name: Arc<str>) -> Self {
        name.parse().map_or(Self::Text(name), Self::Id)
    }
}

impl From<SocketId> for RoomName {
    fn from(id: SocketId) -> Self {
        Self::Id(id)
    }
}
