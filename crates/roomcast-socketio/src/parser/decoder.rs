//! The incoming half of one connection, whatever parser it uses.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use super::{CustomDecoder, Parser};
use crate::{DecodeError, Decoder, Limits, Packet, msgpack};

/// Turns the messages of one connection into packets. [`Parser::decoder`] makes one.
///
/// Spec: features 2.4.
pub struct ParserDecoder(Kind);

enum Kind {
    Text(Decoder),
    MessagePack(msgpack::Decoder),
    Custom(Box<dyn CustomDecoder>),
}

impl ParserDecoder {
    pub(super) fn new(parser: &Parser, limits: Limits) -> Self {
        Self(match parser {
            Parser::Text => Kind::Text(Decoder::new(limits)),
            Parser::MessagePack => Kind::MessagePack(msgpack::Decoder::new(limits)),
            Parser::Custom(parser) => Kind::Custom(parser.decoder(limits)),
        })
    }

    /// Takes the content of a text message. `None` if the packet goes on in the next message.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if it is no packet, or no part of one. The connection must be closed.
    #[inline]
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Option<Packet<'a>>, DecodeError> {
        match &mut self.0 {
            Kind::Text(decoder) => decoder.text(text),
            Kind::MessagePack(_) => Err(DecodeError::UnexpectedText),
            Kind::Custom(decoder) => contained(|| decoder.text(text)),
        }
    }

    /// Takes the content of a binary message. `None` if the packet goes on in the next message.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if it is no packet, or no part of one. The connection must be closed.
    #[inline]
    pub fn binary<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Packet<'a>>, DecodeError> {
        match &mut self.0 {
            Kind::Text(decoder) => decoder.binary(bytes),
            Kind::MessagePack(decoder) => decoder.binary(bytes).map(Some),
            Kind::Custom(decoder) => contained(|| decoder.binary(bytes)),
        }
    }

    /// Takes the content of a binary message without copying it. `None` if the packet goes on in the
    /// next message.
    ///
    /// # Errors
    ///
    /// As [`binary`](Self::binary).
    pub fn binary_owned(&mut self, bytes: Bytes) -> Result<Option<Packet<'static>>, DecodeError> {
        match &mut self.0 {
            Kind::Text(decoder) => decoder.binary_owned(bytes),
            Kind::MessagePack(decoder) => decoder.binary_owned(bytes).map(Some),
            Kind::Custom(decoder) => contained(|| decoder.binary(&bytes)),
        }
    }
}

/// Runs code that is not ours on bytes of a peer.
fn contained<T>(decode: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(DecodeError::Custom {
            message: "the parser panicked".to_owned(),
        })
    })
}

impl fmt::Debug for ParserDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Text(decoder) => decoder.fmt(f),
            Kind::MessagePack(decoder) => decoder.fmt(f),
            Kind::Custom(_) => f.write_str("Custom(..)"),
        }
    }
}
