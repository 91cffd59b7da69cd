//! Bytes that JavaScript is to see as an `ArrayBuffer`.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shared_bytes;

/// Bytes that a JavaScript peer sees as an `ArrayBuffer`, where the parser can tell.
///
/// Under MessagePack, [`Bytes`] and [`Value::Binary`](crate::Value::Binary) arrive as a `Buffer` in
/// Node.js and as an `ArrayBuffer` in browsers, this type as an `ArrayBuffer` in both. Under the text
/// parser it is an attachment like any other. It is read from any binary value.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{ArrayBuffer, msgpack};
///
/// let bytes = ArrayBuffer::from(vec![9]);
/// assert_eq!(msgpack::to_vec(&bytes)?, b"\xc7\x01\x00\x09");
/// assert_eq!(msgpack::from_slice(b"\xc4\x01\x09"), Ok(bytes));
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
///
/// Spec: features 5.5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that users build")]
pub struct ArrayBuffer(pub Bytes);

impl ArrayBuffer {
    /// Name under which the writer of MessagePack knows it.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::ArrayBuffer";
}

impl<T: Into<Bytes>> From<T> for ArrayBuffer {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl Serialize for ArrayBuffer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Self::TOKEN, &Content(&self.0))
    }
}

struct Content<'a>(&'a Bytes);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        shared_bytes::offer(self.0, || serializer.serialize_bytes(self.0))
    }
}

impl<'de> Deserialize<'de> for ArrayBuffer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = crate::Value::deserialize(deserializer)?;
        match value {
            crate::Value::Binary(bytes) => Ok(Self(bytes)),
            _ => Err(serde::de::Error::custom("expected binary data")),
        }
    }
}
