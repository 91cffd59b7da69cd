//! Names of events.

use std::borrow::Cow;
use std::fmt;

use crate::Number;

/// Names that have a meaning of their own on one of the two sides. They are refused in both
/// directions.
pub const RESERVED_EVENTS: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// The name of an event: a text or, rarely, a number.
///
/// Handlers are registered under texts: a number meets the handler of its text
/// ([`to_text`](Self::to_text)), and comparing with a `str` compares that text.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum EventName<'a> {
    /// `["greet", …]`
    Text(Cow<'a, str>),
    /// `[12, …]`
    Number(Number),
}

impl<'a> EventName<'a> {
    /// The text under which handlers are registered.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }

    /// The same name with the text copied.
    pub fn into_owned(self) -> EventName<'static> {
        match self {
            Self::Text(text) => EventName::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => EventName::Number(number),
        }
    }

    /// Whether the name is one of [`RESERVED_EVENTS`].
    pub fn is_reserved(&self) -> bool {
        matches!(self, Self::Text(text) if is_reserved(text))
    }
}

#[inline]
pub(crate) fn is_reserved(name: &str) -> bool {
    // The reserved names start with one of these letters: most names are decided by one byte.
    matches!(name.as_bytes().first(), Some(b'c' | b'd' | b'n' | b'r'))
        && RESERVED_EVENTS.contains(&name)
}

impl<'a> From<&'a str> for EventName<'a> {
    fn from(name: &'a str) -> Self {
        Self::Text(Cow::Borrowed(name))
    }
}

impl<'a> From<&'a String> for EventName<'a> {
    fn from(name: &'a String) -> Self {
        Self::Text(Cow::Borrowed(name))
    }
}

impl From<String> for EventName<'_> {
    fn from(name: String) -> Self {
        Self::Text(Cow::Owned(name))
    }
}

impl<'a> From<Cow<'a, str>> for EventName<'a> {
    fn from(name: Cow<'a, str>) -> Self {
        Self::Text(name)
    }
}

impl From<Number> for EventName<'_> {
    fn from(name: Number) -> Self {
        Self::Number(name)
    }
}

impl From<u64> for EventName<'_> {
    fn from(name: u64) -> Self {
        Self::Number(name.into())
    }
}

impl PartialEq<str> for EventName<'_> {
    fn eq(&self, text: &str) -> bool {
        self.to_text() == text
    }
}

impl PartialEq<&str> for EventName<'_> {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl fmt::Display for EventName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}
