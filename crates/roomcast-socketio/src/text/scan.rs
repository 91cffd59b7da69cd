//! One pass over a packet's data: is it JSON, how deep, and where is what.
//!
//! The grammar is that of `JSON.parse`. The scan is iterative, so nesting costs one bit a level
//! and never the stack.

use super::containers::{Container, Containers};
use super::placeholder::{Placeholders, Tracker};
use super::plain::plain_prefix;
use crate::DecodeError;
use crate::span::{Span, Spans};

/// What a scan found.
#[derive(Debug)]
pub(super) struct Outline {
    /// The type of the outermost value.
    pub(super) shape: Shape,
    /// The placeholders of a binary packet, in the order of their starts.
    pub(super) placeholders: Placeholders,
    /// Where the four digits of `\u` escapes stand that name half of a surrogate pair.
    pub(super) lone_surrogates: Vec<u32>,
    /// Whether a string or key has an escape.
    pub(super) has_escape: bool,
    /// Whether there is a number that serde_json does not read for its size, as `1e999`.
    pub(super) has_huge_number: bool,
}

impl Outline {
    /// Of a value that holds nothing to note.
    fn of(shape: Shape) -> Self {
        Self {
            shape,
            placeholders: Placeholders::new(),
            lone_surrogates: Vec::new(),
            has_escape: false,
            has_huge_number: false,
        }
    }
}

/// The type of a JSON value, as far as packets ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Array,
    Object,
    String,
    Number,
    Other,
}

impl Shape {
    /// The type of the valid JSON value that begins with `first`.
    pub(super) fn of(first: Option<u8>) -> Self {
        match first {
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(b'"') => Self::String,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Other,
        }
    }
}

/// Scans `json`. `attachments` is the number of attachments of a binary packet, whose
/// placeholders are then looked for. The elements of the outermost value, if it is an array, are
/// added to `elements`.
///
/// Cost: the elements are written where they stay, since moving what was just written stalls.
pub(super) fn scan(
    json: &str,
    max_depth: usize,
    attachments: Option<usize>,
    elements: &mut Spans,
) -> Result<Outline, DecodeError> {
    let front = plain_front(json, max_depth, elements);
    match front {
        Front::Whole => Ok(Outline::of(Shape::Array)),
        Front::UpTo(at) => scan_from(at, json, max_depth, attachments, elements),
    }
}

/// How much of a text was passed as the front of an array.
pub(super) enum Front {
    /// All of it.
    Whole,
    /// What is before this element of the array; 0 for nothing.
    UpTo(usize),
}

/// Passes the strings with which an array begins, as most packets do, as long as they have no
/// escapes and nothing but commas between them.
///
/// Cost: a third of the instructions that the scanner needs for them.
#[inline(never)]
pub(super) fn plain_front(json: &str, max_depth: usize, elements: &mut Spans) -> Front {
    let bytes = json.as_bytes();
    let mut rest = match bytes {
        [b'[', rest @ ..] if max_depth > 0 && are_positions(bytes.len()) => rest,
        _ => return Front::UpTo(0),
    };
    while let Some(content) = rest.strip_prefix(b"\"") {
        let start = bytes.len() - rest.len();
        rest = match &content[plain_prefix(content)..] {
            [b'"', b',', next @ ..] => {
                elements.push(Span::new(start, bytes.len() - next.len() - 1));
                next
            }
            [b'"', b']'] => {
                elements.push(Span::new(start, bytes.len() - 1));
                return Front::Whole;
            }
            _ => break,
        };
    }
    match bytes.len() - rest.len() {
        // Nothing but the bracket; no element may follow it.
        1 => Front::UpTo(0),
        at => Front::UpTo(at),
    }
}

/// Positions are kept in 32 bits.
fn are_positions(len: usize) -> bool {
    u32::try_from(len).is_ok()
}

