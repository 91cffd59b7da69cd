//! Values from and compared with Rust's own types.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Map, Number, Value};
use crate::text::{Data, write_json};
use crate::{EncodeError, Limits, ValueError};

impl Value {
    /// What a peer would get if `value` were sent to it: binary wherever `value` serializes bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if `value` has no JSON form, or is nested deeper than the default
    /// [`Limits`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::Value;
    ///
    /// let value = Value::from_serialize(&vec![(1, "one")])?;
    /// assert_eq!(value[0][1], "one");
    /// assert_eq!(value.parse::<Vec<(u8, String)>>()?[0].0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        let mut json = Vec::new();
        let mut attachments = Vec::new();
        write_json(&mut json, value, Some(&mut attachments))?;
        let read = read_json(&json, &attachments);
        read.map_err(|ValueError { message }| EncodeError::Value { message })
    }

    /// Reads the value into a type, as an argument is read.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if it is something else than a `T`, or is nested deeper than the default
    /// [`Limits`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let mut json = Vec::new();
        let mut attachments = Vec::new();
        write_json(&mut json, self, Some(&mut attachments))?;
        read_json(&json, &attachments)
    }
}

impl FromStr for Value {
    type Err = ValueError;

    /// Reads JSON. Placeholders for attachments are ordinary objects here.
    fn from_str(json: &str) -> Result<Self, ValueError> {
        read_json(json.as_bytes(), &[])
    }
}

fn read_json<T: DeserializeOwned>(json: &[u8], attachments: &[Bytes]) -> Result<T, ValueError> {
    let json = std::str::from_utf8(json).map_err(ValueError::new)?;
    let data = Data::of_value(json, Limits::default().max_depth, attachments)?;
    Ok(data.read()?)
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
    Arc<str>: text => Self::String(text.as_ref().to_owned()),
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
