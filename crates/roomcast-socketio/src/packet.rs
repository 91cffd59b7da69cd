//! Decoded packets, whatever parser they came through.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::args::Args;
use crate::data::Data;
use crate::{AckId, ArgError, DecodeError, EventName, Header, Limits, msgpack};

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

impl PacketKind {
    /// The number of the kind on the wire: the `type` of a packet in JavaScript.
    pub fn number(self) -> u8 {
        match self {
            Self::Connect => 0,
            Self::Disconnect => 1,
            Self::Event => 2,
            Self::Ack => 3,
            Self::ConnectError => 4,
        }
    }

    /// The kind of this number.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::PacketKind;
    ///
    /// assert_eq!(PacketKind::of_number(2), Some(PacketKind::Event));
    /// assert_eq!(PacketKind::Event.number(), 2);
    /// assert_eq!(PacketKind::of_number(5), None);
    /// ```
    pub fn of_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Connect,
            1 => Self::Disconnect,
            2 => Self::Event,
            3 => Self::Ack,
            4 => Self::ConnectError,
            _ => return None,
        })
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A complete packet, attachments included, whose data was checked by the decoder.
///
/// It keeps its data in the form in which it came, and reads the same way whichever parser that
/// was. It borrows the message it was decoded from; [`into_owned`](Self::into_owned) copies what is
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
        if self.data.is_empty() {
            return None;
        }
        Some(self.data.read().map_err(|error| ArgError::Mismatch {
            index: 0,
            message: error.to_string(),
        }))
    }

    /// The data as the peer wrote it in text form: JSON, in which placeholders stand for
    /// attachments. Empty if the packet has no data, or came in another form:
    /// [`data`](Self::data) reads a [`Raw`](crate::Raw) from any.
    pub fn raw_data(&self) -> &str {
        match &self.data {
            Data::Text(data) => data.json(),
            Data::MessagePack(_) => "",
        }
    }

    /// The binary parts of a packet in text form, in the order of their arrival. Empty for other
    /// forms, in which binary values stand in the data itself.
    pub fn attachments(&self) -> &[Bytes] {
        match &self.data {
            Data::Text(data) => data.attachments(),
            Data::MessagePack(_) => &[],
        }
    }

    /// How many bytes the packet's namespace and data take, binary parts included.
    pub fn weight(&self) -> usize {
        self.namespace.len() + self.data.weight()
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

impl Packet<'static> {
    /// Makes a packet, as the decoder of a [`CustomParser`](crate::CustomParser) does from what it
    /// has read.
    ///
    /// `data` is the array of an event, its name and then its arguments; the array of an
    /// acknowledgement; the object of a CONNECT, or `null` for none; the object or text of a
    /// CONNECT_ERROR; `null` for a DISCONNECT.
    ///
    /// # Errors
    ///
    /// [`DecodeError::InvalidPayload`] if `data` is not what this kind of packet carries, or cannot
    /// be written; [`DecodeError::TooDeep`] if it is nested deeper than the default [`Limits`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::{Header, Packet, PacketKind, value};
    ///
    /// let main = Header { namespace: "/", ack: None };
    /// let packet = Packet::new(PacketKind::Event, main, &value!(["greet", "Ada"]))?;
    /// assert_eq!(packet.event().expect("checked"), "greet");
    /// assert_eq!(packet.args().read(), Ok("Ada".to_owned()));
    ///
    /// assert!(Packet::new(PacketKind::Event, main, &value!({})).is_err());
    /// # Ok::<(), roomcast_socketio::DecodeError>(())
    /// ```
    pub fn new<T: Serialize + ?Sized>(
        kind: PacketKind,
        header: Header<'_>,
        data: &T,
    ) -> Result<Self, DecodeError> {
        let data = msgpack::to_vec(data).map_err(|_| DecodeError::InvalidPayload)?;
        let limits = Limits {
            max_depth: Limits::default().max_depth,
            ..Limits::NONE
        };
        let buffer = msgpack::Buffer::Shared(data.into());
        let data = msgpack::parse_data(kind, buffer, &limits)?;
        Ok(Self {
            kind,
            namespace: Cow::Owned(header.namespace.to_owned()),
            ack: header.ack,
            data: Data::MessagePack(data),
        })
    }
}
