//! Compressed messages from one end to the other.

mod support;

use std::mem::discriminant;

use bytes::BytesMut;
use roomcast_websocket::deflate::{
    Agreement, ClientContext, Config, Deflater, Pool, WindowBits, accept, negotiate, offer,
};
use roomcast_websocket::{DecodeError, Decoder, Event, Limits, OpCode, Role};
use support::{Numbers, binary, feed, feed_all, text};

fn config(window: u8, resets: bool) -> Config {
    let window = WindowBits::new(window).expect("9 to 15");
    Config::default()
        .with_threshold_bytes(0)
        .with_server_max_window_bits(window)
        .with_client_max_window_bits(window)
        .with_server_no_context_takeover(resets)
        .with_client_context(if resets {
            ClientContext::Reset
        } else {
            ClientContext::Kept
        })
}

/// What server and client hold after the handshake.
fn agree(config: &Config) -> (Agreement, Agreement) {
    let server = negotiate(&offer(config), config).expect("an offer that fits");
    let client = accept(&server.response(), config)
        .expect("a right answer")
        .expect("deflate");
    (server, client)
}

/// Messages with repetitions inside and between them, near and far.
fn messages() -> Vec<Vec<u8>> {
    let mut numbers = Numbers(7);
    let phrase = numbers.bytes(400);
    (0..12)
        .map(|i| {
            let noise = numbers.below(3000);
            let noise = numbers.bytes(noise);
            [&phrase[..], &noise, &phrase, &vec![i; 300], &noise].concat()
        })
        .collect()
}

#[test]
fn every_window_and_both_kinds_of_context_carry_messages_both_ways() {
    let pool = Pool::default();
    for window in 9..=15 {
        for resets in [false, true] {
            let config = config(window, resets);
            let (server, client) = agree(&config);
            let mut down = Deflater::new(Role::Server, &server, &config, &pool);
            let mut up = Deflater::new(Role::Client, &client, &config, &pool);
            let mut at_client =
                Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);
            let mut at_server =
                Decoder::new(Role::Server, Limits::default()).with_inflate(&server, &pool);
            for message in messages() {
                let frame = down.encode(OpCode::Binary, &message);
                assert_eq!(
                    feed(&mut at_client, &frame),
                    Ok(vec![binary(&message)]),
                    "{window}"
                );
                let mut frame = BytesMut::new();
                up.encode_masked(OpCode::Binary, &message, [9, 8, 7, 6], &mut frame);
                assert_eq!(
                    feed(&mut at_server, &frame),
                    Ok(vec![binary(&message)]),
                    "{window}"
                );
            }
        }
    }
}

#[test]
fn small_window_is_not_referred_beyond() {
    let mut numbers = Numbers(3);
    let phrase = numbers.bytes(100);
    let far = [&phrase[..], &numbers.bytes(1000), &phrase].concat();
    let near = [&phrase[..], &numbers.bytes(100), &phrase].concat();
    let len = |window, message: &[u8]| {
        let config = config(window, true);
        let mut deflater =
            Deflater::new(Role::Server, &agree(&config).0, &config, &Pool::default());
        deflater.encode(OpCode::Binary, message).len()
    };

    assert!(
        len(9, &far) - len(15, &far) > 80,
        "512 bytes do not reach back 1100"
    );
    assert_eq!(len(9, &near), len(15, &near), "but 200");
}

#[test]
fn message_below_the_threshold_is_sent_as_it_is() {
    let config = Config::default();
    let (server, _) = agree(&config);
    let mut deflater = Deflater::new(Role::Server, &server, &config, &Pool::default());

    assert_eq!(deflater.encode(OpCode::Text, &[b'a'; 1023])[0], 0x81);
    assert_eq!(deflater.encode(OpCode::Text, &[b'a'; 1024])[0], 0xC1);
    assert_eq!(deflater.encode(OpCode::Ping, &[b'a'; 100])[0], 0x89);
}

#[test]
fn header_stands_right_before_payloads_of_every_length_class() {
    let config = config(15, true);
    let mut deflater = Deflater::new(Role::Server, &agree(&config).0, &config, &Pool::default());
    let mut numbers = Numbers(11);
    for (len, second) in [(10, None), (1000, Some(126)), (100_000, Some(127))] {
        let message = numbers.bytes(len);

        let frame = deflater.encode(OpCode::Binary, &message);

        assert_eq!(frame[0], 0xC2);
        assert!(second.is_none_or(|second| frame[1] == second));
        let decoder = support::inflating(Role::Client, Limits::default());
        assert_eq!(feed_all(decoder, [&frame[..]]), Ok(vec![binary(&message)]));
    }
}

