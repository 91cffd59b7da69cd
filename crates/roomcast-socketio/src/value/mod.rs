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
/// type that implements serde's traits. [`Display`](std::fmt::Display) prints JSON. Indexing with a
/// key or a position that is absent gives [`Value::Null`].
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Value, value};
///
/// let mut value: Value = r#"{"name":"Ada","tags":["a","b"]}"#.parse()?;
/// assert_eq!(value["name"], "Ada");
/// assert_eq!(value["tags"][1].as_str(), Some("b"));
/// assert!(value["nothing"][7].is_null());
///
/// value["age"] = 36.into();
/// assert_eq!(value.to_string(), r#"{"name":"Ada","tags":["a","b"],"age":36}"#);
/// assert_eq!(value.get("age").and_then(Value::as_u64), Some(36));
/// assert_eq!(value.as_object().map(|object| object.len()), Some(3));
/// assert_eq!(value["tags"].as_array().map(<[Value]>::len), Some(2));
/// assert_eq!((value!(-2).as_i64(), value!(0.5).as_f64()), (Some(-2), Some(0.5)));
/// assert_eq!(value!(true).as_bool(), Some(true));
/// assert_eq!(value!(1).as_number(), value!(1.0).as_number());
///
/// if let Some(tags) = value["tags"].as_array_mut() {
///     tags.push("c".into());
/// }
/// if let Some(object) = value.as_object_mut() {
///     object.remove("age");
/// }
/// assert_eq!(value["tags"].take(), value!(["a", "b", "c"]));
/// assert_eq!(value, value!({ "name": "Ada", "tags": null }));
///
/// let file = Value::from(bytes::Bytes::from_static(b"\x89PNG"));
/// assert_eq!(file.as_bytes().map(|bytes| bytes.len()), Some(4));
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
