//! Reading the arguments of a packet.

use serde::Deserialize;

use crate::ArgError;
use crate::data::Data;

/// Reads the arguments of an event or acknowledgement one after the other, each straight from
/// the packet's text into the wanted type.
///
/// A copy of the reader reads on independently, so several handlers can read the same packet.
///
/// # Example
///
/// ```
/// use roomcast_socketio::Decoder;
///
/// let mut decoder = Decoder::default();
/// let packet = decoder.text(r#"2["move",{"x":1,"y":2},"slow"]"#)?.expect("no attachments");
/// let mut args = packet.args();
/// assert_eq!(args.len(), 2);
/// assert_eq!(args.raw(0), Some(r#"{"x":1,"y":2}"#));
/// let position: std::collections::HashMap<String, i32> = args.read()?;
/// assert_eq!(position["y"], 2);
/// assert_eq!(args.next::<&str>(), Some(Ok("slow")));
/// assert_eq!(args.next::<&str>(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    data: &'a Data<'a>,
    /// Elements of the array in front of the first argument: 1 for the event name.
    skipped: usize,
    /// Arguments that were read.
    position: usize,
}

impl<'a> Args<'a> {
    pub(crate) fn new(data: &'a Data<'a>, skipped: usize) -> Self {
        Self {
            data,
            skipped,
            position: 0,
        }
    }

    /// Reads the next argument. `None` after the last.
    ///
    /// # Errors
    ///
    /// [`ArgError::Mismatch`] if it is something else than a `T`; the reader stands behind it.
    #[expect(clippy::should_implement_trait, reason = "each call chooses its type")]
    #[inline]
    pub fn next<T: Deserialize<'a>>(&mut self) -> Option<Result<T, ArgError>> {
        let value = self.get(0)?;
        self.position += 1;
        Some(value)
    }

    /// Reads the next argument, where a missing one counts as `null`, as it does in JavaScript:
    /// an `Option` or a [`Value`](crate::Value) need not be sent.
    ///
    /// # Errors
    ///
    /// [`ArgError::Mismatch`] if the argument is something else than a `T`,
    /// [`ArgError::Missing`] if there is none and `T` cannot be read from `null`.
    #[inline]
    pub fn read<T: Deserialize<'a>>(&mut self) -> Result<T, ArgError> {
        let index = self.position;
        self.next().unwrap_or_else(|| read_missing(index))
    }

    /// Reads the argument that is `offset` places behind the next, without moving the reader.
    ///
    /// # Errors
    ///
    /// [`ArgError::Mismatch`] if it is something else than a `T`.
    #[inline]
    pub fn get<T: Deserialize<'a>>(&self, offset: usize) -> Option<Result<T, ArgError>> {
        let index = self.position.checked_add(offset)?;
        let value = self.data.read_element(self.skipped.checked_add(index)?)?;
        Some(value.map_err(|error| mismatch(index, &error)))
    }

    /// Reads all remaining arguments into values of one type.
    ///
    /// # Errors
    ///
    /// [`ArgError::Mismatch`] for the first that is something else than a `T`.
    pub fn rest<T: Deserialize<'a>>(&mut self) -> Result<Vec<T>, ArgError> {
        let mut values = Vec::with_capacity(self.len());
        while let Some(value) = self.next() {
            values.push(value?);
        }
        Ok(values)
    }

    /// Passes over the next argument.
    pub fn skip(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    /// How many arguments remain.
    pub fn len(&self) -> usize {
        self.data
            .len()
            .saturating_sub(self.skipped)
            .saturating_sub(self.position)
    }

    /// Whether no argument remains.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The JSON text of the argument that is `offset` places behind the next, as the peer wrote it.
    /// `None` if there is no such argument, or the packet came in another form than text:
    /// [`get`](Self::get) reads a [`Raw`](crate::Raw) from any.
    pub fn raw(&self, offset: usize) -> Option<&'a str> {
        let Data::Text(data) = self.data else {
            return None;
        };
        data.element(
            self.skipped
                .checked_add(self.position)?
                .checked_add(offset)?,
        )
    }
}

#[cold]
fn read_missing<'a, T: Deserialize<'a>>(index: usize) -> Result<T, ArgError> {
    let null = serde::de::value::UnitDeserializer::<serde::de::value::Error>::new();
    T::deserialize(Absent(null)).map_err(|_| ArgError::Missing { index })
}

#[cold]
fn mismatch(index: usize, error: &serde_json::Error) -> ArgError {
    ArgError::Mismatch {
        index,
        message: error.to_string(),
    }
}

/// What a missing argument looks like to the type that is read: `null`.
struct Absent(serde::de::value::UnitDeserializer<serde::de::value::Error>);

impl<'de> serde::Deserializer<'de> for Absent {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
