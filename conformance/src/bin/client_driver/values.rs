//! Values on the lines: JSON in which a binary is `{"$bin": "<base64>"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roomcast_client::{Map, Value, value};

/// The value that is meant by one of a command.
pub(crate) fn decode(value: &Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(decode).collect()),
        Value::Object(object) => match binary(object) {
            Some(bytes) => bytes,
            None => Value::Object(
                object
                    .iter()
                    .map(|(key, value)| (key, decode(value)))
                    .collect(),
            ),
        },
        value => value.clone(),
    }
}

fn binary(object: &Map) -> Option<Value> {
    let text = object.get("$bin").filter(|_| object.len() == 1)?.as_str()?;
    let bytes = STANDARD.decode(text).ok()?;
    Some(Value::Binary(bytes.into()))
}

/// The value of a report that stands for this one.
pub(crate) fn encode(value: &Value) -> Value {
    match value {
        Value::Binary(bytes) => value!({ "$bin": STANDARD.encode(bytes) }),
        Value::Array(values) => Value::Array(values.iter().map(encode).collect()),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| (key, encode(value)))
                .collect(),
        ),
        value => value.clone(),
    }
}

/// The values of a list, or none if it is absent.
pub(crate) fn list(value: &Value) -> Vec<Value> {
    value
        .as_array()
        .unwrap_or_default()
        .iter()
        .map(decode)
        .collect()
}

pub(crate) fn encode_all(values: &[Value]) -> Value {
    Value::Array(values.iter().map(encode).collect())
}
