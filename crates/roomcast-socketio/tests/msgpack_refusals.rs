//! What is no packet in MessagePack form, and what is beyond a limit.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use roomcast_socketio::{DecodeError, Limits, PacketKind, Value, msgpack, value};

/// A packet of any keys, whatever they are.
fn packet(map: &Value) -> Vec<u8> {
    msgpack::to_vec(map).unwrap()
}

fn refused(message: &[u8]) -> DecodeError {
    msgpack::Decoder::default().binary(message).unwrap_err()
}

#[test]
fn a_packet_is_a_map_with_a_type_a_namespace_and_data_that_fits() {
    for (map, error) in [
        (value!([1, 2, 3]), DecodeError::InvalidType),
        (value!(null), DecodeError::InvalidType),
        (value!({}), DecodeError::InvalidType),
        (value!({ "type": 5, "nsp": "/" }), DecodeError::InvalidType),
        (value!({ "type": -1, "nsp": "/" }), DecodeError::InvalidType),
        (
            value!({ "type": 0.5, "nsp": "/" }),
            DecodeError::InvalidType,
        ),
        (
            value!({ "type": "0", "nsp": "/" }),
            DecodeError::InvalidType,
        ),
        (value!({ "type": 0 }), DecodeError::InvalidNamespace),
        (
            value!({ "type": 0, "nsp": 1 }),
            DecodeError::InvalidNamespace,
        ),
        (
            value!({ "type": 0, "nsp": null }),
            DecodeError::InvalidNamespace,
        ),
        (
            value!({ "type": 3, "nsp": "/", "data": [], "id": "1" }),
            DecodeError::InvalidAckId,
        ),
        (
            value!({ "type": 3, "nsp": "/", "data": [], "id": null }),
            DecodeError::InvalidAckId,
        ),
        (
            value!({ "type": 3, "nsp": "/", "data": [], "id": -1 }),
            DecodeError::InvalidAckId,
        ),
        (
            value!({ "type": 3, "nsp": "/", "data": [], "id": 1.5 }),
            DecodeError::InvalidAckId,
        ),
    ] {
        assert_eq!(refused(&packet(&map)), error, "{map}");
    }
}

#[test]
fn data_must_be_that_of_its_kind() {
    let kinds = [
        (0, vec![value!([]), value!("x"), value!(null)]),
        (1, vec![value!({}), value!([]), value!(null)]),
        (
            2,
            vec![
                value!("x"),
                value!({}),
                value!([]),
                value!([null]),
                value!([{}]),
                value!([["x"]]),
                value!([true]),
                value!(["disconnect"]),
                value!([bytes::Bytes::from_static(b"x")]),
            ],
        ),
        (3, vec![value!({}), value!("x"), value!(null)]),
        (4, vec![value!([]), value!(1), value!(null)]),
    ];
    for (kind, wrong) in kinds {
        for data in wrong {
            let map = value!({ "type": kind, "nsp": "/", "data": data });
            assert_eq!(refused(&packet(&map)), DecodeError::InvalidPayload, "{map}");
        }
    }
    for kind in [2, 3, 4] {
        let map = value!({ "type": kind, "nsp": "/" });
        assert_eq!(refused(&packet(&map)), DecodeError::InvalidPayload, "{map}");
    }
}

#[test]
fn keys_stand_in_any_order_and_of_equal_ones_the_last_counts() {
    let message = b"\x86\xa3nsp\xa2/a\xa4type\xc0\xa4data\x91\x01\xa4type\x03\x07\xc0\xa4data\x90";
    let packet = msgpack::Decoder::default().binary(message).unwrap();

    assert_eq!((packet.kind(), packet.namespace()), (PacketKind::Ack, "/a"));
    assert!(packet.args().is_empty());
}

#[test]
fn every_truncation_of_a_packet_is_one() {
    let mut whole = Vec::new();
    let header = roomcast_socketio::Header {
        namespace: "/unicode-ñ",
        ack: Some(300.into()),
    };
    let args = value!([1.5, -300, "a".repeat(40), { "k": [null, true] }, bytes::Bytes::from(vec![7; 300])]);
    msgpack::encode_event(&mut whole, header, "name", &args).unwrap();
    assert!(msgpack::Decoder::default().binary(&whole).is_ok());

    for len in 0..whole.len() {
        assert_eq!(refused(&whole[..len]), DecodeError::Truncated, "{len}");
    }
}

