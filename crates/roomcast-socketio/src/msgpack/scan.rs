//! One pass over MessagePack bytes: are they whole, how deep, how many, and where is what.
//!
//! The scan is iterative, so nesting costs 16 bytes a level and never the stack.

use super::token::{Token, token};
use crate::{DecodeError, Limits};

/// A position in the bytes of one packet, and what was counted up to there.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    limits: &'a Limits,
    elements: usize,
    binary_bytes: usize,
    /// Arrays and maps that are open, the innermost last.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    /// Values that are missing, keys included.
    left: usize,
    is_map: bool,
}

type Scan<T = ()> = Result<T, DecodeError>;

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &'a Limits) -> Scan<Self> {
        // Positions are kept in 32 bits.
        if u32::try_from(bytes.len()).is_err() {
            return Err(DecodeError::TooLong);
        }
        Ok(Self {
            bytes,
            at: 0,
            limits,
            elements: 0,
            binary_bytes: 0,
            open: Vec::new(),
        })
    }

    /// Passes one value. `depth` counts the arrays and maps around it.
    pub(super) fn value(&mut self, depth: usize) -> Scan {
        self.begin(depth)?;
        while let Some(open) = self.open.last_mut() {
            if open.left == 0 {
                self.open.pop();
                continue;
            }
            let is_key = open.is_map && open.left.is_multiple_of(2);
            open.left -= 1;
            if is_key {
                self.key()?;
            } else {
                self.begin(depth)?;
            }
        }
        Ok(())
    }

    /// Passes a scalar, or the head of an array or map.
    fn begin(&mut self, depth: usize) -> Scan {
        match self.token()? {
            Token::Str(len) => self.text(len).map(drop),
            Token::Bin(len) | Token::Ext { len, .. } => self.binary(len),
            Token::Array(len) => {
                self.count(len, depth)?;
                self.open.push(Open {
                    left: len,
                    is_map: false,
                });
                Ok(())
            }
            Token::Map(len) => {
                let left = len.saturating_mul(2);
                self.count(left, depth)?;
                self.open.push(Open { left, is_map: true });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Passes a key: a text, or a scalar that JavaScript would make a text of.
    fn key(&mut self) -> Scan {
        match self.token()? {
            Token::Str(len) => self.text(len).map(drop),
            Token::Bin(_) | Token::Ext { .. } | Token::Array(_) | Token::Map(_) => {
                Err(DecodeError::InvalidPayload)
            }
            _ => Ok(()),
        }
    }

    /// Passes the head of a value.
    pub(super) fn token(&mut self) -> Scan<Token> {
        let Some((token, content)) = token(self.bytes, self.at) else {
            // A byte that begins nothing; else the bytes end within the head.
            let is_reserved = self.bytes.get(self.at) == Some(&RESERVED);
            return Err(if is_reserved {
                DecodeError::InvalidPayload
            } else {
                DecodeError::Truncated
            });
        };
        self.at = content;
        Ok(token)
    }

    /// Passes a text whose head was passed.
    pub(super) fn text(&mut self, len: usize) -> Scan<&'a str> {
        let text = self.take(len)?;
        std::str::from_utf8(text).map_err(|_| DecodeError::InvalidPayload)
    }

    /// Counts the parts of an array or map, which stands at this depth, before they are looked at.
    pub(super) fn count(&mut self, parts: usize, depth: usize) -> Scan {
        let limit = self.limits.max_depth;
        if depth.saturating_add(self.open.len()) >= limit {
            return Err(DecodeError::TooDeep { limit });
        }
        let limit = self.limits.max_elements;
        self.elements = self.elements.saturating_add(parts);
        if self.elements > limit {
            return Err(DecodeError::TooManyElements { limit });
        }
        // Each part takes a byte at least: a length that cannot be true costs nothing.
        if parts > self.bytes.len() - self.at {
            return Err(DecodeError::Truncated);
        }
        Ok(())
    }

    fn binary(&mut self, len: usize) -> Scan {
        let limit = self.limits.max_attachment_bytes;
        self.binary_bytes = self.binary_bytes.saturating_add(len);
        if self.binary_bytes > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        self.take(len).map(drop)
    }

    fn take(&mut self, len: usize) -> Scan<&'a [u8]> {
        let end = self.at.checked_add(len).ok_or(DecodeError::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    /// Says that everything was passed.
    pub(super) fn finish(&self) -> Scan {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

/// The one byte that MessagePack gives no meaning.
const RESERVED: u8 = 0xc1;
