//! Several packets in one polling body of bytes.

use super::packet::{decode_binary, decode_text};
use crate::{DecodeError, Packet};

/// Decodes a polling body of bytes (`application/octet-stream`), packet by packet.
///
/// Before each packet stand a byte, 0 for text and another for bytes, then its length in bytes, one
/// byte for each decimal digit, and a byte 255. A body of 0 bytes holds no packets.
///
/// As in [`decode_payload`](super::decode_payload) a length must be one of what follows; the
/// official server takes what is left of a packet that is cut off.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Packet, revision3::decode_binary_payload};
///
/// let mut packets = decode_binary_payload(b"\x00\x03\xff4hi\x01\x03\xff\x04\x01\x02");
/// assert_eq!(packets.next(), Some(Ok(Packet::Text("hi"))));
/// assert_eq!(packets.next(), Some(Ok(Packet::Binary((&[1, 2][..]).into()))));
/// assert_eq!(packets.next(), None);
/// ```
///
/// Spec: Engine.IO protocol 3, "Encoding > Payload".
pub fn decode_binary_payload(body: &[u8]) -> BinaryPayload<'_> {
    BinaryPayload { rest: body }
}

/// The packets of a polling body of bytes; ends behind the first one that is not understood.
#[derive(Clone, Debug)]
pub struct BinaryPayload<'a> {
    rest: &'a [u8],
}

impl<'a> BinaryPayload<'a> {
    /// What was not read yet, as a body of its own; `None` behind the last packet.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_engineio::revision3::decode_binary_payload;
    ///
    /// let mut packets = decode_binary_payload(b"\x00\x01\xff2\x00\x01\xff3");
    /// packets.next();
    /// assert_eq!(packets.rest(), Some(&b"\x00\x01\xff3"[..]));
    /// packets.next();
    /// assert_eq!(packets.rest(), None);
    /// ```
    pub fn rest(&self) -> Option<&'a [u8]> {
        Some(self.rest).filter(|rest| !rest.is_empty())
    }
}

impl<'a> Iterator for BinaryPayload<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&marker, rest) = std::mem::take(&mut self.rest).split_first()?;
        let Some((packet, rest)) = cut_packet(rest) else {
            return Some(Err(DecodeError::InvalidLength));
        };
        let packet = match marker {
            TEXT => std::str::from_utf8(packet)
                .map_err(|_| DecodeError::InvalidText)
                .and_then(decode_text),
            _ => Ok(decode_binary(packet)),
        };
        if packet.is_ok() {
            self.rest = rest;
        }
        Some(packet)
    }
}

impl std::iter::FusedIterator for BinaryPayload<'_> {}

/// Takes the first packet off what stands behind its marker.
fn cut_packet(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = body.iter().take_while(|&&digit| digit <= 9).count();
    let (digits, rest) = body.split_at(digits);
    let rest = rest.strip_prefix(&[END_OF_LENGTH])?;
    if digits.is_empty() {
        return None;
    }
    let length = digits.iter().try_fold(0_usize, |length, &digit| {
        length.checked_mul(10)?.checked_add(digit.into())
    });
    rest.split_at_checked(length?)
}

/// The marker of a packet of text.
const TEXT: u8 = 0;
const END_OF_LENGTH: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Vec<Result<Packet<'_>, DecodeError>> {
        decode_binary_payload(body).collect()
    }

    fn binary(bytes: &[u8]) -> Packet<'_> {
        Packet::Binary(bytes.into())
    }

    /// Recorded from engine.io-parser 2.2.1, as are the bodies below unless it is said.
    const RECORDED: &[u8] =
        b"\x00\x07\xff4\xc3\xa9\xf0\x9f\x98\x80\x01\x05\xff\x04\x01\x02\x03\x04\x00\x06\xff4hello\x00\x01\xff3";

    #[test]
    fn text_and_bytes_stand_side_by_side() {
        let expected = [
            Ok(Packet::Text("é😀")),
            Ok(binary(&[1, 2, 3, 4])),
            Ok(Packet::Text("hello")),
            Ok(Packet::Pong("")),
        ];
        assert_eq!(read(RECORDED), expected);
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_length_of_several_digits_is_read() {
        let body = [b"\x00\x01\x02\x01\xff4".to_vec(), vec![b'x'; 120]].concat();
        assert_eq!(read(&body), [Ok(Packet::Text(&"x".repeat(120)))]);
        assert_eq!(read(b"\x00\x00\x01\xff2"), [Ok(Packet::Ping(""))]);
    }

    #[test]
    fn bytes_that_are_no_message_are_read_as_frames_are() {
        assert_eq!(read(b"\x01\x01\xff\x04"), [Ok(binary(&[]))]);
        assert_eq!(read(b"\x02\x02\xff\x04\x07"), [Ok(binary(&[7]))]);
        assert_eq!(read(b"\x01\x00\xff"), [Ok(Packet::Noop)]);
        assert_eq!(read(b"\x01\x01\xff\x09"), [Ok(Packet::Noop)]);
    }

    #[test]
    fn base64_may_stand_among_the_text() {
        let packet = Ok(binary(&[1, 2, 3, 4]));
        assert_eq!(read(b"\x00\x08\xffb4AQIDBA"), [packet]);
    }

    #[test]
    fn a_length_that_is_none_is_an_error() {
        for body in [
            &b"\x00"[..],
            b"\x01",
            b"\x00\xff",
            b"\x00\x01",
            b"\x00\x01\xff",
            b"\x00\x0a\xff4",
            b"\x00\xc8\xff",
        ] {
            assert_eq!(read(body), [Err(DecodeError::InvalidLength)], "{body:?}");
        }
        let endless = [&b"\x00"[..], &[9; 400]].concat();
        assert_eq!(read(&endless), [Err(DecodeError::InvalidLength)]);
        let huge = [&b"\x00"[..], &[9; 400], b"\xff4"].concat();
        assert_eq!(read(&huge), [Err(DecodeError::InvalidLength)]);
    }

    /// The official parser reads the first two.
    #[test]
    fn a_packet_that_is_cut_off_is_an_error() {
        assert_eq!(read(b"\x00\x02\xff4"), [Err(DecodeError::InvalidLength)]);
        assert_eq!(
            read(b"\x01\x09\xff\x04\x01"),
            [Err(DecodeError::InvalidLength)]
        );
        for end in 1..RECORDED.len() {
            let whole = [10, 18, 27].iter().filter(|&&bound| bound <= end).count();
            let found = read(&RECORDED[..end]);
            let at_bound = [10, 18, 27].contains(&end);

            assert_eq!(found.len(), whole + usize::from(!at_bound), "cut at {end}");
            assert!(found[..whole].iter().all(Result::is_ok));
        }
    }

    #[test]
    fn text_that_is_not_utf_8_or_no_packet_is_an_error() {
        assert_eq!(read(b"\x00\x02\xff4\xff"), [Err(DecodeError::InvalidText)]);
        assert_eq!(read(b"\x00\x00\xff"), [Err(DecodeError::Empty)]);
        let unknown = DecodeError::UnknownType { found: '9' };
        assert_eq!(read(b"\x00\x01\xff9\x00\x01\xff2"), [Err(unknown)]);
    }
}
