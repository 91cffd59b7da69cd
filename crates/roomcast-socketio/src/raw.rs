//! Values that are passed on unread.

mod packed;
mod parts;

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use arrayvec::ArrayString;
use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::packed::Packed;
use self::parts::{Attachment, Parts};
use crate::raw_text::{Json, RawText};
use crate::text::FIRST_PLACEHOLDER;
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

/// Cost: the values that are passed on most, short ones and attachments, need no memory of their own.
#[derive(Clone, Debug)]
enum Form {
    /// JSON text without attachments.
    Short(ArrayString<SHORT_BYTES>),
    /// An attachment alone, whose JSON text is its placeholder.
    Attachment(Bytes),
    Text(Text),
    /// Cost: a value that came as text, as nearly all do, stays small.
    MessagePack(Box<Packed>),
}

/// What fits in the room that [`Text`] takes with 64-bit pointers.
const SHORT_BYTES: usize = 36;

/// JSON text of any length and with any number of attachments.
#[derive(Clone, Debug)]
struct Text {
    json: RawText,
    attachments: Vec<Bytes>,
}

impl Raw {
    /// Name under which readers and writers of packets know that a raw value is wanted.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::Raw";
    /// Name under which the writer of text knows JSON text without attachments, as a string, that it
    /// writes as it is.
    pub(crate) const TEXT_TOKEN: &'static str = "roomcast_socketio::Raw::Text";
    /// Name under which the writer of MessagePack knows bytes that it writes as they are.
    pub(crate) const PACKED_TOKEN: &'static str = "roomcast_socketio::Raw::MessagePack";

    /// JSON text without attachments.
    fn of_json(json: impl AsRef<str> + Into<RawText>) -> Self {
        match ArrayString::from(json.as_ref()) {
            Ok(json) => Self(Form::Short(json)),
            Err(_) => Self::of_text(json.into(), Vec::new()),
        }
    }

    fn of_text(json: RawText, attachments: Vec<Bytes>) -> Self {
        Self(Form::Text(Text { json, attachments }))
    }

    fn of_messagepack(bytes: Bytes) -> Self {
        Self(Form::MessagePack(Box::new(Packed::new(bytes))))
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
        self.parts().json
    }

    /// The binary parts of this value, numbered as its placeholders are.
    pub fn attachments(&self) -> &[Bytes] {
        self.parts().attachments
    }

    fn parts(&self) -> Parts<'_> {
        let (json, attachments) = match &self.0 {
            Form::Short(json) => (json.as_str(), &[][..]),
            Form::Attachment(attachment) => (FIRST_PLACEHOLDER, std::slice::from_ref(attachment)),
            Form::Text(text) => (&*text.json, &*text.attachments),
            Form::MessagePack(packed) => return packed.parts(),
        };
        Parts { json, attachments }
    }

    /// Reads the value into a type, as an argument is read.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if it is something else than a `T`, or is beyond the default [`Limits`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        match &self.0 {
            Form::MessagePack(packed) => Ok(packed.data()?.read()?),
            _ => Ok(self.parts().data()?.read()?),
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

impl PartialEq for Raw {
    /// Values that came in the same form are equal if they came as the same text or bytes, others if
    /// they have the same text.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::MessagePack(one), Form::MessagePack(other)) => one.bytes() == other.bytes(),
            _ => self.parts() == other.parts(),
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
        Self::of_json(Box::<str>::from(json))
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
        if let (Form::Short(json), Some(Wanted::Parts(_))) = (&self.0.0, wanted) {
            return serializer.serialize_newtype_struct(Raw::TEXT_TOKEN, json.as_str());
        }
        self.serialize_wanted(wanted, serializer)
    }
}

impl Content<'_> {
    #[inline(never)]
    fn serialize_wanted<S: Serializer>(
        &self,
        wanted: Option<Wanted>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match (&self.0.0, wanted) {
            (Form::Attachment(attachment), _) => Attachment(attachment).serialize(serializer),
            (Form::MessagePack(packed), Some(Wanted::MessagePack)) => {
                packed.serialize_verbatim(serializer)
            }
            (Form::MessagePack(packed), _) => packed.serialize_as_value(serializer),
            (_, Some(Wanted::Parts(first))) => self.0.parts().serialize_numbered(first, serializer),
            (_, Some(Wanted::MessagePack)) => self.0.parts().serialize_as_value(serializer),
            (_, None) => self.0.parts().serialize_for_others(serializer),
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

    /// The reader of text gives that of a value without attachments.
    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Raw, D::Error> {
        Json::deserialize(json).map(|Json(json)| Raw::of_json(json))
    }

    /// The reader of binary packets gives the text and then the attachments.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Raw, A::Error> {
        let Some(Json(json)) = parts.next_element()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let Some(first) = next_attachment(&mut parts)? else {
            return Ok(Raw::of_json(json));
        };
        let second = next_attachment(&mut parts)?;
        if second.is_none() && json == FIRST_PLACEHOLDER {
            return Ok(Raw(Form::Attachment(first)));
        }
        let mut attachments = vec![first];
        attachments.extend(second);
        while let Some(attachment) = next_attachment(&mut parts)? {
            attachments.push(attachment);
        }
        Ok(Raw::of_text(json.into(), attachments))
    }
}

fn next_attachment<'de, A: SeqAccess<'de>>(parts: &mut A) -> Result<Option<Bytes>, A::Error> {
    match parts.next_element::<Value>()? {
        Some(Value::Binary(attachment)) => Ok(Some(attachment)),
        Some(_) => Err(A::Error::custom("expected an attachment")),
        None => Ok(None),
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn short_values_make_no_value_larger() {
        assert_eq!(size_of::<Raw>(), size_of::<Text>());
    }
}
