//! What a peer must not send, and the close code that answers it.

mod support;

use roomcast_websocket::DecodeError::{self, *};
use roomcast_websocket::{Decoder, Limits, OpCode, Role};
use support::{client, feed, feed_all, inflating, masked, server, text};

fn inflating_client() -> Decoder {
    inflating(Role::Client, Limits::default())
}

/// The decoder, what it gets, what it says, the close code.
type Case = (fn() -> Decoder, &'static [u8], DecodeError, u16);

const CASES: &[Case] = &[
    (client, b"\xc1\x00", ReservedBits { bits: 4 }, 1002),
    (client, b"\xa1\x00", ReservedBits { bits: 2 }, 1002),
    (client, b"\x91\x00", ReservedBits { bits: 1 }, 1002),
    (
        inflating_client,
        b"\xe1\x00",
        ReservedBits { bits: 6 },
        1002,
    ),
    (
        inflating_client,
        b"\xc9\x00",
        ReservedBits { bits: 4 },
        1002,
    ),
    (
        inflating_client,
        b"\x41\x01\x00\xc0\x00",
        ReservedBits { bits: 4 },
        1002,
    ),
    (client, b"\x83\x00", ReservedOpCode { found: 3 }, 1002),
    (client, b"\x87\x00", ReservedOpCode { found: 7 }, 1002),
    (client, b"\x8b\x00", ReservedOpCode { found: 11 }, 1002),
    (client, b"\x8f\x00", ReservedOpCode { found: 15 }, 1002),
    (server, b"\x81\x00", MaskMissing, 1002),
    (client, b"\x81\x80\x00\x00\x00\x00", MaskPresent, 1002),
    (
        client,
        b"\x09\x00",
        ControlFragmented {
            opcode: OpCode::Ping,
        },
        1002,
    ),
    (
        client,
        b"\x08\x00",
        ControlFragmented {
            opcode: OpCode::Close,
        },
        1002,
    ),
    (
        client,
        b"\x89\x7e\x00\x7e",
        ControlTooLong {
            opcode: OpCode::Ping,
        },
        1002,
    ),
    (
        client,
        b"\x8a\x7f",
        ControlTooLong {
            opcode: OpCode::Pong,
        },
        1002,
    ),
    (
        client,
        b"\x82\x7e\x00\x7d",
        LengthNotShortest { len: 125 },
        1002,
    ),
    (
        client,
        b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
        LengthNotShortest { len: 65535 },
        1002,
    ),
    (
        client,
        b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
        LengthOutOfRange,
        1002,
    ),
    (client, b"\x80\x00", UnexpectedContinuation, 1002),
    (client, b"\x81\x00\x80\x00", UnexpectedContinuation, 1002),
    (client, b"\x01\x00\x81\x00", UnfinishedMessage, 1002),
    (client, b"\x01\x00\x02\x00", UnfinishedMessage, 1002),
    (client, b"\x81\x02\xc3\x28", InvalidUtf8, 1007),
    (client, b"\x81\x01\xc3", InvalidUtf8, 1007),
    (client, b"\x01\x01\xc3\x80\x00", InvalidUtf8, 1007),
    (client, b"\x81\x03\xed\xa0\x80", InvalidUtf8, 1007),
    (client, b"\x88\x01\x03", ClosePayloadTooShort, 1002),
    (
        client,
        b"\x88\x02\x03\xed",
        InvalidCloseCode { found: 1005 },
        1002,
    ),
    (
        client,
        b"\x88\x02\x00\x00",
        InvalidCloseCode { found: 0 },
        1002,
    ),
    (
        client,
        b"\x88\x02\x13\x88",
        InvalidCloseCode { found: 5000 },
        1002,
    ),
    (client, b"\x88\x03\x03\xe8\xff", InvalidUtf8, 1007),
    (inflating_client, b"\xc1\x02\x06\x00", InvalidDeflate, 1007),
    // Deflated "\xff\xff\xff": bad text under compression.
    (
        inflating_client,
        b"\xc1\x05\xfa\xff\xff\x3f\x00",
        InvalidUtf8,
        1007,
    ),
];

#[test]
fn each_fault_is_named_and_has_its_close_code() {
    for &(decoder, bytes, error, code) in CASES {
        assert_eq!(feed_all(decoder(), [bytes]), Err(error), "{bytes:02x?}");
        assert_eq!(error.close_code().get(), code, "{error}");
    }
}

#[test]
fn each_fault_is_found_when_bytes_come_one_by_one() {
    for &(decoder, bytes, error, _) in CASES {
        assert_eq!(
            feed_all(decoder(), bytes.chunks(1)),
            Err(error),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn bad_text_is_found_before_its_frame_is_whole() {
    let mut decoder = client();

    assert_eq!(feed(&mut decoder, b"\x81\x64\xce\xba\xf4"), Ok(vec![]));
    assert_eq!(feed(&mut decoder, b"\x90"), Err(InvalidUtf8));
}

#[test]
fn bad_text_under_compression_is_found_before_its_frame_is_whole() {
    let mut decoder = inflating_client();

    // A stored block of 100 bytes, of which three come.
    assert_eq!(
        feed(&mut decoder, b"\xc1\x6a\x00\x64\x00\x9b\xffab"),
        Ok(vec![])
    );
    assert_eq!(feed(&mut decoder, b"\xff"), Err(InvalidUtf8));
}

#[test]
fn error_is_repeated_and_later_input_is_not_read() {
    let mut decoder = client();

    assert_eq!(
        feed(&mut decoder, b"\x83\x00"),
        Err(ReservedOpCode { found: 3 })
    );
    assert_eq!(
        feed(&mut decoder, b"\x81\x01a"),
        Err(ReservedOpCode { found: 3 })
    );
}

#[test]
fn events_before_a_fault_are_delivered() {
    let mut decoder = client();
    let mut input = *b"\x81\x01a\x83\x00";

    let decoded = decoder.decode(&mut input).expect("first frame is right");
    assert_eq!((decoded.consumed, decoded.event), (3, Some(text("a"))));
    assert_eq!(
        decoder.decode(&mut input[3..]),
        Err(ReservedOpCode { found: 3 })
    );
}

#[test]
fn nothing_behind_a_close_frame_is_read() {
    let mut decoder = server();
    let mut input = masked(0x88, b"\x03\xe8", [1, 2, 3, 4]);
    input.extend(b"\x83 not a frame");

    let events = feed(&mut decoder, &input).expect("the close is right");

    assert_eq!(events.len(), 1);
    assert_eq!(feed(&mut decoder, b"\xff\xff"), Ok(vec![]));
}
