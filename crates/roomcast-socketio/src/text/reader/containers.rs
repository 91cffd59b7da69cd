//! Arrays and objects.

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess};
use serde_json::Error;

use super::Reader;
use crate::keys::ReadKey;

/// The elements of an array.
pub(super) struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
    has_ended: bool,
}

impl<'r, 'de> Elements<'r, 'de> {
    /// The reader stands behind the opening bracket.
    pub(super) fn new(reader: &'r mut Reader<'de>) -> Self {
        Self {
            reader,
            is_first: true,
            has_ended: false,
        }
    }

    /// Passes the closing bracket, if the visitor has not.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let is_read = self.has_ended || !self.reader.has_next(&mut self.is_first, b']');
        is_read
            .then_some(())
            .ok_or_else(|| Error::custom("more elements than expected"))
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_ended || !self.reader.has_next(&mut self.is_first, b']') {
            self.has_ended = true;
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

/// The keys and values of an object.
pub(super) struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
    has_ended: bool,
}

impl<'r, 'de> Entries<'r, 'de> {
    /// The reader stands behind the opening brace.
    pub(super) fn new(reader: &'r mut Reader<'de>) -> Self {
        Self {
            reader,
            is_first: true,
            has_ended: false,
        }
    }

    /// Passes the closing brace, if the visitor has not.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let is_read = self.has_ended || !self.reader.has_next(&mut self.is_first, b'}');
        is_read
            .then_some(())
            .ok_or_else(|| Error::custom("more entries than expected"))
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_ended || !self.reader.has_next(&mut self.is_first, b'}') {
            self.has_ended = true;
            return Ok(None);
        }
        seed.deserialize(ReadKey(self.reader.string())).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        self.reader.skip_whitespace();
        self.reader.at += 1;
        self.reader.skip_whitespace();
        seed.deserialize(&mut *self.reader)
    }
}
