//! The MessagePack form of raw values.

use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{Error as _, Serializer};

use super::parts::Parts;
use super::{Raw, Text};
use crate::text::write_json;
use crate::{Limits, ValueError, msgpack};

/// A value in MessagePack form.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    bytes: Bytes,
    /// The same as text, for who asks for it.
    text: OnceLock<Text>,
}

impl Packed {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            text: OnceLock::new(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        let text = self.text.get_or_init(|| self.to_text());
        Parts {
            json: &text.json,
            attachments: &text.attachments,
        }
    }

    pub(super) fn data(&self) -> Result<msgpack::Data<'_>, ValueError> {
        let buffer = msgpack::Buffer::Shared(self.bytes.clone());
        let limits = Limits {
            max_depth: Limits::default().max_depth,
            ..Limits::NONE
        };
        Ok(msgpack::Data::of_value(buffer, &limits)?)
    }

    /// `null` if the value is nested too deep for JSON.
    fn to_text(&self) -> Text {
        let (mut json, mut attachments) = (Vec::new(), Vec::new());
        let written = self.data().is_ok_and(|data| {
            let written = write_json(&mut json, &data, Some(&mut attachments));
            written.is_ok()
        });
        let json = String::from_utf8(json).ok().filter(|_| written);
        let json = json.unwrap_or_else(|| "null".to_owned());
        Text {
            json: json.into_boxed_str().into(),
            attachments,
        }
    }

    /// For the writer of MessagePack.
    #[cold]
    pub(super) fn serialize_verbatim<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes = Verbatim(&self.bytes);
        serializer.serialize_newtype_struct(Raw::PACKED_TOKEN, &bytes)
    }

    #[cold]
    pub(super) fn serialize_as_value<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        self.data().map_err(S::Error::custom)?.serialize(serializer)
    }
}

struct Verbatim<'a>(&'a Bytes);

impl Serialize for Verbatim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
