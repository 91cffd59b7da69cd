//! Where a client stands in the log of its namespace, and the text in which it says so.

use std::fmt;

use crate::id::random_base64;

/// The place of a packet in the log of one namespace: the first packet has 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position(pub(crate) u64);

impl Position {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Which log a position belongs to: an offset of another one says nothing here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch([u8; EPOCH_LEN]);

/// What a client has seen: all packets for it up to `position`, and how many [marks] behind that.
///
/// [marks]: super::ledger
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) position: Position,
    pub(crate) marks: u64,
}

impl From<Position> for Seen {
    fn from(position: Position) -> Self {
        Self { position, marks: 0 }
    }
}

/// The text of an offset without marks. All are of one length, so a packet is encoded before its
/// position is known.
pub(crate) type OffsetText = [u8; OFFSET_LEN];

impl Epoch {
    pub(crate) fn random() -> Self {
        Self(random_base64())
    }

    #[cfg(feature = "redb")]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let digits: [u8; EPOCH_LEN] = bytes.try_into().ok()?;
        digits
            .iter()
            .all(|&digit| digit_value(digit).is_some())
            .then_some(Self(digits))
    }

    #[cfg(feature = "redb")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that a packet at this position carries.
    pub(crate) fn offset(self, position: Position) -> OffsetText {
        let mut text = [0; OFFSET_LEN];
        text[..EPOCH_LEN].copy_from_slice(&self.0);
        for (index, digit) in text[EPOCH_LEN..].iter_mut().rev().enumerate() {
            *digit = DIGITS[(position.0 >> (6 * index) & 63) as usize];
        }
        text
    }

    /// The text that tells a client of marks.
    pub(crate) fn marked(self, seen: Seen) -> String {
        let offset = self.offset(seen.position);
        format!("{}.{}", String::from_utf8_lossy(&offset), seen.marks)
    }

    /// Reads what a client says it has seen; `None` for the text of another log, or no offset.
    pub(crate) fn read(self, text: &str) -> Option<Seen> {
        let (offset, marks) = match text.split_once('.') {
            Some((offset, marks)) => (offset, marks.parse().ok()?),
            None => (text, 0),
        };
        let digits = offset.as_bytes().strip_prefix(&self.0)?;
        if digits.len() != POSITION_LEN {
            return None;
        }
        let position = digits.iter().try_fold(0, |position: u64, &digit| {
            Some(position << 6 | digit_value(digit)?)
        })?;
        Some(Seen {
            position: Position(position),
            marks,
        })
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({})", String::from_utf8_lossy(&self.0))
    }
}

fn digit_value(digit: u8) -> Option<u64> {
    let value = DIGITS.iter().position(|&known| known == digit)?;
    u64::try_from(value).ok()
}

const EPOCH_LEN: usize = 6;
/// 48 bits: at a million packets a second they last for nine years.
const POSITION_LEN: usize = 8;
pub(crate) const OFFSET_LEN: usize = EPOCH_LEN + POSITION_LEN;
/// In the order of their values in ASCII, so offsets of one log sort as their positions.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(*b"epoch1");

    #[test]
    fn an_offset_has_14_characters_whatever_its_position() {
        assert_eq!(&EPOCH.offset(Position(0)), b"epoch1--------");
        assert_eq!(&EPOCH.offset(Position(1)), b"epoch1-------0");
        assert_eq!(&EPOCH.offset(Position(64)), b"epoch1------0-");
        assert_eq!(&EPOCH.offset(Position((1 << 48) - 1)), b"epoch1zzzzzzzz");
    }

    #[test]
    fn a_position_is_read_back_with_its_marks() {
        let seen = Seen {
            position: Position(4711),
            marks: 3,
        };
        let text = String::from_utf8(EPOCH.offset(seen.position).to_vec()).unwrap();

        assert_eq!(EPOCH.read(&text), Some(seen.position.into()));
        assert_eq!(EPOCH.read(&EPOCH.marked(seen)), Some(seen));
    }

    #[test]
    fn what_another_log_wrote_or_nobody_is_no_offset() {
        for text in [
            "",
            "unknown",
            "epoch2-------0",
            "epoch1-------",
            "epoch1--------0",
            "epoch1-------é",
            "epoch1-------0.",
            "epoch1-------0.x",
            "epoch1-------0.99999999999999999999",
        ] {
            assert_eq!(EPOCH.read(text), None, "{text}");
        }
    }
}
