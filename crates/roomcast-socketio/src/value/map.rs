//! Objects.

use super::Value;

/// An object: values by key, in the order in which the keys were first inserted.
///
/// Of equal keys in received JSON the last value counts, as in JavaScript.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Map, value};
///
/// let mut map = Map::new();
/// assert!(map.is_empty());
/// map.insert("b", 1);
/// map.insert("a", "x");
/// *map.entry("c") = value!([2]);
/// assert_eq!(map.keys().collect::<Vec<_>>(), ["b", "a", "c"]);
/// assert_eq!(map.get("a").and_then(|value| value.as_str()), Some("x"));
///
/// if let Some(b) = map.get_mut("b") {
///     *b = value!(7);
/// }
/// assert_eq!(map.values().next(), Some(&value!(7)));
/// assert_eq!(map.remove("c"), Some(value!([2])));
/// assert!(!map.contains_key("c"));
/// for (key, value) in map.iter() {
///     println!("{key}: {value}");
/// }
/// assert_eq!(map.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(indexmap::IndexMap<String, Value>);

impl Map {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value in and returns the one that had this key.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// Takes a value out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// The value of a key, to change it; [`Value::Null`] is inserted if there is none.
    pub fn entry(&mut self, key: impl Into<String>) -> &mut Value {
        self.0.entry(key.into()).or_default()
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys and values in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.values()
    }
}

impl<K: Into<String>, V: Into<Value>> Extend<(K, V)> for Map {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.0.extend(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value.into())),
        );
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = MapIntoIter;

    fn into_iter(self) -> MapIntoIter {
        MapIntoIter(self.0.into_iter())
    }
}

/// The keys and values of a [`Map`], by value.
#[derive(Debug)]
pub struct MapIntoIter(indexmap::map::IntoIter<String, Value>);

impl Iterator for MapIntoIter {
    type Item = (String, Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
