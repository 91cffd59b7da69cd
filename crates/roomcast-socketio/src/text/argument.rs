//! Reading a value that serde_json could read alone, with two short cuts.
//!
//! A string without escapes is taken from the packet's text as it stands there, and a
//! [`Raw`](crate::Raw) value is cut out of it: the scan has seen both already. Everything else is
//! left to serde_json.

use serde::Deserializer;
use serde::de::Visitor;
use serde::de::value::BorrowedStrDeserializer;
use serde_json::Error;

use crate::Raw;

/// One JSON value without whitespace around it, which was scanned and holds no placeholder and no number beyond a double.
#[derive(Clone, Copy)]
pub(super) struct Argument<'de> {
    pub(super) json: &'de str,
    /// Whether an escape may be in it.
    pub(super) has_escape: bool,
}

impl<'de> Argument<'de> {
    /// What serde_json makes of the text.
    pub(super) fn parser(self) -> serde_json::Deserializer<serde_json::de::StrRead<'de>> {
        let mut parser = serde_json::Deserializer::from_str(self.json);
        // The depth was limited by the scan.
        parser.disable_recursion_limit();
        parser
    }

    /// The content of a string in which nothing is escaped.
    fn plain_string(self) -> Option<&'de str> {
        if self.has_escape {
            return None;
        }
        self.json.strip_prefix('"')?.strip_suffix('"')
    }
}

/// Methods that serde_json has to answer.
macro_rules! deserialize_parsed {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.parser().$method(visitor)
        }
    )*};
}

/// Methods that take a string, if there is one.
macro_rules! deserialize_string {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.plain_string() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => self.parser().$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Argument<'de> {
    type Error = Error;

    deserialize_string! { deserialize_any deserialize_str deserialize_string }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.json {
            "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == Raw::TOKEN {
            return visitor.visit_some(BorrowedStrDeserializer::new(self.json));
        }
        // serde_json's own raw value shows itself by its name.
        self.parser().deserialize_newtype_struct(name, visitor)
    }

    deserialize_parsed! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char
        deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.parser().deserialize_unit_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.parser().deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.parser().deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.parser().deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.parser().deserialize_enum(name, variants, visitor)
    }
}
