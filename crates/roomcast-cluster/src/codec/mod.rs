//! The two encodings of payloads.

mod msgpack;

use bytes::Bytes;
use roomcast_socketio::Value;

use crate::DecodeError;

/// How a payload is written.
///
/// # Example
///
/// ```
/// use roomcast_cluster::Encoding;
/// use roomcast_socketio::value;
///
/// let value = value!({ "a": 1 });
/// assert_eq!(Encoding::Json.encode(&value), br#"{"a":1}"#);
/// assert_eq!(Encoding::MessagePack.encode(&value), b"\x81\xa1a\x01");
/// assert_eq!(Encoding::decode(b"\x81\xa1a\x01".as_slice().into()), Ok(value));
/// ```
///
/// Spec: cluster, section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// What `JSON.stringify` writes. Binary would become an array of numbers: see
    /// [`Body::has_binary`](crate::Body::has_binary).
    Json,
    /// The shortest forms; whole numbers below 2^53 as integers, other numbers as 64-bit floats.
    MessagePack,
}

impl Encoding {
    /// Writes a value. Example: [`Encoding`].
    #[must_use]
    pub fn encode(self, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => value.to_string().into_bytes(),
            Self::MessagePack => msgpack::encode(value),
        }
    }

    /// Reads a value; what starts with `{` is JSON. Binary shares the payload's memory.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the payload is neither, or is nested deeper than 512 levels.
    pub fn decode(payload: Bytes) -> Result<Value, DecodeError> {
        if payload.first() == Some(&b'{') {
            let text = String::from_utf8_lossy(&payload);
            return text
                .parse()
                .map_err(|error: roomcast_socketio::ValueError| DecodeError::Json {
                    cause: error.to_string(),
                });
        }
        msgpack::decode(payload)
    }
}