/// Goes on with a [`scan`] from the element of an array that starts at `at`; 0 is the start of all.
pub(super) fn scan_from(
    at: usize,
    json: &str,
    max_depth: usize,
    attachments: Option<usize>,
    elements: &mut Spans,
) -> Result<Outline, DecodeError> {
    if !are_positions(json.len()) {
        return Err(DecodeError::TooLong);
    }
    let scanner = Scanner {
        json,
        bytes: json.as_bytes(),
        at,
        max_depth,
        containers: Containers::default(),
        element_start: 0,
        elements,
        tracker: attachments.map(Tracker::new),
        lone_surrogates: Vec::new(),
        has_escape: false,
        has_huge_number: false,
    };
    scanner.run()
}

struct Scanner<'a> {
    json: &'a str,
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
    containers: Containers,
    /// Where the element of the outermost array starts that is being scanned.
    element_start: usize,
    elements: &'a mut Spans,
    tracker: Option<Tracker>,
    lone_surrogates: Vec<u32>,
    has_escape: bool,
    has_huge_number: bool,
}

type Scan<T = ()> = Result<T, DecodeError>;

/// A step that passes something, or finds that it is no JSON.
type Step = Option<()>;

const INVALID: DecodeError = DecodeError::InvalidPayload;

impl Scanner<'_> {
    fn run(mut self) -> Scan<Outline> {
        let is_in_array = self.at > 0;
        self.skip_whitespace();
        let shape = if is_in_array {
            self.containers.push(Container::Array);
            self.element_start = self.at;
            Shape::Array
        } else {
            Shape::of(self.peek())
        };
        loop {
            if self.begin_value()? == Begun::Container {
                continue;
            }
            if self.end_value()? == Ended::Everything {
                break;
            }
        }
        self.skip_whitespace();
        if self.at < self.bytes.len() {
            return Err(INVALID);
        }
        Ok(Outline {
            shape,
            placeholders: self.tracker.map_or_else(Placeholders::new, Tracker::finish),
            lone_surrogates: self.lone_surrogates,
            has_escape: self.has_escape,
            has_huge_number: self.has_huge_number,
        })
    }

    /// Passes a whole scalar or empty container, or the start of a container up to its first
    /// value.
    #[inline]
    fn begin_value(&mut self) -> Scan<Begun> {
        match self.peek() {
            Some(b'"') => self.string().ok_or(INVALID)?,
            Some(b'-' | b'0'..=b'9') => self.number().ok_or(INVALID)?,
            Some(b'[') => return self.open(Container::Array),
            Some(b'{') => return self.open(Container::Object),
            Some(b't') => self.literal("true").ok_or(INVALID)?,
            Some(b'f') => self.literal("false").ok_or(INVALID)?,
            Some(b'n') => self.literal("null").ok_or(INVALID)?,
            _ => return Err(INVALID),
        }
        Ok(Begun::Whole)
    }

    fn open(&mut self, container: Container) -> Scan<Begun> {
        if self.containers.depth() == self.max_depth {
            return Err(DecodeError::TooDeep {
                limit: self.max_depth,
            });
        }
        if let (Container::Object, Some(tracker)) = (container, &mut self.tracker) {
            if let Some(end) = tracker.note_plain(self.json, self.at) {
                self.at = end;
                return Ok(Begun::Whole);
            }
            tracker.open(self.at);
        }
        self.containers.push(container);
        self.at += 1;
        self.skip_whitespace();
        if self.peek() == Some(container.end()) {
            self.close(container)?;
            return Ok(Begun::Whole);
        }
        self.lead_to_value(container)?;
        Ok(Begun::Container)
    }

    /// Passes the end of a container.
    fn close(&mut self, container: Container) -> Scan {
        self.at += 1;
        self.containers.pop();
        if let (Container::Object, Some(tracker)) = (container, &mut self.tracker) {
            tracker.close(self.json, self.at)?;
        }
        Ok(())
    }

    /// Passes what follows a value: the ends of containers that are complete, then a comma and
    /// what leads to the next value.
    #[inline]
    fn end_value(&mut self) -> Scan<Ended> {
        while let Some(container) = self.containers.top() {
            match container {
                Container::Array if self.containers.depth() == 1 => {
                    self.elements.push(Span::new(self.element_start, self.at));
                }
                Container::Array => {}
                Container::Object => {
                    if let Some(tracker) = &mut self.tracker {
                        tracker.value(self.json, self.at);
                    }
                }
            }
            self.skip_whitespace();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_whitespace();
                    self.lead_to_value(container)?;
                    return Ok(Ended::Value);
                }
                Some(end) if end == container.end() => self.close(container)?,
                _ => return Err(INVALID),
            }
        }
        Ok(Ended::Everything)
    }

    /// Stands where an element of `container` must start; passes an object's key and colon.
    #[inline]
    fn lead_to_value(&mut self, container: Container) -> Scan {
        match container {
            Container::Array if self.containers.depth() == 1 => self.element_start = self.at,
            Container::Array => {}
            Container::Object => self.key()?,
        }
        Ok(())
    }

    fn key(&mut self) -> Scan {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(INVALID);
        }
        self.string().ok_or(INVALID)?;
        let key = Span::new(start, self.at);
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(INVALID);
        }
        self.at += 1;
        self.skip_whitespace();
        if let Some(tracker) = &mut self.tracker {
            tracker.key(key.of(self.json), self.at);
        }
        Ok(())
    }

    /// Passes a string; stands at its opening quote.
    #[inline]
    fn string(&mut self) -> Step {
        self.at += 1;
        self.at += plain_prefix(&self.bytes[self.at..]);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Some(());
        }
        self.escapes()
    }

    /// Passes the rest of a string in which there is an escape here.
    #[cold]
    fn escapes(&mut self) -> Step {
        self.has_escape = true;
        while self.peek() == Some(b'\\') {
            self.escape()?;
            self.at += plain_prefix(&self.bytes[self.at..]);
        }
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Passes one escape, or the two of a surrogate pair.
    fn escape(&mut self) -> Step {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                return Some(());
            }
            Some(b'u') => {}
            _ => return None,
        }
        let unit = self.unicode_escape()?;
        let digits = self.at - 4;
        if !(0xd800..0xe000).contains(&unit) {
            return Some(());
        }
        let is_high = unit < 0xdc00;
        if is_high && self.bytes[self.at..].starts_with(b"\\u") {
            let before = self.at;
            let next = self.unicode_escape()?;
            if (0xdc00..0xe000).contains(&next) {
                return Some(());
            }
            self.at = before;
        }
        // COMPAT: JSON.parse takes half a surrogate pair, as in "\ud800".
        self.lone_surrogates.push(digits as u32);
        Some(())
    }

    /// Passes `\uXXXX` and gives the number; stands at the backslash, which `u` follows.
    fn unicode_escape(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at + 2..self.at + 6)?;
        let mut unit = 0;
        for &digit in digits {
            unit = unit * 16 + char::from(digit).to_digit(16)?;
        }
        self.at += 6;
        Some(unit)
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        if has_exponent || self.at - start > MOST_SAFE_DIGITS {
            self.has_huge_number |= huge_number(&self.json[start..self.at]).is_some();
        }
        Some(())
    }

    /// Passes at least one digit.
    fn digits(&mut self) -> Step {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { None } else { Some(()) }
    }

    fn literal(&mut self, literal: &str) -> Step {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return None;
        }
        self.at += literal.len();
        Some(())
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[derive(PartialEq)]
enum Begun {
    /// A container, whose first value follows.
    Container,
    /// A value that has ended.
    Whole,
}

