//! The text form of raw values.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{Error as _, SerializeStruct, Serializer};
use serde_json::value::RawValue;

use super::Raw;
use crate::text::{self, renumbered};
use crate::{Limits, ValueError, shared_bytes};

/// JSON text and the attachments that its placeholders stand for.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Parts<'a> {
    pub(super) json: &'a str,
    pub(super) attachments: &'a [Bytes],
}

impl<'a> Parts<'a> {
    pub(super) fn data(self) -> Result<text::Data<'a>, ValueError> {
        let depth = Limits::default().max_depth;
        Ok(text::Data::of_value(self.json, depth, self.attachments)?)
    }

    /// For the writer of text, with the placeholders numbered from `first` on.
    #[inline]
    pub(super) fn serialize_numbered<S: Serializer>(
        self,
        first: usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            return serializer.serialize_newtype_struct(Raw::TEXT_TOKEN, self.json);
        }
        let json = self.numbered_from(first).map_err(S::Error::custom)?;
        let mut parts = serializer.serialize_struct(Raw::TOKEN, 1 + self.attachments.len())?;
        parts.serialize_field("json", &*json)?;
        for attachment in self.attachments {
            parts.serialize_field("attachment", &Attachment(attachment))?;
        }
        parts.end()
    }

    fn numbered_from(self, first: usize) -> Result<Cow<'a, str>, ValueError> {
        if first == 0 {
            return Ok(Cow::Borrowed(self.json));
        }
        let json = renumbered(self.json, self.attachments.len(), first)?;
        Ok(Cow::Owned(json))
    }

    /// For a serializer that knows nothing of raw values.
    pub(super) fn serialize_for_others<S: Serializer>(
        self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            let raw: &RawValue = serde_json::from_str(self.json).map_err(S::Error::custom)?;
            return raw.serialize(serializer);
        }
        self.serialize_as_value(serializer)
    }

    #[cold]
    pub(super) fn serialize_as_value<S: Serializer>(
        self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        self.data().map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A binary value that goes through serde without being copied.
pub(super) struct Attachment<'a>(pub(super) &'a Bytes);

impl Serialize for Attachment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        shared_bytes::offer(self.0, || serializer.serialize_bytes(self.0))
    }
}
