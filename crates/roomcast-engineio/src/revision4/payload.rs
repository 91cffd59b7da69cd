//! Several packets in one polling body.

use super::packet::{decode_text, encode_text};
use crate::{DecodeError, Packet, base64_text};

/// What stands between two packets of a payload: U+001E.
const SEPARATOR: u8 = 0x1e;

/// Decodes the body of a polling request or answer, packet by packet.
///
/// A body of 0 bytes is one empty packet and so an error. The official server reads a body that
/// is not UTF-8 with replacement characters (`String::from_utf8_lossy`).
///
/// # Example
///
/// ```
/// use roomcast_engineio::{DecodeError, Packet, revision4::decode_payload};
///
/// let mut packets = decode_payload("4a\u{1e}2\u{1e}x\u{1e}4never reached");
/// assert_eq!(packets.next(), Some(Ok(Packet::Text("a"))));
/// assert_eq!(packets.next(), Some(Ok(Packet::Ping(""))));
/// assert_eq!(packets.next(), Some(Err(DecodeError::UnknownType { found: 'x' })));
/// assert_eq!(packets.next(), None);
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding > HTTP long-polling".
pub fn decode_payload(body: &str) -> Payload<'_> {
    Payload { rest: Some(body) }
}

/// The packets of a polling body; ends behind the first one that is not understood.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
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
    /// use roomcast_engineio::revision4::decode_payload;
    ///
    /// let mut packets = decode_payload("4a\u{1e}4b\u{1e}4c");
    /// packets.next();
    /// assert_eq!(packets.rest(), Some("4b\u{1e}4c"));
    /// assert_eq!(packets.by_ref().count(), 2);
    /// assert_eq!(packets.rest(), None);
    /// ```
    pub fn rest(&self) -> Option<&'a str> {
        self.rest
    }
}

impl<'a> Iterator for Payload<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let body = self.rest?;
        let (packet, rest) = match end_of_first(body) {
            Some(end) => (&body[..end], Some(&body[end + 1..])),
            None => (body, None),
        };
        let packet = decode_text(packet);
        self.rest = rest.filter(|_| packet.is_ok());
        Some(packet)
    }
}

impl std::iter::FusedIterator for Payload<'_> {}

/// Where the first separator stands.
///
/// Cost: of blocks without one the compiler makes vector instructions, a third of what a search
/// takes that stops at any byte.
fn end_of_first(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let (blocks, _) = bytes.as_chunks::<16>();
    let is_passed = |block: &&[u8; 16]| {
        let passes = |all, &byte: &u8| all & (byte != SEPARATOR);
        block.iter().fold(true, passes)
    };
    let passed = 16 * blocks.iter().take_while(is_passed).count();
    let rest = bytes[passed..].iter();
    let end = rest.copied().position(|byte| byte == SEPARATOR);
    end.map(|end| passed + end)
}

/// Writes packets into one polling body.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision4::PayloadEncoder};
///
/// let mut payload = PayloadEncoder::new();
/// payload.push(&Packet::Ping(""));
/// payload.push_text(b"hello");
/// payload.push_binary(&[1, 2, 3, 4]);
/// assert_eq!(payload.into_body(), b"2\x1e4hello\x1ebAQIDBA==");
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding > HTTP long-polling".
#[derive(Clone, Debug, Default)]
pub struct PayloadEncoder {
    body: Vec<u8>,
}

impl PayloadEncoder {
    /// An encoder with no packets.
    pub fn new() -> Self {
        Self::default()
    }

