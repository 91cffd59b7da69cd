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

#[derive(Clone, Default)]
struct Values {
    named: Map,
    typed: TypedValues,
    watcher: Option<Watcher>,
}

/// Told after each change of the named values.
type Watcher = Arc<dyn Fn() + Send + Sync>;

/// The values of a socket that is gone, for the one that takes its place.
#[derive(Clone, Default)]
pub(crate) struct SavedData(Option<Box<Values>>);

impl SavedData {
    pub(crate) fn has_typed(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|values| !values.typed.is_empty())
    }

    /// The named values, as an object.
    pub(crate) fn to_value(&self) -> Value {
        let named = self.0.as_ref().map(|values| values.named.clone());
        Value::Object(named.unwrap_or_default())
    }

    /// Named values alone.
    #[cfg(feature = "redb")]
    pub(crate) fn named(object: &Value) -> Self {
        let named = object.as_object().cloned().unwrap_or_default();
        let values = Values {
            named,
            ..Values::default()
        };
        Self(Some(Box::new(values)))
    }
}

impl std::fmt::Debug for SavedData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SavedData").finish_non_exhaustive()
    }
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
            Ok(value) => {
                self.with(|values| drop(values.named.insert(name.to_owned(), value)));
                self.tell_watcher();
            }
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
        let removed = self.values.lock().as_mut()?.named.remove(name);
        if removed.is_some() {
            self.tell_watcher();
        }
        removed
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

    /// What another socket of the same client may go on with.
    pub(crate) fn save(&self) -> SavedData {
        let mut saved = self.values.lock().clone();
        if let Some(values) = &mut saved {
            values.watcher = None;
        }
        SavedData(saved)
    }

    pub(crate) fn restore(&self, saved: &SavedData) {
        *self.values.lock() = saved.0.clone();
    }

    pub(crate) fn has_typed(&self) -> bool {
        let values = self.values.lock();
        values
            .as_ref()
            .is_some_and(|values| !values.typed.is_empty())
    }

    /// Sets who is told of changes of the named values.
    pub(crate) fn watch(&self, watcher: impl Fn() + Send + Sync + 'static) {
        self.with(|values| values.watcher = Some(Arc::new(watcher)));
    }

    fn tell_watcher(&self) {
        let watcher = self
            .values
            .lock()
            .as_ref()
            .and_then(|values| values.watcher.clone());
        // Invariant: called without the lock: it reads the values.
        if let Some(watcher) = watcher {
            watcher();
        }
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
