//! Messages of the cluster engine against recorded traffic of the official one. Spec: cluster,
//! section 14.

use bytes::Bytes;
use proptest::prelude::*;
use roomcast_cluster::engine::{
    Access, Body, Carrier, Data, Lock, MAX_PACKETS, Message, Packet, PacketKind,
};
use roomcast_cluster::{DecodeError, Encoding};
use roomcast_socketio::{Value, value};

use crate::recorded::{hex, published, untagged, vectors};

const SID: &str = "U8ODniJpuVZFc-BUAAAC";

fn message(body: Body) -> Message {
    Message {
        from: "bf1db0".into(),
        to: Some("a68f7c".into()),
        body,
    }
}

fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::AcquireLock { .. } => "ACQUIRE_LOCK",
        Body::AcquireLockResponse { .. } => "ACQUIRE_LOCK_RESPONSE",
        Body::Drain { .. } => "DRAIN",
        Body::Packet { .. } => "PACKET",
        Body::Upgrade { .. } => "UPGRADE",
        Body::UpgradeResponse { .. } => "UPGRADE_RESPONSE",
        Body::Close { .. } => "CLOSE",
        other => panic!("{other:?}"),
    }
}

#[test]
fn traffic_of_the_cluster_engine_is_read_and_written_again_byte_for_byte() {
    let recorded = published(vectors!("cluster-engine-redis"));

    let mut kinds = Vec::new();
    for recorded in &recorded {
        let name = &recorded.name;
        let value = Encoding::decode(recorded.payload.clone());
        assert_eq!(value, Ok(untagged(&recorded.decoded)), "{name}");
        let message = Message::decode(recorded.payload.clone()).expect(name);
        assert_eq!(message.channel(), recorded.channel, "{name}");
        assert_eq!(Bytes::from(message.encode()), recorded.payload, "{name}");
        kinds.push(kind_of(&message.body));
    }
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    let counts = ["ACQUIRE_LOCK", "ACQUIRE_LOCK_RESPONSE", "DRAIN", "PACKET"].map(count);
    assert_eq!(counts, [7, 6, 7, 4]);
    let counts = ["UPGRADE", "UPGRADE_RESPONSE", "CLOSE"].map(count);
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn a_question_for_a_lock_has_the_recorded_bytes() {
    let question = Message {
        from: "bf1db0".into(),
        to: None,
        body: Body::AcquireLock {
            request: 8,
            lock: Lock {
                sid: SID.into(),
                carrier: Carrier::WebSocket,
                access: Access::Read,
            },
        },
    };

    let recorded = "85a972657175657374496408a873656e6465724964a6626631646230a47479706500a4646174\
        6183a3736964b455384f446e694a7075565a46632d425541414143ad7472616e73706f72744e616d65a9776562\
        736f636b6574a474797065a472656164a75f736f75726365a45f65696f";
    assert_eq!(Some(Bytes::from(question.encode())), hex(recorded));
}

#[test]
fn packets_for_a_client_have_the_recorded_bytes() {
    let drain = Message {
        from: "a68f7c".into(),
        to: Some("bf1db0".into()),
        body: Body::Drain {
            sid: SID.into(),
            packets: vec![Packet::of(PacketKind::Noop).with_compress(true)],
        },
    };

    let recorded = "85a873656e6465724964a6613638663763ab726563697069656e744964a6626631646230a474\
        79706502a46461746182a3736964b455384f446e694a7075565a46632d425541414143a77061636b6574739182\
        a474797065a46e6f6f70a76f7074696f6e7381a8636f6d7072657373c3a75f736f75726365a45f65696f";
    assert_eq!(Some(Bytes::from(drain.encode())), hex(recorded));
}

#[test]
fn a_binary_message_travels_as_bytes() {
    let packet = Packet::message(Data::Binary(Bytes::from_static(&[1, 2, 0xff])));
    let binary = message(Body::Packet {
        sid: SID.into(),
        packet,
    });

    let payload = binary.encode();

    let written = Encoding::decode(payload.clone().into()).expect("it is MessagePack");
    assert_eq!(
        written["data"]["packet"],
        value!({ "type": "message", "data": Bytes::from_static(&[1, 2, 0xff]) })
    );
    assert_eq!(Message::decode(payload.into()), Ok(binary));
}

#[test]
fn an_empty_message_is_written_without_data_as_the_official_parser_does() {
    let empty = Packet::message(Data::Text(String::new()));
    let payload = message(Body::Packet {
        sid: SID.into(),
        packet: empty,
    });

    let written = Encoding::decode(payload.encode().into()).expect("it is MessagePack");
    assert_eq!(written["data"]["packet"], value!({ "type": "message" }));
}

#[test]
fn what_only_nodes_of_javascript_can_use_is_passed_over() {
    let value = value!({
        "senderId": "a68f7c", "recipientId": "bf1db0", "type": 2, "_primaryId": "x",
        "data": { "sid": SID, "packets": [{
            "type": "message",
            "options": { "preEncoded": true, "compress": false,
                "wsPreEncodedFrame": [Bytes::from_static(b"\x81\x02"), Bytes::from_static(b"42")] },
            "data": "2",
        }] },
        "_source": "_eio",
    });

    let read = Message::decode(Encoding::MessagePack.encode(&value).into());

    let packet = Packet::message(Data::Text("2".into())).with_compress(false);
    let Ok(Body::Drain { packets, .. }) = read.map(|message| message.body) else {
        panic!("it is a DRAIN")
    };
    assert_eq!(packets, [packet]);
}

#[test]
fn what_is_no_message_is_an_error_that_says_why() {
    let decode = |value: &Value| Message::decode(Encoding::MessagePack.encode(value).into());
    let shape = |part| Err(DecodeError::Shape { part });

    assert_eq!(decode(&value!([1])), shape("message"));
    assert_eq!(decode(&value!({ "type": 1 })), shape("_source"));
    let source = value!({ "_source": "_eio", "type": 1 });
    assert_eq!(decode(&source), shape("senderId"));
    let unknown = value!({ "_source": "_eio", "senderId": "a", "type": 7, "data": {} });
    assert_eq!(decode(&unknown), Err(DecodeError::UnknownType { kind: 7 }));
    let lock = |carrier, access| {
        let data = value!({ "sid": SID, "transportName": carrier, "type": access });
        value!({ "_source": "_eio", "senderId": "a", "type": 0, "requestId": 1, "data": data })
    };
    assert_eq!(decode(&lock("flashsocket", "read")), shape("transportName"));
    assert_eq!(decode(&lock("polling", "both")), shape("type"));
    let close = value!({
        "_source": "_eio", "senderId": "a", "type": 6, "data": { "sid": SID, "reason": [] },
    });
    assert_eq!(decode(&close), shape("reason"));
    let packet = value!({
        "_source": "_eio", "senderId": "a", "type": 3,
        "data": { "sid": SID, "packet": { "type": "binary" } },
    });
    assert_eq!(decode(&packet), shape("type"));
}

#[test]
fn a_message_with_too_many_packets_cannot_be_read() {
    let drain = |count| {
        message(Body::Drain {
            sid: SID.into(),
            packets: vec![Packet::of(PacketKind::Noop); count],
        })
    };

    assert!(Message::decode(drain(MAX_PACKETS).encode().into()).is_ok());
    assert_eq!(
        Message::decode(drain(MAX_PACKETS + 1).encode().into()),
        Err(DecodeError::Shape { part: "packets" })
    );
}

#[test]
fn a_message_that_is_cut_anywhere_is_an_error() {
    for recorded in published(vectors!("cluster-engine-redis")) {
        for len in 0..recorded.payload.len() {
            let cut = recorded.payload.slice(..len);
            assert!(Message::decode(cut).is_err(), "{} to {len}", recorded.name);
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_a_peer_never_panic(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Message::decode(payload.into());
    }

    #[test]
    fn a_recorded_message_with_other_bytes_never_panics(
        index in 0usize..30, at in 0usize..200, byte in any::<u8>(),
    ) {
        let all = published(vectors!("cluster-engine-redis"));
        let mut payload = all[index % all.len()].payload.to_vec();
        let at = at % payload.len();
        payload[at] = byte;
        let _ = Message::decode(payload.into());
    }
}
