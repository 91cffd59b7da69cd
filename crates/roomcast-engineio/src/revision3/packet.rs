//! One packet, as text or as bytes.

use std::borrow::Cow;

use crate::{DecodeError, Packet, base64_text, text_form};

/// Decodes a WebSocket text frame, or one packet of a payload.
///
/// As [`revision4::decode_text`](crate::revision4::decode_text), but behind the `b` of a binary
/// packet stands its type. One that is no message is read without its bytes, and one of an unknown
/// type is a [`Packet::Noop`]: the official server does nothing with it.
///
/// # Errors
///
/// [`DecodeError::Empty`] for no text at all, [`DecodeError::UnknownType`] if the first character
/// is neither `0` to `6` nor `b`.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision3::decode_text};
///
/// assert_eq!(decode_text("4hello"), Ok(Packet::Text("hello")));
/// assert_eq!(decode_text("b4AQIDBA=="), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Packet".
pub fn decode_text(text: &str) -> Result<Packet<'_>, DecodeError> {
    let mut rest = text.chars();
    let Some(found) = rest.next() else {
        return Err(DecodeError::Empty);
    };
    if found != 'b' {
        return text_form::decode(found, rest.as_str());
    }
    let kind = rest.next().and_then(|digit| digit.to_digit(10));
    Ok(match kind {
        Some(MESSAGE) => Packet::Binary(Cow::Owned(base64_text::decode(rest.as_str()))),
        kind => without_bytes(kind),
    })
}

/// Decodes a WebSocket binary frame, or one binary packet of a payload, whose first byte is its
/// type. A message borrows the rest of `frame`.
///
/// What is no message is read as by [`decode_text`]: no frame is an error.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision3::decode_binary};
///
/// assert_eq!(decode_binary(&[4, 1, 2, 3]), Packet::Binary((&[1, 2, 3][..]).into()));
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Packet".
pub fn decode_binary(frame: &[u8]) -> Packet<'_> {
    match frame.split_first().map(|(&kind, data)| (kind.into(), data)) {
        Some((MESSAGE, data)) => Packet::Binary(Cow::Borrowed(data)),
        kind => without_bytes(kind.map(|(kind, _)| kind)),
    }
}

// COMPAT: engine.io 6.6.9 looks at the type alone, and at nothing of a type it does not know.
fn without_bytes(kind: Option<u32>) -> Packet<'static> {
    match kind {
        Some(0) => Packet::Open(""),
        Some(1) => Packet::Close,
        Some(2) => Packet::Ping(""),
        Some(3) => Packet::Pong(""),
        Some(5) => Packet::Upgrade,
        _ => Packet::Noop,
    }
}

/// Appends `packet` to `out` in its text form, a binary message as `b4` and base64.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision3::encode_text};
///
/// let mut frame = Vec::new();
/// encode_text(&Packet::Binary((&[1, 2, 3, 4][..]).into()), &mut frame);
/// assert_eq!(frame, b"b4AQIDBA==");
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Packet".
pub fn encode_text(packet: &Packet<'_>, out: &mut Vec<u8>) {
    if let Err(bytes) = text_form::encode(packet, out) {
        out.extend_from_slice(b"b4");
        base64_text::append(bytes, out);
    }
}

/// Appends a binary message as it stands in a binary frame: behind the byte 4.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision3::encode_binary_message;
///
/// let mut frame = Vec::new();
/// encode_binary_message(&[1, 2, 3], &mut frame);
/// assert_eq!(frame, [4, 1, 2, 3]);
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Packet".
pub fn encode_binary_message(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(1 + message.len());
    out.push(MESSAGE as u8);
    out.extend_from_slice(message);
}

/// The number of the packet type `message`.
const MESSAGE: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from engine.io-parser 2.2.1.
    fn vectors() -> Vec<(&'static str, Packet<'static>)> {
        vec![
            ("0{}", Packet::Open("{}")),
            ("1", Packet::Close),
            ("2probe", Packet::Ping("probe")),
            ("3", Packet::Pong("")),
            ("4", Packet::Text("")),
            ("4hello", Packet::Text("hello")),
            ("4b4AQ==", Packet::Text("b4AQ==")),
            ("b4AQIDBA==", Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4]))),
            ("b4", Packet::Binary(Cow::Borrowed(&[]))),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
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
    fn text_without_a_packet_type_is_an_error() {
        assert_eq!(decode_text(""), Err(DecodeError::Empty));
        for found in ['9', '7', 'a', 'B', '-', 'é', '\0'] {
            let expected = Err(DecodeError::UnknownType { found });
            assert_eq!(decode_text(&format!("{found}bc")), expected);
        }
    }

    #[test]
    fn the_first_byte_of_a_binary_frame_is_its_type() {
        let message = Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4]));
        assert_eq!(decode_binary(&[4, 1, 2, 3, 4]), message);
        assert_eq!(decode_binary(&[4]), Packet::Binary(Cow::Borrowed(&[])));
        assert_eq!(decode_binary(&[2, 1]), Packet::Ping(""));
        assert_eq!(decode_binary(&[1]), Packet::Close);
    }

    #[test]
    fn a_binary_packet_of_an_unknown_type_is_nothing() {
        for frame in [&[][..], &[7], &[9, 4], b"4", &[255]] {
            assert_eq!(decode_binary(frame), Packet::Noop, "{frame:?}");
        }
        for text in ["b", "b9AQID", "bAQID", "bé", "b6AQ=="] {
            assert_eq!(decode_text(text), Ok(Packet::Noop), "{text:?}");
        }
    }

    #[test]
    fn a_binary_packet_that_is_no_message_loses_its_bytes() {
        let packets = [
            ("b0AQID", Packet::Open("")),
            ("b1AQID", Packet::Close),
            ("b2AQID", Packet::Ping("")),
            ("b3AQID", Packet::Pong("")),
            ("b5AQID", Packet::Upgrade),
        ];
        for (text, packet) in packets {
            assert_eq!(decode_text(text), Ok(packet));
        }
    }

    #[test]
    fn every_truncation_of_a_packet_is_a_packet() {
        for (text, _) in vectors() {
            for end in 1..text.len() {
                assert!(decode_text(&text[..end]).is_ok(), "{text:?} cut at {end}");
            }
        }
    }
}
