//! A message that is put together from fragments, pieces of frames or inflated bytes.

use std::borrow::Cow;

use crate::{DecodeError, Event, OpCode};

/// The part of a message that has arrived.
#[derive(Debug)]
pub(crate) struct Assembly {
    content: Content,
    fragments: usize,
    pub(crate) is_compressed: bool,
}

#[derive(Debug)]
enum Content {
    Text(Text),
    Binary(Vec<u8>),
}

impl Assembly {
    /// Starts a message with its first frame.
    pub(crate) fn new(opcode: OpCode, is_compressed: bool) -> Self {
        let content = match opcode {
            OpCode::Text => Content::Text(Text::default()),
            _ => Content::Binary(Vec::new()),
        };
        Self {
            content,
            fragments: 1,
            is_compressed,
        }
    }

    /// Counts one more fragment.
    pub(crate) fn continue_message(&mut self, limit: usize) -> Result<(), DecodeError> {
        self.fragments += 1;
        if self.fragments > limit {
            return Err(DecodeError::TooManyFragments { limit });
        }
        Ok(())
    }

    /// Adds unmasked, inflated bytes; text is checked here, before its frame is whole.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> Result<(), DecodeError> {
        if bytes.len() > limit.saturating_sub(self.len()) {
            return Err(DecodeError::MessageTooLarge { limit });
        }
        match &mut self.content {
            Content::Text(text) => text.push(bytes, limit),
            Content::Binary(buf) => {
                buf.reserve_exact(growth(buf.capacity(), buf.len(), bytes.len(), limit));
                buf.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Ends the message and hands out its bytes.
    pub(crate) fn finish(self) -> Result<Event<'static>, DecodeError> {
        Ok(match self.content {
            Content::Text(text) => Event::Text(Cow::Owned(text.finish()?)),
            Content::Binary(buf) => Event::Binary(Cow::Owned(buf)),
        })
    }

    /// Bytes of the message so far.
    pub(crate) fn len(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.complete.len() + usize::from(text.split_len),
            Content::Binary(buf) => buf.len(),
        }
    }

    /// Bytes that the message holds on the heap.
    pub(crate) fn capacity(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.complete.capacity(),
            Content::Binary(buf) => buf.capacity(),
        }
    }
}

/// How many bytes to reserve: what is needed, or as much again as there is, within the limit.
///
/// Invariant: memory follows the bytes that arrived, never the length that a header announces.
fn growth(capacity: usize, len: usize, needed: usize, limit: usize) -> usize {
    if needed <= capacity - len {
        return 0;
    }
    needed.max(capacity.saturating_mul(2).min(limit).saturating_sub(len))
}

/// Text whose last character may still lack bytes.
///
/// Cost: a `String` that grows by checked pieces; checking a finished `Vec` again would read
/// each byte twice.
#[derive(Debug, Default)]
struct Text {
    complete: String,
    split: [u8; 4],
    split_len: u8,
}

impl Text {
    fn push(&mut self, bytes: &[u8], limit: usize) -> Result<(), DecodeError> {
        let needed = bytes.len() + usize::from(self.split_len);
        let (capacity, len) = (self.complete.capacity(), self.complete.len());
        self.complete
            .reserve_exact(growth(capacity, len, needed, limit));
        let bytes = self.complete_character(bytes)?;
        match simdutf8::compat::from_utf8(bytes) {
            Ok(text) => self.complete.push_str(text),
            Err(error) if error.error_len().is_some() => return Err(DecodeError::InvalidUtf8),
            Err(error) => {
                let (whole, split) = bytes.split_at(error.valid_up_to());
                let whole = str::from_utf8(whole).map_err(|_| DecodeError::InvalidUtf8)?;
                self.complete.push_str(whole);
                self.split[..split.len()].copy_from_slice(split);
                self.split_len = split.len() as u8;
            }
        }
        Ok(())
    }

    /// Takes bytes until the split character is whole, and returns the others.
    fn complete_character<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let mut rest = bytes;
        while self.split_len > 0 {
            let Some((&next, others)) = rest.split_first() else {
                break;
            };
            let len = usize::from(self.split_len);
            self.split[len] = next;
            rest = others;
            match str::from_utf8(&self.split[..=len]) {
                Ok(character) => {
                    self.complete.push_str(character);
                    self.split_len = 0;
                }
                Err(error) if error.error_len().is_none() => self.split_len += 1,
                Err(_) => return Err(DecodeError::InvalidUtf8),
            }
        }
        Ok(rest)
    }

    fn finish(self) -> Result<String, DecodeError> {
        if self.split_len > 0 {
            return Err(DecodeError::InvalidUtf8);
        }
        Ok(self.complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "aé€𝄞 κόσμε\u{10FFFF}";

    #[test]
    fn characters_may_be_split_at_every_byte() {
        let bytes = SAMPLE.as_bytes();
        for size in 1..bytes.len() {
            let mut text = Text::default();
            for piece in bytes.chunks(size) {
                text.push(piece, 100).expect("valid text");
            }
            assert_eq!(
                text.finish().as_deref(),
                Ok(SAMPLE),
                "pieces of {size} bytes"
            );
        }
    }

    #[test]
    fn impossible_second_byte_is_found_without_waiting_for_the_third() {
        let mut text = Text::default();
        text.push(&[0xF4], 100).expect("may become a character");

        assert_eq!(text.push(&[0x90], 100), Err(DecodeError::InvalidUtf8));
    }

    #[test]
    fn text_must_not_end_inside_a_character() {
        let mut text = Text::default();
        text.push(&[b'a', 0xE2, 0x82], 100)
            .expect("may become a character");

        assert_eq!(text.finish(), Err(DecodeError::InvalidUtf8));
    }

    #[test]
    fn capacity_doubles_within_the_limit() {
        assert_eq!(growth(0, 0, 10, 1000), 10);
        assert_eq!(growth(10, 10, 1, 1000), 10);
        assert_eq!(growth(800, 800, 1, 1000), 200);
        assert_eq!(growth(800, 700, 100, 1000), 0);
    }
}
