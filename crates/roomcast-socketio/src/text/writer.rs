//! JSON as JavaScript writes it, with binary values lifted out.
//!
//! Cost: serde_json's serializer looks at each byte of a string alone (3.2 GB/s), checks raw JSON
//! before it writes it and cannot tell the attachments of a raw value from others.

mod compound;
mod string;

use std::fmt::{self, Write as _};

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Error, Result};

use self::compound::Compound;
pub(super) use self::string::write_string;
use crate::{Raw, shared_bytes};

/// Appends `value` as JSON. Binary values become placeholders and are pushed to `attachments`, or
/// are written as arrays of numbers if there is no such list.
pub(crate) fn write_json<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    attachments: Option<&mut Vec<Bytes>>,
) -> Result<()> {
    value.serialize(&mut Writer {
        out,
        attachments,
        form: Form::Json,
    })
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    attachments: Option<&'a mut Vec<Bytes>>,
    form: Form,
}

/// What the next string or bytes are.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A value.
    Json,
    /// A part of a raw value: JSON text, or an attachment whose placeholder is in that text.
    RawPart,
}

impl Writer<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Opens `{"variant":` with `bracket` behind it.
    fn open_variant(&mut self, variant: &str, bracket: &str) {
        self.out.push(b'{');
        write_string(self.out, variant);
        self.out.push(b':');
        self.raw(bracket);
    }

    fn numbers(&mut self, bytes: &[u8]) {
        self.out.push(b'[');
        for (index, &byte) in bytes.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.raw(itoa::Buffer::new().format(byte));
        }
        self.out.push(b']');
    }
}

impl fmt::Write for Writer<'_> {
    /// Continues a string.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        string::write_content(self.out, text);
        Ok(())
    }
}

macro_rules! serialize_integer {
    ($($method:ident: $integer:ty,)*) => {$(
        fn $method(self, value: $integer) -> Result<()> {
            self.raw(itoa::Buffer::new().format(value));
            Ok(())
        }
    )*};
}

macro_rules! serialize_float {
    ($($method:ident: $float:ty,)*) => {$(
        fn $method(self, value: $float) -> Result<()> {
            if value.is_finite() {
                self.raw(ryu_js::Buffer::new().format_finite(value));
            } else {
                self.raw("null");
            }
            Ok(())
        }
    )*};
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'w, 'a>;
    type SerializeTuple = Compound<'w, 'a>;
    type SerializeTupleStruct = Compound<'w, 'a>;
    type SerializeTupleVariant = Compound<'w, 'a>;
    type SerializeMap = Compound<'w, 'a>;
    type SerializeStruct = Compound<'w, 'a>;
    type SerializeStructVariant = Compound<'w, 'a>;

    serialize_integer! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128,
    }

    serialize_float! { serialize_f32: f32, serialize_f64: f64, }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.raw(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<()> {
        match self.form {
            Form::Json => write_string(self.out, text),
            Form::RawPart => self.raw(text),
        }
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<()> {
        self.out.push(b'"');
        write!(self, "{value}").map_err(serde::ser::Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        let Some(attachments) = &mut self.attachments else {
            self.numbers(bytes);
            return Ok(());
        };
        let number = attachments.len();
        attachments.push(shared_bytes::take(bytes));
        if self.form == Form::Json {
            write_placeholder(self.out, number);
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.raw("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        if name == Raw::TEXT_TOKEN {
            self.form = Form::RawPart;
            value.serialize(&mut *self)?;
            self.form = Form::Json;
            return Ok(());
        }
        match &self.attachments {
            Some(attachments) if name == Raw::TOKEN => {
                Raw::in_parts(attachments.len(), || value.serialize(self))
            }
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.open_variant(variant, "");
        value.serialize(&mut *self)?;
        self.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'w, 'a>> {
        self.out.push(b'[');
        Ok(Compound::new(self, "]"))
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'w, 'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Compound<'w, 'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'w, 'a>> {
        self.open_variant(variant, "[");
        Ok(Compound::new(self, "]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'w, 'a>> {
        self.out.push(b'{');
        Ok(Compound::new(self, "}"))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Compound<'w, 'a>> {
        if name == Raw::TOKEN || name.starts_with(VERBATIM) {
            return Ok(Compound::raw_parts(self));
        }
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'w, 'a>> {
        self.open_variant(variant, "{");
        Ok(Compound::new(self, "}}"))
    }
}

/// How the names of those structs start by which serde_json knows its own types of JSON text: a
/// `RawValue`, and a `Number` of arbitrary precision. Their only field is that text.
pub(crate) const VERBATIM: &str = "$serde_json::private::";

/// Writes what stands for an attachment.
pub(super) fn write_placeholder(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(PLACEHOLDER.as_bytes());
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.push(b'}');
}

/// Whether `text` is what [`write_placeholder`] writes.
pub(super) fn is_placeholder(text: &str, number: usize) -> bool {
    let digits = text
        .strip_prefix(PLACEHOLDER)
        .and_then(|rest| rest.strip_suffix('}'));
    digits == Some(itoa::Buffer::new().format(number))
}

/// What [`write_placeholder`] writes for the first attachment.
pub(crate) const FIRST_PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

/// What comes before the number of a placeholder.
pub(super) const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":"#;
