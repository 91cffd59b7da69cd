//! What is different for clients of Socket.IO 1.x and 2.x, which speak Engine.IO 3.
//!
//! The server joins them to the main namespace, unasked. They name their sockets themselves, put
//! what they know of the user into the query of a namespace's name, and take any value as the reason
//! of a refusal.

use roomcast_socketio::{Map, Packet, Value};

use crate::error::Refusal;

/// Cuts the query off a packet's namespace: what is left, and the query without its `?`.
///
/// `None` if there is nothing to cut off, which is mostly so.
///
/// The official server takes the name for a URL, in which it also resolves `..` and encodes
/// characters; a namespace `/ü` cannot be joined there.
pub(super) fn without_query<'p>(packet: &'p Packet<'_>) -> Option<(Packet<'p>, &'p str)> {
    let namespace = packet.namespace();
    let end = namespace.find(['?', '#'])?;
    let (name, rest) = namespace.split_at(end);
    let rest = rest.split('#').next().unwrap_or_default();
    let query = rest.strip_prefix('?').unwrap_or_default();
    let name = match name {
        "" => "/",
        name => name,
    };
    Some((packet.clone().with_namespace(name), query))
}

/// The `auth` of a client: the parameters of the query, of a repeated one the last value.
pub(super) fn auth(query: &str) -> Value {
    let parameters = form_urlencoded::parse(query.as_bytes());
    let auth: Map = parameters
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    Value::Object(auth)
}

/// The refusal of a namespace that does not exist is an object for these clients, too.
pub(super) fn with_message_as_data(refusal: Refusal) -> Refusal {
    let object: Map = [("message", refusal.message())].into_iter().collect();
    refusal.with_data(Value::Object(object))
}

/// What such a client gets as the reason: the data of a refusal, or its message.
// COMPAT: socket.io 4.8.3 sends `err.data || err.message`.
pub(super) fn reason(refusal: &Refusal) -> Value {
    let data = refusal.data().filter(|data| is_truthy(data));
    data.map_or_else(|| refusal.message().into(), Value::clone)
}

/// Whether JavaScript takes the value for `true`.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != 0.0 && !number.as_f64().is_nan(),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) | Value::Binary(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use roomcast_socketio::Decoder;

    use super::*;
    use crate::value;

    fn cut(text: &str) -> Option<(String, String)> {
        let packet = Decoder::default().text(text).unwrap().unwrap();
        let (packet, query) = without_query(&packet)?;
        Some((packet.namespace().to_owned(), query.to_owned()))
    }

    #[test]
    fn a_name_ends_where_its_query_begins() {
        let parts = |name: &str, query: &str| Some((name.to_owned(), query.to_owned()));
        assert_eq!(cut("0/chat?a=1&b=2"), parts("/chat", "a=1&b=2"));
        assert_eq!(cut("0/chat?a=1,"), parts("/chat", "a=1"));
        assert_eq!(cut("0/?a=1"), parts("/", "a=1"));
        assert_eq!(cut("0/chat?"), parts("/chat", ""));
        assert_eq!(cut("0/chat#a?b=1"), parts("/chat", ""));
        assert_eq!(cut("0/chat?a=1#b"), parts("/chat", "a=1"));
        assert_eq!(cut(r#"2/ü?x,["a"]"#), parts("/ü", "x"));
        assert_eq!(cut("0/chat,"), None);
        assert_eq!(cut("0"), None);
    }

    #[test]
    fn parameters_are_decoded_and_the_last_of_a_name_counts() {
        let expected = value!({ "token": "a b+c", "x": "", "y": "2" });
        assert_eq!(auth("token=a%20b%2Bc&x&y=1&y=2"), expected);
        assert_eq!(auth("token=a+b%2Bc&x=&y=2&"), expected);
        assert_eq!(auth(""), value!({}));
    }

    #[test]
    fn the_reason_is_the_data_unless_javascript_takes_it_for_false() {
        let refusal = Refusal::new("no");
        assert_eq!(reason(&refusal), value!("no"));
        for data in [
            value!({ "code": 1 }),
            value!([]),
            value!("x"),
            value!(7),
            value!(true),
        ] {
            assert_eq!(reason(&refusal.clone().with_data(&data)), data);
        }
        for data in [
            value!(null),
            value!(false),
            value!(0),
            value!(0.0),
            value!(""),
        ] {
            assert_eq!(reason(&refusal.clone().with_data(&data)), value!("no"));
        }
    }
}
