//! The byte examples of RFC 6455 (section 5.7) and RFC 7692 (section 7.2.3), whole, cut in two at
//! every byte, byte by byte, and truncated at every byte.

mod support;

use bytes::BytesMut;
use roomcast_websocket::deflate::{Config, Deflater, Pool, negotiate};
use roomcast_websocket::{Decoder, Limits, OpCode, Role, encode, encode_masked};
use support::{Owned, binary, client, feed, feed_all, inflating, ping, pong, server, text};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const HELLO: &[u8] = &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
const HELLO_MASKED: &[u8] = &[
    0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
];
const HELLO_FRAGMENTED: &[u8] = &[0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
const HELLO_PING: &[u8] = &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
const HELLO_PONG: &[u8] = &[
    0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
];
const DEFLATED: &[u8] = &[0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const DEFLATED_FRAGMENTED: &[u8] = &[
    0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00,
];
const DEFLATED_TWICE: &[u8] = &[
    0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, // the first message
    0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00, // refers back to it
];
const STORED: &[u8] = &[
    0xc1, 0x0b, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
];
const FINAL_BLOCK: &[u8] = &[0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
const TWO_BLOCKS: &[u8] = &[
    0xc1, 0x0d, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
];
const EMPTY: &[u8] = &[0xc1, 0x01, 0x00];

/// Bytes on the wire, who reads them, and what they say.
type Vector = (&'static str, Vec<u8>, fn() -> Decoder, Vec<Owned>);

fn inflating_client() -> Decoder {
    inflating(Role::Client, Limits::default())
}

fn vectors() -> Vec<Vector> {
    let long = |len: usize, prefix: &[u8]| [prefix, &vec![7; len]].concat();
    let hello = || vec![text("Hello")];
    vec![
        ("text", HELLO.into(), client, hello()),
        ("masked text", HELLO_MASKED.into(), server, hello()),
        ("fragments", HELLO_FRAGMENTED.into(), client, hello()),
        ("ping", HELLO_PING.into(), client, vec![ping(b"Hello")]),
        (
            "masked pong",
            HELLO_PONG.into(),
            server,
            vec![pong(b"Hello")],
        ),
        (
            "256 bytes",
            long(256, &[0x82, 0x7e, 1, 0]),
            client,
            vec![binary(&[7; 256])],
        ),
        (
            "65536 bytes",
            long(65536, &[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]),
            client,
            vec![binary(&[7; 65536])],
        ),
        (
            "ping between fragments",
            [&HELLO_FRAGMENTED[..5], HELLO_PING, &HELLO_FRAGMENTED[5..]].concat(),
            client,
            vec![ping(b"Hello"), text("Hello")],
        ),
        ("deflated", DEFLATED.into(), inflating_client, hello()),
        (
            "deflated fragments",
            DEFLATED_FRAGMENTED.into(),
            inflating_client,
            hello(),
        ),
        (
            "shared window",
            DEFLATED_TWICE.into(),
            inflating_client,
            [hello(), hello()].concat(),
        ),
        ("stored block", STORED.into(), inflating_client, hello()),
        ("final block", FINAL_BLOCK.into(), inflating_client, hello()),
        (
            "message after a final block",
            [FINAL_BLOCK, DEFLATED].concat(),
            inflating_client,
            [hello(), hello()].concat(),
        ),
        ("two blocks", TWO_BLOCKS.into(), inflating_client, hello()),
        ("empty", EMPTY.into(), inflating_client, vec![text("")]),
        (
            "uncompressed beside deflate",
            HELLO.into(),
            inflating_client,
            hello(),
        ),
    ]
}

#[test]
fn examples_decode_to_what_the_text_says() {
    for (name, bytes, decoder, events) in vectors() {
        assert_eq!(feed_all(decoder(), [&bytes[..]]), Ok(events), "{name}");
    }
}

#[test]
fn cutting_at_any_byte_changes_nothing() {
    for (name, bytes, decoder, events) in vectors() {
        let step = bytes.len().div_ceil(600);
        for at in (0..=bytes.len()).step_by(step) {
            let (front, back) = bytes.split_at(at);
            assert_eq!(
                feed_all(decoder(), [front, back]),
                Ok(events.clone()),
                "{name} at {at}"
            );
        }
        assert_eq!(
            feed_all(decoder(), bytes.chunks(1)),
            Ok(events),
            "{name} byte by byte"
        );
    }
}

#[test]
fn truncated_input_gives_the_events_before_the_cut_and_no_error() {
    for (name, bytes, decoder, events) in vectors() {
        let step = bytes.len().div_ceil(600);
        for at in (0..bytes.len()).step_by(step) {
            let found = feed_all(decoder(), [&bytes[..at]]).expect("a truncation is no error");
            assert!(
                found.len() < events.len(),
                "{name} cut at {at} is not whole"
            );
            assert_eq!(found, events[..found.len()], "{name} cut at {at}");
        }
    }
}

#[test]
fn examples_are_encoded_as_in_the_text() {
    let mut out = BytesMut::new();
    encode_masked(OpCode::Text, b"Hello", KEY, &mut out);
    encode_masked(OpCode::Pong, b"Hello", KEY, &mut out);

    assert_eq!(encode(OpCode::Text, b"Hello"), HELLO);
    assert_eq!(encode(OpCode::Ping, b"Hello"), HELLO_PING);
    assert_eq!(out, [HELLO_MASKED, HELLO_PONG].concat());
}

#[test]
fn deflated_examples_are_encoded_as_in_the_text() {
    let config = Config::default().with_threshold_bytes(0);
    let agreement = negotiate("permessage-deflate", &config).expect("plain offer");
    let mut deflater = Deflater::new(Role::Server, &agreement, &config, &Pool::default());

    assert_eq!(deflater.encode(OpCode::Text, b"Hello"), DEFLATED);
    assert_eq!(
        deflater.encode(OpCode::Text, b"Hello"),
        DEFLATED_TWICE[DEFLATED.len()..]
    );
    assert_eq!(deflater.encode(OpCode::Text, b""), EMPTY);
    assert_eq!(deflater.encode(OpCode::Text, b""), EMPTY);
}

#[test]
fn idle_decoder_owns_no_buffer() {
    for (name, bytes, decoder, _) in vectors() {
        let mut decoder = decoder();
        for piece in bytes.chunks(bytes.len().div_ceil(3)) {
            feed(&mut decoder, piece).expect("valid input");
        }
        assert_eq!(decoder.buffered_bytes(), 0, "{name}");
    }
}
