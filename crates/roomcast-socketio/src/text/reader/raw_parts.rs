//! Values that are passed on unread.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::Error;

use crate::shared_bytes;

/// A value as a sequence: its text, then its attachments.
pub(in crate::text) struct RawParts<'de> {
    json: Option<Cow<'de, str>>,
    attachments: std::vec::IntoIter<&'de Bytes>,
}

impl<'de> RawParts<'de> {
    /// A value without attachments.
    pub(in crate::text) fn text(json: &'de str) -> Self {
        Self {
            json: Some(Cow::Borrowed(json)),
            attachments: Vec::new().into_iter(),
        }
    }

    pub(super) fn new(json: String, attachments: Vec<&'de Bytes>) -> Self {
        Self {
            json: Some(Cow::Owned(json)),
            attachments: attachments.into_iter(),
        }
    }
}

impl<'de> SeqAccess<'de> for RawParts<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if let Some(json) = self.json.take() {
            return seed.deserialize(Part::Text(json)).map(Some);
        }
        let part = self.attachments.next().map(Part::Attachment);
        part.map(|part| seed.deserialize(part)).transpose()
    }
}

enum Part<'de> {
    Text(Cow<'de, str>),
    Attachment(&'de Bytes),
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Self::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Self::Attachment(bytes) => {
                shared_bytes::offer(bytes, || visitor.visit_borrowed_bytes(bytes))
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
