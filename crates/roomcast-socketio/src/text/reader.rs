//! Reading arguments that hold attachments.
//!
//! serde_json reads everything else. This reader walks the same text, knows where placeholders
//! stand, shows them as bytes, and hands single scalars to serde_json. Invariant: it sees only
//! text that the scan accepted, so what a value is shows in its first byte.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::Error;

use super::data::{Binary, unescape};
use super::scan::plain_prefix;
use super::span::Span;

pub(super) struct Reader<'de> {
    json: &'de str,
    at: usize,
    binary: &'de Binary,
}

impl<'de> Reader<'de> {
    /// Reads the value at `span` of `json`.
    pub(super) fn new(json: &'de str, span: Span, binary: &'de Binary) -> Self {
        let mut reader = Self {
            json,
            at: span.start as usize,
            binary,
        };
        reader.skip_whitespace();
        reader
    }

    /// Passes a placeholder, if one starts here.
    fn placeholder(&mut self) -> Option<&'de Bytes> {
        if self.peek() != b'{' {
            return None;
        }
        let start = self.at as u32;
        let placeholders = &self.binary.placeholders;
        let index = placeholders
            .binary_search_by_key(&start, |found| found.span.start)
            .ok()?;
        let placeholder = placeholders[index];
        self.at = placeholder.span.end as usize;
        self.binary.attachments.get(placeholder.attachment as usize)
    }

    /// Passes a string and gives its content.
    fn string(&mut self) -> Cow<'de, str> {
        let start = self.at;
        self.skip_string();
        unescape(&self.json[start..self.at])
    }

    fn skip_string(&mut self) {
        self.at += 1;
        loop {
            self.at += plain_prefix(&self.json.as_bytes()[self.at..]);
            if self.peek() != b'\\' {
                break;
            }
            self.at += 2;
        }
        self.at += 1;
    }

    /// Passes a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> &'de str {
        let rest = &self.json[self.at..];
        let is_end = |c: char| matches!(c, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r');
        let scalar = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        self.at += scalar.len();
        scalar
    }

    /// Passes a whole value without looking at it.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => self.skip_string(),
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => {
                    self.scalar();
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Whether another element follows before `end`; passes the comma or the end.
    fn has_next(&mut self, is_first: &mut bool, end: u8) -> bool {
        self.skip_whitespace();
        if self.peek() == end {
            self.at += 1;
            return false;
        }
        if !std::mem::take(is_first) {
            self.at += 1;
            self.skip_whitespace();
        }
        true
    }

    fn skip_whitespace(&mut self) {
        while let b' ' | b'\t' | b'\n' | b'\r' = self.peek() {
            self.at += 1;
        }
    }

    /// The byte here, 0 at the end of the text.
    fn peek(&self) -> u8 {
        self.json
            .as_bytes()
            .get(self.at)
            .copied()
            .unwrap_or_default()
    }

    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.string() {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn visit_seq<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.at += 1;
        let mut elements = Elements {
            reader: self,
            is_first: true,
            has_ended: false,
        };
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    fn visit_map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.at += 1;
        let mut entries = Entries {
            reader: self,
            is_first: true,
            has_ended: false,
        };
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        Ok(value)
    }
}

/// Methods for which a placeholder is a mistake and everything else goes to a scalar's own text.
macro_rules! deserialize_scalar {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.peek() {
                b'"' | b'[' | b'{' => self.deserialize_any(visitor),
                _ => serde_json::Deserializer::from_str(self.scalar()).$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(attachment) = self.placeholder() {
            return visitor.visit_borrowed_bytes(attachment);
        }
        match self.peek() {
            b'"' => self.visit_string(visitor),
            b'[' => self.visit_seq(visitor),
            b'{' => self.visit_map(visitor),
            _ => serde_json::Deserializer::from_str(self.scalar()).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek() == b'n' {
            self.scalar();
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.placeholder() {
            Some(attachment) => visitor.visit_seq(SeqDeserializer::new(attachment.iter().copied())),
            None => self.deserialize_any(visitor),
        }
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
        match self.placeholder() {
            // A `String` would take bytes that happen to be UTF-8.
            Some(attachment) => Err(Error::invalid_type(Unexpected::Bytes(attachment), &visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek() {
            b'"' => visitor.visit_enum(self.string().into_deserializer()),
            b'{' if self.placeholder().is_none() => {
                self.at += 1;
                self.skip_whitespace();
                visitor.visit_enum(Variant { reader: self })
            }
            _ => Err(Error::custom(
                "expected a variant's name or an object with one key",
            )),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip_value();
        visitor.visit_unit()
    }

    deserialize_scalar! { deserialize_i128 deserialize_u128 deserialize_unit }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit_struct map struct
        identifier
    }
}

struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
    has_ended: bool,
}

impl Elements<'_, '_> {
    fn finish(&mut self) -> Result<(), Error> {
        let is_read = self.has_ended || !self.reader.has_next(&mut self.is_first, b']');
        is_read
            .then_some(())
            .ok_or_else(|| Error::custom("more elements than expected"))
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_ended || !self.reader.has_next(&mut self.is_first, b']') {
            self.has_ended = true;
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
    has_ended: bool,
}

impl Entries<'_, '_> {
    fn finish(&mut self) -> Result<(), Error> {
        let is_read = self.has_ended || !self.reader.has_next(&mut self.is_first, b'}');
        is_read
            .then_some(())
            .ok_or_else(|| Error::custom("more entries than expected"))
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_ended || !self.reader.has_next(&mut self.is_first, b'}') {
            self.has_ended = true;
            return Ok(None);
        }
        seed.deserialize(Key(self.reader.string())).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        self.reader.skip_whitespace();
        self.reader.at += 1;
        self.reader.skip_whitespace();
        seed.deserialize(&mut *self.reader)
    }
}

/// The key of a map, which may be a number or a choice in the wanted type.
struct Key<'de>(Cow<'de, str>);

macro_rules! deserialize_key {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let Cow::Borrowed(key) = self.0 else {
                return self.deserialize_any(visitor);
            };
            let mut scalar = serde_json::Deserializer::from_str(key);
            let value = (&mut scalar).$method(visitor)?;
            scalar.end()?;
            Ok(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Cow::Borrowed(key) => visitor.visit_borrowed_str(key),
            Cow::Owned(key) => visitor.visit_string(key),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Cow::Borrowed(key) => {
                BorrowedStrDeserializer::new(key).deserialize_enum(name, variants, visitor)
            }
            Cow::Owned(key) => visitor.visit_enum(key.into_deserializer()),
        }
    }

    deserialize_key! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// An enum with data: an object with the variant's name as its only key.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
}

impl Variant<'_, '_> {
    fn finish<T>(self, value: T) -> Result<T, Error> {
        self.reader.skip_whitespace();
        if self.reader.peek() != b'}' {
            return Err(Error::custom("expected an object with one key"));
        }
        self.reader.at += 1;
        Ok(value)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        if self.reader.peek() != b'"' {
            return Err(Error::custom("expected an object with one key"));
        }
        let variant = seed.deserialize(Key(self.reader.string()))?;
        self.reader.skip_whitespace();
        self.reader.at += 1;
        self.reader.skip_whitespace();
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        <() as Deserialize>::deserialize(&mut *self.reader)?;
        self.finish(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let value = seed.deserialize(&mut *self.reader)?;
        self.finish(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        let value = self.reader.deserialize_seq(visitor)?;
        self.finish(value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let value = self.reader.deserialize_any(visitor)?;
        self.finish(value)
    }
}
