//! Reading values straight from MessagePack bytes into the wanted type.
//!
//! What is read was scanned, so it is whole and not too deep; bytes that are not are an error all
//! the same.

mod containers;
mod variant;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, IntoDeserializer, Unexpected, Visitor};
use serde_json::Error;

use self::containers::{Elements, Entries, Foreign};
use self::variant::Variant;
use super::extension::{self, Extension};
use super::token::{Token, token};
use crate::span::Span;
use crate::text::write_json;
use crate::transcode::Transcode;
use crate::{Date, Raw, shared_bytes};

pub(super) struct Reader<'de> {
    bytes: &'de [u8],
    /// The same bytes, if they can be shared.
    shared: Option<&'de Bytes>,
    at: usize,
}

impl<'de> Reader<'de> {
    /// Reads the value at `span`.
    pub(super) fn new(bytes: &'de [u8], shared: Option<&'de Bytes>, span: Span) -> Self {
        Self {
            bytes: &bytes[..span.end as usize],
            shared,
            at: span.start as usize,
        }
    }

    fn peek(&self) -> Result<Token, Error> {
        let head = token(self.bytes, self.at);
        head.map(|(token, _)| token).ok_or_else(broken)
    }

    fn marker(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// Passes the head of a value.
    fn token(&mut self) -> Result<Token, Error> {
        let (token, content) = token(self.bytes, self.at).ok_or_else(broken)?;
        self.at = content;
        Ok(token)
    }

    fn take(&mut self, len: usize) -> Result<&'de [u8], Error> {
        let end = self.at.checked_add(len).ok_or_else(broken)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(broken)?;
        self.at = end;
        Ok(taken)
    }

    fn text(&mut self, len: usize) -> Result<&'de str, Error> {
        std::str::from_utf8(self.take(len)?).map_err(Error::custom)
    }

    /// Passes a whole value without looking at it.
    fn skip_value(&mut self) -> Result<&'de [u8], Error> {
        let start = self.at;
        let mut left = 1_usize;
        while left > 0 {
            left -= 1;
            match self.token()? {
                Token::Str(len) | Token::Bin(len) | Token::Ext { len, .. } => {
                    self.take(len)?;
                }
                Token::Array(len) => left = left.saturating_add(len),
                Token::Map(len) => left = left.saturating_add(len.saturating_mul(2)),
                _ => {}
            }
        }
        Ok(&self.bytes[start..self.at])
    }

    fn is_nothing(&self) -> Result<bool, Error> {
        let token = self.peek()?;
        Ok(token == Token::Nil || extension::is_undefined(self.marker(), token))
    }

    /// Shows bytes of the packet, which are shared if they can be.
    fn visit_bytes<V: Visitor<'de>>(
        &self,
        bytes: &'de [u8],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.shared {
            Some(shared) if !bytes.is_empty() => {
                let part = shared.slice_ref(bytes);
                shared_bytes::offer(&part, || visitor.visit_borrowed_bytes(bytes))
            }
            _ => visitor.visit_borrowed_bytes(bytes),
        }
    }

    fn visit_extension<V: Visitor<'de>>(
        &mut self,
        extension: Extension,
        content: &'de [u8],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match extension {
            Extension::Undefined => visitor.visit_unit(),
            Extension::Date(millis) => visitor.visit_string(Date::from_millis(millis).to_string()),
            Extension::ArrayBuffer => self.visit_bytes(content, visitor),
            Extension::Foreign(kind) => visitor.visit_seq(Foreign::new(self, kind, content)),
        }
    }

    /// Passes an extension, if one starts here.
    fn extension(&mut self) -> Result<Option<(Extension, &'de [u8])>, Error> {
        let marker = self.marker();
        let Token::Ext { kind, len } = self.peek()? else {
            return Ok(None);
        };
        self.token()?;
        let content = self.take(len)?;
        Ok(Some((Extension::of(marker, kind, content), content)))
    }

    /// Passes bytes, if some start here, whichever form they have.
    fn binary(&mut self) -> Result<Option<&'de [u8]>, Error> {
        let start = self.at;
        if let Token::Bin(len) = self.peek()? {
            self.token()?;
            return self.take(len).map(Some);
        }
        if let Some((Extension::ArrayBuffer, content)) = self.extension()? {
            return Ok(Some(content));
        }
        self.at = start;
        Ok(None)
    }

    fn visit_seq<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let mut elements = Elements::new(self, len);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    fn visit_map<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let mut entries = Entries::new(self, len);
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        Ok(value)
    }

    /// Shows a value as serde_json's raw value, whose only field is JSON text.
    fn visit_json<V: Visitor<'de>>(
        &mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut json = Vec::new();
        write_json(&mut json, &Transcode::new(self), None)?;
        let json = String::from_utf8(json).map_err(Error::custom)?;
        visitor.visit_map(MapDeserializer::new(std::iter::once((name, json))))
    }
}

fn broken() -> Error {
    Error::custom("the bytes end within a value")
}

/// Methods of numbers, for which a date is its milliseconds.
macro_rules! deserialize_number {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let start = self.at;
            if let Some((Extension::Date(millis), _)) = self.extension()? {
                return visitor.visit_i64(millis);
            }
            self.at = start;
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some((extension, content)) = self.extension()? {
            return self.visit_extension(extension, content, visitor);
        }
        match self.token()? {
            Token::Nil | Token::Ext { .. } => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            Token::Float(number) => visitor.visit_f64(number),
            Token::Str(len) => visitor.visit_borrowed_str(self.text(len)?),
            Token::Bin(len) => {
                let bytes = self.take(len)?;
                self.visit_bytes(bytes, visitor)
            }
            Token::Array(len) => self.visit_seq(len, visitor),
            Token::Map(len) => self.visit_map(len, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_nothing()? {
            self.skip_value()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(bytes) = self.binary()? else {
            return self.deserialize_any(visitor);
        };
        let mut bytes = SeqDeserializer::new(bytes.iter().copied());
        let value = visitor.visit_seq(&mut bytes)?;
        bytes.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.binary()? {
            // A `String` would take bytes that happen to be UTF-8.
            Some(bytes) => Err(Error::invalid_type(Unexpected::Bytes(bytes), &visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == Raw::TOKEN {
            let bytes = self.skip_value()?;
            return self.visit_bytes(bytes, visitor);
        }
        if name == RAW_JSON {
            return self.visit_json(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.token()? {
            Token::Str(len) => visitor.visit_enum(self.text(len)?.into_deserializer()),
            Token::Map(1) => visitor.visit_enum(Variant { reader: self }),
            _ => Err(Error::custom(
                "expected a variant's name or an object with one key",
            )),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip_value()?;
        visitor.visit_unit()
    }

    deserialize_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        bool char bytes byte_buf unit unit_struct map struct identifier
    }
}

/// The name by which serde_json knows its raw value.
const RAW_JSON: &str = "$serde_json::private::RawValue";
