//! What is typed: one line each.

use std::path::PathBuf;
use std::{fs, io};

use bytes::Bytes;
use roomcast_client::Value;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// A comment, or nothing.
    Nothing,
    Emit {
        event: String,
        args: Vec<Value>,
        manner: Manner,
    },
    /// Answers the event of the server with this number.
    Answer {
        number: u64,
        args: Vec<Value>,
    },
    Wait(String),
    Off(String),
    On(String),
    Connect,
    Disconnect,
    Drop,
    Help,
    Quit,
}

/// How an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Plain,
    Volatile,
    /// With an acknowledgement.
    Asking,
}

/// Why a line cannot be understood, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("{0:?} is no JSON: {1}; texts are quoted, as in \"hello\"")]
    Json(String, serde_json::Error),
    #[error("{0:?} is no list of bytes: write an even number of hexadecimal digits behind 0x")]
    Hex(String),
    #[error("{}: {cause}", .file.display())]
    File { file: PathBuf, cause: io::Error },
    #[error("an event's name is missing")]
    NoEvent,
    #[error("an array begins with the event's name, as in [\"news\",1]")]
    ArrayWithoutEvent,
    #[error("after = comes the number that was shown with the event, as in =3 \"done\"")]
    NoNumber,
    #[error("{0:?} is no command: /help lists them; an event of this name is written in quotes")]
    NoCommand(String),
    #[error("/{0} takes one event's name")]
    OneEvent(&'static str),
}

/// Reads a line. Files that it names are read, too.
pub(crate) fn parse(line: &str) -> Result<Line, LineError> {
    let line = line.trim();
    let Some(first) = line.chars().next() else {
        return Ok(Line::Nothing);
    };
    let rest = &line[first.len_utf8()..];
    match first {
        '#' => Ok(Line::Nothing),
        '?' => emit(rest, Manner::Asking),
        '~' => emit(rest, Manner::Volatile),
        '=' => answer(rest),
        '/' => command(rest),
        _ => emit(line, Manner::Plain),
    }
}

fn emit(text: &str, manner: Manner) -> Result<Line, LineError> {
    let text = text.trim_start();
    let (event, args) = match text.starts_with('[') {
        true => array(text)?,
        false => {
            let (event, rest) = event(text)?;
            (event, arguments(rest)?)
        }
    };
    Ok(Line::Emit {
        event,
        args,
        manner,
    })
}

/// The form on the wire: `["event",1,2]`.
fn array(text: &str) -> Result<(String, Vec<Value>), LineError> {
    let list: Vec<Value> = serde_json::from_str(text).map_err(|error| json_error(text, error))?;
    let mut list = list.into_iter();
    match list.next() {
        Some(Value::String(event)) => Ok((event, list.collect())),
        _ => Err(LineError::ArrayWithoutEvent),
    }
}

/// The event's name, a word or a JSON string, and what follows it.
fn event(text: &str) -> Result<(String, &str), LineError> {
    let text = text.trim_start();
    if text.starts_with('"') {
        return json(text);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    match text.split_at(end) {
        ("", _) => Err(LineError::NoEvent),
        (event, rest) => Ok((event.to_owned(), rest)),
    }
}

fn answer(text: &str) -> Result<Line, LineError> {
    let text = text.trim_start();
    let text = text.strip_prefix('#').unwrap_or(text);
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    let number = number.parse().map_err(|_| LineError::NoNumber)?;
    Ok(Line::Answer {
        number,
        args: arguments(rest)?,
    })
}

fn command(text: &str) -> Result<Line, LineError> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let of_event = |command: &'static str, line: fn(String) -> Line| match event(rest) {
        Ok((event, rest)) if rest.trim().is_empty() => Ok(line(event)),
        _ => Err(LineError::OneEvent(command)),
    };
    match name {
        "wait" => of_event("wait", Line::Wait),
        "off" => of_event("off", Line::Off),
        "on" => of_event("on", Line::On),
        "connect" => Ok(Line::Connect),
        "disconnect" => Ok(Line::Disconnect),
        "drop" => Ok(Line::Drop),
        "help" => Ok(Line::Help),
        "quit" => Ok(Line::Quit),
        _ => Err(LineError::NoCommand(format!("/{name}"))),
    }
}

/// Values one behind the other.
fn arguments(text: &str) -> Result<Vec<Value>, LineError> {
    let mut args = Vec::new();
    let mut text = text;
    loop {
        text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        if text.is_empty() {
            return Ok(args);
        }
        let (value, rest) = argument(text)?;
        args.push(value);
        text = rest;
    }
}

fn argument(text: &str) -> Result<(Value, &str), LineError> {
    if let Some(rest) = text.strip_prefix('@') {
        let (file, rest) = match rest.starts_with('"') {
            true => json(rest)?,
            false => {
                let (word, rest) = word(rest);
                (word.to_owned(), rest)
            }
        };
        let file = PathBuf::from(file);
        return match fs::read(&file) {
            Ok(bytes) => Ok((Value::Binary(bytes.into()), rest)),
            Err(cause) => Err(LineError::File { file, cause }),
        };
    }
    if text.starts_with("0x") {
        let (word, rest) = word(text);
        let bytes = bytes(&word[2..]).ok_or_else(|| LineError::Hex(word.to_owned()))?;
        return Ok((Value::Binary(bytes), rest));
    }
    json(text)
}

