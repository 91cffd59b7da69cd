//! Sockets and values as JSON.

use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use roomcast::{Map, Socket, Value, value};

use crate::common::sorted_rooms;

/// The JSON text of the arguments, each binary replaced by `{"$bin": "<hex>"}`.
pub(crate) fn describe(args: &[Value]) -> String {
    Value::Array(args.iter().map(without_binary).collect()).to_string()
}

fn without_binary(value: &Value) -> Value {
    match value {
        Value::Binary(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            value!({ "$bin": hex })
        }
        Value::Array(items) => Value::Array(items.iter().map(without_binary).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.to_owned(), without_binary(value)))
                .collect::<Map>(),
        ),
        plain => plain.clone(),
    }
}

pub(crate) fn whoami(socket: &Socket) -> Value {
    value!({
        "id": socket.id().as_str(),
        "nsp": socket.namespace().name(),
        "rooms": sorted_rooms(socket),
        "transport": socket.conn().transport().as_str(),
        "protocol": socket.conn().revision().number(),
        "recovered": socket.is_recovered(),
        "data": socket.data().to_value(),
    })
}

pub(crate) fn handshake(socket: &Socket) -> Value {
    let handshake = socket.handshake();
    let headers: Map = handshake
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let query: HashMap<_, _> = handshake.queries().collect();
    let query: Map = query.into_iter().collect();
    let issued = handshake
        .issued()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    value!({
        "auth": handshake.auth_value().clone(),
        "query": Value::Object(query),
        "url": handshake.url(),
        "headers": Value::Object(headers),
        "address": handshake.address().map(|address| address.ip().to_string()),
        "xdomain": handshake.is_cross_domain(),
        "secure": handshake.is_secure(),
        "time": handshake.time(),
        "issued": u64::try_from(issued).unwrap_or_default(),
    })
}
