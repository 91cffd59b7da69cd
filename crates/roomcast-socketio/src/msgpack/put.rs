//! Values and heads appended to a buffer, each in its shortest form, as notepack.io writes them.

use std::fmt::Debug;

use rmp::encode;
use serde::ser::Error as _;
use serde_json::{Error, Result};

use super::extension::{FIXED_8, KIND, VARIABLE_8, VARIABLE_16, VARIABLE_32};

pub(super) fn nil(out: &mut Vec<u8>) {
    taken(encode::write_nil(out));
}

pub(super) fn bool(out: &mut Vec<u8>, value: bool) {
    taken(encode::write_bool(out, value));
}

pub(super) fn unsigned(out: &mut Vec<u8>, number: u64) {
    taken(encode::write_uint(out, number));
}

pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) => unsigned(out, number),
        Err(_) => drop(taken(encode::write_sint(out, number))),
    }
}

/// A number of JavaScript: an integer if it is one that has 64 bits.
pub(super) fn float(out: &mut Vec<u8>, number: f64) {
    const TOP: f64 = 18_446_744_073_709_551_616.0;
    const BOTTOM: f64 = -9_223_372_036_854_775_808.0;
    if number.fract() != 0.0 || !(BOTTOM..TOP).contains(&number) {
        taken(encode::write_f64(out, number));
    } else if number < 0.0 {
        signed(out, number as i64);
    } else {
        unsigned(out, number as u64);
    }
}

pub(super) fn text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    taken(encode::write_str_len(out, length(text.len())?));
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

pub(super) fn binary(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    taken(encode::write_bin_len(out, length(bytes.len())?));
    out.extend_from_slice(bytes);
    Ok(())
}

/// An `ArrayBuffer`: always in a form that tells its length.
pub(super) fn array_buffer(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    let len = length(bytes.len())?;
    if let Ok(len) = u8::try_from(len) {
        out.extend_from_slice(&[VARIABLE_8, len]);
    } else if let Ok(len) = u16::try_from(len) {
        out.push(VARIABLE_16);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(VARIABLE_32);
        out.extend_from_slice(&len.to_be_bytes());
    }
    out.push(KIND.cast_unsigned());
    out.extend_from_slice(bytes);
    Ok(())
}

/// Milliseconds since 1970.
pub(super) fn date(out: &mut Vec<u8>, millis: i64) {
    out.extend_from_slice(&[FIXED_8, KIND.cast_unsigned()]);
    out.extend_from_slice(&millis.to_be_bytes());
}

pub(super) fn array_len(out: &mut Vec<u8>, len: u32) {
    taken(encode::write_array_len(out, len));
}

pub(super) fn map_len(out: &mut Vec<u8>, len: u32) {
    taken(encode::write_map_len(out, len));
}

/// A length, which has 32 bits.
pub(super) fn length(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| Error::custom("longer than 4 GiB"))
}

fn taken<T>(result: std::result::Result<T, impl Debug>) -> T {
    result.expect("a vector takes any bytes")
}
