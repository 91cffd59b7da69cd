//! The data of a decoded packet: JSON text, where its elements are, and its attachments.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use smallvec::SmallVec;

use super::argument::Argument;
use super::placeholder::{Placeholder, Placeholders};
use super::reader::Reader;
use super::rules;
use super::scan::{Front, Shape, plain_front, scan_from};
use crate::span::{Span, Spans};
use crate::transcode::Transcode;
use crate::{DecodeError, EventName, PacketKind};

/// Invariant: `json` is empty or one JSON value that `scan` and `rules` accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data<'a> {
    json: Cow<'a, str>,
    elements: Spans,
    has_escape: bool,
    has_huge_number: bool,
    binary: Option<Box<Binary>>,
}

/// What only binary packets have.
#[derive(Clone, Debug)]
pub(super) struct Binary {
    /// In the order of their starts.
    pub(super) placeholders: Placeholders,
    pub(super) attachments: Attachments,
}

/// Cost: one, as in most binary packets, needs no memory of its own.
type Attachments = SmallVec<[Bytes; 1]>;

impl Binary {
    fn boxed(placeholders: Placeholders, attachments: usize) -> Box<Self> {
        Box::new(Self {
            placeholders,
            attachments: Attachments::with_capacity(attachments.min(MOST_EXPECTED)),
        })
    }

    fn has_placeholder(&self, span: Span) -> bool {
        let first = self
            .placeholders
            .partition_point(|found| found.span.start < span.start);
        self.placeholders
            .get(first)
            .is_some_and(|found| found.span.start < span.end)
    }
}

impl<'a> Data<'a> {
    /// Data that is still to be checked.
    #[inline]
    pub(super) fn unchecked(json: &'a str) -> Self {
        Self {
            json: Cow::Borrowed(json),
            ..Self::default()
        }
    }

    /// Checks that this is data of a packet of this kind. `attachments` is the number that a
    /// binary packet announces.
    #[inline]
    pub(super) fn check(
        &mut self,
        kind: PacketKind,
        max_depth: usize,
        attachments: Option<usize>,
    ) -> Result<(), DecodeError> {
        if self.json.is_empty() {
            self.binary = attachments.map(|count| Binary::boxed(Placeholders::new(), count));
            return Ok(());
        }
        let shape = self.scan(max_depth, attachments)?;
        rules::check(kind, self, shape)
    }

    /// Checks any JSON value; where it has attachments, its placeholders stand for them.
    pub(crate) fn of_value(
        json: &'a str,
        max_depth: usize,
        attachments: &[Bytes],
    ) -> Result<Self, DecodeError> {
        let mut data = Self::unchecked(json);
        let count = Some(attachments.len()).filter(|&count| count > 0);
        data.scan(max_depth, count)?;
        if let Some(binary) = &mut data.binary {
            binary.attachments.extend(attachments.iter().cloned());
        }
        Ok(data)
    }

    /// Notes what is where, and gives the type of the value.
    #[inline]
    fn scan(&mut self, max_depth: usize, attachments: Option<usize>) -> Result<Shape, DecodeError> {
        match plain_front(&self.json, max_depth, &mut self.elements) {
            Front::Whole => {
                self.binary = attachments.map(|count| Binary::boxed(Placeholders::new(), count));
                Ok(Shape::Array)
            }
            Front::UpTo(at) => self.scan_from(at, max_depth, attachments),
        }
    }

    fn scan_from(
        &mut self,
        at: usize,
        max_depth: usize,
        attachments: Option<usize>,
    ) -> Result<Shape, DecodeError> {
        let outline = scan_from(at, &self.json, max_depth, attachments, &mut self.elements)?;
        self.has_escape = outline.has_escape;
        self.has_huge_number = outline.has_huge_number;
        if !outline.lone_surrogates.is_empty() {
            replace_lone_surrogates(self.json.to_mut(), &outline.lone_surrogates);
        }
        self.binary = attachments.map(|count| Binary::boxed(outline.placeholders, count));
        Ok(outline.shape)
    }

    pub(super) fn push_attachment(&mut self, attachment: Bytes) {
        if let Some(binary) = &mut self.binary {
            binary.attachments.push(attachment);
        }
    }

    /// The bytes of all attachments, each counted as often as a placeholder stands for it.
    pub(super) fn placed_bytes(&self) -> usize {
        let Some(binary) = &self.binary else { return 0 };
        let attachment = |found: &Placeholder| binary.attachments.get(found.attachment as usize);
        let lengths = binary
            .placeholders
            .iter()
            .filter_map(attachment)
            .map(Bytes::len);
        lengths.fold(0, usize::saturating_add)
    }

    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn attachments(&self) -> &[Bytes] {
        self.binary
            .as_ref()
            .map_or(&[], |binary| &binary.attachments)
    }

