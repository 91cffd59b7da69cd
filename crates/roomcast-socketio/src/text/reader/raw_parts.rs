//! Values that are passed on unread.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::Error;

use crate::shared_bytes;
use crate::text::placeholder::{Outermost, renumber};

/// A value as a sequence: its text, then its attachments.
pub(super) struct RawParts<'de> {
    json: Option<Cow<'de, str>>,
    placed: Outermost<'de>,
    attachments: &'de [Bytes],
}

impl<'de> RawParts<'de> {
    pub(super) fn new(json: &'de str, placed: Outermost<'de>, attachments: &'de [Bytes]) -> Self {
        Self {
            json: Some(renumber(json, placed.clone(), 0)),
            placed,
            attachments,
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
        let Some(placeholder) = self.placed.next() else {
            return Ok(None);
        };
        let attachment = &self.attachments[placeholder.attachment as usize];
        seed.deserialize(Part::Attachment(attachment)).map(Some)
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
