//! The objects by which clients select sockets.

use std::time::Duration;

use roomcast::{Broadcast, Socket, Value};
use serde::{Deserialize, Deserializer};

/// A room, a list of rooms, or nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(rooms) => rooms.iter().map(text).collect(),
            room => vec![text(&room)],
        }))
    }
}

/// `{from, rooms, except}`, and what some events add to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Selection {
    from: Option<String>,
    rooms: OneOrMany,
    except: OneOrMany,
    targets: OneOrMany,
    close: bool,
}

impl Selection {
    pub(crate) fn of(&self, socket: &Socket) -> Broadcast {
        let all = match self.from.as_deref() {
            Some("socket") => socket.broadcast(),
            _ => socket.namespace().local(),
        };
        all.to(self.rooms.0.clone()).except(self.except.0.clone())
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.targets.0.clone()
    }

    pub(crate) fn closes(&self) -> bool {
        self.close
    }
}

/// An event to be sent to a selection, or to the asking socket.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Cast {
    #[serde(flatten)]
    pub(crate) selection: Selection,
    pub(crate) event: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) args: Vec<Value>,
    #[serde(default)]
    pub(crate) volatile: bool,
    #[serde(default, deserialize_with = "milliseconds")]
    pub(crate) timeout: Option<Duration>,
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        value => vec![value],
    })
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
}
