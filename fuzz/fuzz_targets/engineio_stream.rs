//! Any bytes give the same packets whole and in pieces, and none that is over the limit is kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_engineio::revision4::{StreamDecoder, StreamFrame, write_stream_header};

const MAX_BYTES: usize = 1000;

/// The frames up to the first error, and whether there was one.
fn decode<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<StreamFrame<'static>>, bool) {
    let mut decoder = StreamDecoder::new(MAX_BYTES);
    let mut frames = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let Ok(decoded) = decoder.decode(piece) else {
                return (frames, true);
            };
            assert!(decoded.consumed > 0);
            piece = &piece[decoded.consumed..];
            frames.extend(decoded.frame.map(|frame| match frame {
                StreamFrame::Text(text) => StreamFrame::Text(text.into_owned().into()),
                StreamFrame::Binary(bytes) => StreamFrame::Binary(bytes.into_owned().into()),
            }));
            assert!(decoder.buffered_bytes() <= MAX_BYTES);
        }
    }
    (frames, false)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let (frames, has_failed) = decode(std::iter::once(bytes));
    let pieces = bytes.chunks(usize::from(size).max(1));
    assert_eq!(decode(pieces), (frames.clone(), has_failed));

    for frame in &frames {
        let (is_binary, payload) = match frame {
            StreamFrame::Text(text) => (false, text.as_bytes()),
            StreamFrame::Binary(bytes) => (true, &**bytes),
        };
        // What is no UTF-8 may have become longer.
        if payload.len() <= MAX_BYTES {
            let mut encoded = write_stream_header(&mut [0; 9], is_binary, payload.len()).to_vec();
            encoded.extend_from_slice(payload);
            let again = decode(std::iter::once(&encoded[..]));
            assert_eq!(again, (vec![frame.clone()], false));
        }
    }
});
