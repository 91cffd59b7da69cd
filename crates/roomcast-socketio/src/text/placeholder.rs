//! Placeholders: objects that stand for an attachment of a binary packet.
//!
//! Spec: Socket.IO protocol 5, "Packet encoding": `{"_placeholder":true,"num":0}`. As the official
//! parser does, any object counts whose `_placeholder` is `true`, whatever else it holds.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::scan::scan;
use super::writer::{PLACEHOLDER, is_placeholder, write_placeholder};
use crate::DecodeError;
use crate::span::{Span, Spans};

/// An object that stands for an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) span: Span,
    /// Invariant: less than the number of the packet's attachments.
    pub(super) attachment: u32,
}

/// Cost: most binary packets have one, which needs no memory of its own.
pub(super) type Placeholders = SmallVec<[Placeholder; 1]>;

/// Watches the objects that a scan passes and notes those that are placeholders.
#[derive(Debug)]
pub(super) struct Tracker {
    attachments: usize,
    innermost: Option<OpenObject>,
    /// The objects around it.
    outer: Vec<OpenObject>,
    found: Placeholders,
}

#[derive(Debug)]
struct OpenObject {
    start: usize,
    key: Key,
    value_start: usize,
    is_placeholder: bool,
    num: Option<Span>,
}

#[derive(Debug)]
enum Key {
    Placeholder,
    Num,
    Other,
}

impl Tracker {
    pub(super) fn new(attachments: usize) -> Self {
        Self {
            attachments,
            innermost: None,
            outer: Vec::new(),
            found: Placeholders::new(),
        }
    }

    /// Notes an object that starts at `start` if it is a placeholder as the official clients write
    /// them, and gives its end.
    ///
    /// Cost: a tenth of the instructions that the scanner needs for such an object.
    pub(super) fn note_plain(&mut self, json: &str, start: usize) -> Option<usize> {
        let rest = json.as_bytes()[start..].strip_prefix(PLACEHOLDER.as_bytes())?;
        let [digit @ b'0'..=b'9', b'}', ..] = rest else {
            return None;
        };
        let attachment = u32::from(digit - b'0');
        if attachment as usize >= self.attachments {
            return None;
        }
        let end = start + PLACEHOLDER.len() + 2;
        self.found.push(Placeholder {
            span: Span::new(start, end),
            attachment,
        });
        Some(end)
    }

    /// An object starts.
    pub(super) fn open(&mut self, start: usize) {
        let outer = self.innermost.replace(OpenObject {
            start,
            key: Key::Other,
            value_start: 0,
            is_placeholder: false,
            num: None,
        });
        self.outer.extend(outer);
    }

    /// A key of the innermost object was passed, quotes included, and its value starts.
    pub(super) fn key(&mut self, key: &str, value_start: usize) {
        if let Some(object) = &mut self.innermost {
            object.key = Key::of(key);
            object.value_start = value_start;
        }
    }

    /// A value of the innermost object ends. Of equal keys the last one counts.
    pub(super) fn value(&mut self, json: &str, end: usize) {
        let Some(object) = &mut self.innermost else {
            return;
        };
        let value = Span::new(object.value_start, end);
        match object.key {
            Key::Placeholder => object.is_placeholder = value.of(json) == "true",
            Key::Num => object.num = Some(value),
            Key::Other => {}
        }
    }

    /// The innermost object ends.
    pub(super) fn close(&mut self, json: &str, end: usize) -> Result<(), DecodeError> {
        let Some(object) = std::mem::replace(&mut self.innermost, self.outer.pop()) else {
            return Ok(());
        };
        if !object.is_placeholder {
            return Ok(());
        }
        let num = object
            .num
            .and_then(|num| attachment_index(num.of(json), self.attachments));
        let attachment = num.ok_or(DecodeError::IllegalPlaceholder)?;
        self.found.push(Placeholder {
            span: Span::new(object.start, end),
            attachment,
        });
        Ok(())
    }

    pub(super) fn finish(mut self) -> Placeholders {
        // They were found in the order of their ends, which differs if one lies within another.
        self.found
            .sort_unstable_by_key(|placeholder| placeholder.span.start);
        self.found
    }
}

impl Key {
    fn of(key: &str) -> Self {
        let inner = &key[1..key.len() - 1];
        if inner.contains('\\') {
            // Half a surrogate pair is an error here and then no part of the two names.
            let unescaped = serde_json::from_str::<String>(key);
            return unescaped.map_or(Self::Other, |name| Self::named(&name));
        }
        Self::named(inner)
    }

    fn named(name: &str) -> Self {
        match name {
            "_placeholder" => Self::Placeholder,
            "num" => Self::Num,
            _ => Self::Other,
        }
    }
}

/// A value with placeholders for `attachments` attachments, numbered in their order, in which
/// they are numbered from `first` on.
pub(crate) fn renumbered(
    json: &str,
    attachments: usize,
    first: usize,
) -> Result<String, DecodeError> {
    // The value was within the limits of the packet in which it came.
    let outline = scan(json, usize::MAX, Some(attachments), &mut Spans::default())?;
    let whole = Span::new(0, json.len());
    Ok(renumber(json, Outermost::of(&outline.placeholders, whole), first).into_owned())
}

/// The placeholders of a value that lie in no other placeholder, in the order of their starts.
#[derive(Clone, Debug)]
pub(super) struct Outermost<'a> {
    rest: &'a [Placeholder],
    /// The part of the value that was not passed.
    span: Span,
}

impl<'a> Outermost<'a> {
    pub(super) fn of(placeholders: &'a [Placeholder], span: Span) -> Self {
        let before = placeholders.partition_point(|found| found.span.start < span.start);
        Self {
            rest: &placeholders[before..],
            span,
        }
    }
}

