//! Values that belong to one socket.

use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_socketio::{Map, Value};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::typed::TypedValues;

/// Values that belong to one socket, of two kinds.
///
/// *Named* values are JSON: [`set`](Self::set) and [`get`](Self::get). They are what `socket.data`
/// is in JavaScript, and [`fetch_sockets`](crate::Broadcast::fetch_sockets) shows them, on every
/// server of a cluster. *Typed*
/// values are any Rust value, one for each type: [`insert`](Self::insert) and
/// [`typed`](Self::typed); handlers take them as [`Data<T>`](crate::Data).
///
/// # Example
///
/// ```
/// use roomcast::SocketData;
///
/// struct Visits(u32);
///
/// let data = SocketData::default();
/// data.set("name", "Ada");
/// data.insert(Visits(3));
///
/// assert_eq!(data.get::<String>("name").as_deref(), Some("Ada"));
/// assert_eq!(data.typed::<Visits>().map(|visits| visits.0), Some(3));
/// assert_eq!(data.to_value().to_string(), r#"{"name":"Ada"}"#);
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
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("rename", |socket: Socket, name: String| socket.data().set("name", name));
    /// ```
    pub fn set(&self, name: &str, value: impl Serialize) {
        match Value::from_serialize(&value) {
            Ok(value) => self.with(|values| drop(values.named.insert(name.to_owned(), value))),
            Err(error) => tracing::warn!(name, %error, "a named value cannot be serialised"),
        }
    }

    /// Reads a named value; `None` if there is none or it is not a `T`.
    ///
    /// # Example
    ///
    /// ```
    /// # let data = roomcast::SocketData::default();
    /// data.set("age", 36);
    /// assert_eq!(data.get::<u32>("age"), Some(36));
    /// assert_eq!(data.get::<String>("age"), None);
    /// ```
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.values.lock().as_ref()?.named.get(name).cloned()?;
        value.parse().ok()
    }

    /// Removes a named value and gives it back.
    ///
    /// # Example
    ///
    /// ```
    /// # let data = roomcast::SocketData::default();
    /// data.set("age", 36);
    /// assert_eq!(data.remove("age"), Some(roomcast::value!(36)));
    /// assert_eq!(data.remove("age"), None);
    /// ```
    pub fn remove(&self, name: &str) -> Option<Value> {
        self.values.lock().as_mut()?.named.remove(name)
    }

    /// Returns all named values, as an object.
    ///
    /// # Example
    ///
    /// ```
    /// # let data = roomcast::SocketData::default();
    /// data.set("name", "Ada");
    /// assert_eq!(data.to_value()["name"], "Ada");
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// # let data = roomcast::SocketData::default();
    /// struct Visits(u32);
    ///
    /// assert!(data.insert(Visits(1)).is_none());
    /// assert_eq!(data.insert(Visits(2)).map(|replaced| replaced.0), Some(1));
    /// ```
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.with(|values| values.typed.insert(value))
    }

    /// Returns the typed value of type `T`, if there is one.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// # let data = roomcast::SocketData::default();
    /// data.insert(AtomicU32::new(0));
    /// if let Some(count) = data.typed::<AtomicU32>() {
    ///     count.fetch_add(1, Ordering::Relaxed);
    /// }
    /// ```
    #[must_use]
    pub fn typed<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.values.lock().as_ref()?.typed.get()
    }

    fn with<R>(&self, change: impl FnOnce(&mut Values) -> R) -> R {
        change(self.values.lock().get_or_insert_default())
    }
}

/// The named values, as an object.
///
/// # Example
///
/// ```
/// # let data = roomcast::SocketData::default();
/// data.set("name", "Ada");
/// assert_eq!(serde_json::to_string(&data)?, r#"{"name":"Ada"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Serialize for SocketData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl std::fmt::Debug for SocketData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_value().fmt(f)
    }
}
