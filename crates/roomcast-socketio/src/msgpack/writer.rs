//! Values written straight into the buffer of a packet, as notepack.io 2.2 writes them.
//!
//! Integers take the fewest bytes, doubles that are integers count as such, other doubles take nine
//! bytes; bytes are `bin`; keys are texts.

mod compound;

use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Error, Result};

use self::compound::Compound;
use super::put;
use crate::spread::Shape;
use crate::text;
use crate::{ArrayBuffer, Date, Limits, Raw};

/// Appends one value.
pub(crate) fn write_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<()> {
    value.serialize(&mut Writer::new(out, Form::Value))
}

/// Appends the arguments of a packet, without a head, and tells how many they are.
pub(super) fn write_args<T: Serialize + ?Sized>(out: &mut Vec<u8>, args: &T) -> Result<usize> {
    match Shape::of::<T>() {
        Shape::Nothing => Ok(0),
        Shape::One => write_value(out, args).map(|()| 1),
        Shape::Several => {
            let mut writer = Writer::new(out, Form::Arguments);
            args.serialize(&mut writer)?;
            Ok(writer.arguments)
        }
    }
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    form: Form,
    /// How many arguments were written.
    arguments: usize,
}

/// What is written next.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A value.
    Value,
    /// A tuple or list whose elements are the arguments of a packet.
    Arguments,
    /// Bytes that are MessagePack already.
    Verbatim,
    /// Bytes that are an `ArrayBuffer`.
    ArrayBuffer,
    /// The text of a date.
    Date,
    /// JSON text.
    Json,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut Vec<u8>, form: Form) -> Self {
        Self {
            out,
            form,
            arguments: 0,
        }
    }

    /// Writes what `value` serializes first in this form.
    fn write_as<T: Serialize + ?Sized>(&mut self, form: Form, value: &T) -> Result<()> {
        self.form = form;
        let result = value.serialize(&mut *self);
        self.form = Form::Value;
        result
    }

    /// Writes what JSON text says.
    fn json(&mut self, json: &str) -> Result<()> {
        let depth = Limits::default().max_depth;
        let data = text::Data::of_value(json, depth, &[]).map_err(Error::custom)?;
        self.write_as(Form::Value, &data)
    }

    /// Opens `{"variant": `.
    fn open_variant(&mut self, variant: &str) -> Result<()> {
        put::map_len(self.out, 1);
        put::text(self.out, variant)
    }
}

macro_rules! serialize_numbers {
    ($($method:ident: $type:ty => $put:ident,)*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            put::$put(self.out, value.into());
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

    serialize_numbers! {
        serialize_bool: bool => bool,
        serialize_i8: i8 => signed, serialize_i16: i16 => signed, serialize_i32: i32 => signed,
        serialize_i64: i64 => signed, serialize_u8: u8 => unsigned, serialize_u16: u16 => unsigned,
        serialize_u32: u32 => unsigned, serialize_u64: u64 => unsigned,
        serialize_f32: f32 => float, serialize_f64: f64 => float,
    }

    /// A number of more than 64 bits is rounded, as JavaScript would.
    fn serialize_i128(self, number: i128) -> Result<()> {
        match i64::try_from(number) {
            Ok(number) => put::signed(self.out, number),
            Err(_) => put::float(self.out, number as f64),
        }
        Ok(())
    }

    fn serialize_u128(self, number: u128) -> Result<()> {
        match u64::try_from(number) {
            Ok(number) => put::unsigned(self.out, number),
            Err(_) => put::float(self.out, number as f64),
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        match self.form {
            Form::Json => return self.json(text),
            Form::Date => {
                if let Ok(date) = text.parse::<Date>() {
                    put::date(self.out, date.as_millis());
                    return Ok(());
                }
            }
            _ => {}
        }
        put::text(self.out, text)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<()> {
        self.serialize_str(&value.to_string())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        match self.form {
            Form::Verbatim => self.out.extend_from_slice(bytes),
            Form::ArrayBuffer => put::array_buffer(self.out, bytes)?,
            _ => put::binary(self.out, bytes)?,
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
        put::nil(self.out);
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

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        match name {
            Raw::TOKEN => Raw::packed(|| value.serialize(self)),
            Raw::PACKED_TOKEN => self.write_as(Form::Verbatim, value),
            ArrayBuffer::TOKEN => self.write_as(Form::ArrayBuffer, value),
            Date::TOKEN => self.write_as(Form::Date, value),
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
        self.open_variant(variant)?;
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'w, 'a>> {
        if self.form == Form::Arguments {
            self.form = Form::Value;
            return Ok(Compound::arguments(self));
        }
        Ok(Compound::array(self, len.unwrap_or_default()))
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'w, 'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Compound<'w, 'a>> {
        Ok(Compound::array(self, len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'w, 'a>> {
        self.open_variant(variant)?;
        Ok(Compound::array(self, len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'w, 'a>> {
        Ok(Compound::map(self, len.unwrap_or_default()))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Compound<'w, 'a>> {
        if name.starts_with(text::VERBATIM) {
            return Ok(Compound::json(self));
        }
        Ok(Compound::map(self, len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'w, 'a>> {
        self.open_variant(variant)?;
        Ok(Compound::map(self, len))
    }
}
