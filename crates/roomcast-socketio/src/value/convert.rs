//! Values from and compared with Rust's own types.

use std::borrow::Cow;
use std::str::FromStr;

use bytes::Bytes;

use super::{Map, Number, Value};
use crate::ArgError;

impl FromStr for Value {
    type Err = ArgError;

    /// Reads JSON of at most 128 levels.
    fn from_str(json: &str) -> Result<Self, ArgError> {
        serde_json::from_str(json).map_err(|error| ArgError::Mismatch {
            index: 0,
            message: error.to_string(),
        })
    }
}

macro_rules! from {
    ($($from:ty: $name:ident => $value:expr,)*) => {$(
        impl From<$from> for Value {
            fn from($name: $from) -> Self {
                $value
            }
        }
    )*};
}

from! {
    (): _unit => Self::Null,
    bool: value => Self::Bool(value),
    Number: number => Self::Number(number),
    &str: text => Self::String(text.to_owned()),
    String: text => Self::String(text),
    &String: text => Self::String(text.clone()),
    Cow<'_, str>: text => Self::String(text.into_owned()),
    Map: map => Self::Object(map),
    Bytes: bytes => Self::Binary(bytes),
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }

        impl PartialEq<$number> for Value {
            fn eq(&self, number: &$number) -> bool {
                self.as_number() == Some((*number).into())
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64 }

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Value {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::Array(elements.into_iter().map(Into::into).collect())
    }
}

macro_rules! equal {
    ($($type:ty: $value:ident, $other:ident => $equal:expr,)*) => {$(
        impl PartialEq<$type> for Value {
            fn eq(&self, $other: &$type) -> bool {
                let $value = self;
                $equal
            }
        }
    )*};
}

equal! {
    bool: value, other => value.as_bool() == Some(*other),
    str: value, other => value.as_str() == Some(other),
    &str: value, other => value.as_str() == Some(other),
    String: value, other => value.as_str() == Some(other),
}
