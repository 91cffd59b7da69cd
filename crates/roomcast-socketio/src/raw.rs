//! Values that are passed on unread.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::text::Data;
use crate::{Limits, Value, ValueError};

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
    json: Box<str>,
    attachments: Vec<Bytes>,
}

impl Raw {
    /// Name under which the reader of binary packets knows that a raw value is wanted.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::Raw";

    fn without_attachments(json: Box<RawValue>) -> Self {
        Self {
            json: json.into(),
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
            json: json.into(),
            attachments: Vec::new(),
        }
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            let raw: &RawValue = serde_json::from_str(&self.json).map_err(S::Error::custom)?;
            return raw.serialize(serializer);
        }
        // The placeholders get other numbers among the attachments of another packet.
        self.parse::<Value>()
            .map_err(S::Error::custom)?
            .serialize(serializer)
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
        let json = parts.next_element::<String>()?;
        let json = json
            .ok_or_else(|| A::Error::invalid_length(0, &self))?
            .into();
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
