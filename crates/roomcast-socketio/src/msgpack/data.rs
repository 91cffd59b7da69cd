//! The data of a decoded packet: MessagePack bytes, and where its elements are.

use std::borrow::Cow;
use std::ops::Deref;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};

use super::reader::Reader;
use super::scan::Scanner;
use super::token::{Token, token};
use crate::span::{Span, Spans};
use crate::transcode::Transcode;
use crate::{DecodeError, EventName, Limits};

/// The bytes of a packet.
#[derive(Clone, Debug)]
pub(crate) enum Buffer<'a> {
    /// Lent by who received them.
    Borrowed(&'a [u8]),
    /// Shared, so that the binary parts need no copies.
    Shared(Bytes),
}

impl<'a> Buffer<'a> {
    pub(super) fn text(&self, span: Span) -> &str {
        std::str::from_utf8(span.of_bytes(self)).unwrap_or_default()
    }

    /// The text of a namespace, which lives as long as lent bytes do.
    pub(super) fn namespace(&self, span: Span) -> Cow<'a, str> {
        match self {
            Self::Borrowed(bytes) => String::from_utf8_lossy(span.of_bytes(bytes)),
            Self::Shared(_) => Cow::Owned(self.text(span).to_owned()),
        }
    }

    fn shared(&self) -> Option<&Bytes> {
        match self {
            Self::Borrowed(_) => None,
            Self::Shared(bytes) => Some(bytes),
        }
    }
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// Invariant: `whole` is empty or one value that a scan accepted, and `elements` lie in it.
#[derive(Clone, Debug)]
pub(crate) struct Data<'a> {
    buffer: Buffer<'a>,
    whole: Span,
    elements: Spans,
}

impl<'a> Data<'a> {
    pub(super) fn new(buffer: Buffer<'a>, whole: Span, elements: Spans) -> Self {
        Self {
            buffer,
            whole,
            elements,
        }
    }

    /// Checks any one value.
    pub(crate) fn of_value(buffer: Buffer<'a>, limits: &Limits) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(&buffer, limits)?;
        scanner.value(0)?;
        scanner.finish()?;
        let whole = Span::new(0, buffer.len());
        Ok(Self::new(buffer, whole, Spans::default()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.whole.start == self.whole.end
    }

    pub(crate) fn weight(&self) -> usize {
        self.buffer.len()
    }

    /// The number of elements of the array.
    pub(crate) fn len(&self) -> usize {
        self.elements.as_slice().len()
    }

    /// The first element of the array, which for events was checked to be a name.
    pub(crate) fn event_name(&self) -> Option<EventName<'_>> {
        let name = self.elements.as_slice().first()?;
        let (head, content) = token(&self.buffer, name.start as usize)?;
        Some(match head {
            Token::Str(len) => self.buffer.text(Span::new(content, content + len)).into(),
            Token::Unsigned(number) => EventName::Number(number.into()),
            Token::Signed(number) => EventName::Number(number.into()),
            Token::Float(number) => EventName::Number(number.into()),
            _ => return None,
        })
    }

    /// Reads an element of the array.
    pub(crate) fn read_element<'d, T: Deserialize<'d>>(
        &'d self,
        index: usize,
    ) -> Option<serde_json::Result<T>> {
        let span = *self.elements.as_slice().get(index)?;
        Some(T::deserialize(&mut self.reader(span)))
    }

    /// Reads the whole data, which is an error if there is none.
    pub(crate) fn read<'d, T: Deserialize<'d>>(&'d self) -> serde_json::Result<T> {
        T::deserialize(&mut self.reader(self.whole))
    }

    fn reader(&self, span: Span) -> Reader<'_> {
        Reader::new(&self.buffer, self.buffer.shared(), span)
    }

    pub(crate) fn into_owned(self) -> Data<'static> {
        let bytes = match self.buffer {
            Buffer::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Buffer::Shared(bytes) => bytes,
        };
        Data {
            buffer: Buffer::Shared(bytes),
            whole: self.whole,
            elements: self.elements,
        }
    }
}

impl Serialize for Data<'_> {
    /// Shows the whole data as the value it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Transcode::new(&mut self.reader(self.whole)).serialize(serializer)
    }
}
