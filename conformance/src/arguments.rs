//! The arguments of an event as a handler in JavaScript sees them, for the seed programs.
//!
//! `None` is `undefined`: an argument, or a field of an object, that was not sent.

use roomcast::{Spread, Value};

/// The first `N` arguments; those that are too many are dropped.
///
/// # Example
///
/// ```
/// use roomcast::{Spread, Value};
/// use roomcast_conformance::arguments::arguments;
///
/// let sent = Spread(vec![Value::from("hi")]);
/// let [message, id] = arguments(&sent);
/// assert_eq!(message, Some(&Value::from("hi")));
/// assert_eq!(id, None);
/// ```
#[must_use]
pub fn arguments<const N: usize>(Spread(sent): &Spread<Value>) -> [Option<&Value>; N] {
    std::array::from_fn(|index| sent.get(index))
}

/// A field of an object: `value?.name`.
#[must_use]
pub fn field<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    value?.get(name)
}

/// The room that an argument names.
///
/// Rooms are texts here: a number is the room of its decimal text, a missing argument the room
/// `undefined`. What cannot name a room counts as missing.
#[must_use]
pub fn room(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Array(_) | Value::Object(_) | Value::Binary(_)) => {
            "undefined".to_owned()
        }
        Some(_) => text(value),
    }
}

/// The rooms that an argument names: an array is a list of them.
#[must_use]
pub fn rooms(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(rooms)) => rooms.iter().map(|name| room(Some(name))).collect(),
        _ => vec![room(value)],
    }
}

/// The text of a value in a template: `${value}`.
#[must_use]
pub fn text(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "undefined".to_owned();
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(is_true) => is_true.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let texts = elements.iter().map(|element| match element {
                Value::Null => String::new(),
                element => text(Some(element)),
            });
            texts.collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use roomcast::value;

    use super::*;

    #[test]
    fn a_number_names_the_room_of_its_text() {
        assert_eq!(room(Some(&value!(2))), "2");
        assert_eq!(room(Some(&value!(2.5))), "2.5");
    }

    #[test]
    fn what_is_missing_or_cannot_name_a_room_is_the_room_undefined() {
        assert_eq!(room(None), "undefined");
        assert_eq!(room(Some(&value!({ "room": "a" }))), "undefined");
        assert_eq!(rooms(None), ["undefined"]);
    }

    #[test]
    fn an_array_names_several_rooms() {
        assert_eq!(rooms(Some(&value!(["a", 2, []]))), ["a", "2", "undefined"]);
    }

    #[test]
    fn texts_are_those_of_a_javascript_template() {
        assert_eq!(text(Some(&value!([1, null, ["a", true]]))), "1,,a,true");
        assert_eq!(text(Some(&value!({}))), "[object Object]");
        assert_eq!(text(Some(&Value::Null)), "null");
    }

    #[test]
    fn a_field_of_something_that_is_no_object_is_missing() {
        assert_eq!(field(Some(&value!("text")), "room"), None);
        assert_eq!(field(None, "room"), None);
    }
}
