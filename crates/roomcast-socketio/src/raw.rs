//! Values that are passed on unread.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::raw_text::RawText;
use crate::text::{self, renumbered, write_json};
use crate::{Limits, Value, ValueError, msgpack, shared_bytes};

/// A value as it came, for when it is only stored or passed on: JSON text and attachments, or
/// MessagePack.
///
/// It is read from the arguments of a packet, alone or within other types, and from JSON text or
/// MessagePack bytes; not from a [`Value`]. Each parser sends it as the value it is; the one it came
/// through sends it unchanged.
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
#[derive(Clone, Debug)]
pub struct Raw(Form);

#[derive(Clone, Debug)]
enum Form {
    Text(Text),
    /// Cost: a value that came as text, as nearly all do, stays small.
    MessagePack(Box<Packed>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    json: RawText,
    attachments: Vec<Bytes>,
}

/// A value in MessagePack form.
#[derive(Clone, Debug)]
struct Packed {
    bytes: Bytes,
    /// The same as text, for who asks for it.
    text: OnceLock<Text>,
}

impl Raw {
    /// Name under which readers and writers of packets know that a raw value is wanted.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::Raw";
    /// Name under which the writer of MessagePack knows bytes that it writes as they are.
    pub(crate) const PACKED_TOKEN: &'static str = "roomcast_socketio::Raw::MessagePack";

    fn of_text(json: RawText, attachments: Vec<Bytes>) -> Self {
        Self(Form::Text(Text { json, attachments }))
    }

    fn of_messagepack(bytes: Bytes) -> Self {
        Self(Form::MessagePack(Box::new(Packed {
            bytes,
            text: OnceLock::new(),
        })))
    }

    /// Keeps `bytes` if they are one MessagePack value.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if they are not, or if it is beyond the default [`Limits`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::Raw;
    ///
    /// let raw = Raw::from_messagepack(&b"\x92\x01\xa1a"[..])?;
    /// assert_eq!(raw.json(), r#"[1,"a"]"#);
    /// # Ok::<(), roomcast_socketio::ValueError>(())
    /// ```
    pub fn from_messagepack(bytes: impl Into<Bytes>) -> Result<Self, ValueError> {
        let bytes = bytes.into();
        msgpack::Data::of_value(msgpack::Buffer::Borrowed(&bytes), &Limits::default())?;
        Ok(Self::of_messagepack(bytes))
    }

    /// The JSON text, in which placeholders stand for [`attachments`](Self::attachments). Of a value
    /// that came as MessagePack it is made when it is first asked for.
    pub fn json(&self) -> &str {
        &self.text().json
    }

    /// The binary parts of this value, numbered as its placeholders are.
    pub fn attachments(&self) -> &[Bytes] {
        &self.text().attachments
    }

    fn text(&self) -> &Text {
        match &self.0 {
            Form::Text(text) => text,
            Form::MessagePack(packed) => packed.text.get_or_init(|| packed.to_text()),
        }
    }

    /// Reads the value into a type, as an argument is read.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if it is something else than a `T`, or is beyond the default [`Limits`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        match &self.0 {
            Form::Text(text) => Ok(text.data()?.read()?),
            Form::MessagePack(packed) => Ok(packed.data()?.read()?),
        }
    }

    /// Calls `write` so that the raw value which is written first shows its parts, to be numbered
    /// from `attachments` on.
    ///
    /// The writer of packets asks for it, since serde has no name for such a thing.
    #[inline]
    pub(crate) fn in_parts<R>(attachments: usize, write: impl FnOnce() -> R) -> R {
        Self::written(Wanted::Parts(attachments), write)
    }

    /// Calls `write` so that the raw value which is written first shows MessagePack, if it is that.
    pub(crate) fn packed<R>(write: impl FnOnce() -> R) -> R {
        Self::written(Wanted::MessagePack, write)
    }

    #[inline]
    fn written<R>(wanted: Wanted, write: impl FnOnce() -> R) -> R {
        WRITTEN.set(Some(wanted));
        let result = write();
        WRITTEN.set(None);
        result
    }
}

