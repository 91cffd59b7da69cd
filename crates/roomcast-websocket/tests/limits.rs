//! Every limit at its value and one past it; floods hold no more memory than a limit allows.

mod support;

use roomcast_websocket::DecodeError::{FrameTooLarge, MessageTooLarge, TooManyFragments};
use roomcast_websocket::deflate::{Config, Deflater, Pool, negotiate};
use roomcast_websocket::{Decoder, Limits, OpCode, Role, encode};
use support::{binary, feed, inflating, text};

fn decoder(limits: Limits) -> Decoder {
    Decoder::new(Role::Client, limits)
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    let config = Config::default().with_threshold_bytes(0);
    let agreement = negotiate("permessage-deflate", &config).expect("plain offer");
    let mut deflater = Deflater::new(Role::Server, &agreement, &config, &Pool::default());
    deflater.encode(OpCode::Binary, payload).into()
}

#[test]
fn frame_at_its_limit_passes_and_one_byte_more_is_refused() {
    let limits = Limits::default().with_max_frame_bytes(300);

    assert_eq!(
        feed(&mut decoder(limits), &encode(OpCode::Binary, &[1; 300])),
        Ok(vec![binary(&[1; 300])])
    );
    assert_eq!(
        feed(&mut decoder(limits), &encode(OpCode::Binary, &[1; 301])),
        Err(FrameTooLarge {
            len: 301,
            limit: 300
        })
    );
}

#[test]
fn oversize_frame_is_refused_when_only_its_header_is_there() {
    let limits = Limits::default().with_max_message_bytes(1000);

    assert_eq!(
        feed(&mut decoder(limits), b"\x82\x7e\x03\xe9"),
        Err(MessageTooLarge { limit: 1000 })
    );
    assert_eq!(
        feed(
            &mut decoder(limits),
            b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"
        ),
        Err(FrameTooLarge {
            len: i64::MAX as u64,
            limit: 1 << 20
        })
    );
}

#[test]
fn message_at_its_limit_passes_and_one_byte_more_is_refused() {
    let limits = Limits::default().with_max_message_bytes(4);

    assert_eq!(
        feed(&mut decoder(limits), b"\x01\x02ab\x80\x02cd"),
        Ok(vec![text("abcd")])
    );
    assert_eq!(
        feed(&mut decoder(limits), b"\x01\x02ab\x80\x03"),
        Err(MessageTooLarge { limit: 4 })
    );
}

#[test]
fn fragments_at_their_limit_pass_and_one_more_is_refused() {
    let limits = Limits::default().with_max_fragments(3);

    assert_eq!(
        feed(&mut decoder(limits), b"\x01\x01a\x00\x01b\x80\x01c"),
        Ok(vec![text("abc")])
    );
    assert_eq!(
        feed(&mut decoder(limits), b"\x01\x01a\x00\x01b\x00\x01c\x80"),
        Ok(vec![]),
        "half a header"
    );
    assert_eq!(
        feed(&mut decoder(limits), b"\x01\x01a\x00\x01b\x00\x01c\x80\x00"),
        Err(TooManyFragments { limit: 3 })
    );
}

#[test]
fn control_frames_between_do_not_count_as_fragments() {
    let limits = Limits::default().with_max_fragments(2);

    let events = feed(
        &mut decoder(limits),
        b"\x01\x01a\x89\x00\x89\x00\x89\x00\x80\x01b",
    );

    assert_eq!(events.expect("two fragments").len(), 4);
}

#[test]
fn inflated_message_at_its_limit_passes_and_one_byte_more_is_refused() {
    let limits = Limits::default().with_max_message_bytes(100_000);
    let inflate = |len| {
        feed(
            &mut inflating(Role::Client, limits),
            &deflated(&vec![0; len]),
        )
    };

    assert_eq!(inflate(100_000), Ok(vec![binary(&[0; 100_000])]));
    assert_eq!(inflate(100_001), Err(MessageTooLarge { limit: 100_000 }));
}

#[test]
fn bomb_is_stopped_at_the_limit_and_not_after_inflating() {
    let limits = Limits::default().with_max_message_bytes(10_000);
    let bomb = deflated(&vec![0; 50_000_000]);
    let mut decoder = inflating(Role::Client, limits);
    assert!(bomb.len() < 100_000, "about one to a thousand");

    assert_eq!(feed(&mut decoder, &bomb[..20]), Ok(vec![]));
    let mut found = Ok(vec![]);
    for piece in bomb[20..].chunks(10) {
        found = feed(&mut decoder, piece);
        assert!(decoder.buffered_bytes() <= 10_000);
        if found.is_err() {
            break;
        }
    }
    assert_eq!(found, Err(MessageTooLarge { limit: 10_000 }));
}

#[test]
fn announced_length_reserves_no_memory() {
    let limits = Limits::default()
        .with_max_message_bytes(1 << 30)
        .with_max_frame_bytes(1 << 30);
    let mut decoder = decoder(limits);

    feed(
        &mut decoder,
        b"\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00 ten bytes",
    )
    .expect("allowed");

    assert!(
        decoder.buffered_bytes() < 1000,
        "{} bytes",
        decoder.buffered_bytes()
    );
}

/// CVE-2026-48779: memory must follow the bytes of the message, not the number of its parts.
#[test]
fn millions_of_tiny_fragments_hold_no_more_than_the_message_limit() {
    let limits = Limits::default()
        .with_max_message_bytes(3_000_000)
        .with_max_fragments(usize::MAX);
    let mut decoder = decoder(limits);
    feed(&mut decoder, b"\x02\x00").expect("first fragment");

    let ten = b"\x00\x01a".repeat(10);
    for _ in 0..300_000 {
        feed(&mut decoder, &ten).expect("within the limit");
    }
    assert!(decoder.buffered_bytes() <= 3_000_000);
    assert_eq!(
        feed(&mut decoder, b"\x00\x01a"),
        Err(MessageTooLarge { limit: 3_000_000 })
    );
    assert_eq!(decoder.buffered_bytes(), 0);
}

#[test]
fn millions_of_empty_fragments_end_at_the_fragment_limit() {
    let mut decoder = decoder(Limits::default());
    feed(&mut decoder, b"\x01\x00").expect("first fragment");

    let found = (0..5000).find_map(|_| feed(&mut decoder, b"\x00\x00").err());

    assert_eq!(found, Some(TooManyFragments { limit: 4096 }));
}

/// CVE-2026-48779, the other half: one frame whose bytes come one at a time.
#[test]
fn frame_in_a_million_pieces_holds_no_more_than_the_message_limit() {
    let mut decoder = decoder(Limits::default().with_max_message_bytes(1_000_000));
    feed(&mut decoder, b"\x82\x7f\x00\x00\x00\x00\x00\x0f\x42\x40").expect("one million bytes");

    for _ in 0..999_999 {
        decoder.decode(&mut [b'a']).expect("within the frame");
        assert!(decoder.buffered_bytes() <= 1_000_000);
    }

    assert_eq!(
        feed(&mut decoder, b"a"),
        Ok(vec![binary(&[b'a'; 1_000_000])])
    );
}

/// CVE-2016-10518: a ping holds at most its own 125 bytes, and only while it is incomplete.
#[test]
fn unfinished_pings_hold_only_their_own_payload() {
    let mut decoder = decoder(Limits::default());
    feed(&mut decoder, b"\x89\x7d half").expect("allowed");

    assert_eq!(decoder.buffered_bytes(), 125);
    assert_eq!(
        feed(&mut decoder, &[0; 120]).map(|events| events.len()),
        Ok(1)
    );
    assert_eq!(decoder.buffered_bytes(), 0);
}
