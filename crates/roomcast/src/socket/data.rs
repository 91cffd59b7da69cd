//! Values that belong to one socket.

use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_socketio::{Map, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::typed::TypedValues;

/// Values that belong to one socket, of two kinds.
///
/// *Named* values are JSON: [`set`](Self::set) and [`get`](Self::get). They are what
/// `socket.data` is in JavaScript, and [`fetch_sockets`](crate::Broadcast::fetch_sockets) shows them.
/// *Typed* values are any Rust value, one for each type: [`insert`](Self::insert) and
/// [`typed`](Self::typed); handlers take them as [`Data<T>`](crate::Data).
///
/// # Example
///
/// ```
/// use roomcast::{Server, Socket};
///
/// let io = Server::new();
/// io.on("rename", |socket: Socket, name: String| socket.data().set("name", name));
/// io.on("name", |socket: Socket| socket.data().get::<String>("name"));
/// ```
///
/// Spec: features 3.4.
#[derive(Default)]
pub struct SocketData {
    // Lock order: a leaf. No user code runs while one is held, but for `Drop` of a replaced value.
    values: Mutex<Option<Box<Values>>>,
}

#[derive(Default)]
struct Values {
    named: Map,
    typed: TypedValues,
}

impl SocketData {
    /// Stores a named value. One that cannot be serialised is logged and left out.
    pub fn set(&self, name: &str, value: impl Serialize) {
        match Value::from_serialize(&value) {
            Ok(value) => self.with(|values| drop(values.named.insert(name.to_owned(), value))),
            Err(error) => tracing::warn!(name, %error, "a named value cannot be serialised"),
        }
    }

    /// Reads a named value; `None` if there is none or it is not a `T`.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.values.lock().as_ref()?.named.get(name).cloned()?;
        value.parse().ok()
    }

    /// Removes a named value and gives it back.
    pub fn remove(&self, name: &str) -> Option<Value> {
        self.values.lock().as_mut()?.named.remove(name)
    }

    /// All named values, as an object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let values = self.values.lock();
        Value::Object(
            values
                .as_ref()
                .map_or_else(Map::default, |values| values.named.clone()),
        )
    }

    /// Stores a typed value and gives back the one it replaces.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.with(|values| values.typed.insert(value))
    }

    /// The typed value of type `T`.
    #[must_use]
    pub fn typed<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.values.lock().as_ref()?.typed.get()
    }

    fn with<R>(&self, change: impl FnOnce(&mut Values) -> R) -> R {
        change(self.values.lock().get_or_insert_default())
    }
}

impl std::fmt::Debug for SocketData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_value().fmt(f)
    }
}
