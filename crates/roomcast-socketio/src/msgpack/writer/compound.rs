//! Arrays and maps while they are written.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::{Error, Result};

use super::super::put;
use super::{Form, Writer};
use crate::keys::WriteKey;

/// Something with parts whose head is written.
pub(super) struct Compound<'w, 'a> {
    writer: &'w mut Writer<'a>,
    head: Head,
    /// Parts that were written; the keys and values of a map are one part together.
    parts: usize,
}

enum Head {
    /// None: the parts are arguments.
    Arguments,
    /// None: the only part is JSON text.
    Json,
    Array(Length),
    Map(Length),
}

/// A length that was written before it was known for certain.
struct Length {
    /// Where it stands.
    at: usize,
    announced: u32,
}

impl<'w, 'a> Compound<'w, 'a> {
    pub(super) fn arguments(writer: &'w mut Writer<'a>) -> Self {
        Self {
            writer,
            head: Head::Arguments,
            parts: 0,
        }
    }

    pub(super) fn json(writer: &'w mut Writer<'a>) -> Self {
        Self {
            writer,
            head: Head::Json,
            parts: 0,
        }
    }

    pub(super) fn array(writer: &'w mut Writer<'a>, len: usize) -> Self {
        let length = Length::write(writer.out, len, put::array_len);
        Self {
            writer,
            head: Head::Array(length),
            parts: 0,
        }
    }

    pub(super) fn map(writer: &'w mut Writer<'a>, len: usize) -> Self {
        let length = Length::write(writer.out, len, put::map_len);
        Self {
            writer,
            head: Head::Map(length),
            parts: 0,
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.parts += 1;
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        if matches!(self.head, Head::Json) {
            return self.writer.write_as(Form::Json, value);
        }
        put::text(self.writer.out, key)?;
        self.element(value)
    }

    fn close(self) -> Result<()> {
        match self.head {
            Head::Arguments => self.writer.arguments = self.parts,
            Head::Json => {}
            Head::Array(length) => length.correct(self.writer.out, self.parts, put::array_len)?,
            Head::Map(length) => length.correct(self.writer.out, self.parts, put::map_len)?,
        }
        Ok(())
    }
}

impl Length {
    fn write(out: &mut Vec<u8>, len: usize, put: fn(&mut Vec<u8>, u32)) -> Self {
        let (at, announced) = (out.len(), u32::try_from(len).unwrap_or_default());
        put(out, announced);
        Self { at, announced }
    }

    /// Cost: the parts are moved only if the type did not know their number in advance.
    fn correct(self, out: &mut Vec<u8>, len: usize, put: fn(&mut Vec<u8>, u32)) -> Result<()> {
        let len = put::length(len)?;
        if len == self.announced {
            return Ok(());
        }
        let (mut before, mut now) = (Vec::new(), Vec::new());
        put(&mut before, self.announced);
        put(&mut now, len);
        out.splice(self.at..self.at + before.len(), now);
        Ok(())
    }
}

macro_rules! serialize_elements {
    ($($trait:ident::$method:ident,)*) => {$(
        impl $trait for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )*};
}

serialize_elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! serialize_fields {
    ($($trait:ident)*) => {$(
        impl $trait for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<()> {
                self.field(key, value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )*};
}

serialize_fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let out = &mut *self.writer.out;
        key.serialize(WriteKey(|text: &str| put::text(out, text)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}