    /// The number of elements of the array.
    pub(crate) fn len(&self) -> usize {
        self.elements.as_slice().len()
    }

    /// The text of an element of the array.
    pub(crate) fn element(&self, index: usize) -> Option<&str> {
        Some(self.elements.as_slice().get(index)?.of(&self.json))
    }

    /// The content of the first element, if that is a string and no string has an escape.
    #[inline]
    pub(super) fn plain_name(&self) -> Option<&str> {
        let name = self.elements.as_slice().first()?;
        let is_plain = !self.has_escape && self.json.as_bytes()[name.start as usize] == b'"';
        is_plain.then(|| name.content().of(&self.json))
    }

    /// The first element of the array, which for events was checked to be a name.
    #[inline]
    pub(crate) fn event_name(&self) -> Option<EventName<'_>> {
        if let Some(name) = self.plain_name() {
            return Some(EventName::from(name));
        }
        self.rare_event_name()
    }

    #[cold]
    fn rare_event_name(&self) -> Option<EventName<'_>> {
        let name = self.element(0)?;
        Some(match Shape::of(name.bytes().next()) {
            Shape::String => EventName::Text(unescape(name)),
            // JavaScript reads a number that no double holds as infinite.
            _ => match serde_json::from_str(name) {
                Ok(number) => EventName::Number(number),
                Err(_) if name.starts_with('-') => EventName::from("-Infinity"),
                Err(_) => EventName::from("Infinity"),
            },
        })
    }

    /// Reads an element of the array.
    pub(crate) fn read_element<'d, T: Deserialize<'d>>(
        &'d self,
        index: usize,
    ) -> Option<serde_json::Result<T>> {
        Some(self.read_span(*self.elements.as_slice().get(index)?))
    }

    /// Reads the whole data, which is an error if there is none.
    pub(crate) fn read<'d, T: Deserialize<'d>>(&'d self) -> serde_json::Result<T> {
        self.read_span(self.whole())
    }

    /// The data without the whitespace around it.
    fn whole(&self) -> Span {
        let start = self.json.len() - self.json.trim_ascii_start().len();
        let end = self.json.trim_ascii_end().len();
        Span::new(start, end.max(start))
    }

    fn read_span<'d, T: Deserialize<'d>>(&'d self, span: Span) -> serde_json::Result<T> {
        if let Some(binary) = &self.binary
            && binary.has_placeholder(span)
        {
            return T::deserialize(&mut Reader::new(&self.json, span, binary));
        }
        if self.has_huge_number {
            // COMPAT: JSON.parse takes 1e999 as infinite, which serde_json refuses.
            let binary = self.binary.as_deref().unwrap_or(&NO_BINARY);
            return T::deserialize(&mut Reader::new(&self.json, span, binary));
        }
        let argument = Argument {
            json: span.of(&self.json),
            has_escape: self.has_escape,
        };
        // A mismatch is told in serde_json's words, which name the place.
        T::deserialize(argument).or_else(|_| T::deserialize(&mut argument.parser()))
    }

    pub(crate) fn into_owned(self) -> Data<'static> {
        Data {
            json: Cow::Owned(self.json.into_owned()),
            elements: self.elements,
            has_escape: self.has_escape,
            has_huge_number: self.has_huge_number,
            binary: self.binary,
        }
    }
}

impl Serialize for Data<'_> {
    /// Shows the whole data as the value it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let binary = self.binary.as_deref().unwrap_or(&NO_BINARY);
        Transcode::new(&mut Reader::new(&self.json, self.whole(), binary)).serialize(serializer)
    }
}

/// Memory is taken for so many attachments before they come.
const MOST_EXPECTED: usize = 16;

static NO_BINARY: Binary = Binary {
    placeholders: Placeholders::new_const(),
    attachments: Attachments::new_const(),
};

/// The content of a JSON string, given with its quotes and known to be valid.
pub(super) fn unescape(string: &str) -> Cow<'_, str> {
    let inner = unquoted(string);
    if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(string).unwrap_or_default())
    } else {
        Cow::Borrowed(inner)
    }
}

/// A JSON string without its quotes, escapes as they are.
fn unquoted(string: &str) -> &str {
    &string[1..string.len() - 1]
}

/// Writes the replacement character where an escape names half of a surrogate pair: JavaScript
/// keeps the half, which no `str` can hold. The length stays the same, so positions stay valid.
///
/// `lone_surrogates` is where the digits of these escapes stand.
#[cold]
fn replace_lone_surrogates(json: &mut String, lone_surrogates: &[u32]) {
    let mut bytes = std::mem::take(json).into_bytes();
    for &digits in lone_surrogates {
        let digits = digits as usize;
        bytes[digits..digits + 4].copy_from_slice(b"fffd");
    }
    *json = String::from_utf8(bytes).expect("four ASCII digits were replaced by four others");
}
