//! Two connections talk to each other; what each appends to its output is what the other reads.

mod support;

use bytes::BytesMut;
use roomcast_websocket::{CloseCode, Connection, DecodeError, Event, Limits, OpCode, Role};
use support::masked;

const KEY: [u8; 4] = [1, 2, 3, 4];
const ZERO: [u8; 4] = [0; 4];

fn server() -> Connection {
    Connection::new(Role::Server, Limits::default())
}

#[test]
fn ping_is_answered_with_its_payload() {
    let mut out = BytesMut::new();

    let mut input = masked(0x89, b"beat", KEY);
    server()
        .receive(&mut input, ZERO, &mut out)
        .expect("a ping");

    assert_eq!(out, b"\x8a\x04beat"[..]);
}

#[test]
fn pong_is_not_answered() {
    let mut out = BytesMut::new();

    let mut input = masked(0x8a, b"beat", KEY);
    server()
        .receive(&mut input, ZERO, &mut out)
        .expect("a pong");

    assert!(out.is_empty());
}

#[test]
fn close_is_answered_with_its_code_and_ends_the_connection() {
    let mut out = BytesMut::new();
    let mut server = server();

    let mut input = masked(0x88, b"\x0f\xa0bye", KEY);
    let received = server.receive(&mut input, ZERO, &mut out).expect("a close");

    let Some(Event::Close(Some(frame))) = received.event else {
        panic!("{received:?}")
    };
    assert_eq!((frame.code.get(), frame.reason.as_str()), (4000, "bye"));
    assert_eq!(out, b"\x88\x02\x0f\xa0"[..]);
    assert!(server.is_closed());
}

#[test]
fn close_without_a_code_is_answered_without_one() {
    let mut out = BytesMut::new();

    let mut input = masked(0x88, b"", KEY);
    server()
        .receive(&mut input, ZERO, &mut out)
        .expect("a close");

    assert_eq!(out, b"\x88\x00"[..]);
}

#[test]
fn close_of_both_ends_at_once_is_not_answered_twice() {
    let mut out = BytesMut::new();
    let mut server = server();

    server.close(CloseCode::GOING_AWAY, "restart", ZERO, &mut out);
    assert!(!server.is_closed());
    let mut input = masked(0x88, b"\x03\xe8", KEY);
    server.receive(&mut input, ZERO, &mut out).expect("a close");

    assert_eq!(out, b"\x88\x09\x03\xe9restart"[..]);
    assert!(server.is_closed());
}

#[test]
fn nothing_is_sent_after_a_close() {
    let mut out = BytesMut::new();
    let mut server = server();
    server.close(CloseCode::NORMAL, "", ZERO, &mut out);
    out.clear();

    server.send(OpCode::Text, b"late", ZERO, &mut out);
    server.close(CloseCode::NORMAL, "again", ZERO, &mut out);
    let mut input = masked(0x89, b"beat", KEY);
    server.receive(&mut input, ZERO, &mut out).expect("a ping");

    assert!(out.is_empty());
}

#[test]
fn messages_are_received_until_the_peer_closes_too() {
    let mut out = BytesMut::new();
    let mut server = server();
    server.close(CloseCode::NORMAL, "", ZERO, &mut out);

    let mut input = masked(0x81, b"still", KEY);
    let received = server.receive(&mut input, ZERO, &mut out).expect("a text");

    assert_eq!(received.event, Some(Event::Text("still".into())));
}

/// CVE-2022-21676: reserved bits close this connection with 1002, and nothing else happens.
#[test]
fn reserved_bits_are_answered_with_close_1002() {
    for (first, bits) in [(0xa1, 2), (0x91, 1), (0xf1, 7)] {
        let mut out = BytesMut::new();
        let mut server = server();

        let mut input = masked(first, b"", KEY);
        let found = server.receive(&mut input, ZERO, &mut out);

        assert_eq!(found, Err(DecodeError::ReservedBits { bits }));
        assert_eq!(out, b"\x88\x02\x03\xea"[..]);
        assert!(server.is_closed());
    }
}

/// CVE-2016-10542: an oversize message is refused at its header, with 1009.
#[test]
fn oversize_message_is_answered_with_close_1009() {
    let mut out = BytesMut::new();
    let mut server = Connection::new(Role::Server, Limits::default().with_max_message_bytes(1000));

    let mut input = *b"\x81\xfe\x13\x88\x01\x02\x03\x04";
    let found = server.receive(&mut input, ZERO, &mut out);

    assert_eq!(found, Err(DecodeError::MessageTooLarge { limit: 1000 }));
    assert_eq!(out, b"\x88\x02\x03\xf1"[..]);
}

/// CVE-2026-45736: the frame holds the code and the reason, and no byte more.
#[test]
fn close_frame_ends_with_its_reason() {
    for len in [0, 1, 50, 123] {
        let mut out = BytesMut::new();
        let reason = "r".repeat(len);

        server().close(CloseCode::NORMAL, &reason, ZERO, &mut out);

        let expected = [&[0x88, len as u8 + 2, 0x03, 0xe8], reason.as_bytes()].concat();
        assert_eq!(out, expected[..]);
    }
}

#[test]
fn client_masks_its_answers() {
    let mut out = BytesMut::new();
    let mut client = Connection::new(Role::Client, Limits::default());

    client
        .receive(&mut b"\x89\x01a".to_vec(), KEY, &mut out)
        .expect("a ping");
    client
        .receive(&mut b"\x88\x02\x03\xe8".to_vec(), KEY, &mut out)
        .expect("a close");

    let expected = [masked(0x8a, b"a", KEY), masked(0x88, b"\x03\xe8", KEY)].concat();
    assert_eq!(out, expected[..]);
}
