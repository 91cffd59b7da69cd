//! Recorded traffic of the official adapters.

use bytes::Bytes;
use roomcast_socketio::{Map, Value};

/// One payload that an official adapter sent.
pub(crate) struct Recorded {
    /// Which vector it belongs to.
    pub(crate) name: String,
    pub(crate) channel: String,
    pub(crate) payload: Bytes,
    /// What its sender meant, where the recording says so.
    pub(crate) decoded: Value,
}

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/",
            $name,
            ".json"
        ))
    };
}
pub(crate) use vectors;

pub(crate) fn parse(file: &str) -> Value {
    file.parse().expect("the recording is JSON")
}

/// What was published on channels, cut payloads left out.
pub(crate) fn published(file: &str) -> Vec<Recorded> {
    let mut published = Vec::new();
    each_command(file, |name, command| {
        let (Some(payload), Some(channel)) =
            (command["payload_hex"].as_str(), command["channel"].as_str())
        else {
            return;
        };
        if let Some(payload) = hex(payload) {
            published.push(Recorded {
                name: name.to_owned(),
                channel: channel.to_owned(),
                payload,
                decoded: command["decoded"].clone(),
            });
        }
    });
    published
}

/// Calls `look` for each command of each vector, with the vector's name.
pub(crate) fn each_command(file: &str, mut look: impl FnMut(&str, &Value)) {
    let file = parse(file);
    for vector in file["vectors"].as_array().expect("vectors") {
        let name = vector["id"].as_str().expect("an id");
        let lists = ["commands", "notifications", "messages"].map(|list| vector[list].as_array());
        for command in lists.into_iter().flatten().flatten() {
            look(name, command);
        }
    }
}

/// Bytes of hex digits; none if they were cut.
pub(crate) fn hex(digits: &str) -> Option<Bytes> {
    let digits = digits.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

/// A value with its tags replaced by what they stand for. A date is text, as in JSON.
pub(crate) fn untagged(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 => {
            let (key, content) = map.iter().next().expect("one member");
            match (key, content.as_str()) {
                ("$bin", Some(digits)) => hex(digits).expect("hex digits").into(),
                ("$date", Some(date)) => date.into(),
                ("$undefined", _) => Value::Null,
                ("$number", Some("NaN")) => f64::NAN.into(),
                ("$number", Some("Infinity")) => f64::INFINITY.into(),
                ("$number", Some("-Infinity")) => f64::NEG_INFINITY.into(),
                _ => untagged_map(map),
            }
        }
        Value::Object(map) => untagged_map(map),
        Value::Array(elements) => elements.iter().map(untagged).collect(),
        value => value.clone(),
    }
}

fn untagged_map(map: &Map) -> Value {
    let entries = map.iter().map(|(key, value)| (key, untagged(value)));
    entries.collect::<Map>().into()
}
