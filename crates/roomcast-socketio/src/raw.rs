//! Values that are passed on unread.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::raw_text::RawText;
use crate::text::{Data, renumbered};
use crate::{Limits, Value, ValueError, shared_bytes};

/// A value as it came, JSON text and attachments, for when it is only stored or passed on.
///
/// It is read from the arguments of a packet, alone or within other types, and from JSON text;
/// not from a [`Value`].
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Decoder, Header, Raw, encode_event};
///
/// let mut decoder = Decoder::default();
/// let packet = decoder.text(r#"2["message",{"b": 1.50}]"#)?.expect("no attachments");
/// let raw: Raw = packet.args().read()?;
/// assert_eq!(raw.json(), r#"{"b": 1.50}"#);
///
/// let mut out = Vec::new();
/// encode_event(&mut out, Header { namespace: "/", ack: None }, "passed-on", &raw)?;
/// assert_eq!(out, br#"2["passed-on",{"b": 1.50}]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    json: RawText,
    attachments: Vec<Bytes>,
}

impl Raw {
    /// Name under which the reader of binary packets knows that a raw value is wanted.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::Raw";

    fn without_attachments(json: Box<RawValue>) -> Self {
        Self {
            json: Box::<str>::from(json).into(),
            attachments: Vec::new(),
        }
    }

    /// The text, in which placeholders stand for [`attachments`](Self::attachments).
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The binary parts of this value, numbered as its placeholders are.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Reads the value into a type, as an argument is read.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if it is something else than a `T`, or is nested deeper than the default
    /// [`Limits`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let depth = Limits::default().max_depth;
        Ok(Data::of_value(&self.json, depth, self.attachments.clone())?.read()?)
    }

    /// Calls `write` so that the raw value which is written first shows its parts, to be numbered
    /// from `attachments` on.
    ///
    /// The writer of packets asks for it, since serde has no name for such a thing.
    pub(crate) fn in_parts<R>(attachments: usize, write: impl FnOnce() -> R) -> R {
        WRITTEN.set(Some(attachments));
        let result = write();
        WRITTEN.set(None);
        result
    }

    /// The text with its placeholders numbered from `first` on.
    fn numbered_from(&self, first: usize) -> Result<Cow<'_, str>, ValueError> {
        if first == 0 || self.attachments.is_empty() {
            return Ok(Cow::Borrowed(&self.json));
        }
        let json = renumbered(&self.json, self.attachments.len(), first)?;
        Ok(Cow::Owned(json))
    }

    fn serialize_for_others<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            let raw: &RawValue = serde_json::from_str(&self.json).map_err(S::Error::custom)?;
            return raw.serialize(serializer);
        }
        self.parse::<Value>()
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl FromStr for Raw {
    type Err = ValueError;

    /// Keeps `json` if it is JSON, without the whitespace around it.
    fn from_str(json: &str) -> Result<Self, ValueError> {
        Ok(serde_json::from_str::<Box<RawValue>>(json)?.into())
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(json: Box<RawValue>) -> Self {
        Self {
            json: Box::<str>::from(json).into(),
            attachments: Vec::new(),
        }
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Self::TOKEN, &Content(self))
    }
}

/// A raw value within the newtype by which the writer of packets knows it.
struct Content<'a>(&'a Raw);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(raw) = self;
        let Some(first) = WRITTEN.take() else {
            return raw.serialize_for_others(serializer);
        };
        let json = raw.numbered_from(first).map_err(S::Error::custom)?;
        let mut parts = serializer.serialize_struct(Raw::TOKEN, 1 + raw.attachments.len())?;
        parts.serialize_field("json", &*json)?;
        for attachment in &raw.attachments {
            parts.serialize_field("attachment", &Attachment(attachment))?;
        }
        parts.end()
    }
}

thread_local! {
    /// How many attachments there are already where a raw value is about to be written in parts.
    static WRITTEN: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Attachment<'a>(&'a Bytes);

impl Serialize for Attachment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        shared_bytes::offer(self.0, || serializer.serialize_bytes(self.0))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(Self::TOKEN, RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of a packet")
    }

    /// serde_json knows its own raw type.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Raw::without_attachments)
    }

    /// The reader of binary packets gives the text and then the attachments.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Raw, A::Error> {
        let json = parts.next_element::<RawText>()?;
        let json = json.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let mut attachments = Vec::new();
        while let Some(attachment) = parts.next_element::<Value>()? {
            let Value::Binary(attachment) = attachment else {
                return Err(A::Error::custom("expected an attachment"));
            };
            attachments.push(attachment);
        }
        Ok(Raw { json, attachments })
    }
}
