//! Writing packets, whatever parser does it.

use bytes::Bytes;
use serde::Serialize;

use super::{CustomParser, Message, Parser};
use crate::{EncodeError, EventPacket, Header, Limits, Packet, msgpack, text};

/// What a parser has made of a packet.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle each case")]
pub enum Encoded {
    /// A text message stands in the buffer. These attachments follow as binary messages, with nothing
    /// in between.
    Text(Vec<Bytes>),
    /// A binary message stands in the buffer.
    Binary,
    /// The buffer is as it was; a [`CustomParser`] has made messages of its own.
    Custom(Box<CustomEncoded>),
}

/// What a [`CustomParser`] has made of a packet.
#[derive(Debug)]
#[non_exhaustive]
pub struct CustomEncoded {
    /// The packet.
    pub packet: Packet<'static>,
    /// The messages that carry it, to be sent side by side.
    pub messages: Vec<Message>,
}

impl Parser {
    /// Appends an event to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ReservedEvent`] for a reserved name, [`EncodeError::Value`] if the arguments
    /// cannot be sent. `out` is then as it was.
    #[inline]
    pub fn encode_event<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        event: &EventPacket<'_, T>,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => text::encode_event_packet(out, event).map(Encoded::Text),
            Self::MessagePack => binary(msgpack::encode_event_packet(out, event)),
            Self::Custom(parser) => {
                custom(&**parser, |out| msgpack::encode_event_packet(out, event))
            }
        }
    }

    /// Appends an acknowledgement to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the arguments cannot be sent. `out` is then as it was.
    #[inline]
    pub fn encode_ack<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        header: Header<'_>,
        args: &T,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => text::encode_ack(out, header, args).map(Encoded::Text),
            Self::MessagePack => binary(msgpack::encode_ack(out, header, args)),
            Self::Custom(parser) => custom(&**parser, |out| msgpack::encode_ack(out, header, args)),
        }
    }

    /// Appends the CONNECT of a client. `auth` is an object, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if `auth` cannot be sent. `out` is then as it was.
    pub fn encode_connect<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        namespace: &str,
        auth: Option<&T>,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => plain(text::encode_connect(out, namespace, auth)),
            Self::MessagePack => binary(msgpack::encode_connect(out, namespace, auth)),
            Self::Custom(parser) => custom(&**parser, |out| {
                msgpack::encode_connect(out, namespace, auth)
            }),
        }
    }

    /// Appends the CONNECT with which a server confirms that a namespace is joined: the socket's id
    /// and, if the connection can be recovered, the private id for that.
    ///
    /// # Errors
    ///
    /// What a [`CustomParser`] reports; the others always succeed.
    pub fn encode_connected(
        &self,
        out: &mut Vec<u8>,
        namespace: &str,
        sid: &str,
        pid: Option<&str>,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => {
                text::encode_connected(out, namespace, sid, pid);
                plain(Ok(()))
            }
            Self::MessagePack => {
                msgpack::encode_connected(out, namespace, sid, pid);
                binary(Ok(()))
            }
            Self::Custom(parser) => custom(&**parser, |out| {
                msgpack::encode_connected(out, namespace, sid, pid);
                Ok(())
            }),
        }
    }

    /// Appends the CONNECT_ERROR with which a server refuses a CONNECT.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if `data` cannot be sent. `out` is then as it was.
    pub fn encode_connect_error<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        namespace: &str,
        message: &str,
        data: Option<&T>,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => plain(text::encode_connect_error(out, namespace, message, data)),
            Self::MessagePack => {
                binary(msgpack::encode_connect_error(out, namespace, message, data))
            }
            Self::Custom(parser) => custom(&**parser, |out| {
                msgpack::encode_connect_error(out, namespace, message, data)
            }),
        }
    }

    /// Appends the ERROR with which a server refuses a client of protocol 4; `reason` is any value.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if `reason` cannot be sent. `out` is then as it was.
    pub fn encode_error<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        namespace: &str,
        reason: &T,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => plain(text::encode_error(out, namespace, reason)),
            Self::MessagePack => binary(msgpack::encode_error(out, namespace, reason)),
            Self::Custom(parser) => custom(&**parser, |out| {
                msgpack::encode_error(out, namespace, reason)
            }),
        }
    }

    /// Appends a DISCONNECT.
    ///
    /// # Errors
    ///
    /// What a [`CustomParser`] reports; the others always succeed.
    pub fn encode_disconnect(
        &self,
        out: &mut Vec<u8>,
        namespace: &str,
    ) -> Result<Encoded, EncodeError> {
        match self {
            Self::Text => {
                text::encode_disconnect(out, namespace);
                plain(Ok(()))
            }
            Self::MessagePack => {
                msgpack::encode_disconnect(out, namespace);
                binary(Ok(()))
            }
            Self::Custom(parser) => custom(&**parser, |out| {
                msgpack::encode_disconnect(out, namespace);
                Ok(())
            }),
        }
    }
}

/// A text message without attachments.
fn plain(written: Result<(), EncodeError>) -> Result<Encoded, EncodeError> {
    written.map(|()| Encoded::Text(Vec::new()))
}

fn binary(written: Result<(), EncodeError>) -> Result<Encoded, EncodeError> {
    written.map(|()| Encoded::Binary)
}

/// Shows a packet to a parser of one's own. It is written and decoded as MessagePack first: so its
/// data can be read into any type, and lives on.
fn custom(
    parser: &dyn CustomParser,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<Encoded, EncodeError> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    let packet = msgpack::Decoder::new(Limits::NONE).binary_owned(bytes.into());
    let packet = packet.map_err(|error| EncodeError::Value {
        message: error.to_string(),
    })?;
    let messages = parser.encode(&packet)?;
    Ok(Encoded::Custom(Box::new(CustomEncoded {
        packet,
        messages,
    })))
}
