//! Messages against recorded traffic of the sharded, streams and Postgres adapters and the emitters.
//! Spec: cluster, sections 5 to 8 and 11.

use bytes::Bytes;
use roomcast_cluster::{Body, DecodeError, Encoding, Extras, Message, Options, SocketDescription};
use roomcast_socketio::{Value, value};

use crate::recorded::{Recorded, each_command, hex, published, untagged, vectors};

/// Reads the payload as what its sender meant, and writes it again with the same bytes.
fn check(recorded: &Recorded) {
    let Recorded {
        name,
        payload,
        decoded,
        channel,
    } = recorded;
    let read = Encoding::decode(payload.clone());
    assert_eq!(read, Ok(untagged(decoded)), "{name}");
    let message = Message::decode(payload.clone(), "/somewhere").expect(name);
    assert!(
        channel.starts_with(&format!("socket.io#{}#", message.namespace)),
        "{name}"
    );
    let encoding = match payload.starts_with(b"{") {
        true => Encoding::Json,
        false => Encoding::MessagePack,
    };
    let value = message.to_value(Extras::Omitted);
    assert_eq!(Bytes::from(encoding.encode(&value)), payload, "{name}");
}

#[test]
fn traffic_of_the_sharded_adapter_is_read_and_written_again_byte_for_byte() {
    let files = [
        vectors!("redis-sharded-dynamic"),
        vectors!("redis-sharded-static"),
        vectors!("redis-sharded-dynamic-private"),
    ];
    let counts = files.map(|file| {
        let recorded = published(file);
        recorded.iter().for_each(check);
        // The sharded adapter chooses the encoding as `encode` does.
        for recorded in &recorded {
            let message = Message::decode(recorded.payload.clone(), "/").unwrap();
            assert_eq!(
                Bytes::from(message.encode()),
                recorded.payload,
                "{}",
                recorded.name
            );
        }
        recorded.len()
    });
    assert_eq!(counts, [56, 15, 15]);
}

#[test]
fn requests_of_the_streams_adapter_are_read_and_written_again_byte_for_byte() {
    let recorded = published(vectors!("redis-streams"));
    recorded.iter().for_each(check);
    assert_eq!(recorded.len(), 30);
}

#[test]
fn entries_of_the_streams_adapter_are_read_and_written_again() {
    let mut entries = 0;
    each_command(vectors!("redis-streams"), |name, command| {
        let Some(fields) = command["fields"].as_object() else {
            return;
        };
        let field = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind: u64 = field("type").unwrap().parse().unwrap();
        let data = untagged(&command["decoded_data"]);
        let body = Body::read(kind, data.clone()).expect(name);
        assert_eq!(body.kind().map(u64::from), Some(kind));
        assert_eq!(body.data(Extras::Omitted), Some(data), "{name}");
        let encoded = body.data(Extras::Omitted).unwrap();
        match command["data_hex"].as_str() {
            Some(payload) => {
                let payload = hex(payload).unwrap();
                assert_eq!(
                    Bytes::from(Encoding::MessagePack.encode(&encoded)),
                    payload,
                    "{name}"
                );
            }
            None => assert_eq!(Some(encoded.to_string()), field("data"), "{name}"),
        }
        entries += 1;
    });
    assert_eq!(entries, 26);
}

#[test]
fn notifications_of_the_postgres_adapter_are_read_and_written_again() {
    let (mut inline, mut attached) = (0, 0);
    each_command(vectors!("postgres"), |name, notification| {
        let text = notification["payload"].as_str().unwrap();
        let is_emitter = text.contains(r#""uid":"emitter""#);
        if text.contains('…') {
            return;
        }
        if let Some(payload) = notification["attachment_hex"].as_str() {
            let Some(payload) = hex(payload) else { return };
            let message = Message::decode(payload.clone(), "/").expect(name);
            let written = Encoding::MessagePack.encode(&message.to_value(Extras::Omitted));
            // A date is text here.
            if !is_emitter && name != "binary-with-undefined-and-date" {
                assert_eq!(Bytes::from(written), payload, "{name}");
            }
            attached += 1;
        } else if !text.contains("attachmentId") {
            let message = Message::decode(text.to_owned().into(), "/").expect(name);
            // Emitters write the keys of the options in another order.
            if !is_emitter {
                assert_eq!(
                    message.to_value(Extras::Omitted).to_string(),
                    text,
                    "{name}"
                );
            }
            inline += 1;
        }
    });
    assert_eq!((inline, attached), (46, 6));
}

#[test]
fn a_message_without_a_namespace_is_of_that_of_its_channel() {
    // Recorded from the Postgres emitter 0.1.1.
    let payload = r#"{"type":9,"data":{"packet":["sse","a",1]},"uid":"emitter"}"#;

    let message = Message::decode(payload.into(), "/chat").unwrap();
    assert_eq!(&*message.namespace, "/chat");
    assert!(message.from.unwrap().is_emitter());
}

#[test]
fn entries_of_the_streams_emitter_are_read() {
    let mut kinds = Vec::new();
    each_command(vectors!("redis-streams-emitter"), |name, command| {
        if let Some(kind) = command["fields"]["type"].as_str() {
            let kind = kind.parse().unwrap();
            Body::read(kind, untagged(&command["decoded_data"])).expect(name);
            kinds.push(kind);
        }
    });
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, [3, 4, 5, 6, 9]);
}