#[test]
fn a_length_beyond_the_message_costs_nothing() {
    let head = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data".to_vec();
    for (value, error) in [
        (
            &b"\x92\xa1x\xdb\xff\xff\xff\xff"[..],
            DecodeError::Truncated,
        ),
        (b"\x92\xa1x\xdc\xff\xff", DecodeError::Truncated),
        (b"\x92\xa1x\xde\xff\xff", DecodeError::Truncated),
        (
            b"\x92\xa1x\xdd\xff\xff\xff\xff",
            DecodeError::TooManyElements { limit: 1_000_000 },
        ),
        (
            b"\x92\xa1x\xdf\xff\xff\xff\xff",
            DecodeError::TooManyElements { limit: 1_000_000 },
        ),
        (
            b"\xdd\xff\xff\xff\xff",
            DecodeError::TooManyElements { limit: 1_000_000 },
        ),
        (
            b"\x92\xa1x\xc6\xff\xff\xff\xff",
            DecodeError::AttachmentsTooLarge { limit: 10_000_000 },
        ),
    ] {
        let message = [&head[..], value].concat();
        assert_eq!(refused(&message), error, "{value:x?}");
    }
    assert_eq!(refused(b"\xdf\xff\xff\xff\xff"), DecodeError::Truncated);
}

#[test]
fn what_follows_a_packet_and_what_is_no_messagepack_is_refused() {
    let mut message = Vec::new();
    msgpack::encode_disconnect(&mut message, "/");
    message.extend_from_slice(&[0, 0]);

    assert_eq!(refused(&message), DecodeError::TrailingBytes { count: 2 });
    assert_eq!(refused(&[0xc1, 0xff, 0x00]), DecodeError::InvalidPayload);
    assert_eq!(refused(&[]), DecodeError::Truncated);
    let text = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1x\xa2\xff\xfe";
    assert_eq!(refused(text), DecodeError::InvalidPayload);
    let key = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1x\x81\x90\x01";
    assert_eq!(refused(key), DecodeError::InvalidPayload);
}

/// An acknowledgement whose data is arrays within each other.
fn nested(depth: usize) -> Vec<u8> {
    let mut message = b"\x83\xa4type\x03\xa3nsp\xa1/\xa4data".to_vec();
    message.extend(std::iter::repeat_n(0x91, depth - 1));
    message.push(0x90);
    message
}

#[test]
fn nesting_passes_up_to_the_limit_and_not_one_level_more() {
    let limited = |max_depth| {
        msgpack::Decoder::new(Limits {
            max_depth,
            ..Limits::default()
        })
    };

    for limit in [1, 2, 3, 512] {
        assert!(limited(limit).binary(&nested(limit)).is_ok());
        assert_eq!(
            limited(limit).binary(&nested(limit + 1)).unwrap_err(),
            DecodeError::TooDeep { limit }
        );
    }
    // The deepest value that passes can be read, and a hostile depth costs no stack.
    let deepest = nested(512);
    let packet = msgpack::Decoder::default().binary(&deepest).unwrap();
    assert!(packet.args().read::<Value>().is_ok());
    assert_eq!(
        refused(&nested(1_000_000)),
        DecodeError::TooDeep { limit: 512 }
    );
    let key = [&b"\x81"[..], &vec![0x91; 100_000]].concat();
    assert_eq!(refused(&key), DecodeError::TooDeep { limit: 512 });
}

#[test]
fn elements_pass_up_to_the_limit_and_not_one_more() {
    let decoder = msgpack::Decoder::new(Limits {
        max_elements: 10,
        ..Limits::default()
    });
    let data = |args: &Value| {
        let map = value!({ "type": 3, "nsp": "/", "data": args.clone() });
        decoder
            .binary(&packet(&map))
            .map(|packet| packet.args().len())
    };

    // Three arguments, two elements, two keys with a value each.
    let within = value!([1, [1, 2], { "a": 1, "b": [2] }]);
    assert_eq!(data(&within), Ok(3));
    let beyond = value!([1, [1, 2], { "a": 1, "b": [2, 3] }]);
    assert_eq!(
        data(&beyond),
        Err(DecodeError::TooManyElements { limit: 10 })
    );
    assert_eq!(data(&value!([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), Ok(10));
    assert_eq!(
        data(&value!([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Err(DecodeError::TooManyElements { limit: 10 })
    );
}

#[test]
fn binary_bytes_pass_up_to_the_limit_and_not_one_more() {
    let decoder = msgpack::Decoder::new(Limits {
        max_attachment_bytes: 10,
        ..Limits::default()
    });
    let data = |first: usize, second: usize| {
        let binary = |len| bytes::Bytes::from(vec![0; len]);
        let map = value!({ "type": 3, "nsp": "/", "data": [binary(first), [binary(second)]] });
        decoder.binary(&packet(&map)).map(drop)
    };

    assert_eq!(data(4, 6), Ok(()));
    assert_eq!(
        data(4, 7),
        Err(DecodeError::AttachmentsTooLarge { limit: 10 })
    );
}
