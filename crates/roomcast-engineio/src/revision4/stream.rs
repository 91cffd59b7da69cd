//! Packets on a stream of bytes, which has no frames of its own: WebTransport.

use std::borrow::Cow;

use crate::FrameError;

/// One packet as it stands on a stream, behind its header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "one bit of the header tells them apart"
)]
pub enum StreamFrame<'a> {
    /// A packet in its text form, for [`decode_text`](super::decode_text).
    Text(Cow<'a, str>),
    /// A binary message: its bytes, with nothing before them.
    Binary(Cow<'a, [u8]>),
}

/// The outcome of one [`StreamDecoder::decode`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded<'a> {
    /// How many bytes at the front of the input are done with; all of them if there is no frame.
    pub consumed: usize,
    /// The frame that they end with, if they complete one.
    pub frame: Option<StreamFrame<'a>>,
}

impl Decoded<'_> {
    fn nothing(consumed: usize) -> Self {
        Self {
            consumed,
            frame: None,
        }
    }
}

/// The receive side of a stream.
///
/// Each packet stands behind a header of 1, 3 or 9 bytes with its length; the header's first bit
/// tells bytes from text. The decoder holds heap memory only while a packet is incomplete.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision4::{StreamDecoder, StreamFrame};
///
/// let mut decoder = StreamDecoder::new(1_000_000);
/// let (mut input, mut frames) = (&b"\x064hello\x83\x01\x02\x03\x014"[..], Vec::new());
/// while !input.is_empty() {
///     let decoded = decoder.decode(input)?;
///     input = &input[decoded.consumed..];
///     frames.extend(decoded.frame);
/// }
///
/// let text = |text: &'static str| StreamFrame::Text(text.into());
/// assert_eq!(frames, [text("4hello"), StreamFrame::Binary(vec![1, 2, 3].into()), text("4")]);
/// # Ok::<(), roomcast_engineio::FrameError>(())
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding > WebTransport"; engine.io-parser 5.2.3 where the
/// text leaves a choice.
#[derive(Debug)]
pub struct StreamDecoder {
    max_bytes: usize,
    phase: Phase,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Phase {
    Header {
        bytes: [u8; MAX_HEADER_BYTES],
        len: usize,
    },
    Payload {
        is_binary: bool,
        /// Bytes of the whole payload.
        len: usize,
        /// Those that came with earlier inputs.
        received: Vec<u8>,
    },
    Failed(FrameError),
}

impl Phase {
    const START: Self = Self::Header {
        bytes: [0; MAX_HEADER_BYTES],
        len: 0,
    };
}

impl StreamDecoder {
    /// A decoder for a stream before its first packet. A packet may have `max_bytes` bytes, its
    /// header not counted.
    #[must_use]
    pub const fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            phase: Phase::START,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the first whole packet.
    ///
    /// Call it again with the bytes behind [`Decoded::consumed`] until there is no frame: then all
    /// are consumed, and the decoder itself keeps what is incomplete. A packet that is whole in
    /// `input` is returned as a part of it. What is not UTF-8 in a text becomes U+FFFD, as in the
    /// official parser.
    ///
    /// # Errors
    ///
    /// [`FrameError::Empty`] and [`FrameError::TooLong`], as soon as the header has come; every
    /// later call returns the same again.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> Result<Decoded<'a>, FrameError> {
        let mut consumed = 0;
        loop {
            match &mut self.phase {
                Phase::Header { bytes, len } => {
                    consumed = fill_header(bytes, len, input);
                    if *len == 0 || *len < header_len(bytes[0]) {
                        return Ok(Decoded::nothing(consumed));
                    }
                    let bytes = *bytes;
                    self.phase = self.begin_payload(&bytes);
                }
                Phase::Payload {
                    is_binary,
                    len,
                    received,
                } => {
                    let rest = &input[consumed..];
                    let taken = &rest[..rest.len().min(*len - received.len())];
                    consumed += taken.len();
                    if received.len() + taken.len() < *len {
                        received.extend_from_slice(taken);
                        return Ok(Decoded::nothing(consumed));
                    }
                    let payload = whole(received, taken);
                    let frame = match is_binary {
                        true => StreamFrame::Binary(payload),
                        false => StreamFrame::Text(text(payload)),
                    };
                    self.phase = Phase::START;
                    return Ok(Decoded {
                        consumed,
                        frame: Some(frame),
                    });
                }
                Phase::Failed(error) => return Err(error.clone()),
            }
        }
    }