#[derive(PartialEq)]
enum Ended {
    /// A value; another follows in the same container.
    Value,
    /// The outermost value.
    Everything,
}

/// Every number of so many digits, without an exponent, fits in a double.
const MOST_SAFE_DIGITS: usize = 308;

/// The value of a number that serde_json does not read for its size. JSON.parse takes it, as
/// infinite.
pub(super) fn huge_number(number: &str) -> Option<f64> {
    // Cost: only these are looked at twice.
    let may_be_huge = number.len() > MOST_SAFE_DIGITS || number.contains(['e', 'E']);
    if may_be_huge && serde_json::from_str::<f64>(number).is_err() {
        return number.parse().ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outline(json: &str, max_depth: usize) -> Scan<Outline> {
        scan(json, max_depth, None, &mut Spans::default())
    }

    fn elements(json: &str) -> Vec<&str> {
        let mut elements = Spans::default();
        scan(json, 512, None, &mut elements).unwrap();
        elements
            .as_slice()
            .iter()
            .map(|span| span.of(json))
            .collect()
    }

    #[test]
    fn elements_of_the_outermost_array_are_found_without_the_whitespace_around_them() {
        assert_eq!(
            elements(r#"["a", 1 ,{"x":[1,2]},[[]] ]"#),
            [r#""a""#, "1", r#"{"x":[1,2]}"#, "[[]]"]
        );
        assert_eq!(elements("[]"), Vec::<&str>::new());
        assert_eq!(elements(" \n[1]\t"), ["1"]);
        assert_eq!(
            elements("[0,1,2,3,4,5,6,7,8]"),
            ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
        );
        assert_eq!(elements(r#"{"a":[1]}"#), Vec::<&str>::new());
    }

    #[test]
    fn nesting_of_mixed_containers_is_followed_beyond_64_levels() {
        let json = format!("{}1{}", r#"[{"a":"#.repeat(100), "}]".repeat(100));

        assert!(outline(&json, 200).is_ok());
        assert_eq!(
            outline(&json, 199).unwrap_err(),
            DecodeError::TooDeep { limit: 199 }
        );
        assert_eq!(
            outline(&json.replace("1}]", "1]}"), 200).unwrap_err(),
            INVALID
        );
    }

    #[test]
    fn numbers_beyond_a_double_are_noted_and_read_as_infinite() {
        let digits = format!("1{}", "0".repeat(308));

        assert!(outline("[1,{\"a\":1e400}]", 2).unwrap().has_huge_number);
        assert!(!outline("[1e308,1e-999,0e999]", 1).unwrap().has_huge_number);
        assert_eq!(huge_number("1e999"), Some(f64::INFINITY));
        assert_eq!(huge_number("-1.5E+309"), Some(f64::NEG_INFINITY));
        assert_eq!(huge_number(&format!("{digits}0")), Some(f64::INFINITY));
        assert_eq!(huge_number(&digits), None);
        assert_eq!(huge_number("1e99999999999999999999"), Some(f64::INFINITY));
    }

    #[test]
    fn halves_of_surrogate_pairs_are_noted_and_pairs_are_not() {
        let noted = |json| outline(json, 1).unwrap().lone_surrogates;

        assert!(noted(r#""\ud83d\ude00""#).is_empty());
        assert_eq!(noted(r#""\ud800""#), [3]);
        assert_eq!(noted(r#""\udc00x""#), [3]);
        assert_eq!(noted(r#""\ud800\ud83d\ude00""#), [3]);
        assert_eq!(noted(r#""\ud800\u0041""#), [3]);
        assert_eq!(noted(r#""\ud800\n""#), [3]);
    }

    /// Valid arrays, and texts that differ from one in a few places.
    fn texts() -> impl Strategy<Value = String> {
        let element = prop_oneof![
            6 => r#""[a-z é"\\]{0,20}""#,
            1 => Just(r#"{"_placeholder":true,"num":0}"#.to_owned()),
            1 => "[0-9]{1,3}|null|\\[\\]|\\[\"x\"\\]|1e999|\"\\\\ud800\"",
        ];
        let array = prop::collection::vec(element, 0..7).prop_map(|elements| elements.join(","));
        (array, any::<prop::sample::Index>(), r#"|[\[\]", \\]"#).prop_map(|(array, at, noise)| {
            let mut text: Vec<_> = format!("[{array}]").chars().collect();
            let at = at.index(text.len());
            text.splice(at..at, noise.chars());
            text.into_iter().collect()
        })
    }

    proptest! {
        #[test]
        fn a_front_of_plain_strings_changes_nothing(
            text in texts(),
            max_depth in 0..3_usize,
            attachments in prop::option::of(0..2_usize),
        ) {
            let (mut fast, mut plain) = (Spans::default(), Spans::default());

            let with_front = scan(&text, max_depth, attachments, &mut fast);
            let without = scan_from(0, &text, max_depth, attachments, &mut plain);

            prop_assert_eq!(format!("{with_front:?}"), format!("{without:?}"));
            if without.is_ok() {
                prop_assert_eq!(fast.as_slice(), plain.as_slice());
            }
        }
    }
}