/// One JSON value and what follows it.
fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<(T, &str), LineError> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    match values.next() {
        Some(Ok(value)) => {
            let end = values.byte_offset();
            Ok((value, &text[end..]))
        }
        Some(Err(error)) => Err(json_error(text, error)),
        None => Err(LineError::NoEvent),
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| letter.is_whitespace() || letter == ',');
    text.split_at(end.unwrap_or(text.len()))
}

fn bytes(digits: &str) -> Option<Bytes> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| {
        let pair = str::from_utf8(pair).ok()?;
        // A sign is a number to `from_str_radix`, and no digit.
        let are_digits = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| are_digits)
    };
    pairs.map(byte).collect()
}

fn json_error(text: &str, error: serde_json::Error) -> LineError {
    LineError::Json(word(text).0.chars().take(MAX_SHOWN).collect(), error)
}

const MAX_SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use roomcast_client::value;

    use super::*;

    fn emitted(event: &str, args: impl IntoIterator<Item = Value>, manner: Manner) -> Line {
        Line::Emit {
            event: event.to_owned(),
            args: args.into_iter().collect(),
            manner,
        }
    }

    fn error(line: &str) -> String {
        parse(line).unwrap_err().to_string()
    }

    #[test]
    fn an_event_is_a_word_and_arguments_are_json() {
        let line = parse(r#" news "hello you" 7 {"a": [true, null]} -0.5 "#).unwrap();

        let args = [
            value!("hello you"),
            value!(7),
            value!({ "a": [true, null] }),
            value!(-0.5),
        ];
        assert_eq!(line, emitted("news", args, Manner::Plain));
    }

    #[test]
    fn commas_may_stand_between_arguments() {
        let spaced = parse("move 1 2 [3]").unwrap();

        assert_eq!(parse("move 1,2 , [3]").unwrap(), spaced);
    }

    #[test]
    fn a_name_may_be_a_json_string_and_the_line_an_array() {
        let line = emitted("two words", [value!(1)], Manner::Plain);

        assert_eq!(parse(r#""two words" 1"#).unwrap(), line);
        assert_eq!(parse(r#"["two words", 1]"#).unwrap(), line);
    }

    #[test]
    fn the_first_letter_says_how_it_is_sent() {
        let asking = emitted("add", [value!(1)], Manner::Asking);

        assert_eq!(parse("? add 1").unwrap(), asking);
        assert_eq!(parse(r#"?["add",1]"#).unwrap(), asking);
        assert_eq!(parse("~at").unwrap(), emitted("at", [], Manner::Volatile));
    }

    #[test]
    fn an_answer_names_the_event_by_its_number() {
        let answer = |number, args| Line::Answer { number, args };

        assert_eq!(
            parse("=3 \"done\"").unwrap(),
            answer(3, vec!["done".into()])
        );
        assert_eq!(parse("= #12").unwrap(), answer(12, vec![]));
        assert!(error("= done").starts_with("after = comes the number"));
    }

    #[test]
    fn bytes_are_hexadecimal_digits_or_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"\x00\xff").unwrap();
        let name = file.path().to_str().unwrap();
        let bytes = || Value::Binary(Bytes::from_static(b"\x00\xff"));

        let line = parse(&format!("b 0x00fF @{name} @\"{name}\" 1")).unwrap();

        let args = [bytes(), bytes(), bytes(), value!(1)];
        assert_eq!(line, emitted("b", args, Manner::Plain));
    }

    #[test]
    fn bytes_that_are_none_are_refused() {
        for digits in ["0x0", "0x+1", "0xzz", "0xää"] {
            let text = error(&format!("b {digits}"));
            assert!(
                text.starts_with(&format!("{digits:?} is no list of bytes")),
                "{text}"
            );
        }
        assert!(error("b @/no/such/file").starts_with("/no/such/file: "));
    }

    #[test]
    fn a_text_without_quotes_is_refused_with_the_remedy() {
        let text = error("news hello");

        assert!(text.starts_with("\"hello\" is no JSON"), "{text}");
        assert!(
            text.ends_with("texts are quoted, as in \"hello\""),
            "{text}"
        );
    }

    #[test]
    fn commands_begin_with_a_slash_and_others_are_refused() {
        assert_eq!(parse("/wait news").unwrap(), Line::Wait("news".to_owned()));
        assert_eq!(parse("/off \"a b\"").unwrap(), Line::Off("a b".to_owned()));
        assert_eq!(parse("/quit").unwrap(), Line::Quit);
        assert!(error("/exit").starts_with("\"/exit\" is no command"));
        assert_eq!(error("/wait"), "/wait takes one event's name");
        assert_eq!(error("/wait a b"), "/wait takes one event's name");
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert_eq!(parse("  ").unwrap(), Line::Nothing);
        assert_eq!(parse("# news 1").unwrap(), Line::Nothing);
        assert!(matches!(parse("?"), Err(LineError::NoEvent)));
    }
}