    /// Counts the bytes that are held of an incomplete packet.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        match &self.phase {
            Phase::Header { len, .. } => *len,
            Phase::Payload { received, .. } => received.len(),
            Phase::Failed(_) => 0,
        }
    }

    fn begin_payload(&self, header: &[u8; MAX_HEADER_BYTES]) -> Phase {
        let announced = match header[0] & !BINARY {
            LEN_16 => u64::from(u16::from_be_bytes([header[1], header[2]])),
            LEN_64 => {
                let [_, bytes @ ..] = header;
                u64::from_be_bytes(*bytes)
            }
            short => u64::from(short),
        };
        if announced == 0 {
            return Phase::Failed(FrameError::Empty);
        }
        let max = self.max_bytes;
        match usize::try_from(announced) {
            // The official parser holds lengths in doubles.
            Ok(len) if len <= max && announced <= MAX_SAFE_INTEGER => Phase::Payload {
                is_binary: header[0] & BINARY != 0,
                len,
                received: Vec::new(),
            },
            _ => Phase::Failed(FrameError::TooLong { announced, max }),
        }
    }
}

/// Writes the header of a packet of `len` bytes into `header`, and returns the part in use.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision4::write_stream_header;
///
/// assert_eq!(write_stream_header(&mut [0; 9], false, 6), [6]);
/// assert_eq!(write_stream_header(&mut [0; 9], true, 300), [0xfe, 0x01, 0x2c]);
/// ```
///
/// Spec: Engine.IO protocol 4, "Packet encoding > WebTransport".
pub fn write_stream_header(
    header: &mut [u8; MAX_HEADER_BYTES],
    is_binary: bool,
    len: usize,
) -> &[u8] {
    let used = match u16::try_from(len) {
        Ok(len @ ..LEN_16_FROM) => {
            header[0] = len.to_be_bytes()[1];
            1
        }
        Ok(len) => {
            header[0] = LEN_16;
            header[1..3].copy_from_slice(&len.to_be_bytes());
            3
        }
        Err(_) => {
            header[0] = LEN_64;
            header[1..].copy_from_slice(&(len as u64).to_be_bytes());
            9
        }
    };
    if is_binary {
        header[0] |= BINARY;
    }
    &header[..used]
}

/// Takes what is missing of the header, and returns how many bytes that were.
fn fill_header(header: &mut [u8; MAX_HEADER_BYTES], len: &mut usize, input: &[u8]) -> usize {
    let mut taken = 0;
    while let Some(&byte) = input.get(taken)
        && (*len == 0 || *len < header_len(header[0]))
    {
        header[*len] = byte;
        *len += 1;
        taken += 1;
    }
    taken
}

fn header_len(first: u8) -> usize {
    match first & !BINARY {
        LEN_16 => 3,
        LEN_64 => 9,
        _ => 1,
    }
}

fn whole<'a>(received: &mut Vec<u8>, last: &'a [u8]) -> Cow<'a, [u8]> {
    if received.is_empty() {
        return Cow::Borrowed(last);
    }
    let mut payload = std::mem::take(received);
    payload.extend_from_slice(last);
    Cow::Owned(payload)
}

