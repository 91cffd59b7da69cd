//! Values of any type.

mod access;
mod convert;
mod macros;
mod map;
mod number;
mod serialize;

use bytes::Bytes;

pub use map::{Map, MapIntoIter};
pub use number::Number;

/// Any value that can be sent or received: JSON and binary.
///
/// It is read and written through serde, so it converts from and to `serde_json::Value` and any
/// type that implements serde's traits. [`Display`](std::fmt::Display) prints JSON. Indexing with a key or a
/// position that is absent gives [`Value::Null`].
///
/// # Example
///
/// ```
/// use roomcast_socketio::Value;
///
/// let mut value: Value = r#"{"name":"Ada","tags":["a","b"]}"#.parse()?;
/// assert_eq!(value["name"], "Ada");
/// assert_eq!(value["tags"][1].as_str(), Some("b"));
/// assert!(value["nothing"][7].is_null());
///
/// value["age"] = 36.into();
/// assert_eq!(value.to_string(), r#"{"name":"Ada","tags":["a","b"],"age":36}"#);
/// # Ok::<(), roomcast_socketio::ValueError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol closes the list")]
pub enum Value {
    /// `null`, and what is absent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a double.
    Number(Number),
    /// Text.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Map),
    /// Bytes, sent as an attachment.
    Binary(Bytes),
}
