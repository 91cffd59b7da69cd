//! What is about to be sent, whatever parser writes it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::{AckId, EncodeError, EventName};

/// Where an event or acknowledgement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name of the namespace with its leading slash, `"/"` for the main one.
    pub namespace: &'a str,
    /// Of an event: the id under which it wants an answer. Of an acknowledgement: the event's id.
    pub ack: Option<AckId>,
}

/// An event that is to be encoded by [`Parser::encode_event`](crate::Parser::encode_event).
///
/// # Example
///
/// ```
/// use roomcast_socketio::{EventPacket, Header, Parser};
///
/// let header = Header { namespace: "/", ack: None };
/// let event = EventPacket::new(header, "move", &("e4", 1.5));
/// let mut out = Vec::new();
/// Parser::Text.encode_event(&mut out, &event)?;
/// assert_eq!(out, br#"2["move","e4",1.5]"#);
///
/// out.clear();
/// Parser::Text.encode_event(&mut out, &event.with_offset("z8"))?;
/// assert_eq!(out, br#"2["move","e4",1.5,"z8"]"#);
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct EventPacket<'a, T: ?Sized> {
    pub(crate) header: Header<'a>,
    pub(crate) event: EventName<'a>,
    pub(crate) args: &'a T,
    pub(crate) offset: Option<&'a str>,
}

impl<'a, T: Serialize + ?Sized> EventPacket<'a, T> {
    /// An event of this name. A tuple spreads into several arguments, as do the elements of a
    /// [`Spread`](crate::Spread); `()` is no argument; every other value is one.
    #[inline]
    pub fn new(header: Header<'a>, event: impl Into<EventName<'a>>, args: &'a T) -> Self {
        Self {
            header,
            event: event.into(),
            args,
            offset: None,
        }
    }

    /// The same event with a text behind its arguments: the offset by which a client asks for what
    /// it has missed.
    #[must_use]
    pub fn with_offset(self, offset: &'a str) -> Self {
        Self {
            offset: Some(offset),
            ..self
        }
    }

    #[inline]
    pub(crate) fn check_name(&self) -> Result<(), EncodeError> {
        if self.event.is_reserved() {
            return Err(EncodeError::ReservedEvent {
                name: self.event.to_text().into_owned(),
            });
        }
        Ok(())
    }
}

/// The data of a CONNECT_ERROR.
pub(crate) struct Refusal<'a, T: ?Sized> {
    pub(crate) message: &'a str,
    pub(crate) data: Option<&'a T>,
}

impl<T: Serialize + ?Sized> Serialize for Refusal<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + usize::from(self.data.is_some())))?;
        map.serialize_entry("message", self.message)?;
        if let Some(data) = self.data {
            map.serialize_entry("data", data)?;
        }
        map.end()
    }
}
