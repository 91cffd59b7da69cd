//! From one form of a value to another, without a tree in between.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// Serializes what a deserializer reads. It can be done once.
pub(crate) struct Transcode<D>(Cell<Option<D>>);

impl<D> Transcode<D> {
    pub(crate) fn new(deserializer: D) -> Self {
        Self(Cell::new(Some(deserializer)))
    }
}

impl<'de, D: Deserializer<'de>> Serialize for Transcode<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let deserializer = self.0.take();
        let deserializer = deserializer.ok_or_else(|| S::Error::custom("the value was read"))?;
        deserializer
            .deserialize_any(Writing(serializer))
            .map_err(S::Error::custom)
    }
}

/// Writes what it is shown.
struct Writing<S>(S);

macro_rules! write_scalars {
    ($($visit:ident: $type:ty => $serialize:ident,)*) => {$(
        fn $visit<E: serde::de::Error>(self, value: $type) -> Result<S::Ok, E> {
            self.0.$serialize(value).map_err(E::custom)
        }
    )*};
}

impl<'de, S: Serializer> Visitor<'de> for Writing<S> {
    type Value = S::Ok;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    write_scalars! {
        visit_bool: bool => serialize_bool,
        visit_i64: i64 => serialize_i64,
        visit_u64: u64 => serialize_u64,
        visit_f64: f64 => serialize_f64,
        visit_str: &str => serialize_str,
        visit_bytes: &[u8] => serialize_bytes,
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<S::Ok, E> {
        self.0.serialize_unit().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<S::Ok, A::Error> {
        let mut elements = self
            .0
            .serialize_seq(access.size_hint())
            .map_err(A::Error::custom)?;
        while access.next_element_seed(Element(&mut elements))?.is_some() {}
        elements.end().map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<S::Ok, A::Error> {
        let mut entries = self
            .0
            .serialize_map(access.size_hint())
            .map_err(A::Error::custom)?;
        while access.next_key_seed(Key(&mut entries))?.is_some() {
            access.next_value_seed(Entry(&mut entries))?;
        }
        entries.end().map_err(A::Error::custom)
    }
}

macro_rules! write_parts {
    ($($seed:ident: $trait:ident::$write:ident,)*) => {$(
        struct $seed<'s, S>(&'s mut S);

        impl<'de, S: $trait> DeserializeSeed<'de> for $seed<'_, S> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                self.0
                    .$write(&Transcode::new(deserializer))
                    .map_err(D::Error::custom)
            }
        }
    )*};
}

write_parts! {
    Element: SerializeSeq::serialize_element,
    Key: SerializeMap::serialize_key,
    Entry: SerializeMap::serialize_value,
}
