//! Numbers beyond all doubles: read as infinite, as JavaScript does, and sent as null.

use roomcast_socketio::Value;

/// Whether `value` comes back unchanged after it was sent.
pub(crate) fn is_finite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_finite(),
        Value::Array(items) => items.iter().all(is_finite),
        Value::Object(map) => map.values().all(is_finite),
        _ => true,
    }
}
