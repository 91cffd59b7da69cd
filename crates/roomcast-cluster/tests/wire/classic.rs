//! The classic format against recorded traffic of its adapter and emitter. Spec: cluster, section 4.

use bytes::Bytes;
use roomcast_cluster::classic::{self, Channels};
use roomcast_cluster::{Body, DecodeError, Encoding, Message};

use crate::recorded::{Recorded, published, untagged, vectors};

fn namespace_of(channel: &str) -> &str {
    channel.split('#').nth(1).expect("a namespace")
}

/// Reads the payload and writes it again: with the same bytes, unless `may_differ`.
fn check(recorded: &Recorded) -> &'static str {
    let Recorded {
        name,
        channel,
        payload,
        decoded,
    } = recorded;
    assert_eq!(
        Encoding::decode(payload.clone()),
        Ok(untagged(decoded)),
        "{name}"
    );
    let namespace = namespace_of(channel);
    let (kind, written) = if channel.starts_with("socket.io-request#") {
        let request = classic::decode_request(payload.clone(), namespace).expect(name);
        assert_eq!(request.confirmation, None);
        ("request", classic::encode_request(&request.message))
    } else if channel.starts_with("socket.io-response#") {
        let response = classic::decode_response(payload.clone(), namespace).expect(name);
        ("response", classic::encode_response(&response.body))
    } else {
        let broadcast = classic::decode_broadcast(payload.clone()).expect(name);
        assert_eq!(&*broadcast.namespace, namespace);
        let Body::Broadcast { options, .. } = &broadcast.body else {
            panic!("a broadcast")
        };
        let channels = Channels::new("socket.io", namespace);
        assert_eq!(channels.broadcast(&options.rooms), *channel, "{name}");
        ("broadcast", classic::encode_broadcast(&broadcast))
    };
    // A date is text here. The emitter writes the keys of the options in another order.
    let may_differ = name == "emit-all-undefined-and-date" || decoded[0] == "emitter";
    if !may_differ {
        assert_eq!(written.map(Bytes::from), Some(payload.clone()), "{name}");
    }
    kind
}

#[test]
fn traffic_of_the_classic_adapter_is_read_and_written_again_byte_for_byte() {
    let recorded = published(vectors!("redis-classic"));
    let kinds: Vec<_> = recorded.iter().map(check).collect();
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();

    assert_eq!(
        (count("broadcast"), count("request"), count("response")),
        (21, 18, 17)
    );
    let recorded = published(vectors!("redis-classic-specific-response"));
    assert_eq!(recorded.iter().map(check).count(), 8);
}

#[test]
fn traffic_of_the_redis_emitter_is_read() {
    let recorded = published(vectors!("redis-emitter"));

    assert_eq!(recorded.iter().map(check).count(), 11);
}

#[test]
fn commands_of_old_adapters_are_understood_and_confirmed() {
    let join = br#"{"requestId":"abcdef","type":2,"sid":"44tjkoMvc9nHEeuIAAAB","room":"x"}"#;

    let request = classic::decode_request(join.as_slice().into(), "/").unwrap();
    let Body::SocketsJoin { options, rooms } = request.message.body else {
        panic!("a join")
    };
    assert_eq!(options.rooms, ["44tjkoMvc9nHEeuIAAAB".into()]);
    assert_eq!(rooms, ["x".into()]);
    assert_eq!(request.confirmation.unwrap(), br#"{"requestId":"abcdef"}"#);
}

#[test]
fn sockets_of_old_adapters_are_ids() {
    let payload = br#"{"requestId":"abcdef","sockets":["44tjkoMvc9nHEeuIAAAB"]}"#.as_slice();

    let response = classic::decode_response(payload.into(), "/").unwrap();
    assert!(matches!(&response.body, Body::SocketIdsResponse { ids, .. } if ids.len() == 1));
    assert_eq!(classic::encode_response(&response.body).unwrap(), payload);
}

#[test]
fn a_broadcast_without_a_namespace_is_of_the_main_one() {
    let payload = b"\x93\xa6GNPNOq\x82\xa4type\x02\xa4data\x91\xa2ev\x80".as_slice();

    let message = classic::decode_broadcast(payload.into()).unwrap();
    assert_eq!(&*message.namespace, "/");
}

#[test]
fn what_is_no_triple_is_an_error() {
    for (payload, part) in [
        (b"\x80".as_slice(), "message"),
        (b"\x90", "packet"),
        (b"\x93\xa1a\x81\xa4data\x91\xa2ev\xc0", "opts"),
    ] {
        assert_eq!(
            classic::decode_broadcast(payload.into()),
            Err(DecodeError::Shape { part })
        );
    }
}

#[test]
fn special_characters_of_patterns_are_escaped_and_channels_stay_as_they_are() {
    let channels = Channels::new("socket.io", "/a*[b]?\\");

    assert_eq!(channels.pattern(), "socket.io#/a\\*\\[b\\]\\?\\\\#*");
    assert_eq!(channels.broadcast(&[]), "socket.io#/a*[b]?\\#");
    assert_eq!(channels.room_of("socket.io#/a*[b]?\\#"), Some(""));
    assert_eq!(channels.room_of("socket.io#/other#"), None);
}

#[test]
fn messages_of_the_family_alone_have_no_classic_form() {
    let message = Message {
        from: None,
        namespace: "/".into(),
        body: Body::Heartbeat,
    };

    assert_eq!(classic::encode_broadcast(&message), None);
    assert_eq!(classic::encode_request(&message), None);
    assert_eq!(classic::encode_response(&message.body), None);
}