#[test]
fn unknown_keys_missing_parts_and_numeric_rooms_are_tolerated() {
    let payload = br#"{"nsp":"/","new":1,"data":{"opts":{"rooms":[42]},"rooms":["x",7]},"uid":"a","type":4.0}"#;

    let message = Message::decode(payload.as_slice().into(), "/").unwrap();
    let Body::SocketsJoin { options, rooms } = message.body else {
        panic!("a join")
    };
    assert_eq!(options.rooms, ["42".into()]);
    assert_eq!(options.except, []);
    assert_eq!(rooms, ["x".into(), "7".into()]);
}

#[test]
fn malformed_and_unknown_messages_are_told_apart() {
    let read = |value: Value| Message::from_value(value, "/").unwrap_err();

    assert_eq!(
        read(value!({ "type": 14 })),
        DecodeError::UnknownType { kind: 14 }
    );
    assert_eq!(
        read(value!({ "type": "3" })),
        DecodeError::Shape { part: "type" }
    );
    assert_eq!(read(value!([])), DecodeError::Shape { part: "message" });
    assert_eq!(
        read(value!({ "type": 3 })),
        DecodeError::Shape { part: "data" }
    );
    assert_eq!(
        read(value!({ "type": 3, "data": { "a": 1 } })),
        DecodeError::Shape { part: "packet" }
    );
    let no_event =
        value!({ "type": 3, "data": { "packet": { "type": 2, "data": [] }, "opts": {} } });
    assert_eq!(read(no_event), DecodeError::Shape { part: "data" });
    let no_request = value!({ "type": 7, "data": { "opts": {} } });
    assert_eq!(read(no_request), DecodeError::Shape { part: "requestId" });
    let no_room = value!({ "type": 5, "data": { "opts": {}, "rooms": [{}] } });
    assert_eq!(read(no_room), DecodeError::Shape { part: "rooms" });
}

#[test]
fn names_of_sockets_are_written_where_they_are_wanted_and_read_back() {
    let message = Message {
        from: Some("a".into()),
        namespace: "/".into(),
        body: Body::BroadcastClientCount {
            request: "r".into(),
            client_count: 1,
            clients: vec!["44tjkoMvc9nHEeuIAAAB".into()],
        },
    };

    let value = message.to_value(Extras::Written);
    assert_eq!(value["data"]["socketIds"][0], "44tjkoMvc9nHEeuIAAAB");
    assert_eq!(Message::from_value(value, "/"), Ok(message));
}

#[test]
fn names_of_rooms_and_sockets_count_as_bytes() {
    let many = || vec![std::sync::Arc::from("r".repeat(1000)); 10];
    let request = || "r".into();
    let options = || Options {
        rooms: many(),
        except: many(),
        ..Options::default()
    };
    let socket = SocketDescription {
        id: "44tjkoMvc9nHEeuIAAAB".into(),
        handshake: Value::Null,
        rooms: many(),
        data: Value::Null,
    };
    let bodies = [
        (
            20,
            Body::Broadcast {
                packet: [].into(),
                options: options(),
                request: None,
            },
        ),
        (
            30,
            Body::SocketsJoin {
                options: options(),
                rooms: many(),
            },
        ),
        (
            30,
            Body::SocketsLeave {
                options: options(),
                rooms: many(),
            },
        ),
        (
            20,
            Body::DisconnectSockets {
                options: options(),
                close: true,
            },
        ),
        (
            20,
            Body::FetchSockets {
                request: request(),
                options: options(),
            },
        ),
        (
            10,
            Body::FetchSocketsResponse {
                request: request(),
                sockets: vec![socket],
            },
        ),
        (
            10,
            Body::BroadcastClientCount {
                request: request(),
                client_count: 0,
                clients: many(),
            },
        ),
        (
            10,
            Body::AllRoomsResponse {
                request: request(),
                rooms: many(),
            },
        ),
        (
            10,
            Body::SocketIds {
                request: request(),
                rooms: many(),
            },
        ),
        (
            10,
            Body::SocketIdsResponse {
                request: request(),
                ids: many(),
            },
        ),
    ];

    for (texts, body) in bodies {
        let bytes = body.approximate_bytes();
        assert!(
            (texts * 1000..texts * 1000 + 2000).contains(&bytes),
            "{bytes}: {body:?}"
        );
    }
}
