//! One packet as text.

use std::borrow::Cow;

use crate::{DecodeError, Packet, base64_text, text_form};

/// Decodes a WebSocket text frame, or one packet of a payload.
///
/// The packet borrows from `text`, except bytes that came as base64 behind a `b`. As in the
/// official parser every base64 text is accepted: what is no digit of base64 is skipped. Text
/// behind a close, upgrade or noop packet is dropped. A binary frame needs no decoder: it is a
/// [`Packet::Binary`] of its bytes.
///
/// # Errors
///
/// [`DecodeError::Empty`] for no text at all, [`DecodeError::UnknownType`] if the first character
/// is neither `0` to `6` nor `b`.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{DecodeError, Packet, revision4::decode_text};
///
/// assert_eq!(decode_text("4hello"), Ok(Packet::Text("hello")));
/// assert_eq!(decode_text("bAQIDBA=="), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
/// assert_eq!(decode_text("9"), Err(DecodeError::UnknownType { found: '9' }));
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding".
pub fn decode_text(text: &str) -> Result<Packet<'_>, DecodeError> {
    let mut rest = text.chars();
    let Some(found) = rest.next() else {
        return Err(DecodeError::Empty);
    };
    let data = rest.as_str();
    match found {
        'b' => Ok(Packet::Binary(Cow::Owned(base64_text::decode(data)))),
        _ => text_form::decode(found, data),
    }
}

/// Appends `packet` to `out` in its text form, a binary message as `b` and base64.
///
/// On a WebSocket whose client did not ask for base64
/// ([`Query::wants_base64`](crate::Query::wants_base64)) a binary message goes as a binary frame
/// of its bytes instead, with nothing before them.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision4::encode_text};
///
/// let mut frame = Vec::new();
/// encode_text(&Packet::Pong("probe"), &mut frame);
/// assert_eq!(frame, b"3probe");
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding".
pub fn encode_text(packet: &Packet<'_>, out: &mut Vec<u8>) {
    if let Err(bytes) = text_form::encode(packet, out) {
        out.push(b'b');
        base64_text::append(bytes, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<(&'static str, Packet<'static>)> {
        vec![
            ("0{\"sid\":\"x\"}", Packet::Open("{\"sid\":\"x\"}")),
            ("1", Packet::Close),
            ("2", Packet::Ping("")),
            ("2probe", Packet::Ping("probe")),
            ("3", Packet::Pong("")),
            ("3probe", Packet::Pong("probe")),
            ("4", Packet::Text("")),
            ("4hello", Packet::Text("hello")),
            (
                "4é€日本語😀—\0\u{2028}",
                Packet::Text("é€日本語😀—\0\u{2028}"),
            ),
            ("4bAQ==", Packet::Text("bAQ==")),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
            ("b", Packet::Binary(Cow::Borrowed(&[]))),
            ("bAQIDBA==", Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4]))),
            ("b/+8=", Packet::Binary(Cow::Borrowed(&[0xff, 0xef]))),
        ]
    }

    #[test]
    fn each_packet_has_its_text() {
        for (text, packet) in vectors() {
            assert_eq!(decode_text(text).as_ref(), Ok(&packet), "{text:?}");

            let mut encoded = b"before ".to_vec();
            encode_text(&packet, &mut encoded);
            assert_eq!(encoded, [b"before ", text.as_bytes()].concat());
        }
    }

    #[test]
    fn text_behind_a_packet_that_carries_none_is_dropped() {
        assert_eq!(decode_text("1abc"), Ok(Packet::Close));
        assert_eq!(decode_text("5abc"), Ok(Packet::Upgrade));
        assert_eq!(decode_text("6abc"), Ok(Packet::Noop));
    }

    #[test]
    fn text_without_a_packet_type_is_an_error() {
        assert_eq!(decode_text(""), Err(DecodeError::Empty));
        for found in ['9', '7', 'a', 'B', '-', ' ', 'é', '😀', '\u{1e}', '\0'] {
            let expected = Err(DecodeError::UnknownType { found });
            assert_eq!(decode_text(&format!("{found}bc")), expected);
        }
    }

    #[test]
    fn every_truncation_of_a_packet_keeps_its_type() {
        for (text, packet) in vectors() {
            for end in (1..text.len()).filter(|&end| text.is_char_boundary(end)) {
                let shorter = decode_text(&text[..end]).expect("the type is still there");
                let same = std::mem::discriminant(&shorter) == std::mem::discriminant(&packet);
                assert!(same, "{text:?} cut at {end} became {shorter:?}");
            }
        }
    }

    #[test]
    fn messages_are_cut_at_the_byte_and_bytes_at_the_base64_digit() {
        assert_eq!(decode_text("4hel"), Ok(Packet::Text("hel")));
        assert_eq!(decode_text("bAQIDBA"), decode_text("bAQIDBA=="));
        assert_eq!(decode_text("bAQIDB"), decode_text("bAQID"));
    }
}
