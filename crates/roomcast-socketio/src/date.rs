//! Points in time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JavaScript `Date`: milliseconds since the start of 1970, UTC.
///
/// Under MessagePack a peer gets a `Date`; under the text parser it gets the text that
/// `JSON.stringify` makes of one. It is read from either, and from a number of milliseconds. Other
/// types see a `Date` that came as MessagePack as that text, or as the milliseconds if they ask for a
/// number.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Date, Value, msgpack};
///
/// let date = Date::from_millis(1_700_000_000_123);
/// assert_eq!(date.to_string(), "2023-11-14T22:13:20.123Z");
/// assert_eq!("2023-11-14T23:13:20.123+01:00".parse(), Ok(date));
///
/// let bytes = msgpack::to_vec(&date)?;
/// assert_eq!(bytes, b"\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b");
/// assert_eq!(msgpack::from_slice(&bytes), Ok(date));
/// assert_eq!(msgpack::from_slice(&bytes), Ok(1_700_000_000_123_i64));
/// assert_eq!(Value::from_serialize(&date)?, "2023-11-14T22:13:20.123Z");
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
///
/// Spec: features 5.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    millis: i64,
}

/// Says that a text is no date of the form `2023-11-14T22:13:20.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is a text like 2023-11-14T22:13:20.123Z")]
#[non_exhaustive]
pub struct InvalidDate;

impl Date {
    /// Name under which the writer of MessagePack knows it.
    pub(crate) const TOKEN: &'static str = "roomcast_socketio::Date";

    /// The point that lies so many milliseconds behind the start of 1970, UTC, or before it.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    /// Milliseconds since the start of 1970, UTC.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.millis
    }
}

impl From<SystemTime> for Date {
    /// Parts of a millisecond are dropped.
    fn from(time: SystemTime) -> Self {
        let millis = |distance: Duration| i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::from_millis(millis(after)),
            Err(before) => Self::from_millis(-millis(before.duration())),
        }
    }
}

impl fmt::Display for Date {
    /// Prints what `toISOString` gives in JavaScript.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, millis) = (
            self.millis.div_euclid(DAY_MILLIS),
            self.millis.rem_euclid(DAY_MILLIS),
        );
        let (year, month, day) = date_of(days);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+07}")?,
        }
        let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
        let (second, millis) = (millis / 1000 % 60, millis % 1000);
        write!(
            f,
            "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    /// Reads a date of RFC 3339, whose year may also have a sign and 6 digits, as in JavaScript.
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        read(text).ok_or(InvalidDate)
    }
}

fn read(text: &str) -> Option<Date> {
    let signed = text.starts_with(['+', '-']);
    let (year, rest) = text.split_at_checked(if signed { 7 } else { 4 })?;
    let (date, rest) = rest.split_at_checked(6)?;
    let (time, rest) = rest.split_at_checked(9)?;
    let (month, day) = date.strip_prefix('-')?.split_once('-')?;
    let mut time = time.strip_prefix(['T', 't', ' '])?.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);

    let year_number: i64 = digits(year.trim_start_matches(['+', '-']), i64::MAX)?;
    let year = if year.starts_with('-') {
        -year_number
    } else {
        year_number
    };
    let (month, day) = (digits(month, 12)?, digits(day, 31)?);
    if time.next().is_some() || month == 0 || day == 0 || day > days_in(year, month) {
        return None;
    }
    let minutes = digits(hour, 23)? * 60 + digits(minute, 59)? - zone_minutes(zone)?;
    let millis = digits(second, 59)? * 1000 + fraction_millis(fraction)?;
    Some(Date::from_millis(
        days_to(year, month, day) * DAY_MILLIS + minutes * 60_000 + millis,
    ))
}

/// ASCII digits that are at most `limit` together.
fn digits(text: &str, limit: i64) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| is_number && *number <= limit)
}

/// `.123` as 123, `.1` as 100; further digits do not count.
fn fraction_millis(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let fraction = text.strip_prefix('.')?;
    digits(fraction, i64::MAX)?;
    let mut digits = fraction.bytes().map(|digit| i64::from(digit - b'0'));
    let mut next = || digits.next().unwrap_or_default();
    Some(next() * 100 + next() * 10 + next())
}

fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let minutes = digits(hours, 23)? * 60 + digits(minutes, 59)?;
    Some(if zone.starts_with('-') {
        -minutes
    } else {
        minutes
    })
}

/// Days from the start of 1970 to this day of the Gregorian calendar. `month` counts from 1.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at its end.
    let year = if month < 3 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (month * 153 + 2) / 5 + day - 1;
    era * ERA_DAYS + year * 365 + year / 4 - year / 100 + day_of_year - EPOCH_DAYS
}

/// Year, month and day that lie so many days behind the start of 1970.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (day * 5 + 2) / 153;
    let day = day - (month * 153 + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month < 3);
    (year, month, day)
}

fn days_in(year: i64, month: i64) -> i64 {
    let next = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    days_to(next.0, next.1, 1) - days_to(year, month, 1)
}

const DAY_MILLIS: i64 = 86_400_000;
/// Days of 400 years.
const ERA_DAYS: i64 = 146_097;
/// Days from the first of March of the year 0 to the start of 1970.
const EPOCH_DAYS: i64 = 719_468;

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Self::TOKEN, &self.to_string())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DateVisitor)
    }
}

struct DateVisitor;

impl Visitor<'_> for DateVisitor {
    type Value = Date;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_i64<E>(self, millis: i64) -> Result<Date, E> {
        Ok(Date::from_millis(millis))
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Date, E> {
        let millis = i64::try_from(millis);
        let millis = millis.map_err(|_| E::custom("a date beyond 64 bits"))?;
        Ok(Date::from_millis(millis))
    }

    fn visit_f64<E>(self, millis: f64) -> Result<Date, E> {
        // The cast keeps to the range.
        Ok(Date::from_millis(millis as i64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Recorded from Node.js 20.19: `new Date(millis).toISOString()`.
    #[test]
    fn dates_are_printed_as_javascript_prints_them() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(Date::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Date::from_millis(millis)));
        }
    }

    #[test]
    fn zones_and_fractions_of_any_length_are_read() {
        let date = Ok(Date::from_millis(1_700_000_000_100));

        assert_eq!("2023-11-14T22:13:20.1Z".parse(), date);
        assert_eq!("2023-11-14 22:13:20.100999z".parse(), date);
        assert_eq!("2023-11-15T03:43:20.1+05:30".parse(), date);
        assert_eq!("2023-11-14T14:13:20.1-08:00".parse(), date);
        assert_eq!(
            "2023-11-14T22:13:20Z".parse(),
            Ok(Date::from_millis(1_700_000_000_000))
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2023-11-14",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-11-00T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T22:13:20+1:00:0",
            "2023-1é-14T22:13:20Z",
            "+23-11-14T22:13:20Z",
        ] {
            assert_eq!(text.parse::<Date>(), Err(InvalidDate), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_of_javascript_comes_back_from_its_text(
            millis in -8_640_000_000_000_000_i64..=8_640_000_000_000_000,
        ) {
            let date = Date::from_millis(millis);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }

        #[test]
        fn no_date_is_beyond_printing(millis in any::<i64>()) {
            prop_assert!(Date::from_millis(millis).to_string().ends_with('Z'));
        }
    }
}
