//! How things are shown: one line each, as text or JSON.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use roomcast_client::{Map, Value};

use crate::terminal::printable;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The word with which the line begins.
    pub(crate) kind: &'static str,
    fields: Vec<(&'static str, Field)>,
}

/// A part of a record.
#[derive(Clone, Debug, PartialEq)]
enum Field {
    /// A word that is shown as it is.
    Text(String),
    /// The name of an event, in quotes if it would not be one word.
    Event(String),
    /// The number of an acknowledgement: `#1`.
    Number(u64),
    Args(Vec<Value>),
    Data(Value),
    /// Shown as the word that is its name, if it is so.
    Flag(bool),
    /// Only machines are told.
    Unseen(Value),
}

impl Record {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            fields: Vec::new(),
        }
    }

    pub(crate) fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.with(name, Field::Text(text.into()))
    }

    pub(crate) fn event(self, event: impl Into<String>) -> Self {
        self.with("event", Field::Event(event.into()))
    }

    pub(crate) fn number(self, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.with("number", Field::Number(number)),
            None => self,
        }
    }

    pub(crate) fn args(self, args: Vec<Value>) -> Self {
        self.with("args", Field::Args(args))
    }

    pub(crate) fn data(self, data: Option<Value>) -> Self {
        match data {
            Some(data) => self.with("data", Field::Data(data)),
            None => self,
        }
    }

    pub(crate) fn flag(self, name: &'static str, is_set: bool) -> Self {
        self.with(name, Field::Flag(is_set))
    }

    pub(crate) fn unseen(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.with(name, Field::Unseen(value.into()))
    }

    fn with(mut self, name: &'static str, field: Field) -> Self {
        self.fields.push((name, field));
        self
    }

    /// The line, without its end.
    pub(crate) fn to_text(&self, at: Option<SystemTime>) -> String {
        let mut line = at.map(timestamp).unwrap_or_default();
        line.push_str(self.kind);
        for (name, field) in &self.fields {
            match field {
                Field::Text(text) => add(&mut line, text),
                Field::Event(event) => add(&mut line, &event_name(event)),
                Field::Number(number) => add(&mut line, &format!("#{number}")),
                Field::Args(args) => args.iter().for_each(|arg| add(&mut line, &shown(arg))),
                Field::Data(data) => add(&mut line, &shown(data)),
                Field::Flag(true) => add(&mut line, name),
                Field::Flag(false) | Field::Unseen(_) => {}
            }
        }
        printable(&line).into_owned()
    }

    /// The line as a JSON object.
    pub(crate) fn to_json(&self, at: Option<SystemTime>) -> String {
        let mut object = Map::new();
        if let Some(at) = at {
            let since = at
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            object.insert("at", milliseconds);
        }
        object.insert("type", self.kind);
        for (name, field) in &self.fields {
            let value = match field {
                Field::Text(text) | Field::Event(text) => text.clone().into(),
                Field::Number(number) => (*number).into(),
                Field::Args(args) => args.iter().map(for_machines).collect(),
                Field::Data(data) | Field::Unseen(data) => for_machines(data),
                Field::Flag(is_set) => (*is_set).into(),
            };
            object.insert(*name, value);
        }
        printable(&Value::Object(object).to_string()).into_owned()
    }
}

fn add(line: &mut String, word: &str) {
    line.push(' ');
    line.push_str(word);
}

/// As it can be typed.
fn event_name(event: &str) -> String {
    let is_word = !event.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        && !event.is_empty()
        && !event.starts_with(['"', '[', '?', '~', '=', '/', '#']);
    match is_word {
        true => event.to_owned(),
        false => Value::from(event).to_string(),
    }
}

/// JSON, with bytes in hexadecimal.
pub(crate) fn shown(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, element);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                // Writing to a `String` cannot fail, here and below.
                let _ = write!(out, "{}:", Value::from(key));
                write_value(out, value);
            }
            out.push('}');
        }
        Value::Binary(bytes) => write_bytes(out, bytes),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn write_bytes(out: &mut String, bytes: &Bytes) {
    out.push_str("0x");
    for byte in bytes.iter().take(MAX_SHOWN_BYTES) {
        let _ = write!(out, "{byte:02x}");
    }
    if bytes.len() > MAX_SHOWN_BYTES {
        let _ = write!(out, "…({} bytes)", bytes.len());
    }
}

