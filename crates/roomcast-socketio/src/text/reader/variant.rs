//! Enums.

use serde::de::{DeserializeSeed, EnumAccess, Error as _, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Error;

use super::Reader;
use crate::keys::ReadKey;

/// An enum with data: an object with the variant's name as its only key.
pub(super) struct Variant<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl Variant<'_, '_> {
    fn finish<T>(self, value: T) -> Result<T, Error> {
        self.reader.skip_whitespace();
        if self.reader.peek() != b'}' {
            return Err(Error::custom("expected an object with one key"));
        }
        self.reader.at += 1;
        Ok(value)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        if self.reader.peek() != b'"' {
            return Err(Error::custom("expected an object with one key"));
        }
        let variant = seed.deserialize(ReadKey(self.reader.string()))?;
        self.reader.skip_whitespace();
        self.reader.at += 1;
        self.reader.skip_whitespace();
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        <() as Deserialize>::deserialize(&mut *self.reader)?;
        self.finish(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let value = seed.deserialize(&mut *self.reader)?;
        self.finish(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        let value = self.reader.deserialize_seq(visitor)?;
        self.finish(value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let value = self.reader.deserialize_any(visitor)?;
        self.finish(value)
    }
}
