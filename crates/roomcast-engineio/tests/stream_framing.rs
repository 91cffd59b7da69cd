//! Whatever packets stand on a stream of WebTransport, and in whatever pieces they arrive.

use proptest::prelude::*;
use roomcast_engineio::revision4::{StreamDecoder, StreamFrame, write_stream_header};

fn frame() -> impl Strategy<Value = StreamFrame<'static>> {
    let lengths = prop_oneof![1..8usize, 120..132usize, 65_530..65_542usize];
    let text = lengths
        .clone()
        .prop_map(|len| StreamFrame::Text("4".repeat(len).into()));
    let bytes =
        (lengths, any::<u8>()).prop_map(|(len, byte)| StreamFrame::Binary(vec![byte; len].into()));
    let short = "\\PC{1,40}".prop_map(|text| StreamFrame::Text(text.into()));
    prop_oneof![text, bytes, short]
}

fn encode(frame: &StreamFrame<'_>, out: &mut Vec<u8>) {
    let (is_binary, payload) = match frame {
        StreamFrame::Text(text) => (false, text.as_bytes()),
        StreamFrame::Binary(bytes) => (true, &**bytes),
    };
    out.extend_from_slice(write_stream_header(&mut [0; 9], is_binary, payload.len()));
    out.extend_from_slice(payload);
}

/// All frames, up to the first error.
fn decode(max_bytes: usize, pieces: &[&[u8]]) -> (Vec<String>, bool) {
    let mut decoder = StreamDecoder::new(max_bytes);
    let mut frames = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let Ok(decoded) = decoder.decode(rest) else {
                return (frames, false);
            };
            rest = &rest[decoded.consumed..];
            frames.extend(decoded.frame.map(|frame| format!("{frame:?}")));
            assert!(decoder.buffered_bytes() <= max_bytes.max(9));
        }
    }
    (frames, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packets_come_back_whatever_the_pieces(
        frames in prop::collection::vec(frame(), 0..6),
        size in 1..70_000usize,
    ) {
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| encode(frame, &mut bytes));
        let pieces: Vec<_> = bytes.chunks(size).collect();

        let expected: Vec<_> = frames.iter().map(|frame| format!("{frame:?}")).collect();
        prop_assert_eq!(decode(100_000, &pieces), (expected, true));
    }

    #[test]
    fn any_bytes_give_the_same_whole_and_in_pieces(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0..4u8, 124..128u8], 0..400),
        size in 1..20usize,
    ) {
        let pieces: Vec<_> = bytes.chunks(size).collect();
        prop_assert_eq!(decode(300, &pieces), decode(300, &[&bytes]));
    }
}
