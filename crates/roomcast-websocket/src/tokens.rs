//! Header values that are lists, read in one pass from left to right.
//!
//! Invariant: no byte is looked at more than a fixed number of times, so time is linear in the
//! length of the value.

/// One step through the value of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// The name of an extension; the parameters behind it are its own.
    Extension(&'a str),
    /// A parameter and, if it has one, its value without quotes.
    Parameter(&'a str, Option<&'a str>),
}

/// The value does not follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Walks over the extensions and parameters of a header value; ends behind the first error.
///
/// Spec: RFC 6455, section 9.1.
pub(crate) struct Items<'a> {
    rest: &'a str,
    expects_parameter: bool,
}

impl<'a> Items<'a> {
    pub(crate) const fn new(value: &'a str) -> Self {
        Self {
            rest: value,
            expects_parameter: false,
        }
    }

    fn item(&mut self) -> Result<Item<'a>, Malformed> {
        let name = self.token()?;
        let item = if self.expects_parameter {
            let value = if self.eat('=') {
                Some(self.value()?)
            } else {
                None
            };
            Item::Parameter(name, value)
        } else {
            Item::Extension(name)
        };
        self.skip_spaces();
        self.expects_parameter = self.eat(';');
        if !self.expects_parameter && !self.rest.is_empty() && !self.eat(',') {
            return Err(Malformed);
        }
        Ok(item)
    }

    fn value(&mut self) -> Result<&'a str, Malformed> {
        self.skip_spaces();
        if !self.eat('"') {
            return self.token();
        }
        let end = self.rest.find('"').ok_or(Malformed)?;
        let (value, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        // SPEC: RFC 6455, section 9.1: what is quoted must be a token all the same.
        if is_token(value) {
            Ok(value)
        } else {
            Err(Malformed)
        }
    }

    fn token(&mut self) -> Result<&'a str, Malformed> {
        self.skip_spaces();
        let end = self
            .rest
            .bytes()
            .position(|b| !is_token_byte(b))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip_spaces();
        if token.is_empty() {
            Err(Malformed)
        } else {
            Ok(token)
        }
    }

    fn eat(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.expects_parameter {
            // Lists may have empty elements.
            self.rest = self.rest.trim_start_matches(|c| is_space(c) || c == ',');
            if self.rest.is_empty() {
                return None;
            }
        }
        let item = self.item();
        if item.is_err() {
            *self = Self::new("");
        }
        Some(item)
    }
}

/// The elements of a list of tokens; `None` stands for an element that is no token.
pub(crate) fn tokens(value: &str) -> impl Iterator<Item = Option<&str>> {
    value
        .split(',')
        .map(|element| element.trim_matches(is_space))
        .filter(|element| !element.is_empty())
        .map(|element| is_token(element).then_some(element))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(value: &str) -> Result<Vec<Item<'_>>, Malformed> {
        Items::new(value).collect()
    }

    #[test]
    fn extensions_parameters_and_quoted_values_are_told_apart() {
        let found = items(r#"a; x; y = 1 , ,b;z="10""#);

        let expected = [
            Item::Extension("a"),
            Item::Parameter("x", None),
            Item::Parameter("y", Some("1")),
            Item::Extension("b"),
            Item::Parameter("z", Some("10")),
        ];
        assert_eq!(found.as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn what_breaks_the_grammar_is_malformed() {
        for value in [
            "a;",
            "a; ;b",
            "a=1",
            "a;x=",
            "a;x=\"1",
            "a;x=\"1,2\"",
            "a b",
            "a;x y",
            "é",
            ";",
        ] {
            assert_eq!(items(value), Err(Malformed), "{value}");
        }
    }

    #[test]
    fn empty_value_has_no_items() {
        assert_eq!(items(" , "), Ok(vec![]));
    }
}
