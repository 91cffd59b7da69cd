//! Reading arguments that hold attachments, or numbers beyond a double.
//!
//! serde_json reads everything else. This reader walks the same text, knows where placeholders
//! stand, shows them as bytes, and hands single scalars to serde_json. Invariant: it sees only
//! text that the scan accepted, so what a value is shows in its first byte.

mod containers;
mod raw_parts;
mod variant;

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::value::SeqDeserializer;
use serde::de::{Error as _, IntoDeserializer, Unexpected, Visitor};
use serde_json::Error;

use self::containers::{Elements, Entries};
use self::raw_parts::RawParts;
use self::variant::Variant;
use super::data::{Binary, unescape};
use super::placeholder::Outermost;
use super::plain::plain_prefix;
use super::scan::huge_number;
use crate::span::Span;
use crate::{Raw, shared_bytes};

pub(super) struct Reader<'de> {
    json: &'de str,
    at: usize,
    /// The value that is read.
    whole: Span,
    binary: &'de Binary,
}

impl<'de> Reader<'de> {
    /// Reads the value at `span` of `json`, which has no whitespace around it.
    pub(super) fn new(json: &'de str, span: Span, binary: &'de Binary) -> Self {
        Self {
            json,
            at: span.start as usize,
            whole: span,
            binary,
        }
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

    /// Passes a whole value and gives its text, with its placeholders numbered anew, and its
    /// attachments.
    fn raw(&mut self) -> RawParts<'de> {
        let start = self.at;
        if start == self.whole.start as usize {
            self.at = self.whole.end as usize;
        } else {
            self.skip_value();
        }
        let placed = Outermost::of(&self.binary.placeholders, Span::new(start, self.at));
        RawParts::new(self.json, placed, &self.binary.attachments)
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
        let mut elements = Elements::new(self);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    fn visit_map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.at += 1;
        let mut entries = Entries::new(self);
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
                _ => {
                    let scalar = self.scalar();
                    match huge_number(scalar) {
                        Some(number) => visitor.visit_f64(number),
                        None => serde_json::Deserializer::from_str(scalar).$method(visitor),
                    }
                }
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(attachment) = self.placeholder() {
            return shared_bytes::offer(attachment, || visitor.visit_borrowed_bytes(attachment));
        }
        match self.peek() {
            b'"' => self.visit_string(visitor),
            b'[' => self.visit_seq(visitor),
            b'{' => self.visit_map(visitor),
            _ => {
                let scalar = self.scalar();
                match huge_number(scalar) {
                    Some(number) => visitor.visit_f64(number),
                    None => serde_json::Deserializer::from_str(scalar).deserialize_any(visitor),
                }
            }
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
        let Some(attachment) = self.placeholder() else {
            return self.deserialize_any(visitor);
        };
        let mut bytes = SeqDeserializer::new(attachment.iter().copied());
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
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == Raw::TOKEN {
            return visitor.visit_seq(self.raw());
        }
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

    deserialize_scalar! { deserialize_i128 deserialize_u128 deserialize_f32 deserialize_unit }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f64 char bytes byte_buf unit_struct map struct
        identifier
    }
}
