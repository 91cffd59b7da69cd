//! Reading the parts of a message from whatever a peer sent.

use std::sync::Arc;

use roomcast_socketio::{Map, Number, Value};

use crate::{DecodeError, Options, RequestId};

/// The members of an object that a peer sent; unknown ones are left where they are.
pub(crate) struct Fields(Map);

impl Fields {
    pub(crate) fn of(value: Value, part: &'static str) -> Result<Self, DecodeError> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(DecodeError::Shape { part }),
        }
    }

    /// The value of a member, null if there is none.
    pub(crate) fn take(&mut self, part: &str) -> Value {
        self.0.get_mut(part).map(Value::take).unwrap_or_default()
    }

    pub(crate) fn text(&mut self, part: &'static str) -> Result<Arc<str>, DecodeError> {
        self.optional_text(part).ok_or(DecodeError::Shape { part })
    }

    pub(crate) fn optional_text(&mut self, part: &str) -> Option<Arc<str>> {
        self.0.get(part).and_then(as_text)
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.0.get(part).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn request(&mut self) -> Result<RequestId, DecodeError> {
        self.text("requestId").map(|id| RequestId::from(&*id))
    }

    pub(crate) fn optional_request(&mut self) -> Option<RequestId> {
        self.optional_text("requestId")
            .map(|id| RequestId::from(&*id))
    }

    pub(crate) fn number(&self, part: &'static str) -> Result<u64, DecodeError> {
        let number = self.0.get(part).and_then(Value::as_u64);
        number.ok_or(DecodeError::Shape { part })
    }

    pub(crate) fn flag(&self, part: &'static str) -> Result<bool, DecodeError> {
        let flag = self.0.get(part).and_then(Value::as_bool);
        flag.ok_or(DecodeError::Shape { part })
    }

    pub(crate) fn array(&mut self, part: &'static str) -> Result<Vec<Value>, DecodeError> {
        match self.take(part) {
            Value::Array(elements) => Ok(elements),
            _ => Err(DecodeError::Shape { part }),
        }
    }

    /// A list of rooms or ids: none if it is absent; numbers become decimal text.
    pub(crate) fn texts(&mut self, part: &'static str) -> Result<Vec<Arc<str>>, DecodeError> {
        if !self.has(part) {
            return Ok(Vec::new());
        }
        let texts = self.array(part)?;
        let texts: Option<_> = texts.iter().map(as_text).collect();
        texts.ok_or(DecodeError::Shape { part })
    }

    pub(crate) fn options(&mut self) -> Result<Options, DecodeError> {
        let mut fields = Self::of(self.take("opts"), "opts")?;
        Ok(Options {
            rooms: fields.texts("rooms")?,
            except: fields.texts("except")?,
            flags: match fields.take("flags") {
                Value::Object(flags) => flags.into(),
                _ => Map::new().into(),
            },
        })
    }

    /// The event array of a packet, its name first, and the namespace that the packet names.
    pub(crate) fn packet(&mut self) -> Result<(Event, Option<Arc<str>>), DecodeError> {
        let mut packet = Self::of(self.take("packet"), "packet")?;
        let namespace = packet.optional_text("nsp");
        Ok((event(packet.take("data"))?, namespace))
    }
}

/// The name of an event and its arguments.
type Event = Arc<[Value]>;

/// Reads an event array.
pub(crate) fn event(value: Value) -> Result<Event, DecodeError> {
    match value {
        Value::Array(event) if event.first().is_some_and(|name| as_text(name).is_some()) => {
            Ok(event.into())
        }
        _ => Err(DecodeError::Shape { part: "data" }),
    }
}

/// A text, or the decimal text of an integer.
fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => is_integer(*number).then(|| number.to_string().into()),
        _ => None,
    }
}

fn is_integer(number: Number) -> bool {
    number.as_u64().is_some() || number.as_i64().is_some()
}

pub(crate) fn texts(texts: &[Arc<str>]) -> Value {
    texts.iter().map(|text| Value::from(&**text)).collect()
}
