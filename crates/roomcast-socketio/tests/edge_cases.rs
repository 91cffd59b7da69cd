//! Cases that implementations often get wrong, collected from the official changelogs.

use roomcast_socketio::{
    AckId, DecodeError, Decoder, EncodeError, Header, Limits, Map, PacketKind, RESERVED_EVENTS,
    Value, encode_ack, encode_event, value,
};

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

#[test]
fn the_auth_of_a_connect_must_be_an_object() {
    for text in [
        "0[1]",
        r#"0"x""#,
        "0null",
        "0true",
        "01.5",
        r#"0/custom,"x""#,
    ] {
        let refused = Decoder::default().text(text).unwrap_err();
        assert_eq!(refused, DecodeError::InvalidPayload, "{text}");
    }
    let mut decoder = Decoder::default();
    let packet = decoder.text(r#"0{"token":"123"}"#).unwrap().unwrap();
    assert_eq!(packet.data::<Value>(), Some(Ok(value!({ "token": "123" }))));
    let packet = decoder.text("0").unwrap().unwrap();
    assert_eq!(packet.data::<Value>(), None);
}

#[test]
fn the_name_of_a_namespace_keeps_its_query_and_needs_no_comma_at_the_end() {
    let mut decoder = Decoder::default();
    let mut namespace = |text| decoder.text(text).unwrap().unwrap().namespace().to_owned();

    assert_eq!(namespace("0/foo?a=1,"), "/foo?a=1");
    assert_eq!(namespace("1/admin"), "/admin");
    assert_eq!(namespace("0/a b,{}"), "/a b");
}

#[test]
fn ack_id_0_is_an_id_and_no_id_is_none() {
    let mut decoder = Decoder::default();
    assert_eq!(
        decoder.text(r#"20["x"]"#).unwrap().unwrap().ack(),
        Some(AckId::from(0))
    );
    assert_eq!(decoder.text(r#"2["x"]"#).unwrap().unwrap().ack(), None);
    assert_eq!(decoder.text(r#"3["x"]"#).unwrap().unwrap().ack(), None);
}

#[test]
fn large_ack_ids_are_answered_as_javascript_answers_them() {
    for (text, answer) in [
        (r#"29007199254740993["x"]"#, "39007199254740992[7]"),
        (r#"299999999999999999999999["x"]"#, "31e+23[7]"),
        (r#"2100000000000000000000000000000["x"]"#, "31e+29[7]"),
        (r#"218446744073709551616["x"]"#, "318446744073709552000[7]"),
    ] {
        let mut decoder = Decoder::default();
        let packet = decoder.text(text).unwrap().unwrap();
        let mut out = Vec::new();
        encode_ack(
            &mut out,
            Header {
                namespace: "/",
                ack: packet.ack(),
            },
            &7,
        )
        .unwrap();
        assert_eq!(out, answer.as_bytes());
    }
}

#[test]
fn an_acknowledgement_is_an_array_or_has_no_data() {
    let mut decoder = Decoder::default();
    for text in ["31{}", r#"31"x""#, "31null", "31[", "3x"] {
        assert_eq!(
            decoder.text(text).unwrap_err(),
            DecodeError::InvalidPayload,
            "{text}"
        );
    }
    for text in ["31", "31[]"] {
        let packet = decoder.text(text).unwrap().unwrap();
        assert_eq!(
            (packet.kind(), packet.args().len()),
            (PacketKind::Ack, 0),
            "{text}"
        );
    }
    // The name of an event has no meaning here.
    let packet = decoder.text(r#"31["connect"]"#).unwrap().unwrap();
    assert_eq!(packet.args().next::<&str>(), Some(Ok("connect")));
    assert_eq!(packet.event(), None);
}

#[test]
fn reserved_names_are_refused_in_both_directions() {
    for name in RESERVED_EVENTS {
        let mut out = b"4".to_vec();
        let refused = encode_event(&mut out, MAIN, name, &1).unwrap_err();
        assert_eq!(
            refused,
            EncodeError::ReservedEvent {
                name: name.to_owned()
            }
        );
        assert_eq!(
            refused.to_string(),
            format!("\"{name}\" is a reserved event name")
        );
        assert_eq!(out, b"4");

        for text in [format!(r#"2["{name}"]"#), format!(r#"50-["{name}",1]"#)] {
            let refused = Decoder::default().text(&text).unwrap_err();
            assert_eq!(refused, DecodeError::InvalidPayload);
        }
    }
}

#[test]
fn a_number_is_an_event_name_that_meets_the_handler_of_its_text() {
    let mut decoder = Decoder::default();
    for (text, name) in [
        ("2[12,0]", "12"),
        ("2[1.50]", "1.5"),
        ("2[-0]", "0"),
        ("2[1e21]", "1e+21"),
    ] {
        let packet = decoder.text(text).unwrap().unwrap();
        assert_eq!(packet.event().unwrap(), name);
        assert_eq!(packet.event().unwrap().to_text(), name);
    }
    let mut out = Vec::new();
    encode_event(&mut out, MAIN, 12_u64, "x").unwrap();
    assert_eq!(out, br#"2[12,"x"]"#);
}

#[test]
fn an_event_without_data_has_no_name_and_no_arguments() {
    let mut decoder = Decoder::default();
    for text in ["2", "21", "2/custom,", "50-"] {
        let packet = decoder.text(text).unwrap().unwrap();
        assert_eq!(packet.kind(), PacketKind::Event);
        assert_eq!(packet.event(), None);
        assert!(packet.args().is_empty());
    }
}

#[test]
fn placeholders_in_a_text_event_are_ordinary_objects() {
    let text = r#"2["x",{"_placeholder":true,"num":99}]"#;
    let mut decoder = Decoder::default();

    let packet = decoder.text(text).unwrap().unwrap();
    let read: Value = packet.args().read().unwrap();

    assert_eq!(read, value!({ "_placeholder": true, "num": 99 }));
    let mut out = Vec::new();
    assert!(encode_event(&mut out, MAIN, "x", &read).unwrap().is_empty());
    assert_eq!(out, text.as_bytes());
}

#[test]
fn one_value_can_be_sent_twice() {
    let object = value!({ "a": [bytes::Bytes::from_static(b"\x01")], "b": bytes::Bytes::new() });
    let before = object.clone();
    let text =
        r#"52-["x",{"a":[{"_placeholder":true,"num":0}],"b":{"_placeholder":true,"num":1}}]"#;

    for _ in 0..2 {
        let mut out = Vec::new();
        let attachments = encode_event(&mut out, MAIN, "x", &object).unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(attachments, [&b"\x01"[..], b""]);
    }
    assert_eq!(object, before);
}

#[test]
fn names_that_objects_have_in_javascript_are_ordinary_keys_and_events() {
    let mut decoder = Decoder::default();
    for name in [
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "",
        " ",
        "日本",
        "error",
    ] {
        let text = format!(r#"2["{name}",{{"{name}":1}}]"#);
        let packet = decoder.text(&text).unwrap().unwrap();
        assert_eq!(packet.event().unwrap(), name);
        let read: Map = packet.args().read().unwrap();
        assert_eq!(read.get(name), Some(&1.into()));
    }
}

#[test]
fn nesting_passes_up_to_the_limit_and_is_a_clean_error_beyond() {
    let nested = |levels: usize| {
        // The array of arguments is the first level.
        format!(
            r#"2["x",{}{}]"#,
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };
    let mut decoder = Decoder::default();

    for levels in [2, 400, 512] {
        let text = nested(levels);
        let packet = decoder.text(&text).unwrap().unwrap();
        let value: Value = packet.args().read().unwrap();
        assert_eq!(value.to_string(), text[6..text.len() - 1]);
    }
    assert_eq!(
        decoder.text(&nested(513)).unwrap_err(),
        DecodeError::TooDeep { limit: 512 }
    );
    assert_eq!(
        decoder.text(&nested(500_000)).unwrap_err(),
        DecodeError::TooDeep { limit: 512 }
    );
    let mut shallow = Decoder::new(Limits {
        max_depth: 3,
        ..Limits::default()
    });
    assert!(shallow.text(r#"2["x",{"a":[1]}]"#).is_ok());
    assert_eq!(
        shallow.text(r#"2["x",{"a":[[]]}]"#).unwrap_err(),
        DecodeError::TooDeep { limit: 3 }
    );
}

#[test]
fn nesting_around_an_attachment_is_read_up_to_the_limit() {
    let text = format!(
        r#"51-["x",{}{{"_placeholder":true,"num":0}}{}]"#,
        "[".repeat(510),
        "]".repeat(510)
    );
    let mut decoder = Decoder::default();
    assert!(decoder.text(&text).unwrap().is_none());
    let packet = decoder.binary(b"deep").unwrap().unwrap();

    let mut value: Value = packet.args().read().unwrap();
    for _ in 0..510 {
        value = value[0].take();
    }
    assert_eq!(value.as_bytes().unwrap(), &b"deep"[..]);
}

#[test]
fn strings_with_separators_and_unusual_characters_come_back_unchanged() {
    let text = "\0\u{1e}\u{7f}\u{2028}\u{2029}\u{feff}😀\\\" /\u{8}\u{c}\n\r\té";
    let mut out = Vec::new();
    encode_event(&mut out, MAIN, text, text).unwrap();

    // The polling payload is split at 0x1e, so no packet may hold that byte.
    assert!(out.iter().all(|byte| *byte >= 0x20));
    let encoded = String::from_utf8(out).unwrap();
    let mut decoder = Decoder::default();
    let packet = decoder.text(&encoded).unwrap().unwrap();
    assert_eq!(packet.event().unwrap(), text);
    assert_eq!(packet.args().next::<String>(), Some(Ok(text.to_owned())));
}
