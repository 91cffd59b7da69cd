//! The command line: `--name value` or `--name`.
use std::collections::HashMap;
use std::str::FromStr;

pub struct Options(HashMap<String, String>);

impl Options {
    pub fn parse(words: impl Iterator<Item = String>) -> Self {
        let mut options = HashMap::new();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                panic!("unexpected {word:?}: options start with --");
            };
            let value = words.next_if(|next| !next.starts_with("--"));
            options.insert(name.to_owned(), value.unwrap_or_default());
        }
        Options(options)
    }

    /// The value of an option, or its default.
    pub fn value<T: FromStr>(&self, name: &str, default: T) -> T {
        let Some(text) = self.0.get(name) else {
            return default;
        };
        let Ok(value) = text.parse() else {
            panic!("--{name} {text}: not a number");
        };
        value
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
