//! The head of one MessagePack value: what it is, and how long.

use rmp::Marker;

/// What stands in front of the content of a value, or the whole of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Zero and above as well, if the peer chose a signed form.
    Signed(i64),
    Float(f64),
    /// Bytes of text that follow.
    Str(usize),
    /// Bytes that follow.
    Bin(usize),
    /// Bytes of an extension that follow.
    Ext {
        kind: i8,
        len: usize,
    },
    /// Elements that follow.
    Array(usize),
    /// Keys that follow, each with its value.
    Map(usize),
}

/// Reads the head of the value at `at`, and tells where its content begins. `None` if the bytes end
/// within the head, or if it is none.
pub(super) fn token(bytes: &[u8], at: usize) -> Option<(Token, usize)> {
    let mut head = Head {
        bytes,
        at: at.checked_add(1)?,
    };
    let token = match Marker::from_u8(*bytes.get(at)?) {
        Marker::Null => Token::Nil,
        Marker::False => Token::Bool(false),
        Marker::True => Token::Bool(true),
        Marker::FixPos(number) => Token::Unsigned(number.into()),
        Marker::FixNeg(number) => Token::Signed(number.into()),
        Marker::U8 => Token::Unsigned(u8::from_be_bytes(head.take()?).into()),
        Marker::U16 => Token::Unsigned(u16::from_be_bytes(head.take()?).into()),
        Marker::U32 => Token::Unsigned(u32::from_be_bytes(head.take()?).into()),
        Marker::U64 => Token::Unsigned(u64::from_be_bytes(head.take()?)),
        Marker::I8 => Token::Signed(i8::from_be_bytes(head.take()?).into()),
        Marker::I16 => Token::Signed(i16::from_be_bytes(head.take()?).into()),
        Marker::I32 => Token::Signed(i32::from_be_bytes(head.take()?).into()),
        Marker::I64 => Token::Signed(i64::from_be_bytes(head.take()?)),
        Marker::F32 => Token::Float(f32::from_be_bytes(head.take()?).into()),
        Marker::F64 => Token::Float(f64::from_be_bytes(head.take()?)),
        Marker::FixStr(len) => Token::Str(len.into()),
        Marker::Str8 => Token::Str(head.len8()?),
        Marker::Str16 => Token::Str(head.len16()?),
        Marker::Str32 => Token::Str(head.len32()?),
        Marker::Bin8 => Token::Bin(head.len8()?),
        Marker::Bin16 => Token::Bin(head.len16()?),
        Marker::Bin32 => Token::Bin(head.len32()?),
        Marker::FixExt1 => head.ext(1)?,
        Marker::FixExt2 => head.ext(2)?,
        Marker::FixExt4 => head.ext(4)?,
        Marker::FixExt8 => head.ext(8)?,
        Marker::FixExt16 => head.ext(16)?,
        Marker::Ext8 => head.len8().and_then(|len| head.ext(len))?,
        Marker::Ext16 => head.len16().and_then(|len| head.ext(len))?,
        Marker::Ext32 => head.len32().and_then(|len| head.ext(len))?,
        Marker::FixArray(len) => Token::Array(len.into()),
        Marker::Array16 => Token::Array(head.len16()?),
        Marker::Array32 => Token::Array(head.len32()?),
        Marker::FixMap(len) => Token::Map(len.into()),
        Marker::Map16 => Token::Map(head.len16()?),
        Marker::Map32 => Token::Map(head.len32()?),
        Marker::Reserved => return None,
    };
    Some((token, head.at))
}

/// The bytes behind a marker.
struct Head<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Head<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(taken)
    }

    fn len8(&mut self) -> Option<usize> {
        Some(u8::from_be_bytes(self.take()?).into())
    }

    fn len16(&mut self) -> Option<usize> {
        Some(u16::from_be_bytes(self.take()?).into())
    }

    fn len32(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.take()?)).ok()
    }

    fn ext(&mut self, len: usize) -> Option<Token> {
        let kind = i8::from_be_bytes(self.take()?);
        Some(Token::Ext { kind, len })
    }
}