/// JSON has no bytes.
fn for_machines(value: &Value) -> Value {
    match value {
        Value::Binary(bytes) => {
            let mut object = Map::new();
            object.insert("base64", BASE64_STANDARD.encode(bytes));
            Value::Object(object)
        }
        Value::Array(elements) => elements.iter().map(for_machines).collect(),
        Value::Object(map) => {
            let mut object = Map::new();
            for (key, value) in map.iter() {
                object.insert(key, for_machines(value));
            }
            Value::Object(object)
        }
        other => other.clone(),
    }
}

/// `2026-11-21T20:37:12.345Z` and a space.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or(Duration::ZERO);
    let (seconds, milliseconds) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z ")
}

/// Year, month and day of the Gregorian calendar.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the day that leap years add is their last.
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let without_leap_days =
        day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096;
    let year_of_era = without_leap_days / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

const MAX_SHOWN_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use roomcast_client::value;

    use super::*;

    fn event(name: &str, args: Vec<Value>) -> Record {
        Record::new("event").event(name).number(Some(3)).args(args)
    }

    #[test]
    fn an_event_is_a_word_its_name_and_its_arguments() {
        let record = event("add", vec![value!(1), value!({ "a": ["b"] })]);

        assert_eq!(record.to_text(None), r#"event add #3 1 {"a":["b"]}"#);
        let json = r#"{"type":"event","event":"add","number":3,"args":[1,{"a":["b"]}]}"#;
        assert_eq!(record.to_json(None), json);
    }

    #[test]
    fn a_name_that_would_not_be_one_word_is_quoted() {
        assert_eq!(event("a b", vec![]).to_text(None), r#"event "a b" #3"#);
        assert_eq!(event("#1", vec![]).to_text(None), r##"event "#1" #3"##);
        assert_eq!(event("", vec![]).to_text(None), r#"event "" #3"#);
    }

    #[test]
    fn bytes_are_shown_in_hexadecimal_and_many_are_counted() {
        let few = value!({ "file": Value::Binary(Bytes::from_static(b"\x00\xff\x10")) });
        let many = Value::Binary(vec![7; 33].into());

        assert_eq!(shown(&few), r#"{"file":0x00ff10}"#);
        assert_eq!(shown(&many), format!("0x{}…(33 bytes)", "07".repeat(32)));
        let json = r#"{"type":"event","event":"b","number":3,"args":[{"file":{"base64":"AP8Q"}}]}"#;
        assert_eq!(event("b", vec![few]).to_json(None), json);
    }

    #[test]
    fn a_servers_text_cannot_begin_a_line_or_steer_the_terminal() {
        let record = Record::new("connect-error").text("message", "no\nevent \u{1b}[31m");

        assert_eq!(
            record.to_text(None),
            r"connect-error no\u000aevent \u001b[31m"
        );
    }

    #[test]
    fn a_flag_is_shown_if_it_is_set() {
        let record = |is_set| Record::new("connect").flag("recovered", is_set);

        assert_eq!(record(true).to_text(None), "connect recovered");
        assert_eq!(record(false).to_text(None), "connect");
        assert_eq!(
            record(false).to_json(None),
            r#"{"type":"connect","recovered":false}"#
        );
    }

    #[test]
    fn the_time_is_that_of_the_calendar() {
        let at = |seconds, milliseconds| {
            let since = Duration::from_secs(seconds) + Duration::from_millis(milliseconds);
            Record::new("ping").to_text(Some(SystemTime::UNIX_EPOCH + since))
        };

        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z ping");
        assert_eq!(at(951_782_400, 7), "2000-02-29T00:00:00.007Z ping");
        assert_eq!(at(1_709_251_199, 999), "2024-02-29T23:59:59.999Z ping");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z ping");
        let machine = Record::new("ping").to_json(Some(SystemTime::UNIX_EPOCH));
        assert_eq!(machine, r#"{"at":0,"type":"ping"}"#);
    }
}
