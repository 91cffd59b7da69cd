//! Packets on their way into a polling body.

use super::packet::encode_text;
use crate::{Packet, base64_text};

/// Writes packets into one polling body: as text, or as bytes.
///
/// A server sends bytes if a binary message is among the packets and the client did not ask for
/// base64 ([`Query::wants_base64`](crate::Query::wants_base64)); it must know that before the first
/// packet.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision3::PayloadEncoder};
///
/// let mut payload = PayloadEncoder::text();
/// payload.push(&Packet::Text("é😀"));
/// payload.push_binary(&[1, 2, 3, 4]);
/// assert_eq!(payload.into_body(), "4:4é😀10:b4AQIDBA==".as_bytes());
///
/// let mut payload = PayloadEncoder::binary();
/// payload.push(&Packet::Text("hello"));
/// payload.push_binary(&[1, 2, 3, 4]);
/// assert_eq!(payload.into_body(), b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04");
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Payload".
#[derive(Clone, Debug)]
pub struct PayloadEncoder {
    form: Form,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    Binary,
}

impl PayloadEncoder {
    /// An encoder of text, in which binary messages are base64.
    pub fn text() -> Self {
        Self {
            form: Form::Text,
            body: Vec::new(),
        }
    }

    /// An encoder of bytes, for a body of the type `application/octet-stream`.
    pub fn binary() -> Self {
        Self {
            form: Form::Binary,
            body: Vec::new(),
        }
    }

    /// Appends any packet.
    pub fn push(&mut self, packet: &Packet<'_>) {
        if let Packet::Binary(bytes) = packet {
            return self.push_binary(bytes);
        }
        let mut text = Vec::new();
        encode_text(packet, &mut text);
        self.push_encoded(&text);
    }

    /// Appends a packet that is already in its text form, such as `4hello` or `6`; it is UTF-8.
    pub fn push_encoded(&mut self, packet: &[u8]) {
        match self.form {
            Form::Text => self.push_digits(utf16_len(packet), b'0', b':'),
            Form::Binary => {
                self.body.push(0);
                self.push_digits(packet.len(), 0, 255);
            }
        }
        self.body.extend_from_slice(packet);
    }

    /// Appends a binary message.
    pub fn push_binary(&mut self, bytes: &[u8]) {
        match self.form {
            Form::Text => {
                let base64 = bytes.len().div_ceil(3) * 4;
                self.push_digits(2 + base64, b'0', b':');
                self.body.extend_from_slice(b"b4");
                base64_text::append(bytes, &mut self.body);
            }
            Form::Binary => {
                self.body.push(1);
                self.push_digits(1 + bytes.len(), 0, 255);
                self.body.push(4);
                self.body.extend_from_slice(bytes);
            }
        }
    }

    /// The body: UTF-8 if it is [`text`](Self::text).
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    fn push_digits(&mut self, number: usize, zero: u8, end: u8) {
        let digits = number.to_string().into_bytes();
        self.body
            .extend(digits.iter().map(|digit| digit - b'0' + zero));
        self.body.push(end);
    }
}

/// The number of UTF-16 code units of UTF-8 text: a character of four bytes takes two.
fn utf16_len(text: &[u8]) -> usize {
    let units = |&byte: &u8| match byte {
        0x80..=0xbf => 0,
        0xf0.. => 2,
        _ => 1,
    };
    text.iter().map(units).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets() -> [Packet<'static>; 4] {
        [
            Packet::Text("é😀"),
            Packet::Binary((&[1, 2, 3, 4][..]).into()),
            Packet::Text("hello"),
            Packet::Pong(""),
        ]
    }

    fn encoded(mut payload: PayloadEncoder, packets: &[Packet<'_>]) -> Vec<u8> {
        packets.iter().for_each(|packet| payload.push(packet));
        payload.into_body()
    }

    // All bodies are recorded from engine.io-parser 2.2.1.

    #[test]
    fn text_has_lengths_in_utf_16_code_units() {
        let body = encoded(PayloadEncoder::text(), &packets());
        assert_eq!(body, "4:4é😀10:b4AQIDBA==6:4hello1:3".as_bytes());
    }

    #[test]
    fn bytes_have_lengths_in_bytes() {
        let body = encoded(PayloadEncoder::binary(), &packets());
        let expected = b"\x00\x07\xff4\xc3\xa9\xf0\x9f\x98\x80\x01\x05\xff\x04\x01\x02\x03\x04\x00\x06\xff4hello\x00\x01\xff3";
        assert_eq!(body, expected);
    }

    #[test]
    fn each_digit_of_a_length_is_a_byte() {
        let body = encoded(
            PayloadEncoder::binary(),
            &[
                Packet::Text(&"x".repeat(120)),
                Packet::Binary(vec![0; 11].into()),
            ],
        );
        assert_eq!(body[..7], *b"\x00\x01\x02\x01\xff4x");
        assert_eq!(body[126..], *b"\x01\x01\x02\xff\x04\0\0\0\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn an_empty_binary_message_keeps_its_type() {
        let empty = [Packet::Binary((&[][..]).into())];
        assert_eq!(encoded(PayloadEncoder::text(), &empty), b"2:b4");
        assert_eq!(
            encoded(PayloadEncoder::binary(), &empty),
            b"\x01\x01\xff\x04"
        );
    }
}
