//! The text of raw values, whose large buffers are used again.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A text that gives its buffer back to its thread when it is dropped, if it is large.
///
/// Cost: an allocator may give large memory back to the system at once and have it paged in again
/// for the next value, which costs more than all the rest of passing a value on.
#[derive(PartialEq, Eq)]
pub(crate) struct RawText(String);

impl RawText {
    pub(crate) fn new(text: &str) -> Self {
        if text.len() < MIN_KEPT_BYTES {
            return Self(text.to_owned());
        }
        let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
        buffer.push_str(text);
        Self(buffer)
    }
}

impl Drop for RawText {
    fn drop(&mut self) {
        if !(MIN_KEPT_BYTES..=MAX_KEPT_BYTES).contains(&self.0.capacity()) {
            return;
        }
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        // The thread may be ending; then the buffer is dropped.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < MAX_KEPT_BUFFERS {
                free.push(buffer);
            }
        });
    }
}

thread_local! {
    static FREE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

const MIN_KEPT_BYTES: usize = 8 * 1024;
const MAX_KEPT_BYTES: usize = 256 * 1024;
const MAX_KEPT_BUFFERS: usize = 4;

impl Deref for RawText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Clone for RawText {
    fn clone(&self) -> Self {
        Self::new(self)
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Box<str>> for RawText {
    fn from(text: Box<str>) -> Self {
        Self(text.into())
    }
}

impl From<Cow<'_, str>> for RawText {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::new(text),
            Cow::Owned(text) => Self(text),
        }
    }
}

/// The text of a value, as its reader has it.
pub(crate) struct Json<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text of a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json<'de>, E> {
        Ok(Json(Cow::Owned(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_is_used_again_and_holds_the_new_text_alone() {
        let first = RawText::new(&"a".repeat(MIN_KEPT_BYTES));
        let place = first.as_ptr();
        drop(first);

        let second = RawText::new(&"b".repeat(MIN_KEPT_BYTES));
        assert_eq!(second.as_ptr(), place);
        assert!(second.chars().all(|character| character == 'b'));
    }
}
