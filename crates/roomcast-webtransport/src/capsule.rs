//! What stands on the stream of the request behind the headers: capsules, of which one ends the
//! session.

use crate::headers::DATA;
use crate::varint::{self, Varint};

/// How a session was ended: the code and the text that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Close {
    /// 0 if there is nothing to say.
    pub code: u32,
    /// At most 1024 bytes.
    pub reason: String,
}

/// Reads the stream of the request behind its headers, for the capsule that ends the session.
///
/// It keeps at most that capsule's 1028 bytes.
///
/// # Example
///
/// ```
/// use roomcast_webtransport::{CapsuleReader, encode_close};
///
/// let mut reader = CapsuleReader::default();
/// let sent = encode_close(7, "bye");
/// assert_eq!(reader.read(&sent[..5]), None);
/// let close = reader.read(&sent[5..]).expect("it is whole");
/// assert_eq!((close.code, close.reason.as_str()), (7, "bye"));
/// ```
///
/// Spec: RFC 9297, section 3.2; WebTransport over HTTP/3, section 5.
#[derive(Debug, Default)]
pub struct CapsuleReader {
    frames: Records,
    capsules: Records,
    /// The content of the capsule, as far as it has come.
    close: Vec<u8>,
}

impl CapsuleReader {
    /// Takes in what came, and says how the session was ended, if it was. A capsule that is too long
    /// or has no code ends it without a word.
    pub fn read(&mut self, mut input: &[u8]) -> Option<Close> {
        while let Some(data) = self.frames.next(&mut input) {
            if data.kind != DATA {
                continue;
            }
            let mut bytes = data.bytes;
            while let Some(capsule) = self.capsules.next(&mut bytes) {
                if capsule.kind != CLOSE_SESSION {
                    continue;
                }
                if self.close.len() + capsule.bytes.len() > MAX_CLOSE_BYTES {
                    return Some(Close::default());
                }
                self.close.extend_from_slice(capsule.bytes);
                if capsule.is_last {
                    return Some(close(&self.close));
                }
            }
        }
        None
    }
}

/// The frame with the capsule that ends a session. Of `reason` no more than 1024 bytes are sent.
///
/// Spec: WebTransport over HTTP/3, section 5.
#[must_use]
pub fn encode_close(code: u32, reason: &str) -> Vec<u8> {
    let reason = &reason[..reason.floor_char_boundary(MAX_REASON_BYTES)];
    let mut capsule = Vec::new();
    varint::write(CLOSE_SESSION, &mut capsule);
    varint::write(4 + reason.len() as u64, &mut capsule);
    capsule.extend_from_slice(&code.to_be_bytes());
    capsule.extend_from_slice(reason.as_bytes());
    let mut frame = Vec::new();
    varint::write(DATA, &mut frame);
    varint::write(capsule.len() as u64, &mut frame);
    frame.extend_from_slice(&capsule);
    frame
}

fn close(bytes: &[u8]) -> Close {
    let Some((code, reason)) = bytes.split_first_chunk() else {
        return Close::default();
    };
    Close {
        code: u32::from_be_bytes(*code),
        reason: String::from_utf8_lossy(reason).into_owned(),
    }
}

/// A type, a length, and so many bytes; and again. Frames are so, and capsules.
#[derive(Debug, Default)]
struct Records(Phase);

/// What the next byte belongs to.
#[derive(Debug)]
enum Phase {
    Kind(Varint),
    Len { kind: u64, len: Varint },
    Content { kind: u64, left: u64 },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Kind(Varint::default())
    }
}

/// A part of a record's content.
struct Piece<'a> {
    kind: u64,
    bytes: &'a [u8],
    is_last: bool,
}

impl Records {
    /// The next part of a content in `input`, which moves on; none if that has ended.
    fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        loop {
            if let Phase::Content { kind, left } = &mut self.0 {
                let len = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                let (bytes, rest) = input.split_at(len);
                *input = rest;
                *left -= len as u64;
                let (kind, is_last) = (*kind, *left == 0);
                if is_last {
                    self.0 = Phase::default();
                }
                return (is_last || len > 0).then_some(Piece {
                    kind,
                    bytes,
                    is_last,
                });
            }
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            self.take_head(byte);
        }
    }

    fn take_head(&mut self, byte: u8) {
        match &mut self.0 {
            Phase::Kind(varint) => {
                if let Some(kind) = varint.push(byte) {
                    let len = Varint::default();
                    self.0 = Phase::Len { kind, len };
                }
            }
            Phase::Len { kind, len } => {
                if let Some(left) = len.push(byte) {
                    self.0 = Phase::Content { kind: *kind, left };
                }
            }
            Phase::Content { .. } => {}
        }
    }
}

/// Spec: WebTransport over HTTP/3, section 9.6.
const CLOSE_SESSION: u64 = 0x2843;
const MAX_REASON_BYTES: usize = 1024;
const MAX_CLOSE_BYTES: usize = 4 + MAX_REASON_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these bytes in one piece, and in pieces of one byte.
    fn read(bytes: &[u8]) -> Option<Close> {
        let whole = CapsuleReader::default().read(bytes);
        let mut reader = CapsuleReader::default();
        let in_pieces = bytes.iter().find_map(|byte| reader.read(&[*byte]));
        assert_eq!(whole, in_pieces);
        whole
    }

    fn ended(code: u32, reason: &str) -> Option<Close> {
        let reason = reason.to_owned();
        Some(Close { code, reason })
    }

    #[test]
    fn the_capsule_that_ends_a_session_is_found_behind_others() {
        assert_eq!(read(b"\x00\x07\x68\x43\x04\x00\x00\x00\x00"), ended(0, ""));
        // A frame of an unknown type, and a capsule of one; the second is cut by the end of its frame.
        let behind = b"\x21\x02\x68\x43\x00\x05\x17\x02ab\x68\x00\x08\x43\x06\x00\x00\x01\x00hi";
        assert_eq!(read(behind), ended(256, "hi"));
        assert_eq!(read(&behind[..behind.len() - 1]), None);
        assert_eq!(read(b"\x00\x00\x00\x03\x68\x43\x00"), ended(0, ""));
    }

    #[test]
    fn a_text_of_1024_bytes_is_taken_and_one_more_ends_the_session_without_a_word() {
        let long = "x".repeat(1024);
        let sent = encode_close(1, &long);
        assert_eq!(sent[..9], *b"\x00\x44\x08\x68\x43\x44\x04\x00\x00");
        assert_eq!(read(&sent), ended(1, &long));
        let mut longer = b"\x00\x44\x09\x68\x43\x44\x05\x00\x00\x00\x01".to_vec();
        longer.resize(longer.len() + 1025, b'y');
        assert_eq!(read(&longer), ended(0, ""));
    }

    #[test]
    fn a_text_is_cut_between_letters() {
        let sent = encode_close(0, &format!("{}é", "x".repeat(1023)));
        assert_eq!(read(&sent), ended(0, &"x".repeat(1023)));
    }
}
