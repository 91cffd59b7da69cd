//! MessagePack, as the official adapters write and read it.
//!
//! That of clients (`roomcast_socketio::msgpack`) has other rules: its own extension types, integers
//! for whole numbers above 2^53, and strings that must be UTF-8.

use bytes::Bytes;
use roomcast_socketio::{Map, Number, Value};

use crate::DecodeError;

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value);
    out
}

pub(super) fn decode(payload: Bytes) -> Result<Value, DecodeError> {
    let mut reader = Reader { payload, at: 0 };
    let value = reader.value(0)?;
    match reader.at == reader.payload.len() {
        true => Ok(value),
        false => Err(DecodeError::Format { at: reader.at }),
    }
}

/// The depth that [`roomcast_socketio::Limits`] allows by default.
const MAX_DEPTH: usize = 512;

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Value::Number(number) => write_number(out, *number),
        Value::String(text) => write_text(out, text),
        Value::Binary(bytes) => {
            write_len(out, bytes.len(), None, [Some(0xc4), Some(0xc5), Some(0xc6)]);
            out.extend_from_slice(bytes);
        }
        Value::Array(elements) => {
            write_len(
                out,
                elements.len(),
                Some((0x90, 16)),
                [None, Some(0xdc), Some(0xdd)],
            );
            elements.iter().for_each(|element| write(out, element));
        }
        Value::Object(map) => {
            write_len(
                out,
                map.len(),
                Some((0x80, 16)),
                [None, Some(0xde), Some(0xdf)],
            );
            for (key, value) in map.iter() {
                write_text(out, key);
                write(out, value);
            }
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_len(
        out,
        text.len(),
        Some((0xa0, 32)),
        [Some(0xd9), Some(0xda), Some(0xdb)],
    );
    out.extend_from_slice(text.as_bytes());
}

