//! Values alone, without a packet around them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::data::{Buffer, Data};
use super::writer::write_value;
use crate::{EncodeError, Limits, ValueError};

/// Writes any value as MessagePack, as arguments of a packet are written.
///
/// # Errors
///
/// [`EncodeError::Value`] if it cannot be written.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{msgpack, value};
///
/// assert_eq!(msgpack::to_vec(&value!({ "a": [1, null] }))?, b"\x81\xa1a\x92\x01\xc0");
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    write_value(&mut out, value)?;
    Ok(out)
}

/// Reads a MessagePack value into a type, as arguments of a packet are read.
///
/// # Errors
///
/// [`ValueError`] if the bytes are not exactly one value, are beyond the default [`Limits`], or are
/// something else than a `T`.
///
/// # Example
///
/// ```
/// use roomcast_socketio::msgpack;
///
/// let (name, age): (String, u32) = msgpack::from_slice(b"\x92\xa3Ada\x24")?;
/// assert_eq!((name.as_str(), age), ("Ada", 36));
/// # Ok::<(), roomcast_socketio::ValueError>(())
/// ```
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ValueError> {
    let data = Data::of_value(Buffer::Borrowed(bytes), &Limits::default())?;
    Ok(data.read()?)
}
