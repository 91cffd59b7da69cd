//! The map around a packet: `{type, nsp, data, id}`.

use std::borrow::Cow;

use super::data::{Buffer, Data};
use super::extension;
use super::scan::Scanner;
use super::token::{Token, token};
use crate::data::Data as AnyData;
use crate::event_name::is_reserved;
use crate::span::{Span, Spans};
use crate::{AckId, DecodeError, Limits, Packet, PacketKind};

/// Reads a packet. Keys may stand in any order; of equal ones the last counts, others are ignored.
///
/// COMPAT: socket.io-client 4.8 sends its emit options as a fifth key, and keys whose value is
/// `undefined`.
pub(super) fn parse<'a>(buffer: Buffer<'a>, limits: &Limits) -> Result<Packet<'a>, DecodeError> {
    let fields = Fields::scan(&buffer, limits)?;
    let (kind, ack) = (fields.kind(), fields.ack());
    let namespace = fields.namespace.ok_or(DecodeError::InvalidNamespace);
    let (kind, namespace) = (kind?, namespace?);
    let data = fields.data.unwrap_or_default();
    check(kind, &data, &buffer)?;
    let ack = ack?;
    let namespace = match buffer.text(namespace) {
        "/" => Cow::Borrowed("/"),
        _ => buffer.namespace(namespace),
    };
    Ok(Packet {
        kind,
        namespace,
        ack,
        data: AnyData::MessagePack(Data::new(buffer, data.whole, data.elements)),
    })
}

/// Checks data alone, as that of a packet of this kind; `nil` is none.
pub(crate) fn parse_data<'a>(
    kind: PacketKind,
    buffer: Buffer<'a>,
    limits: &Limits,
) -> Result<Data<'a>, DecodeError> {
    let mut scanner = Scanner::new(&buffer, limits)?;
    let mut data = Outline::scan(&mut scanner)?;
    scanner.finish()?;
    if data.head(&buffer) == Some(Token::Nil) {
        data = Outline::default();
    }
    check(kind, &data, &buffer)?;
    Ok(Data::new(buffer, data.whole, data.elements))
}

/// What was found under the keys that count.
#[derive(Default)]
struct Fields {
    kind: Option<Token>,
    id: Option<Token>,
    namespace: Option<Span>,
    data: Option<Outline>,
}

impl Fields {
    fn scan(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(bytes, limits)?;
        let mut fields = Self::default();
        let Token::Map(len) = scanner.token()? else {
            return Err(DecodeError::InvalidType);
        };
        for _ in 0..len {
            fields.field(&mut scanner)?;
        }
        scanner.finish()?;
        Ok(fields)
    }

    /// Passes a key and its value.
    fn field(&mut self, scanner: &mut Scanner<'_>) -> Result<(), DecodeError> {
        let start = scanner.at;
        let key = match scanner.token()? {
            Token::Str(len) => scanner.text(len)?,
            _ => {
                scanner.at = start;
                scanner.value(0)?;
                ""
            }
        };
        match key {
            "data" => self.data = Some(Outline::scan(scanner)?).filter(|data| data.is_defined),
            "type" => self.kind = scalar(scanner)?,
            "id" => self.id = scalar(scanner)?,
            "nsp" => {
                let token = scalar(scanner)?;
                self.namespace = match token {
                    Some(Token::Str(len)) => Some(Span::new(scanner.at - len, scanner.at)),
                    _ => None,
                };
            }
            _ => scanner.value(0)?,
        }
        Ok(())
    }

    fn kind(&self) -> Result<PacketKind, DecodeError> {
        let kind = self.kind.and_then(integer);
        kind.and_then(PacketKind::of_number)
            .ok_or(DecodeError::InvalidType)
    }

    fn ack(&self) -> Result<Option<AckId>, DecodeError> {
        match self.id {
            None => Ok(None),
            Some(Token::Float(id)) if id >= 0.0 && id.fract() == 0.0 => {
                Ok(Some(AckId::from_f64(id)))
            }
            // A negative id is none that a client counts up to.
            Some(id) => integer(id)
                .map(|id| Some(AckId::from(id)))
                .ok_or(DecodeError::InvalidAckId),
        }
    }
}

/// Passes a value and gives its head, or `None` if it is `undefined`.
fn scalar(scanner: &mut Scanner<'_>) -> Result<Option<Token>, DecodeError> {
    let start = scanner.at;
    scanner.value(0)?;
    // Invariant: the value was passed, so it has a head.
    let head = token(scanner.bytes, start).map(|(token, _)| token);
    Ok(head.filter(|&token| !extension::is_undefined(scanner.bytes[start], token)))
}

/// A number that is an integer of 0 or more. JavaScript knows no difference between 2 and 2.0.
fn integer(token: Token) -> Option<u64> {
    match token {
        Token::Unsigned(number) => Some(number),
        Token::Signed(number) => u64::try_from(number).ok(),
        Token::Float(number) if number.fract() == 0.0 && number >= 0.0 => Some(number as u64),
        _ => None,
    }
}

/// Where the data is.
#[derive(Default)]
struct Outline {
    is_defined: bool,
    whole: Span,
    elements: Spans,
}

impl Outline {
    /// Passes the data.
    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let start = scanner.at;
        let head = scanner.token()?;
        let mut elements = Spans::default();
        if let Token::Array(len) = head {
            scanner.count(len, 0)?;
            for _ in 0..len {
                let start = scanner.at;
                scanner.value(1)?;
                elements.push(Span::new(start, scanner.at));
            }
        } else {
            scanner.at = start;
            scanner.value(0)?;
        }
        Ok(Self {
            is_defined: !extension::is_undefined(scanner.bytes[start], head),
            whole: Span::new(start, scanner.at),
            elements,
        })
    }

    fn head(&self, bytes: &[u8]) -> Option<Token> {
        let start = self.whole.start as usize;
        let (head, _) = token(bytes, start).filter(|_| self.is_defined)?;
        Some(head)
    }
}

/// Checks what the data of a packet is.
///
/// COMPAT: socket.io-msgpack-parser 3.0.2, `isDataValid`, takes events of any name; here the rules
/// of the text form hold for names, too.
fn check(kind: PacketKind, data: &Outline, bytes: &[u8]) -> Result<(), DecodeError> {
    let head = data.head(bytes);
    let is_valid = match kind {
        PacketKind::Connect => matches!(head, None | Some(Token::Map(_))),
        PacketKind::Disconnect => head.is_none(),
        PacketKind::Event => has_event_name(data, bytes),
        PacketKind::Ack => matches!(head, Some(Token::Array(_))),
        PacketKind::ConnectError => matches!(head, Some(Token::Map(_) | Token::Str(_))),
    };
    if is_valid {
        Ok(())
    } else {
        Err(DecodeError::InvalidPayload)
    }
}

fn has_event_name(data: &Outline, bytes: &[u8]) -> bool {
    let Some(name) = data.elements.as_slice().first() else {
        return false;
    };
    match token(bytes, name.start as usize) {
        Some((Token::Str(len), _)) => {
            let end = name.end as usize;
            let text = std::str::from_utf8(&bytes[end - len..end]);
            text.is_ok_and(|name| !is_reserved(name))
        }
        Some((token, _)) => matches!(
            token,
            Token::Unsigned(_) | Token::Signed(_) | Token::Float(_)
        ),
        None => false,
    }
}
