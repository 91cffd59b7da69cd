//! Whatever is encoded is decoded to the same.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use bytes::Bytes;
use proptest::prelude::*;
use roomcast_socketio::{
    AckId, Decoder, Header, Packet, PacketKind, RESERVED_EVENTS, Raw, Spread, Value, encode_ack,
    encode_event, msgpack,
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
    fn raw_values_that_are_passed_on_are_the_values_that_came(
        args in prop::collection::vec(any_value(), 0..6),
        shift in 0_usize..6,
    ) {
        let header = Header { namespace: "/", ack: None };
        let mut out = Vec::new();
        let attachments = encode_event(&mut out, header, "x", &Spread(args.clone())).unwrap();
        let packet = decode(&out, &attachments);

        // In another order the placeholders get other numbers.
        let mut raw = packet.args().rest::<Raw>().unwrap();
        let mut expected = args;
        let shift = shift.min(raw.len());
        raw.rotate_left(shift);
        expected.rotate_left(shift);
        out.clear();
        let attachments = encode_event(&mut out, header, "y", &Spread(raw.clone())).unwrap();
        let passed_on = decode(&out, &attachments);

        prop_assert_eq!(&passed_on.args().rest::<Value>().unwrap(), &expected);
        prop_assert_eq!(passed_on.args().rest::<Raw>().unwrap(), raw);
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them(
        text in prop_oneof![any::<String>(), "[ -~é\"\\\\\n]{0,150}"],
        other in any::<String>(),
    ) {
        let json = serde_json::to_string(&text).unwrap();
        // An escape anywhere in the packet takes the slower way for all of it.
        let other_json = serde_json::to_string(&other).unwrap();
        let packet = format!("2[\"x\",{json},{other_json}]");
        let mut decoder = Decoder::default();
        let packet = decoder.text(&packet).unwrap().unwrap();
        let mut args = packet.args();

        prop_assert_eq!(args.get::<Value>(0).unwrap().unwrap(), Value::from(text.as_str()));
        prop_assert_eq!(args.get::<Option<String>>(0).unwrap().unwrap(), Some(text.clone()));
        prop_assert_eq!(args.raw(0), Some(json.as_str()));
        let raw = args.get::<Raw>(0).unwrap().unwrap();
        prop_assert_eq!(raw.json(), json);
        prop_assert_eq!(args.read::<String>().unwrap(), text);
        prop_assert_eq!(args.read::<String>().unwrap(), other);
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

    #[test]
    fn messagepack_events_come_back_as_they_were_sent(
        namespace in any_namespace(),
        ack in any::<Option<u64>>(),
        name in any::<String>(),
        args in prop::collection::vec(any_value(), 0..20),
    ) {
        prop_assume!(!RESERVED_EVENTS.contains(&name.as_str()));
        let ack = ack.map(AckId::from);
        let header = Header { namespace: &namespace, ack };
        let mut out = Vec::new();

        let args = Spread(args);
        msgpack::encode_event(&mut out, header, name.as_str(), &args).unwrap();
        let packet = msgpack::Decoder::default().binary(&out).unwrap();

        prop_assert_eq!(packet.kind(), PacketKind::Event);
        prop_assert_eq!(packet.namespace(), namespace);
        prop_assert_eq!(packet.ack(), ack);
        prop_assert_eq!(packet.event().unwrap(), name.as_str());
        prop_assert_eq!(packet.args().rest::<Value>().unwrap(), args.0);
    }

    #[test]
    fn raw_values_are_the_same_values_behind_either_parser(
        args in prop::collection::vec(any_value(), 0..6),
    ) {
        let header = Header { namespace: "/", ack: None };
        let (mut text, mut packed) = (Vec::new(), Vec::new());
        let args = Spread(args);
        let attachments = encode_event(&mut text, header, "x", &args).unwrap();
        msgpack::encode_event(&mut packed, header, "x", &args).unwrap();
        let from_text = decode(&text, &attachments).args().rest::<Raw>().unwrap();
        let decoder = msgpack::Decoder::default();
        let from_packed = decoder.binary(&packed).unwrap().args().rest::<Raw>().unwrap();

        // Each is sent on by the other parser.
        let mut out = Vec::new();
        let attachments = encode_event(&mut out, header, "y", &Spread(from_packed)).unwrap();
        prop_assert_eq!(&decode(&out, &attachments).args().rest::<Value>().unwrap(), &args.0);
        out.clear();
        msgpack::encode_event(&mut out, header, "y", &Spread(from_text)).unwrap();
        prop_assert_eq!(&decoder.binary(&out).unwrap().args().rest::<Value>().unwrap(), &args.0);
    }

    #[test]
    fn any_bytes_are_a_messagepack_packet_or_a_clean_error(
        data in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let decoder = msgpack::Decoder::default();
        let _ = decoder.binary(&data);
        let mut message = b"\x83\xa4type\x03\xa3nsp\xa1/\xa4data\x91".to_vec();
        message.extend_from_slice(&data);
        if let Ok(packet) = decoder.binary(&message) {
            prop_assert!(packet.args().read::<Value>().is_ok());
            prop_assert!(packet.args().read::<Raw>().is_ok());
        }
    }
}
