//! The data of packets to be sent, encoded once.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use crate::data::Data;
use crate::{
    CustomEncoded, CustomParser, DecodeError, Decoder, EncodeError, Encoded, EventName, Header,
    Limits, Packet, PacketKind, Parser, encode_ack, encode_event, msgpack,
};

/// The data of an event or of an acknowledgement, ready but for namespace and id.
///
/// It is made outside of the manager, so that no lock is held while a user's type is serialized.
/// Cheap to clone.
///
/// # Example
///
/// ```
/// use roomcast_socketio::Parser;
/// use roomcast_socketio::client::Content;
///
/// let event = Content::event(&Parser::Text, "greet", &("Ada", 36))?;
/// assert_eq!(event.weight(), r#"["greet","Ada",36]"#.len());
/// assert!(Content::event(&Parser::Text, "disconnect", &()).is_err());
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Content {
    parser: Parser,
    /// The array: JSON, in which placeholders stand for the attachments, if the parser is that of the
    /// text form; MessagePack otherwise.
    array: Bytes,
    attachments: Vec<Bytes>,
}

impl Content {
    /// Encodes an event for the manager's [`parser`](super::Manager::parser). A tuple spreads into
    /// several arguments, as do the elements of a [`Spread`](crate::Spread); `()` is no argument;
    /// every other value is one.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ReservedEvent`] for a reserved name, [`EncodeError::Value`] if the arguments
    /// cannot be written.
    pub fn event<'e, T: Serialize + ?Sized>(
        parser: &Parser,
        event: impl Into<EventName<'e>>,
        args: &T,
    ) -> Result<Self, EncodeError> {
        let mut out = Vec::new();
        match parser {
            Parser::Text => {
                let attachments = encode_event(&mut out, NOWHERE, event, args)?;
                Ok(Self::of_text(out, attachments))
            }
            parser => {
                msgpack::encode_data(&mut out, event, args)?;
                Ok(Self::of_array(parser, out))
            }
        }
    }

    /// Encodes an acknowledgement. Parser and arguments are as those of [`event`](Self::event).
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the arguments cannot be written.
    pub fn ack<T: Serialize + ?Sized>(parser: &Parser, args: &T) -> Result<Self, EncodeError> {
        let mut out = Vec::new();
        match parser {
            Parser::Text => {
                let attachments = encode_ack(&mut out, NOWHERE, args)?;
                Ok(Self::of_text(out, attachments))
            }
            parser => {
                msgpack::encode_ack_data(&mut out, args)?;
                Ok(Self::of_array(parser, out))
            }
        }
    }

    /// What it counts towards a buffer's limit, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let attachments = self.attachments.iter().map(Bytes::len);
        self.array.len() + attachments.sum::<usize>()
    }

    /// Appends the packet to `out`.
    pub(super) fn encode(
        &self,
        out: &mut Vec<u8>,
        kind: PacketKind,
        header: Header<'_>,
    ) -> Result<Encoded, EncodeError> {
        match &self.parser {
            Parser::Text => {
                self.write_text(out, kind, header);
                Ok(Encoded::Text(self.attachments.clone()))
            }
            Parser::MessagePack => {
                msgpack::encode_written(out, kind, header, &self.array)?;
                Ok(Encoded::Binary)
            }
            Parser::Custom(parser) => self.encode_custom(&**parser, kind, header),
        }
    }

    /// The packet as its receiver decodes it.
    pub(super) fn to_packet(
        &self,
        kind: PacketKind,
        header: Header<'_>,
    ) -> Result<Packet<'static>, DecodeError> {
        let limits = Limits {
            max_depth: Limits::default().max_depth,
            ..Limits::NONE
        };
        if matches!(self.parser, Parser::Text) {
            return self.decode_text(kind, header, limits);
        }
        let buffer = msgpack::Buffer::Shared(self.array.clone());
        Ok(Packet {
            kind,
            namespace: Cow::Owned(header.namespace.to_owned()),
            ack: header.ack,
            data: Data::MessagePack(msgpack::parse_data(kind, buffer, &limits)?),
        })
    }

    fn encode_custom(
        &self,
        parser: &dyn CustomParser,
        kind: PacketKind,
        header: Header<'_>,
    ) -> Result<Encoded, EncodeError> {
        let packet = self.to_packet(kind, header);
        let packet = packet.map_err(|error| EncodeError::Value {
            message: error.to_string(),
        })?;
        let messages = parser.encode(&packet)?;
        Ok(Encoded::Custom(Box::new(CustomEncoded {
            packet,
            messages,
        })))
    }

    fn write_text(&self, out: &mut Vec<u8>, kind: PacketKind, header: Header<'_>) {
        out.reserve(self.array.len() + header.namespace.len() + MAX_NUMBERS);
        match self.attachments.len() {
            0 => out.push(b'0' + kind.number()),
            count => {
                // The types with attachments, 5 and 6, follow those without in the same order.
                out.push(b'3' + kind.number());
                out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
                out.push(b'-');
            }
        }
        if header.namespace != "/" {
            out.extend_from_slice(header.namespace.as_bytes());
            out.push(b',');
        }
        if let Some(ack) = header.ack {
            ack.write(out);
        }
        out.extend_from_slice(&self.array);
    }

    fn decode_text(
        &self,
        kind: PacketKind,
        header: Header<'_>,
        limits: Limits,
    ) -> Result<Packet<'static>, DecodeError> {
        let mut text = Vec::new();
        self.write_text(&mut text, kind, header);
        let text = String::from_utf8_lossy(&text);
        let mut decoder = Decoder::new(limits);
        let mut packet = decoder.text(&text)?.map(Packet::into_owned);
        for attachment in &self.attachments {
            packet = decoder.binary_owned(attachment.clone())?;
        }
        packet.ok_or(DecodeError::InvalidPayload)
    }

    fn of_text(packet: Vec<u8>, attachments: Vec<Bytes>) -> Self {
        let packet = Bytes::from(packet);
        // Invariant: the data of both kinds is an array, and no bracket stands before it.
        let array = packet.iter().position(|&byte| byte == b'[');
        let array = array.expect("the data is an array");
        Self {
            parser: Parser::Text,
            array: packet.slice(array..),
            attachments,
        }
    }

    fn of_array(parser: &Parser, array: Vec<u8>) -> Self {
        Self {
            parser: parser.clone(),
            array: array.into(),
            attachments: Vec::new(),
        }
    }
}

/// The header of which nothing is kept.
const NOWHERE: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

/// Type, count of attachments, id, and what separates them.
const MAX_NUMBERS: usize = 44;