impl Text {
    fn data(&self) -> Result<text::Data<'_>, ValueError> {
        let depth = Limits::default().max_depth;
        let attachments = self.attachments.clone();
        Ok(text::Data::of_value(&self.json, depth, attachments)?)
    }

    /// The text with its placeholders numbered from `first` on.
    #[inline]
    fn numbered_from(&self, first: usize) -> Result<Cow<'_, str>, ValueError> {
        if first == 0 || self.attachments.is_empty() {
            return Ok(Cow::Borrowed(&self.json));
        }
        let json = renumbered(&self.json, self.attachments.len(), first)?;
        Ok(Cow::Owned(json))
    }

    #[inline]
    fn serialize_in_parts<S: Serializer>(
        &self,
        first: usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let json = self.numbered_from(first).map_err(S::Error::custom)?;
        let mut parts = serializer.serialize_struct(Raw::TOKEN, 1 + self.attachments.len())?;
        parts.serialize_field("json", &*json)?;
        for attachment in &self.attachments {
            parts.serialize_field("attachment", &Attachment(attachment))?;
        }
        parts.end()
    }

    fn serialize_for_others<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            let raw: &RawValue = serde_json::from_str(&self.json).map_err(S::Error::custom)?;
            return raw.serialize(serializer);
        }
        self.serialize_as_value(serializer)
    }

    #[cold]
    fn serialize_as_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl Packed {
    fn data(&self) -> Result<msgpack::Data<'_>, ValueError> {
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

    #[cold]
    fn serialize_wanted<S: Serializer>(
        &self,
        wanted: Option<Wanted>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if let Some(Wanted::MessagePack) = wanted {
            let bytes = Verbatim(&self.bytes);
            return serializer.serialize_newtype_struct(Raw::PACKED_TOKEN, &bytes);
        }
        self.data().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl PartialEq for Raw {
    /// Values that came in the same form are equal if they came as the same text or bytes, others if
    /// they have the same text.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::MessagePack(one), Form::MessagePack(other)) => one.bytes == other.bytes,
            _ => self.text() == other.text(),
        }
    }
}

impl Eq for Raw {}

impl FromStr for Raw {
    type Err = ValueError;

    /// Keeps `json` if it is JSON, without the whitespace around it.
    fn from_str(json: &str) -> Result<Self, ValueError> {
        Ok(serde_json::from_str::<Box<RawValue>>(json)?.into())
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(json: Box<RawValue>) -> Self {
        Self::of_text(Box::<str>::from(json).into(), Vec::new())
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
        let wanted = WRITTEN.take();
        match &self.0.0 {
            Form::Text(text) => match wanted {
                Some(Wanted::Parts(first)) => text.serialize_in_parts(first, serializer),
                Some(Wanted::MessagePack) => text.serialize_as_value(serializer),
                None => text.serialize_for_others(serializer),
            },
            Form::MessagePack(packed) => packed.serialize_wanted(wanted, serializer),
        }
    }
}

thread_local! {
    /// How the raw value is wanted that is about to be written.
    static WRITTEN: Cell<Option<Wanted>> = const { Cell::new(None) };
}

/// What a writer of packets wants to be shown.
#[derive(Clone, Copy)]
enum Wanted {
    /// JSON text and attachments; so many attachments there are already.
    Parts(usize),
    /// MessagePack bytes.
    MessagePack,
}

struct Verbatim<'a>(&'a Bytes);

impl Serialize for Verbatim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
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
        Box::<RawValue>::deserialize(deserializer).map(Raw::from)
    }

    /// The reader of MessagePack gives the bytes of the value.
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
        Ok(Raw::of_messagepack(shared_bytes::take(bytes)))
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
        Ok(Raw::of_text(json, attachments))
    }
}