/// Writes a length in its shortest form: within the first byte below a limit, else behind the marker
/// for 1, 2 or 4 bytes.
fn write_len(out: &mut Vec<u8>, len: usize, fix: Option<(u8, usize)>, markers: [Option<u8>; 3]) {
    let [one, two, four] = markers;
    if let Some((base, limit)) = fix
        && len < limit
    {
        out.push(base | len as u8);
    } else if let (Some(marker), Ok(len)) = (one, u8::try_from(len)) {
        out.extend([marker, len]);
    } else if let (Some(marker), Ok(len)) = (two, u16::try_from(len)) {
        out.push(marker);
        out.extend(len.to_be_bytes());
    } else {
        out.extend(four);
        // A payload of 4 GiB does not exist: nothing of that size was ever received or built.
        out.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
}

fn write_number(out: &mut Vec<u8>, number: Number) {
    if let Some(number) = number.as_u64() {
        write_unsigned(out, number);
    } else if let Some(number) = number.as_i64() {
        write_negative(out, number);
    } else {
        out.push(0xcb);
        out.extend(number.as_f64().to_be_bytes());
    }
}

fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xff => out.extend([0xcc, number as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend((number as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend(number.to_be_bytes());
        }
    }
}

fn write_negative(out: &mut Vec<u8>, number: i64) {
    if number >= -32 {
        out.push(number as u8);
    } else if let Ok(number) = i8::try_from(number) {
        out.extend([0xd0, number as u8]);
    } else if let Ok(number) = i16::try_from(number) {
        out.push(0xd1);
        out.extend(number.to_be_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(0xd2);
        out.extend(number.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend(number.to_be_bytes());
    }
}

/// How a value starts.
enum Container {
    Array(usize),
    Map(usize),
    None,
}

struct Reader {
    payload: Bytes,
    at: usize,
}

impl Reader {
    /// Cost: what calls itself keeps a small frame; 512 levels must fit a thread's stack in a debug
    /// build, too.
    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep { limit: MAX_DEPTH });
        }
        match self.container()? {
            Container::Array(len) => self.elements(len, depth),
            Container::Map(len) => self.map(len, depth),
            Container::None => self.scalar(),
        }
    }

    /// Passes the head of a container, if one starts here.
    fn container(&mut self) -> Result<Container, DecodeError> {
        let start = self.at;
        let [marker] = self.array()?;
        Ok(match marker {
            0x80..=0x8f => Container::Map(usize::from(marker & 15)),
            0x90..=0x9f => Container::Array(usize::from(marker & 15)),
            0xdc | 0xdd => Container::Array(self.len(marker - 0xdc + 1)?),
            0xde | 0xdf => Container::Map(self.len(marker - 0xde + 1)?),
            _ => {
                self.at = start;
                Container::None
            }
        })
    }

    #[inline(never)]
    fn scalar(&mut self) -> Result<Value, DecodeError> {
        let at = self.at;
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => marker.into(),
            0xe0..=0xff => (marker as i8).into(),
            0xa0..=0xbf => self.text(usize::from(marker & 31))?.into(),
            0xc0 => Value::Null,
            0xc2 => false.into(),
            0xc3 => true.into(),
            0xc4..=0xc6 => {
                let len = self.len(marker - 0xc4)?;
                self.bytes(len)?.into()
            }
            0xc7..=0xc9 => {
                let len = self.len(marker - 0xc7)?;
                self.extension(len)?
            }
            0xca => f64::from(f32::from_be_bytes(self.array()?)).into(),
            0xcb => f64::from_be_bytes(self.array()?).into(),
            0xcc => u8::from_be_bytes(self.array()?).into(),
            0xcd => u16::from_be_bytes(self.array()?).into(),
            0xce => u32::from_be_bytes(self.array()?).into(),
            0xcf => u64::from_be_bytes(self.array()?).into(),
            0xd0 => i8::from_be_bytes(self.array()?).into(),
            0xd1 => i16::from_be_bytes(self.array()?).into(),
            0xd2 => i32::from_be_bytes(self.array()?).into(),
            0xd3 => i64::from_be_bytes(self.array()?).into(),
            0xd4..=0xd8 => self.extension(1 << (marker - 0xd4))?,
            0xd9..=0xdb => {
                let len = self.len(marker - 0xd9)?;
                self.text(len)?.into()
            }
            // 0xc1 starts nothing, the others are containers.
            0xc1 | 0x80..=0x9f | 0xdc..=0xdf => return Err(DecodeError::Format { at }),
        })
    }

    /// A length of 1, 2 or 4 bytes.
    fn len(&mut self, width: u8) -> Result<usize, DecodeError> {
        Ok(match width {
            0 => usize::from(u8::from_be_bytes(self.array()?)),
            1 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    // Invariant: nothing is reserved for elements that are announced; each takes a byte at least, so
    // a payload bounds what is built from it.
    fn elements(&mut self, len: usize, depth: usize) -> Result<Value, DecodeError> {
        let mut elements = Vec::new();
        for _ in 0..len {
            elements.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(elements))
    }

    fn map(&mut self, len: usize, depth: usize) -> Result<Value, DecodeError> {
        let mut map = Map::new();
        for _ in 0..len {
            let at = self.at;
            let key = match self.value(depth + 1)? {
                Value::String(key) => key,
                Value::Number(key) => key.to_string(),
                // COMPAT: notepack reads binary keys.
                Value::Binary(key) => String::from_utf8_lossy(&key).into_owned(),
                _ => return Err(DecodeError::Format { at }),
            };
            let value = self.value(depth + 1)?;
            map.insert(key, value);
        }
        Ok(map.into())
    }

    fn text(&mut self, len: usize) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(&self.bytes(len)?).into_owned())
    }

    /// A date becomes its text, as in JSON; legacy `undefined` becomes null; what else there is, its
    /// type and its bytes, as in notepack.
    fn extension(&mut self, len: usize) -> Result<Value, DecodeError> {
        let [kind] = self.array()?;
        let bytes = self.bytes(len)?;
        Ok(match (kind as i8, bytes.len()) {
            (-1, _) => date(&bytes).map_or(Value::Null, Value::from),
            (0, 1) => Value::Null,
            (kind, _) => Value::Array(vec![kind.into(), bytes.into()]),
        })
    }

    fn bytes(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        let end = self.at.checked_add(len);
        let Some(end) = end.filter(|end| *end <= self.payload.len()) else {
            return Err(DecodeError::Truncated {
                at: self.payload.len(),
            });
        };
        let bytes = self.payload.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let rest = self.payload.get(self.at..).unwrap_or_default();
        let Some(array) = rest.first_chunk() else {
            return Err(DecodeError::Truncated {
                at: self.payload.len(),
            });
        };
        self.at += N;
        Ok(*array)
    }
}

/// A timestamp of 4, 8 or 12 bytes as the text that `JSON.stringify` writes for a date.
fn date(bytes: &[u8]) -> Option<String> {
    let (nanos, seconds) = match bytes.len() {
        4 => (0, i64::from(u32::from_be_bytes(bytes.try_into().ok()?))),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            ((both >> 34) as u32, (both & 0x3_ffff_ffff) as i64)
        }
        12 => (
            u32::from_be_bytes(bytes[..4].try_into().ok()?),
            i64::from_be_bytes(bytes[4..].try_into().ok()?),
        ),
        _ => return None,
    };
    // JavaScript knows no dates farther than 100 million days from 1970.
    let days = seconds.div_euclid(86_400);
    if days.abs() > 100_000_000 {
        return None;
    }
    let (year, month, day) = civil(days);
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ if year < 0 => format!("-{:06}", -year),
        _ => format!("+{year:06}"),
    };
    let millis = nanos / 1_000_000 % 1000;
    Some(format!(
        "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
    ))
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the day that leap years add is their last.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let since_march_of_year_0 = days + 719_468;
    let era = since_march_of_year_0.div_euclid(DAYS_OF_400_YEARS);
    let day_of_era = since_march_of_year_0.rem_euclid(DAYS_OF_400_YEARS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}
