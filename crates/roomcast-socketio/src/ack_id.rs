//! Ids that join an event with its acknowledgement.

use std::fmt;

/// The id that joins an event with its acknowledgement.
///
/// JavaScript peers read the digits into a double and answer with that double's text, so
/// `9007199254740993` comes back as `9007199254740992`, and 30 digits come back as `1e+29`.
/// [`Display`](fmt::Display) prints that text; ids up to 2^53, which are all that peers send in
/// practice, are exact.
///
/// # Example
///
/// ```
/// use roomcast_socketio::AckId;
///
/// assert_eq!(AckId::from(12).to_string(), "12");
/// assert_eq!(AckId::from(9_007_199_254_740_993).to_string(), "9007199254740992");
/// ```
///
/// Spec: Socket.IO protocol 5, "Acknowledgement".
// Invariant: a value up to 2^53 stands for itself; every other value is the bit pattern of a
// double of at least 2^53, which as an integer is far above 2^53. So equality is that of doubles.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckId(u64);

/// 2^53: every integer up to here is a double.
const EXACT: u64 = 1 << 53;

impl AckId {
    /// Takes the digits at the start of a text, if there are any.
    #[inline]
    pub(crate) fn take(text: &str) -> (Option<Self>, &str) {
        let (mut id, mut len) = (0_u64, 0);
        while let Some(&byte @ b'0'..=b'9') = text.as_bytes().get(len) {
            id = id.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            len += 1;
        }
        let (digits, rest) = text.split_at(len);
        let id = match len {
            0 => return (None, rest),
            // So many digits cannot exceed the range of u64.
            1..=19 => Self::from(id),
            // Leading zeros may make a long text small.
            _ => Self::from_f64(digits.parse().unwrap_or(f64::INFINITY)),
        };
        (Some(id), rest)
    }

    /// An id that is not negative and has no fraction.
    pub(crate) fn from_f64(id: f64) -> Self {
        // The cast is exact below 2^53; at and above it the double's own bits are kept.
        if id <= EXACT as f64 {
            Self(id as u64)
        } else {
            Self(id.to_bits())
        }
    }

    /// The id as an integer, `None` above 2^53.
    pub fn as_u64(self) -> Option<u64> {
        (self.0 <= EXACT).then_some(self.0)
    }

    /// The id as the double that it is to JavaScript.
    pub(crate) fn as_f64(self) -> f64 {
        match self.as_u64() {
            Some(id) => id as f64,
            None => f64::from_bits(self.0),
        }
    }

    /// Appends the text of the id.
    #[inline]
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self.as_u64() {
            Some(id) => out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes()),
            None => self.write_large(out),
        }
    }

    #[cold]
    fn write_large(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.large_text(&mut ryu_js::Buffer::new()).as_bytes());
    }

    fn large_text(self, buffer: &mut ryu_js::Buffer) -> &str {
        buffer.format(f64::from_bits(self.0))
    }
}

impl From<u64> for AckId {
    /// An id above 2^53 is rounded to the next double.
    fn from(id: u64) -> Self {
        if id <= EXACT {
            Self(id)
        } else {
            Self::from_f64(id as f64)
        }
    }
}

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_u64() {
            Some(id) => id.fmt(f),
            None => f.write_str(self.large_text(&mut ryu_js::Buffer::new())),
        }
    }
}

impl fmt::Debug for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AckId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(digits: &str) -> AckId {
        let (id, rest) = AckId::take(digits);
        assert_eq!(rest, "");
        id.expect("digits")
    }

    #[test]
    fn ids_are_printed_as_javascript_prints_the_double() {
        for (digits, text) in [
            ("0", "0"),
            ("007", "7"),
            ("9007199254740992", "9007199254740992"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551616", "18446744073709552000"),
            ("99999999999999999999999", "1e+23"),
            ("100000000000000000000000000000", "1e+29"),
            ("000000000000000000000000000000000005", "5"),
        ] {
            assert_eq!(parse(digits).to_string(), text);
            let mut out = Vec::new();
            parse(digits).write(&mut out);
            assert_eq!(out, text.as_bytes());
        }
        assert_eq!(parse(&"9".repeat(400)).to_string(), "Infinity");
    }

    #[test]
    fn ids_that_javascript_rounds_to_one_double_are_equal() {
        assert_eq!(parse("9007199254740993"), AckId::from(1 << 53));
        assert_eq!(AckId::from(u64::MAX), parse("18446744073709551615"));
        assert_eq!(AckId::from(u64::MAX), parse("000018446744073709551615"));
        assert_ne!(AckId::from((1 << 53) + 2), AckId::from(1 << 53));
    }
}
