//! Texts from the page, each within its limits.

use std::fmt;

use serde::Deserialize;

/// What a socket is called.
pub(super) type Name = Limited<0, 40>;

/// The name of a room, or of who is addressed: a socket's id names a room too.
pub(super) type Room = Limited<1, 100>;

/// What a message says.
pub(super) type Text = Limited<1, 4000>;

/// A text of `MIN` to `MAX` characters, counted as Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Limited<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Limited<MIN, MAX> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Limited<MIN, MAX> {
    type Error = OutOfRange;

    fn try_from(text: String) -> Result<Self, OutOfRange> {
        let found = text.chars().count();
        if (MIN..=MAX).contains(&found) {
            Ok(Self(text))
        } else {
            Err(OutOfRange {
                min: MIN,
                max: MAX,
                found,
            })
        }
    }
}

/// A text is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange {
    min: usize,
    max: usize,
    found: usize,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, found } = self;
        write!(
            f,
            "{min} to {max} characters are allowed, these are {found}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters_and_not_bytes() {
        assert!(Name::try_from("🦀".repeat(40)).is_ok());
        assert_eq!(
            Name::try_from("🦀".repeat(41)),
            Err(OutOfRange {
                min: 0,
                max: 40,
                found: 41
            })
        );
    }

    #[test]
    fn a_name_may_be_empty_and_a_room_may_not() {
        assert!(Name::try_from(String::new()).is_ok());
        assert!(Room::try_from(String::new()).is_err());
    }

    #[test]
    fn a_text_beyond_its_limit_cannot_be_read() {
        let error = serde_json::from_value::<Room>("x".repeat(101).into()).unwrap_err();

        assert_eq!(
            error.to_string(),
            "1 to 100 characters are allowed, these are 101"
        );
    }
}
