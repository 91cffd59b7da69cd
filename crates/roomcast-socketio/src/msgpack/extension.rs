//! Extension types, as notepack.io chooses them: all have the type 0 and differ in their form.

use super::token::Token;

/// The type of all extensions that mean something.
pub(super) const KIND: i8 = 0;

/// What an extension stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extension {
    /// JavaScript's `undefined`: one byte, in a form of fixed length.
    Undefined,
    /// Milliseconds since 1970 as a 64-bit integer, in a form of fixed length.
    Date(i64),
    /// An `ArrayBuffer`, in a form that tells its length.
    ArrayBuffer,
    /// An extension of somebody else, with its type.
    Foreign(i8),
}

impl Extension {
    /// `marker` is the first byte of the value, `content` what the extension holds.
    pub(super) fn of(marker: u8, kind: i8, content: &[u8]) -> Self {
        match (marker, kind, content) {
            (FIXED_1, KIND, _) => Self::Undefined,
            (FIXED_8, KIND, content) => match content.first_chunk() {
                Some(millis) => Self::Date(i64::from_be_bytes(*millis)),
                None => Self::Foreign(kind),
            },
            (VARIABLE_8..=VARIABLE_32, KIND, _) => Self::ArrayBuffer,
            _ => Self::Foreign(kind),
        }
    }
}

/// Whether the value is JavaScript's `undefined`.
pub(super) fn is_undefined(marker: u8, token: Token) -> bool {
    marker == FIXED_1 && matches!(token, Token::Ext { kind: KIND, .. })
}

pub(super) const FIXED_1: u8 = 0xd4;
pub(super) const FIXED_8: u8 = 0xd7;
pub(super) const VARIABLE_8: u8 = 0xc7;
pub(super) const VARIABLE_16: u8 = 0xc8;
pub(super) const VARIABLE_32: u8 = 0xc9;
