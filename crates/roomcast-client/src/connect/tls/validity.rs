//! From when until when a certificate is valid: all that has to be known of one whose hash is known.

/// Seconds since 1970, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: u64,
    pub(super) not_after: u64,
}

impl Validity {
    /// Reads it from a certificate in the form DER.
    ///
    /// Spec: RFC 5280, section 4.1.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let mut certificate = Der(certificate).inside(SEQUENCE)?;
        let mut signed = certificate.inside(SEQUENCE)?;
        if signed.0.first() == Some(&VERSION) {
            signed.inside(VERSION)?;
        }
        // The serial number, the signature's algorithm, and who has signed.
        signed.inside(INTEGER)?;
        signed.inside(SEQUENCE)?;
        signed.inside(SEQUENCE)?;
        let mut validity = signed.inside(SEQUENCE)?;
        Some(Self {
            not_before: validity.time()?,
            not_after: validity.time()?,
        })
    }
}

/// Values, each behind its tag and its length.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Steps over the next value, which must have this tag, and gives what is in it.
    fn inside(&mut self, tag: u8) -> Option<Self> {
        let (found, content) = self.next()?;
        (found == tag).then_some(Self(content))
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let len = match first {
            0..=0x7f => usize::from(first),
            // 0x80 has no length, and no certificate is longer than three bytes can say.
            0x81..=0x83 => {
                let (bytes, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = behind;
                bytes
                    .iter()
                    .fold(0, |len, &byte| len << 8 | usize::from(byte))
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn time(&mut self) -> Option<u64> {
        let (tag, text) = self.next()?;
        let digits = text.strip_suffix(b"Z")?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |digits: &[u8]| {
            digits
                .iter()
                .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
        };
        let (year, rest) = match (tag, digits.len()) {
            (UTC_TIME, 12) => {
                let year = number(&digits[..2]);
                let century = if year < 50 { 2000 } else { 1900 };
                (century + year, &digits[2..])
            }
            (GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
            _ => return None,
        };
        let part = |at: usize| number(&rest[at..at + 2]);
        let days = days_since_1970(year, part(0), part(2))?;
        Some(((days * 24 + part(4)) * 60 + part(6)) * 60 + part(8))
    }
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years from March on, so that the day of leap years is their last.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    days.checked_sub(DAYS_BEFORE_1970)
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From the March of the year 0.
const DAYS_BEFORE_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        assert_eq!(days_since_1970(1970, 1, 1), Some(0));
        assert_eq!(days_since_1970(2000, 2, 29), Some(11_016));
        assert_eq!(days_since_1970(2000, 3, 1), Some(11_017));
        assert_eq!(days_since_1970(2026, 11, 21), Some(20_778));
        assert_eq!(days_since_1970(1969, 12, 31), None);
        assert_eq!(days_since_1970(2026, 13, 1), None);
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let time = |der: &[u8]| Der(der).time();
        assert_eq!(time(b"\x17\x0d700101000001Z"), Some(1));
        assert_eq!(time(b"\x17\x0d491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(b"\x18\x0f20500101000000Z"), Some(2_524_608_000));
        for broken in [
            &b"\x17\x0d70010100000xZ"[..],
            b"\x17\x0c700101000001",
            b"\x18\x0d700101000001Z",
            b"\x17\x0d700001000001Z",
            b"\x17",
        ] {
            assert_eq!(time(broken), None);
        }
    }

    /// Up to its validity, as RFC 5280 has it; what stands behind that is left out, lengths corrected.
    const CERTIFICATE: &[u8] = b"\x30\x33\x30\x31\xa0\x03\x02\x01\x02\x02\x01\x07\
        \x30\x03\x06\x01\x2a\x30\x02\x31\x00\
        \x30\x1e\x17\x0d261121000000Z\x17\x0d261204000000Z";

    #[test]
    fn the_validity_of_a_certificate_is_found_and_no_truncation_panics() {
        let day = 24 * 60 * 60;
        let validity = Validity {
            not_before: 20_778 * day,
            not_after: 20_791 * day,
        };
        assert_eq!(Validity::of(CERTIFICATE), Some(validity));
        for end in 0..CERTIFICATE.len() {
            assert_eq!(Validity::of(&CERTIFICATE[..end]), None, "cut at {end}");
        }
    }
}
