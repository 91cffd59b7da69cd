//! Arrays, maps and extensions of somebody else.

use std::borrow::Cow;

use serde::Deserializer;
use serde::de::value::I8Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use super::{Reader, Token};
use crate::Number;
use crate::keys::ReadKey;

/// The elements of an array.
pub(super) struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'r, 'de> Elements<'r, 'de> {
    /// The reader stands at the first of so many.
    pub(super) fn new(reader: &'r mut Reader<'de>, left: usize) -> Self {
        Self { reader, left }
    }

    /// Checks that the visitor has taken all.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self.left {
            0 => Ok(()),
            _ => Err(Error::custom("more elements than expected")),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The keys and values of a map.
pub(super) struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'r, 'de> Entries<'r, 'de> {
    /// The reader stands at the first key of so many.
    pub(super) fn new(reader: &'r mut Reader<'de>, left: usize) -> Self {
        Self { reader, left }
    }

    /// Checks that the visitor has taken all.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self.left {
            0 => Ok(()),
            _ => Err(Error::custom("more entries than expected")),
        }
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.reader.key()?).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> Reader<'de> {
    /// Passes a key. One that is no text becomes the text that JavaScript makes of it.
    pub(super) fn key(&mut self) -> Result<ReadKey<'de>, Error> {
        let text = match self.token()? {
            Token::Str(len) => return Ok(ReadKey(Cow::Borrowed(self.text(len)?))),
            Token::Nil => "null".to_owned(),
            Token::Bool(value) => value.to_string(),
            Token::Unsigned(number) => number.to_string(),
            Token::Signed(number) => number.to_string(),
            Token::Float(number) => Number::from(number).to_string(),
            Token::Bin(_) | Token::Ext { .. } | Token::Array(_) | Token::Map(_) => {
                return Err(Error::custom("a key is a text"));
            }
        };
        Ok(ReadKey(Cow::Owned(text)))
    }
}

/// An extension without a meaning here: its type, then its bytes, as notepack.io gives it.
pub(super) struct Foreign<'r, 'de> {
    reader: &'r Reader<'de>,
    kind: Option<i8>,
    content: Option<&'de [u8]>,
}

impl<'r, 'de> Foreign<'r, 'de> {
    pub(super) fn new(reader: &'r Reader<'de>, kind: i8, content: &'de [u8]) -> Self {
        Self {
            reader,
            kind: Some(kind),
            content: Some(content),
        }
    }
}

impl<'de> SeqAccess<'de> for Foreign<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if let Some(kind) = self.kind.take() {
            return seed.deserialize(I8Deserializer::new(kind)).map(Some);
        }
        let Some(content) = self.content.take() else {
            return Ok(None);
        };
        let content = Content {
            reader: self.reader,
            content,
        };
        seed.deserialize(content).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::from(self.kind.is_some()) + usize::from(self.content.is_some()))
    }
}

struct Content<'r, 'de> {
    reader: &'r Reader<'de>,
    content: &'de [u8],
}

impl<'de> Deserializer<'de> for Content<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.visit_bytes(self.content, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