fn text(payload: Cow<'_, [u8]>) -> Cow<'_, str> {
    match payload {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}

/// The bit of a header that marks a binary message.
const BINARY: u8 = 0x80;
/// Stands for a length that follows in 2 bytes.
const LEN_16: u8 = 126;
/// Stands for a length that follows in 8 bytes.
const LEN_64: u8 = 127;
/// The first length that does not fit into the header's first byte.
const LEN_16_FROM: u16 = 126;
const MAX_HEADER_BYTES: usize = 9;
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 100_000;

    fn text(text: &str) -> StreamFrame<'_> {
        StreamFrame::Text(text.into())
    }

    fn binary(bytes: &[u8]) -> StreamFrame<'_> {
        StreamFrame::Binary(bytes.into())
    }

    /// All frames of the pieces, which are handed in one after the other.
    fn decode<'p>(
        max_bytes: usize,
        pieces: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<Vec<StreamFrame<'static>>, FrameError> {
        let mut decoder = StreamDecoder::new(max_bytes);
        let mut frames = Vec::new();
        for mut piece in pieces {
            while !piece.is_empty() {
                let decoded = decoder.decode(piece)?;
                piece = &piece[decoded.consumed..];
                frames.extend(decoded.frame.map(|frame| match frame {
                    StreamFrame::Text(text) => StreamFrame::Text(text.into_owned().into()),
                    StreamFrame::Binary(bytes) => StreamFrame::Binary(bytes.into_owned().into()),
                }));
            }
        }
        assert_eq!(decoder.buffered_bytes(), 0, "the pieces end with a packet");
        Ok(frames)
    }

    /// What engine.io-parser 5.2.3 writes for these packets.
    fn recorded() -> Vec<u8> {
        [
            &b"\x012"[..],
            b"\x064hello",
            b"\x84\x01\x02\x03\x04",
            b"\x044\xe2\x82\xac",
            b"\x7e\x00\x7e4",
            &[b'x'; 125],
            b"\xfe\xff\xff",
            &[7; 65535],
            b"\xff\x00\x00\x00\x00\x00\x01\x00\x00",
            &[8; 65536],
            b"\x0e0{\"sid\":\"123\"}",
        ]
        .concat()
    }

    fn frames() -> Vec<StreamFrame<'static>> {
        vec![
            text("2"),
            text("4hello"),
            binary(&[1, 2, 3, 4]),
            text("4€"),
            StreamFrame::Text(format!("4{}", "x".repeat(125)).into()),
            StreamFrame::Binary(vec![7; 65535].into()),
            StreamFrame::Binary(vec![8; 65536].into()),
            text(r#"0{"sid":"123"}"#),
        ]
    }

    #[test]
    fn each_length_has_its_header() {
        assert_eq!(decode(MAX, [&recorded()[..]]), Ok(frames()));
    }

    #[test]
    fn pieces_of_any_size_give_the_same_packets() {
        for size in [1, 2, 3, 5, 7, 4096] {
            assert_eq!(decode(MAX, recorded().chunks(size)), Ok(frames()), "{size}");
        }
    }

    #[test]
    fn a_header_may_arrive_byte_by_byte() {
        let mut decoder = StreamDecoder::new(MAX);
        for byte in b"\x7f\0\0\0\0\0\0\0" {
            let nothing = Decoded {
                consumed: 1,
                frame: None,
            };
            assert_eq!(decoder.decode(&[*byte]), Ok(nothing));
        }
        assert_eq!(decoder.decode(b"\x02").map(|it| it.frame), Ok(None));
        assert_eq!(decoder.decode(b"4").map(|it| it.frame), Ok(None));
        assert_eq!(decoder.buffered_bytes(), 1);

        let last = decoder.decode(b"x\x01").expect("it is a packet");
        assert_eq!((last.consumed, last.frame), (1, Some(text("4x"))));
    }

    #[test]
    fn a_whole_packet_is_a_part_of_the_input() {
        let mut decoder = StreamDecoder::new(MAX);
        for input in [&b"\x024x"[..], b"\x82xy"] {
            let frame = decoder.decode(input).map(|decoded| decoded.frame);
            let is_borrowed = matches!(
                frame,
                Ok(Some(
                    StreamFrame::Text(Cow::Borrowed(_)) | StreamFrame::Binary(Cow::Borrowed(_))
                ))
            );
            assert!(is_borrowed, "{frame:?}");
        }
    }

    #[test]
    fn a_length_of_0_is_refused_in_every_form() {
        for header in [
            &b"\x00"[..],
            b"\x80",
            b"\x7e\0\0",
            b"\xfe\0\0",
            b"\x7f\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(decode(MAX, [header]), Err(FrameError::Empty), "{header:?}");
        }
    }

    #[test]
    fn a_length_at_the_limit_passes_and_one_past_it_is_refused_before_the_payload() {
        let too_long = |announced, max| Err(FrameError::TooLong { announced, max });

        assert_eq!(decode(5, [&b"\x05hello"[..]]), Ok(vec![text("hello")]));
        assert_eq!(decode(5, [&b"\x06"[..]]), too_long(6, 5));
        assert_eq!(decode(5, [&b"\x86"[..]]), too_long(6, 5));
        assert_eq!(decode(300, [&b"\x7e\x01\x2d"[..]]), too_long(301, 300));
        let header = b"\x7f\0\0\0\0\0\x01\x86\xa1";
        assert_eq!(decode(MAX, [&header[..]]), too_long(100_001, MAX));
    }

    #[test]
    fn a_length_beyond_double_precision_is_refused_whatever_the_limit() {
        let decode = |header: &[u8]| {
            let mut decoder = StreamDecoder::new(usize::MAX);
            decoder
                .decode(header)
                .map(|decoded| decoded.frame.is_some())
        };

        assert_eq!(decode(b"\x7f\x00\x1f\xff\xff\xff\xff\xff\xff"), Ok(false));
        let refused = |announced| {
            Err(FrameError::TooLong {
                announced,
                max: usize::MAX,
            })
        };
        let beyond = decode(b"\x7f\x00\x20\x00\x00\x00\x00\x00\x00");
        assert_eq!(beyond, refused(9_007_199_254_740_992));
        let most = decode(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff");
        assert_eq!(most, refused(u64::MAX));
    }

    #[test]
    fn what_comes_behind_a_refused_header_is_refused_too() {
        let mut decoder = StreamDecoder::new(MAX);
        assert_eq!(decoder.decode(b"\x00"), Err(FrameError::Empty));
        assert_eq!(decoder.decode(b"\x024x"), Err(FrameError::Empty));
    }

    /// The official parser does not ask for the shortest form.
    #[test]
    fn a_short_length_in_a_long_form_is_taken() {
        let input = b"\x7e\x00\x024a\x7f\0\0\0\0\0\0\0\x024b";
        assert_eq!(decode(MAX, [&input[..]]), Ok(vec![text("4a"), text("4b")]));
    }

    #[test]
    fn bytes_that_are_no_utf8_become_replacement_characters() {
        assert_eq!(
            decode(MAX, [&b"\x034\xffx"[..]]),
            Ok(vec![text("4\u{fffd}x")])
        );
        let pieces = [&b"\x034"[..], b"\xff", b"x"];
        assert_eq!(decode(MAX, pieces), Ok(vec![text("4\u{fffd}x")]));
    }

    #[test]
    fn every_truncation_is_incomplete_and_never_an_error() {
        let input = &recorded()[..200];
        for end in 0..input.len() {
            let mut decoder = StreamDecoder::new(MAX);
            let mut rest = &input[..end];
            while !rest.is_empty() {
                let decoded = decoder.decode(rest).expect("a part of packets");
                rest = &rest[decoded.consumed..];
            }
        }
    }

    #[test]
    fn headers_are_written_in_the_shortest_form() {
        let header = |is_binary, len| write_stream_header(&mut [0; 9], is_binary, len).to_vec();

        assert_eq!(header(false, 1), b"\x01");
        assert_eq!(header(true, 1), b"\x81");
        assert_eq!(header(false, 125), b"\x7d");
        assert_eq!(header(false, 126), b"\x7e\x00\x7e");
        assert_eq!(header(true, 65535), b"\xfe\xff\xff");
        assert_eq!(
            header(false, 65536),
            b"\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
        );
        assert_eq!(header(true, 65536), b"\xff\x00\x00\x00\x00\x00\x01\x00\x00");
    }
}
