//! Looking into values.

use std::fmt;
use std::ops::{Index, IndexMut};

use bytes::Bytes;

use super::{Map, Number, Value};

static NULL: Value = Value::Null;

impl Value {
    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The value of a number.
    pub fn as_number(&self) -> Option<Number> {
        if let Self::Number(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The value of a number that is an unsigned integer, as `3` and `3.0`.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The value of a number that is an integer, as `-3` and `-3.0`.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The value of a number, rounded to a double.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The elements of an array, to change them.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The keys and values of an object.
    pub fn as_object(&self) -> Option<&Map> {
        if let Self::Object(map) = self {
            Some(map)
        } else {
            None
        }
    }

    /// The keys and values of an object, to change them.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        if let Self::Object(map) = self {
            Some(map)
        } else {
            None
        }
    }

    /// The bytes of an attachment.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        if let Self::Binary(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }

    /// The value of a key of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// Takes the value out and leaves `null`.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Binary(_) => "binary",
        }
    }
}

impl Index<&str> for Value {
    type Output = Self;

    /// The value of a key, `null` if there is none.
    fn index(&self, key: &str) -> &Self {
        self.get(key).unwrap_or(&NULL)
    }
}

impl Index<usize> for Value {
    type Output = Self;

    /// An element, `null` if there is none.
    fn index(&self, position: usize) -> &Self {
        self.as_array()
            .and_then(|elements| elements.get(position))
            .unwrap_or(&NULL)
    }
}

impl IndexMut<&str> for Value {
    /// The value of a key, which is inserted if it is absent; `null` becomes an object.
    ///
    /// # Panics
    ///
    /// If this is neither an object nor `null`.
    fn index_mut(&mut self, key: &str) -> &mut Self {
        if self.is_null() {
            *self = Self::Object(Map::new());
        }
        match self {
            Self::Object(map) => map.entry(key),
            other => panic!("key {key:?} of {}", other.kind()),
        }
    }
}

impl IndexMut<usize> for Value {
    /// An element.
    ///
    /// # Panics
    ///
    /// If this is not an array or has no such element.
    fn index_mut(&mut self, position: usize) -> &mut Self {
        match self {
            Self::Array(elements) => &mut elements[position],
            other => panic!("element {position} of {}", other.kind()),
        }
    }
}

impl fmt::Display for Value {
    /// Prints JSON as `JSON.stringify` does; binary is printed as an array of numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = Vec::new();
        crate::text::write_json(&mut json, self, None).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&json).map_err(|_| fmt::Error)?)
    }
}