#[test]
fn frame_without_context_may_be_shared_by_receivers() {
    let config = config(15, true);
    let (server, client) = agree(&config);
    let pool = Pool::default();
    let mut deflater = Deflater::new(Role::Server, &server, &config, &pool);
    let mut old = Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);
    let mut new = Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);
    feed(&mut old, &deflater.encode(OpCode::Text, b"hello hello")).expect("valid");

    let shared = deflater.encode(OpCode::Text, b"hello again");

    assert!(!deflater.keeps_context());
    assert_eq!(feed(&mut old, &shared), Ok(vec![text("hello again")]));
    assert_eq!(feed(&mut new, &shared), Ok(vec![text("hello again")]));
}

#[test]
fn pool_gets_back_what_it_lends_and_keeps_no_more_than_it_may() {
    let config = config(15, true);
    let (server, client) = agree(&config);
    let pool = Pool::new(1);
    let mut deflater = Deflater::new(Role::Server, &server, &config, &pool);
    let frame = deflater.encode(OpCode::Text, b"hello hello hello");
    let receiver = || Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);
    let (mut a, mut b) = (receiver(), receiver());

    assert_eq!(pool.idle(), (1, 0));
    feed(&mut a, &frame[..5]).expect("incomplete");
    feed(&mut b, &frame[..5]).expect("incomplete");
    assert_eq!(pool.idle(), (1, 0), "two inflaters are in use");
    feed(&mut a, &frame[5..]).expect("complete");
    assert_eq!(pool.idle(), (1, 1));
    drop(b);
    assert_eq!(pool.idle(), (1, 1), "one is enough");
}

#[test]
fn inflater_comes_back_clean_after_a_broken_message() {
    let config = config(15, true);
    let (_, client) = agree(&config);
    let pool = Pool::default();
    let receiver = || Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);

    // The second message refers back to what the first left in the window.
    let mut broken = receiver();
    feed(&mut broken, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00").expect("Hello");
    drop(broken);
    let found = feed(&mut receiver(), b"\xc1\x05\xf2\x00\x11\x00\x00");

    assert_eq!(found, Err(DecodeError::InvalidDeflate));
    assert_eq!(pool.idle().1, 1);
}

#[test]
fn compressed_message_may_be_fragmented_and_interleaved() {
    let mut decoder = support::inflating(Role::Client, Limits::default());

    let events = feed(
        &mut decoder,
        b"\x41\x03\xf2\x48\xcd\x89\x01p\x80\x04\xc9\xc9\x07\x00",
    );

    assert_eq!(events, Ok(vec![support::ping(b"p"), text("Hello")]));
}

#[test]
fn stream_that_ends_with_the_message_needs_no_tail() {
    let mut decoder = support::inflating(Role::Client, Limits::default());

    // A final block with nothing behind it, then a message that starts afresh.
    let events = feed(
        &mut decoder,
        b"\xc1\x07\xf3\x48\xcd\xc9\xc9\x07\x00\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
    );

    assert_eq!(events, Ok(vec![text("Hello"), text("Hello")]));
}

/// CVE-2026-45736: nothing but what was given leaves the encoder, compressed or not.
#[test]
fn distance_into_memory_that_was_never_written_is_an_error() {
    let mut decoder = support::inflating(Role::Client, Limits::default());

    let found = feed(&mut decoder, b"\xc2\x05\xf2\x00\x11\x00\x00");

    assert_eq!(found, Err(DecodeError::InvalidDeflate));
}

#[test]
fn incompressible_data_of_every_small_length_survives() {
    let config = config(9, false);
    let (server, client) = agree(&config);
    let pool = Pool::default();
    let mut deflater = Deflater::new(Role::Server, &server, &config, &pool);
    let mut decoder = Decoder::new(Role::Client, Limits::default()).with_inflate(&client, &pool);
    let mut numbers = Numbers(5);
    for len in (0..600).chain([8181, 8182, 8183, 8184, 8185, 8186, 8187, 8188, 8192, 16384]) {
        let message = numbers.bytes(len);
        let events = feed(&mut decoder, &deflater.encode(OpCode::Binary, &message));
        assert_eq!(events, Ok(vec![binary(&message)]), "{len} bytes");
    }
}

#[test]
fn text_stays_text_and_bytes_stay_bytes() {
    let config = config(15, false);
    let mut deflater = Deflater::new(Role::Server, &agree(&config).0, &config, &Pool::default());
    let mut decoder = support::inflating(Role::Client, Limits::default());

    for (opcode, expected) in [
        (OpCode::Text, Event::Text("".into())),
        (OpCode::Binary, Event::Binary((&[]).into())),
    ] {
        let events = feed(&mut decoder, &deflater.encode(opcode, b"abc")).expect("valid");
        assert_eq!(
            events.iter().map(discriminant).collect::<Vec<_>>(),
            [discriminant(&expected)]
        );
    }
}
