//! Numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A JSON number: an integer of up to 64 bits, exact, or a double.
///
/// It is printed as JavaScript prints numbers: `1` for `1.0`, `1e+21` for 10^21, `null` for what
/// is not finite. Numbers are equal if their values are, as `1` and `1.0`.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Value, value};
///
/// let numbers = [value!(7), value!(-2), value!(0.5)].map(|value: Value| value.as_number());
/// let [Some(seven), Some(minus_two), Some(half)] = numbers else { panic!("three numbers") };
///
/// assert_eq!((seven.as_u64(), minus_two.as_u64(), half.as_u64()), (Some(7), None, None));
/// assert_eq!(minus_two.as_i64(), Some(-2));
/// assert_eq!(half.as_f64(), 0.5);
/// ```
#[derive(Clone, Copy)]
pub struct Number(Repr);

#[derive(Clone, Copy)]
enum Repr {
    Unsigned(u64),
    /// Invariant: negative.
    Negative(i64),
    Float(f64),
}

impl Number {
    /// The number as an unsigned integer, if it is one.
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Unsigned(number) => Some(number),
            Repr::Negative(_) => None,
            // Above 2^53 a double stands for many integers.
            Repr::Float(number) => is_exact(number)
                .then_some(number as u64)
                .filter(|_| number >= 0.0),
        }
    }

    /// The number as a signed integer, if it is one.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Unsigned(number) => i64::try_from(number).ok(),
            Repr::Negative(number) => Some(number),
            Repr::Float(number) => is_exact(number).then_some(number as i64),
        }
    }

    /// The number as a double, rounded if it is an integer above 2^53.
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Repr::Unsigned(number) => number as f64,
            Repr::Negative(number) => number as f64,
            Repr::Float(number) => number,
        }
    }

    /// Appends the text of the number.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self.0 {
            Repr::Unsigned(number) => out.extend(itoa::Buffer::new().format(number).bytes()),
            Repr::Negative(number) => out.extend(itoa::Buffer::new().format(number).bytes()),
            Repr::Float(number) if number.is_finite() => {
                out.extend(ryu_js::Buffer::new().format_finite(number).bytes());
            }
            Repr::Float(_) => out.extend(b"null"),
        }
    }
}

/// Whether the double is an integer that no other integer is rounded to.
fn is_exact(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Repr::Unsigned(a), Repr::Unsigned(b)) => a == b,
            (Repr::Negative(a), Repr::Negative(b)) => a == b,
            (Repr::Unsigned(_), Repr::Negative(_)) | (Repr::Negative(_), Repr::Unsigned(_)) => {
                false
            }
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(Repr::Unsigned(number))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(u64::try_from(number).map_or(Repr::Negative(number), Repr::Unsigned))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Repr::Float(number))
    }
}

macro_rules! from_integer {
    ($($small:ty => $wide:ty),*) => {$(
        impl From<$small> for Number {
            fn from(number: $small) -> Self {
                <$wide>::from(number).into()
            }
        }
    )*};
}

from_integer! { u8 => u64, u16 => u64, u32 => u64, i8 => i64, i16 => i64, i32 => i64, f32 => f64 }

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        (number as u64).into()
    }
}

impl From<isize> for Number {
    fn from(number: isize) -> Self {
        (number as i64).into()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Unsigned(number) => number.fmt(f),
            Repr::Negative(number) => number.fmt(f),
            Repr::Float(number) if number.is_finite() => {
                f.write_str(ryu_js::Buffer::new().format_finite(number))
            }
            Repr::Float(_) => f.write_str("null"),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Repr::Unsigned(number) => serializer.serialize_u64(number),
            Repr::Negative(number) => serializer.serialize_i64(number),
            Repr::Float(number) => serializer.serialize_f64(number),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (-0.5, "-0.5"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            assert_eq!(Number::from(number).to_string(), text);
            let mut out = Vec::new();
            Number::from(number).write(&mut out);
            assert_eq!(out, text.as_bytes());
        }
        assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
        assert_eq!(Number::from(i64::MIN).to_string(), "-9223372036854775808");
    }

    #[test]
    fn a_double_with_an_integer_value_is_an_integer() {
        assert_eq!(Number::from(3.0).as_u64(), Some(3));
        assert_eq!(Number::from(-3.0).as_i64(), Some(-3));
        assert_eq!(Number::from(-3.0).as_u64(), None);
        assert_eq!(Number::from(3.5).as_i64(), None);
        assert_eq!(Number::from(1e300).as_u64(), None);
        assert_eq!(Number::from(3.0), Number::from(3_u8));
        assert_ne!(Number::from(u64::MAX), Number::from(u64::MAX - 1));
    }
}