impl<'a> Iterator for Outermost<'a> {
    type Item = &'a Placeholder;

    fn next(&mut self) -> Option<&'a Placeholder> {
        loop {
            let (next, rest) = self.rest.split_first()?;
            if next.span.start >= self.span.end {
                return None;
            }
            self.rest = rest;
            if next.span.start >= self.span.start {
                self.span.start = next.span.end;
                return Some(next);
            }
        }
    }
}

/// The text of a value whose placeholders are numbered from `first` on, borrowed if they are
/// already.
pub(super) fn renumber<'a>(json: &'a str, placed: Outermost<'_>, first: usize) -> Cow<'a, str> {
    let span = placed.span;
    let has_number = |(number, placeholder): (usize, &Placeholder)| {
        is_placeholder(placeholder.span.of(json), number)
    };
    if (first..).zip(placed.clone()).all(has_number) {
        return Cow::Borrowed(span.of(json));
    }
    let (bytes, mut from) = (json.as_bytes(), span.start as usize);
    let mut text = Vec::with_capacity(span.of(json).len() + 8);
    for (number, placeholder) in (first..).zip(placed) {
        text.extend_from_slice(&bytes[from..placeholder.span.start as usize]);
        write_placeholder(&mut text, number);
        from = placeholder.span.end as usize;
    }
    text.extend_from_slice(&bytes[from..span.end as usize]);
    let text = String::from_utf8(text).expect("whole objects of a text were replaced by ASCII");
    Cow::Owned(text)
}

/// The number `num` of a placeholder, if it is one of the attachments. `0`, `0.0` and `-0` are
/// the same number.
fn attachment_index(num: &str, attachments: usize) -> Option<u32> {
    if !num.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    if let Ok(index) = num.parse::<u32>() {
        return ((index as usize) < attachments).then_some(index);
    }
    let num: f64 = num.parse().ok()?;
    (num.fract() == 0.0 && num >= 0.0 && num < attachments as f64).then_some(num as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, attachments: usize) -> Result<Vec<(&str, u32)>, DecodeError> {
        let outline = scan(json, 512, Some(attachments), &mut Spans::default())?;
        let found = outline.placeholders.iter();
        Ok(found
            .map(|placeholder| (placeholder.span.of(json), placeholder.attachment))
            .collect())
    }

    #[test]
    fn placeholders_are_found_at_any_depth_and_with_any_order_of_keys() {
        let json = r#"[{"a":{"num" : 1, "_placeholder":true}},[{"_placeholder":true,"num":0}]]"#;

        assert_eq!(
            found(json, 2),
            Ok(vec![
                (r#"{"num" : 1, "_placeholder":true}"#, 1),
                (r#"{"_placeholder":true,"num":0}"#, 0),
            ])
        );
    }

    #[test]
    fn escaped_keys_and_repeated_keys_count_as_javascript_counts_them() {
        assert_eq!(
            found(r#"[{"_pl\u0061ceholder":true,"n\u0075m":0}]"#, 1)
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            found(r#"[{"_placeholder":true,"num":9,"num":0}]"#, 1).unwrap()[0].1,
            0
        );
        assert_eq!(
            found(r#"[{"_placeholder":true,"num":0,"_placeholder":1}]"#, 1),
            Ok(vec![])
        );
        assert_eq!(
            found(r#"[{"_placeholder":"true","num":"x"},{"num":7}]"#, 1),
            Ok(vec![])
        );
        assert_eq!(
            found(
                r#"[{"_placeholder":true,"num":1.0},{"_placeholder":true,"num":-0}]"#,
                2
            )
            .unwrap()
            .iter()
            .map(|(_, n)| *n)
            .collect::<Vec<_>>(),
            [1, 0]
        );
    }

    #[test]
    fn a_placeholder_must_name_one_of_the_attachments() {
        for num in [
            "10",
            "2",
            "-1",
            "0.5",
            "1e300",
            "\"splice\"",
            "\"0\"",
            "null",
            "[0]",
            "true",
        ] {
            let json = format!(r#"["x",{{"_placeholder":true,"num":{num}}}]"#);
            assert_eq!(
                found(&json, 2),
                Err(DecodeError::IllegalPlaceholder),
                "{num}"
            );
        }
        assert_eq!(
            found(r#"["x",{"_placeholder":true}]"#, 2),
            Err(DecodeError::IllegalPlaceholder)
        );
    }

    #[test]
    fn a_placeholder_counts_the_same_with_whitespace_in_it() {
        for num in ["0", "1", "2", "9", "10", "00", "-0", "0.0", "", "x", "0,"] {
            for attachments in [0, 1, 2, 10, 11] {
                let plain = format!(r#"[{{"a":{{"_placeholder":true,"num":{num}}}}}]"#);
                let spaced = plain.replace(":true", ": true");
                let numbers = |found: Result<Vec<(&str, u32)>, _>| {
                    found.map(|found| found.iter().map(|(_, number)| *number).collect::<Vec<_>>())
                };

                let (plain, spaced) = (found(&plain, attachments), found(&spaced, attachments));

                assert_eq!(numbers(plain), numbers(spaced), "{num} of {attachments}");
            }
        }
    }

    #[test]
    fn a_placeholder_is_as_deep_as_any_object() {
        let json = r#"["x",[{"_placeholder":true,"num":0}]]"#;
        let depth = |limit| scan(json, limit, Some(1), &mut Spans::default()).map(|_| ());

        assert_eq!(depth(2), Err(DecodeError::TooDeep { limit: 2 }));
        assert_eq!(depth(3), Ok(()));
    }
}
