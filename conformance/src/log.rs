//! The log of the seed programs: values as Node prints them, each entry on one line.

use std::fmt::Write;

use roomcast::{Map, Value};

/// Prints the values of one entry, separated by a space.
pub fn log<const N: usize>(values: [Option<&Value>; N]) {
    println!("{}", values.map(printed).join(" "));
}

/// A value that stands on its own: text as it is, everything else as in [`inspected`].
#[must_use]
pub fn printed(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        value => inspected(value, 0),
    }
}

/// An object with these fields; `None` is `undefined`.
///
/// # Example
///
/// ```
/// use roomcast_conformance::log::object;
///
/// let room = "devs".into();
/// assert_eq!(object(&[("room", Some(&room)), ("n", None)]), "{ room: 'devs', n: undefined }");
/// ```
#[must_use]
pub fn object(fields: &[(&str, Option<&Value>)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{}: {}", key(name), inspected(*value, 1)));
    braces('{', &fields.collect::<Vec<_>>(), '}')
}

/// A value inside `level` objects and arrays: text in quotes, and no more than three levels.
#[must_use]
pub fn inspected(value: Option<&Value>, level: usize) -> String {
    let Some(value) = value else {
        return "undefined".to_owned();
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(is_true) => is_true.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(elements) if elements.is_empty() => "[]".to_owned(),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Array(_) if level > MAX_LEVEL => "[Array]".to_owned(),
        Value::Object(_) if level > MAX_LEVEL => "[Object]".to_owned(),
        Value::Array(elements) => {
            let elements = elements
                .iter()
                .map(|element| inspected(Some(element), level + 1));
            braces('[', &elements.collect::<Vec<_>>(), ']')
        }
        Value::Object(fields) => braces('{', &inspected_fields(fields, level + 1), '}'),
        Value::Binary(bytes) => buffer(bytes),
    }
}

fn inspected_fields(fields: &Map, level: usize) -> Vec<String> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| format!("{}: {}", key(name), inspected(Some(value), level)))
        .collect()
}

fn braces(open: char, parts: &[String], close: char) -> String {
    format!("{open} {} {close}", parts.join(", "))
}

/// A field's name: in quotes unless it could stand in a program as it is.
fn key(name: &str) -> String {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word && name.starts_with(|first: char| !first.is_ascii_digit()) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Text in single quotes, unless it holds one and lacks double quotes or backticks.
fn quoted(text: &str) -> String {
    let quote = match text {
        text if !text.contains('\'') => '\'',
        text if !text.contains('"') => '"',
        text if !text.contains('`') && !text.contains("${") => '`',
        _ => '\'',
    };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            '\'' if quote == '\'' => out.push_str("\\'"),
            control if control.is_control() => {
                write!(out, "\\x{:02X}", u32::from(control)).expect("a string takes every text");
            }
            character => out.push(character),
        }
    }
    out.push(quote);
    out
}

fn buffer(bytes: &[u8]) -> String {
    let shown = bytes
        .iter()
        .take(MAX_SHOWN_BYTES)
        .map(|byte| format!(" {byte:02x}"));
    let rest = match bytes.len().saturating_sub(MAX_SHOWN_BYTES) {
        0 => String::new(),
        1 => " ... 1 more byte".to_owned(),
        rest => format!(" ... {rest} more bytes"),
    };
    format!("<Buffer{}{rest}>", shown.collect::<String>())
}

const MAX_LEVEL: usize = 2;
const MAX_SHOWN_BYTES: usize = 50;

#[cfg(test)]
mod tests {
    use roomcast::value;

    use super::*;

    // Printed by Node 20: console.log(value).
    #[test]
    fn values_are_printed_as_node_prints_them() {
        for (value, line) in [
            (value!("it's raw"), "it's raw"),
            (value!(4), "4"),
            (value!(1e21), "1e+21"),
            (value!(true), "true"),
            (value!(null), "null"),
            (value!([]), "[]"),
            (value!([1, "a"]), "[ 1, 'a' ]"),
            (value!({ "room": "devs", "n": 4 }), "{ room: 'devs', n: 4 }"),
            (value!({ "text": "it's 4" }), "{ text: \"it's 4\" }"),
            (value!({ "a": "'\"" }), "{ a: `'\"` }"),
            (value!({ "a": "'\"`" }), "{ a: '\\'\"`' }"),
            (value!({ "a": "x\n\u{7f}\\" }), "{ a: 'x\\n\\x7F\\\\' }"),
            (
                value!({ "a-b": 1, "": 2, "x1": 3 }),
                "{ 'a-b': 1, '': 2, x1: 3 }",
            ),
            (
                value!({ "a": { "b": { "c": { "d": 1 } } } }),
                "{ a: { b: { c: [Object] } } }",
            ),
            (value!([[[[1]], []]]), "[ [ [ [Array] ], [] ] ]"),
        ] {
            assert_eq!(printed(Some(&value)), line);
        }
    }

    #[test]
    fn what_is_missing_is_undefined() {
        assert_eq!(printed(None), "undefined");
    }

    #[test]
    fn bytes_are_printed_as_a_buffer() {
        assert_eq!(
            printed(Some(&Value::Binary(vec![0, 255].into()))),
            "<Buffer 00 ff>"
        );
    }
}
