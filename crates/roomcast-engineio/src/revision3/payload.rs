//! Several packets in one polling body of text.

use super::packet::decode_text;
use crate::{DecodeError, Packet};

/// Decodes a polling body of text, packet by packet: before each stand its length, in UTF-16 code
/// units, and a colon.
///
/// A body of 0 bytes is an error, as in the official server; a packet of length 0 is skipped. A
/// length is written in decimal digits alone. The official server also takes what JavaScript
/// reads as a number, such as `1e1`, which no client sends.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{DecodeError, Packet, revision3::decode_payload};
///
/// let mut packets = decode_payload("4:4é😀1:2x");
/// assert_eq!(packets.next(), Some(Ok(Packet::Text("é😀"))));
/// assert_eq!(packets.next(), Some(Ok(Packet::Ping(""))));
/// assert_eq!(packets.next(), Some(Err(DecodeError::InvalidLength)));
/// assert_eq!(packets.next(), None);
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Payload".
pub fn decode_payload(body: &str) -> Payload<'_> {
    Payload { rest: Some(body) }
}

/// The packets of a polling body of text; ends behind the first one that is not understood.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    /// Invariant: empty only before the first packet, where that is an error.
    rest: Option<&'a str>,
}

impl<'a> Payload<'a> {
    /// What was not read yet, as a body of its own; `None` behind the last packet.
    ///
    /// Who stops in the middle of a body can go on with [`decode_payload`] on what this gave.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_engineio::revision3::decode_payload;
    ///
    /// let mut packets = decode_payload("2:4a2:4b");
    /// packets.next();
    /// assert_eq!(packets.rest(), Some("2:4b"));
    /// packets.next();
    /// assert_eq!(packets.rest(), None);
    /// ```
    pub fn rest(&self) -> Option<&'a str> {
        self.rest
    }
}

impl<'a> Iterator for Payload<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(body) = self.rest.take() {
            if body.is_empty() {
                return Some(Err(DecodeError::Empty));
            }
            let Some((packet, rest)) = cut_packet(body) else {
                return Some(Err(DecodeError::InvalidLength));
            };
            let rest = Some(rest).filter(|rest| !rest.is_empty());
            if packet.is_empty() {
                self.rest = rest;
                continue;
            }
            let packet = decode_text(packet);
            self.rest = rest.filter(|_| packet.is_ok());
            return Some(packet);
        }
        None
    }
}

impl std::iter::FusedIterator for Payload<'_> {}

/// Takes the first packet off a body that is not empty.
fn cut_packet(body: &str) -> Option<(&str, &str)> {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let (length, rest) = body.split_at(digits);
    // A number that is too large to be held is too large to be a length.
    cut_units(rest.strip_prefix(':')?, length.parse().ok()?)
}

/// Splits behind this many UTF-16 code units; `None` if there are fewer, or in a pair of them.
fn cut_units(text: &str, mut units: usize) -> Option<(&str, &str)> {
    for (at, found) in text.char_indices() {
        if units == 0 {
            return Some(text.split_at(at));
        }
        units = units.checked_sub(found.len_utf16())?;
    }
    (units == 0).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::super::encode_text;
    use super::*;

    /// The packets in text form; an error, which is the last, as its debug text.
    fn texts(body: &str) -> Vec<String> {
        decode_payload(body)
            .map(|packet| match packet {
                Ok(packet) => {
                    let mut text = Vec::new();
                    encode_text(&packet, &mut text);
                    String::from_utf8(text).unwrap()
                }
                Err(error) => format!("{error:?}"),
            })
            .collect()
    }

    // The bodies below were also given to engine.io-parser 2.2.1, which reads each the same unless
    // it is said.

    #[test]
    fn lengths_count_utf_16_code_units() {
        assert_eq!(texts("4:4é😀6:4hello"), ["4é😀", "4hello"]);
        assert_eq!(texts("10:b4AQIDBA==1:3"), ["b4AQIDBA==", "3"]);
        assert_eq!(texts("01:2"), ["2"]);
    }

    #[test]
    fn a_packet_without_content_is_skipped() {
        assert!(texts("0:").is_empty());
        assert_eq!(texts("0:1:2"), ["2"]);
        assert_eq!(texts("6:4hello0:6:4world0:"), ["4hello", "4world"]);
    }

    #[test]
    fn a_length_that_is_none_is_an_error() {
        for body in [
            "abc",
            "6",
            ":4",
            "::",
            "-1:4",
            "1 :2",
            "1:",
            "99999999999999999999:4",
        ] {
            assert_eq!(texts(body), ["InvalidLength"], "{body:?}");
        }
        assert_eq!(texts(""), ["Empty"]);
        assert_eq!(texts("1:9"), ["UnknownType { found: '9' }"]);
    }

    #[test]
    fn packets_before_a_bad_length_are_read() {
        assert_eq!(texts("6:4hello6:4"), ["4hello", "InvalidLength"]);
        assert_eq!(texts("1:2x"), ["2", "InvalidLength"]);
        assert_eq!(texts("1:2:"), ["2", "InvalidLength"]);
    }

    /// The official parser takes half of the character, and finds the error behind it.
    #[test]
    fn a_length_that_ends_within_a_character_is_an_error() {
        assert_eq!(texts("2:4😀"), ["InvalidLength"]);
    }

    /// The official parser reads them.
    #[test]
    fn numbers_of_javascript_that_are_not_digits_are_errors() {
        for body in ["1e1:4123456789", "0x2:4a", " 1:2", "+1:2", "1.0:2"] {
            assert_eq!(texts(body), ["InvalidLength"], "{body:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_body_is_read_as_the_whole_is() {
        for body in ["2:4a2:4b2:4c", "2:4a", "2:4a0:", "2:4a2:", "2:4a0:2:4b", ""] {
            let mut read = Vec::new();
            let mut rest = Some(body);
            while let Some(body) = rest {
                let mut packets = decode_payload(body);
                read.extend(packets.next());
                rest = packets.rest();
            }
            assert_eq!(read, decode_payload(body).collect::<Vec<_>>(), "{body:?}");
        }
    }

    #[test]
    fn every_truncation_ends_in_an_error_or_between_packets() {
        let body = "3:4é!10:b4AQIDBA==6:2probe4:4end";
        let ends = ["3:4é!", "10:b4AQIDBA==", "6:2probe", "4:4end"];
        let mut bounds = vec![0];
        bounds.extend(ends.iter().scan(0, |at, part| {
            *at += part.len();
            Some(*at)
        }));
        for end in (1..body.len()).filter(|&end| body.is_char_boundary(end)) {
            let whole = bounds.iter().filter(|&&bound| bound <= end).count() - 1;
            let read: Vec<_> = decode_payload(&body[..end]).collect();

            assert!(read[..whole].iter().all(Result::is_ok));
            let expected = whole + usize::from(!bounds.contains(&end));
            assert_eq!(read.len(), expected, "cut at {end}");
        }
    }
}
