//! What stands for an event, or its id, that may come again: of one size, however large that is.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use roomcast_socketio::{Number, Value};

/// 128 bits of a content. Without the keys nobody finds two contents that have one digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u64; 2]);

/// Keys that clients do not know.
#[derive(Debug, Default)]
pub(super) struct Keys([RandomState; 2]);

impl Keys {
    pub(super) fn digest_of_text(&self, text: &str) -> Digest {
        let mut state = self.state();
        state.feed(text.as_bytes());
        state.finish()
    }

    pub(super) fn digest_of(&self, value: &Value) -> Digest {
        let mut state = self.state();
        state.feed_value(value);
        state.finish()
    }

    fn state(&self) -> State {
        let mut number = 0;
        State(self.0.each_ref().map(|keys| {
            let mut hasher = keys.build_hasher();
            // The keys of one thread resemble each other: the halves differ by more than them.
            hasher.write_u8(number);
            number += 1;
            hasher
        }))
    }
}

struct State([DefaultHasher; 2]);

impl State {
    fn feed_value(&mut self, value: &Value) {
        match value {
            Value::Null => self.tag(b'n'),
            Value::Bool(false) => self.tag(b'f'),
            Value::Bool(true) => self.tag(b't'),
            Value::Number(number) => self.feed_number(*number),
            Value::String(text) => {
                self.tag(b's');
                self.feed(text.as_bytes());
            }
            Value::Array(values) => {
                self.tag(b'a');
                self.len(values.len());
                values.iter().for_each(|value| self.feed_value(value));
            }
            Value::Object(map) => {
                self.tag(b'o');
                self.len(map.len());
                for (key, value) in map.iter() {
                    self.feed(key.as_bytes());
                    self.feed_value(value);
                }
            }
            Value::Binary(bytes) => {
                self.tag(b'b');
                self.feed(bytes);
            }
        }
    }

    fn feed_number(&mut self, number: Number) {
        let (tag, bits) = match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => (b'u', number),
            (None, Some(number)) => (b'i', number.cast_unsigned()),
            (None, None) => (b'd', number.as_f64().to_bits()),
        };
        self.tag(tag);
        self.each(|hasher| hasher.write_u64(bits));
    }

    /// Invariant: the length goes ahead, so no two sequences of texts are fed alike.
    fn feed(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.each(|hasher| hasher.write(bytes));
    }

    fn len(&mut self, len: usize) {
        self.each(|hasher| hasher.write_u64(len as u64));
    }

    fn tag(&mut self, tag: u8) {
        self.each(|hasher| hasher.write_u8(tag));
    }

    fn each(&mut self, feed: impl Fn(&mut DefaultHasher)) {
        self.0.iter_mut().for_each(feed);
    }

    fn finish(self) -> Digest {
        Digest(self.0.map(|hasher| hasher.finish()))
    }
}

#[cfg(test)]
mod tests {
    use roomcast_socketio::value;

    use super::*;

    #[test]
    fn one_content_has_one_digest_and_what_differs_has_another() {
        let keys = Keys::default();
        let contents = [
            value!(null),
            value!(false),
            value!(true),
            value!(0),
            value!(-1),
            value!(0.5),
            value!(""),
            value!("0"),
            value!([]),
            value!(["a", "b"]),
            value!(["ab", ""]),
            value!([["a"], "b"]),
            value!([["a", "b"]]),
            value!({}),
            value!({ "a": "b" }),
            value!({ "b": "a" }),
            Value::Binary(bytes::Bytes::new()),
            Value::Binary(bytes::Bytes::from_static(b"0")),
        ];
        for (index, content) in contents.iter().enumerate() {
            assert_eq!(keys.digest_of(content), keys.digest_of(&content.clone()));
            for other in &contents[index + 1..] {
                assert_ne!(keys.digest_of(content), keys.digest_of(other), "{content}");
            }
        }
    }

    #[test]
    fn both_halves_depend_on_keys_of_their_own() {
        let (one, other) = (Keys::default(), Keys::default());
        let Digest([first, second]) = one.digest_of_text("id");
        let Digest([third, fourth]) = other.digest_of_text("id");

        assert!(first != second && first != third && second != fourth);
    }
}
