//! Decoded packets, whatever parser they came through.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::args::Args;
use crate::text::Data;
use crate::{AckId, ArgError, EventName};

/// What a packet is for.
///
/// Whether it has attachments is no part of its kind: the types 5 and 6 of the text form are
/// [`Event`](Self::Event) and [`Ack`](Self::Ack).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol closes the list")]
pub enum PacketKind {
    /// Asks to join a namespace, or says that it is joined.
    Connect,
    /// Leaves a namespace.
    Disconnect,
    /// An event with its arguments.
    Event,
    /// The answer to an event that carried an id.
    Ack,
    /// A refused CONNECT.
    ConnectError,
}

impl PacketKind {
    /// The name of the kind, as in `"disconnect"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Event => "event",
            Self::Ack => "ack",
            Self::ConnectError => "connect error",
        }
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A complete packet, attachments included, whose data was checked by the decoder.
///
/// It borrows the frame it was decoded from; [`into_owned`](Self::into_owned) copies what is
/// borrowed.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    pub(crate) kind: PacketKind,
    pub(crate) namespace: Cow<'a, str>,
    pub(crate) ack: Option<AckId>,
    pub(crate) data: Data<'a>,
}

impl<'a> Packet<'a> {
    /// What the packet is for.
    pub fn kind(&self) -> PacketKind {
        self.kind
    }

    /// The name of the namespace, with its leading slash: `"/"` if the packet names none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The id that joins an event with its acknowledgement.
    pub fn ack(&self) -> Option<AckId> {
        self.ack
    }

    /// The name of an event; `None` for other kinds and for an event without data, which peers
    /// may send and which nobody can listen to.
    pub fn event(&self) -> Option<EventName<'_>> {
        if self.kind == PacketKind::Event {
            self.data.event_name()
        } else {
            None
        }
    }

    /// A reader of the arguments of an event, without its name, or of an acknowledgement. There
    /// are none in the other kinds.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.data, usize::from(self.kind == PacketKind::Event))
    }

    /// Reads the whole data: the object of a CONNECT or CONNECT_ERROR, or the array of an event
    /// or acknowledgement. `None` if the packet has no data.
    ///
    /// # Errors
    ///
    /// [`ArgError::Mismatch`] with index 0 if the data is something else than a `T`.
    pub fn data<'p, T: Deserialize<'p>>(&'p self) -> Option<Result<T, ArgError>> {
        if self.data.json().is_empty() {
            return None;
        }
        Some(self.data.read().map_err(|error| ArgError::Mismatch {
            index: 0,
            message: error.to_string(),
        }))
    }

    /// The data as the peer wrote it: JSON, in which placeholders stand for attachments. Empty if
    /// the packet has no data.
    pub fn raw_data(&self) -> &str {
        self.data.json()
    }

    /// The binary parts, in the order of their arrival.
    pub fn attachments(&self) -> &[bytes::Bytes] {
        self.data.attachments()
    }

    /// The same packet for another namespace, whose name has its leading slash.
    ///
    /// # Example
    ///
    /// ```
    /// let packet = roomcast_socketio::Decoder::default().text("0/chat?token=1")?;
    /// let packet = packet.expect("no attachments").with_namespace("/chat");
    /// assert_eq!(packet.namespace(), "/chat");
    /// # Ok::<(), roomcast_socketio::DecodeError>(())
    /// ```
    #[must_use]
    pub fn with_namespace(self, namespace: impl Into<Cow<'a, str>>) -> Self {
        Self {
            namespace: namespace.into(),
            ..self
        }
    }

    /// The same packet with the borrowed text copied.
    pub fn into_owned(self) -> Packet<'static> {
        Packet {
            kind: self.kind,
            namespace: match self.namespace {
                Cow::Borrowed("/") => Cow::Borrowed("/"),
                namespace => Cow::Owned(namespace.into_owned()),
            },
            ack: self.ack,
            data: self.data.into_owned(),
        }
    }
}