    /// An encoder whose body grows to `bytes` without another allocation.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            body: Vec::with_capacity(bytes),
        }
    }

    /// Appends any packet.
    pub fn push(&mut self, packet: &Packet<'_>) {
        self.separate();
        encode_text(packet, &mut self.body);
    }

    /// Appends a text message; `text` is UTF-8 and holds no U+001E, which the receiver would take
    /// for the end of the packet.
    pub fn push_text(&mut self, text: &[u8]) {
        self.separate();
        self.body.reserve(1 + text.len());
        self.body.push(b'4');
        self.body.extend_from_slice(text);
    }

    /// Appends a binary message, as base64.
    pub fn push_binary(&mut self, bytes: &[u8]) {
        self.separate();
        self.body.push(b'b');
        base64_text::append(bytes, &mut self.body);
    }

    /// Appends a packet that is already in its text form, such as `4hello` or `6`.
    pub fn push_encoded(&mut self, packet: &[u8]) {
        self.separate();
        self.body.extend_from_slice(packet);
    }

    /// The number of bytes written so far.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether no packet was appended yet.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The body, UTF-8.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    // Invariant: no packet is written in 0 bytes, so an empty body holds no packet.
    fn separate(&mut self) {
        if !self.body.is_empty() {
            self.body.push(SEPARATOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<String> {
        decode_payload(body)
            .map(|packet| match packet {
                Ok(packet) => {
                    let mut text = Vec::new();
                    encode_text(&packet, &mut text);
                    String::from_utf8(text).unwrap()
                }
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn packets_keep_their_order() {
        assert_eq!(texts("4a\x1e4b\x1e4c\x1e4d"), ["4a", "4b", "4c", "4d"]);
        assert_eq!(texts("4\x1e4x"), ["4", "4x"]);
        let mixed = "4text\x1ebAQIDBA==\x1eb/+8=\x1e1";
        assert_eq!(texts(mixed), ["4text", "bAQIDBA==", "b/+8=", "1"]);
    }

    #[test]
    fn more_than_sixteen_packets_are_read() {
        let body = vec!["4x"; 1000].join("\x1e");
        assert_eq!(decode_payload(&body).filter(Result::is_ok).count(), 1000);
    }

    #[test]
    fn the_end_of_a_packet_is_found_at_every_place() {
        for len in 1..70 {
            let body = format!("4{}", "x".repeat(len));
            assert_eq!(texts(&body), [body.as_str()]);
            for place in 1..len {
                let mut bytes = body.clone().into_bytes();
                bytes[place] = SEPARATOR;
                bytes[place + 1] = b'4';
                let body = String::from_utf8(bytes).unwrap();

                assert_eq!(texts(&body), [&body[..place], &body[place + 1..]]);
            }
        }
    }

    #[test]
    fn nothing_behind_a_bad_packet_is_read() {
        assert_eq!(texts("4a\x1e\x1e4b"), ["4a", "empty packet"]);
        assert_eq!(texts("4a\x1e"), ["4a", "empty packet"]);
        assert_eq!(texts("\x1e4a"), ["empty packet"]);
        assert_eq!(texts(""), ["empty packet"]);
        let unknown = "'a' is no packet type, expected '0' to '6' or 'b'";
        assert_eq!(texts("abc\x1e4b"), [unknown]);
    }

    #[test]
    fn what_is_left_of_a_body_is_read_as_the_whole_is() {
        for body in ["4a\x1e4b\x1e4c", "4a", "4a\x1e", "4a\x1e\x1e4b", ""] {
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
    fn every_truncation_yields_the_packets_before_it() {
        let body = "4é\x1ebAQIDBA==\x1e2probe\x1e4end";
        for end in (0..body.len()).filter(|&end| body.is_char_boundary(end)) {
            let whole = body[..end].matches('\x1e').count();
            let read: Vec<_> = decode_payload(&body[..end]).collect();

            assert_eq!(read.len(), whole + 1);
            assert!(read[..whole].iter().all(Result::is_ok));
        }
    }

    #[test]
    fn the_encoder_separates_packets() {
        let mut payload = PayloadEncoder::with_capacity(64);
        assert!(payload.is_empty());
        payload.push(&Packet::Open("{}"));
        payload.push_text(b"");
        payload.push_text("é".as_bytes());
        payload.push_binary(&[0xff, 0xef]);
        payload.push_binary(&[]);
        payload.push_encoded(b"6");

        assert_eq!(payload.len(), "0{}|4|4é|b/+8=|b|6".len());
        let body = String::from_utf8(payload.into_body()).unwrap();
        assert_eq!(body, "0{}\x1e4\x1e4é\x1eb/+8=\x1eb\x1e6");
    }
}
