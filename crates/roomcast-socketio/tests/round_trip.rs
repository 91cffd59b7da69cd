//! Whatever is encoded is decoded to the same.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use bytes::Bytes;
use proptest::prelude::*;
use roomcast_socketio::{
    AckId, Decoder, Header, Packet, PacketKind, RESERVED_EVENTS, Spread, Value, encode_ack,
    encode_event,
};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        ".{17,80}".prop_map(Value::from),
        any::<Vec<u8>>().prop_map(|bytes| Bytes::from(bytes).into()),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), r"/[^,\x00-\x1f]{0,20}"]
}

/// The packet of a text and its attachments, for a decoder without a limit on their number.
fn decode(text: &[u8], attachments: &[Bytes]) -> Packet<'static> {
    let limits = roomcast_socketio::Limits {
        max_attachments: usize::MAX,
        ..Default::default()
    };
    let mut decoder = Decoder::new(limits);
    let text = std::str::from_utf8(text).unwrap();
    let mut packet = decoder.text(text).unwrap().map(Packet::into_owned);
    for attachment in attachments {
        assert!(packet.is_none());
        packet = decoder.binary(attachment).unwrap();
    }
    packet.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_come_back_as_they_were_sent(
        namespace in any_namespace(),
        ack in any::<Option<u64>>(),
        name in any::<String>(),
        args in prop::collection::vec(any_value(), 0..10),
    ) {
        prop_assume!(!RESERVED_EVENTS.contains(&name.as_str()));
        let ack = ack.map(AckId::from);
        let header = Header { namespace: &namespace, ack };
        let mut out = Vec::new();

        let args = Spread(args);
        let attachments = encode_event(&mut out, header, name.as_str(), &args).unwrap();
        let packet = decode(&out, &attachments);

        prop_assert_eq!(packet.kind(), PacketKind::Event);
        prop_assert_eq!(packet.namespace(), namespace);
        prop_assert_eq!(packet.ack(), ack);
        prop_assert_eq!(packet.event().unwrap(), name.as_str());
        prop_assert_eq!(packet.args().rest::<Value>().unwrap(), args.0);
        prop_assert!(!out.contains(&0x1e));
    }

    #[test]
    fn acknowledgements_come_back_as_they_were_sent(
        namespace in any_namespace(),
        ack in 0..1_u64 << 53,
        args in prop::collection::vec(any_value(), 0..10),
    ) {
        let header = Header { namespace: &namespace, ack: Some(AckId::from(ack)) };
        let mut out = Vec::new();

        let args = Spread(args);
        let attachments = encode_ack(&mut out, header, &args).unwrap();
        let packet = decode(&out, &attachments);

        prop_assert_eq!(packet.kind(), PacketKind::Ack);
        prop_assert_eq!(packet.ack(), header.ack);
        prop_assert_eq!(packet.args().rest::<Value>().unwrap(), args.0);
    }

    #[test]
    fn any_text_is_a_packet_or_a_clean_error(text in "[0-7]?[0-9]{0,2}-?(/[a-z]{0,3},)?.{0,40}") {
        let mut decoder = Decoder::default();
        if let Ok(Some(packet)) = decoder.text(&text) {
            let json = packet.raw_data();
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
            prop_assert!(json.is_empty() || is_json);
        }
    }
}
