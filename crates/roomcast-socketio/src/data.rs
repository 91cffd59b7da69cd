//! The data of a decoded packet, in the form in which it came.

use serde::Deserialize;

use crate::{EventName, msgpack, text};

/// Invariant: the parser whose form it is has checked it.
#[derive(Clone, Debug)]
pub(crate) enum Data<'a> {
    Text(text::Data<'a>),
    MessagePack(msgpack::Data<'a>),
}

impl Data<'_> {
    /// Whether the packet has no data.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(data) => data.json().is_empty(),
            Self::MessagePack(data) => data.is_empty(),
        }
    }

    /// The bytes of the data, binary parts included.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(data) => {
                let attachments = data.attachments().iter().map(bytes::Bytes::len);
                data.json().len() + attachments.sum::<usize>()
            }
            Self::MessagePack(data) => data.weight(),
        }
    }

    /// The number of elements of the array.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(data) => data.len(),
            Self::MessagePack(data) => data.len(),
        }
    }

    /// The first element of the array, which for events was checked to be a name.
    #[inline]
    pub(crate) fn event_name(&self) -> Option<EventName<'_>> {
        match self {
            Self::Text(data) => data.event_name(),
            Self::MessagePack(data) => data.event_name(),
        }
    }

    /// Reads an element of the array.
    #[inline]
    pub(crate) fn read_element<'d, T: Deserialize<'d>>(
        &'d self,
        index: usize,
    ) -> Option<serde_json::Result<T>> {
        match self {
            Self::Text(data) => data.read_element(index),
            Self::MessagePack(data) => data.read_element(index),
        }
    }

    /// Reads the whole data, which is an error if there is none.
    pub(crate) fn read<'d, T: Deserialize<'d>>(&'d self) -> serde_json::Result<T> {
        match self {
            Self::Text(data) => data.read(),
            Self::MessagePack(data) => data.read(),
        }
    }

    pub(crate) fn into_owned(self) -> Data<'static> {
        match self {
            Self::Text(data) => Data::Text(data.into_owned()),
            Self::MessagePack(data) => Data::MessagePack(data.into_owned()),
        }
    }
}
