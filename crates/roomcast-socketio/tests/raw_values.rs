//! Values that are passed on unread.

use bytes::Bytes;
use roomcast_socketio::{
    AckId, ArgError, Decoder, EncodeError, Header, Packet, Raw, Spread, Value, encode_ack,
    encode_event, value,
};
use serde::Deserialize;

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

#[test]
fn arguments_without_attachments_are_passed_on_as_they_came() {
    let mut decoder = Decoder::default();
    let packet = decoder
        .text(r#"2["x", { "a" : 1.50 } ,1e400,"\u0041",null]"#)
        .unwrap()
        .unwrap();

    let raw: Vec<Raw> = packet.args().rest().unwrap();
    let mut out = Vec::new();
    encode_event(&mut out, MAIN, "y", &Spread(raw)).unwrap();

    assert_eq!(out, br#"2["y",{ "a" : 1.50 },1e400,"\u0041",null]"#);
}

/// A packet of three attachments, all of them named.
fn binary_packet() -> Option<Packet<'static>> {
    let text = r#"53-["x",{"a":[{"_placeholder":true,"num":2}],"b" : {"num":1,"_placeholder":true}},
        [7], {"_placeholder":true,"num":0}]"#;
    let mut decoder = Decoder::default();
    decoder.text(text).ok()?;
    decoder.binary(b"zero").ok()?;
    decoder.binary(b"one").ok()?;
    decoder.binary(b"two").ok()?
}

#[test]
fn a_raw_value_keeps_its_own_attachments_under_its_own_numbers() {
    let packet = binary_packet().unwrap();
    let mut args = packet.args();

    let first: Raw = args.read().unwrap();
    assert_eq!(
        first.json(),
        r#"{"a":[{"_placeholder":true,"num":0}],"b" : {"_placeholder":true,"num":1}}"#
    );
    assert_eq!(first.attachments(), [&b"two"[..], b"one"]);
    let second: Raw = args.read().unwrap();
    assert_eq!((second.json(), second.attachments().len()), ("[7]", 0));
    let third: Raw = args.read().unwrap();
    assert_eq!(third.parse::<Bytes>(), Ok(Bytes::from("zero")));
    assert_eq!(
        first.parse::<Value>(),
        Ok(value!({ "a": [Bytes::from("two")], "b": Bytes::from("one") }))
    );
}

#[test]
fn raw_values_with_attachments_find_their_place_in_another_packet() {
    let packet = binary_packet().unwrap();
    let mut raw: Vec<Raw> = packet.args().rest().unwrap();
    raw.reverse();
    let header = Header {
        namespace: "/",
        ack: Some(AckId::from(1)),
    };
    let mut out = Vec::new();

    let attachments = encode_ack(&mut out, header, &Spread(raw)).unwrap();

    assert_eq!(
        std::str::from_utf8(&out).unwrap(),
        concat!(
            r#"63-1[{"_placeholder":true,"num":0},[7],"#,
            r#"{"a":[{"_placeholder":true,"num":1}],"b" : {"_placeholder":true,"num":2}}]"#
        )
    );
    assert_eq!(attachments, [&b"zero"[..], b"two", b"one"]);
}

#[test]
fn a_raw_value_can_be_a_part_of_another_type() {
    #[derive(Debug, Deserialize)]
    struct Envelope {
        to: String,
        body: Raw,
    }
    let mut decoder = Decoder::default();
    let plain = decoder
        .text(r#"2["x",{"to":"a","body":[1, 2]}]"#)
        .unwrap()
        .unwrap();
    let envelope: Envelope = plain.args().read().unwrap();
    assert_eq!((&*envelope.to, envelope.body.json()), ("a", "[1, 2]"));

    let text = r#"51-["x",{"body":[1, {"_placeholder":true,"num":0}],"to":"b"}]"#;
    assert!(decoder.text(text).unwrap().is_none());
    let binary = decoder.binary(b"data").unwrap().unwrap();
    let envelope: Envelope = binary.args().read().unwrap();
    assert_eq!(envelope.to, "b");
    assert_eq!(
        envelope.body.json(),
        r#"[1, {"_placeholder":true,"num":0}]"#
    );
    assert_eq!(envelope.body.attachments(), [&b"data"[..]]);
}

#[test]
fn a_placeholder_within_a_placeholder_is_no_part_of_a_raw_value() {
    let inner = r#"{"_placeholder":true,"num":0}"#;
    let text = format!(r#"51-["x",[{{"_placeholder":true,"num":0,"inner":{inner}}},{inner}]]"#);
    let mut decoder = Decoder::default();
    assert!(decoder.text(&text).unwrap().is_none());
    let packet = decoder.binary(b"x").unwrap().unwrap();

    let raw: Raw = packet.args().read().unwrap();

    assert_eq!(
        raw.json(),
        r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
    );
    assert_eq!(raw.attachments(), [&b"x"[..], b"x"]);
}

#[test]
fn raw_values_are_made_from_json_only() {
    let raw: Raw = " [1, 2] ".parse().unwrap();
    assert_eq!(raw.json(), "[1, 2]");
    assert_eq!(raw.parse(), Ok(vec![1, 2]));
    assert!("[1,".parse::<Raw>().is_err());
    assert!("".parse::<Raw>().is_err());

    let mut decoder = Decoder::default();
    let packet = decoder.text(r#"2["x"]"#).unwrap().unwrap();
    assert_eq!(
        packet.args().read::<Raw>(),
        Err(ArgError::Missing { index: 0 })
    );
    assert_eq!(packet.args().read::<Option<Raw>>(), Ok(None));
    let sent: Result<_, EncodeError> = encode_event(&mut Vec::new(), MAIN, "x", &Some(raw));
    assert_eq!(sent, Ok(vec![]));
}

#[test]
fn an_attachment_is_shared_from_the_decoder_to_the_encoder() {
    let bytes = Bytes::from(vec![7; 100]);
    let mut decoder = Decoder::default();
    let text = r#"51-["x",{"_placeholder":true,"num":0}]"#;
    assert!(decoder.text(text).unwrap().is_none());
    let packet = decoder.binary_owned(bytes.clone()).unwrap().unwrap();
    let raw: Raw = packet.args().read().unwrap();
    let value: Value = packet.args().read().unwrap();

    let mut out = Vec::new();
    let sent = encode_event(&mut out, MAIN, "y", &(&raw, &value, [&raw])).unwrap();

    let places: Vec<_> = sent.iter().map(|attachment| attachment.as_ptr()).collect();
    assert_eq!(places, [bytes.as_ptr(); 3]);
    assert_eq!(
        std::str::from_utf8(&out).unwrap(),
        concat!(
            r#"53-["y",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},"#,
            r#"[{"_placeholder":true,"num":2}]]"#
        )
    );
}

#[test]
fn other_serializers_see_a_raw_value_as_the_value_it_is() {
    let raw: Raw = r#"{"a": 1.50}"#.parse().unwrap();
    let binary = binary_packet().unwrap();
    let attached: Raw = binary.args().get(2).unwrap().unwrap();

    assert_eq!(serde_json::to_string(&raw).unwrap(), r#"{"a": 1.50}"#);
    assert_eq!(
        serde_json::to_string(&attached).unwrap(),
        "[122,101,114,111]"
    );
    assert_eq!(
        Value::from_serialize(&attached),
        Ok(value!(Bytes::from("zero")))
    );
}

#[test]
fn raw_values_of_every_length_around_that_of_a_short_one_are_the_same_elsewhere() {
    for len in 30..45 {
        let json = format!("\"{}\"", "é".repeat(len / 2) + &"x".repeat(len % 2));
        let text = format!("2[\"x\",{json}]");
        let packet = Decoder::default().text(&text).unwrap().unwrap();

        let raw: Raw = packet.args().read().unwrap();

        assert_eq!((raw.json(), raw.attachments().len()), (&*json, 0));
        assert_eq!(raw, json.parse().unwrap());
        assert_eq!(raw.clone(), raw);
        assert_eq!(
            raw.parse(),
            Ok(serde_json::from_str::<String>(&json).unwrap())
        );
        assert_eq!(serde_json::to_string(&raw).unwrap(), json);
        let mut out = Vec::new();
        assert_eq!(encode_ack(&mut out, MAIN, &(&raw, &raw)), Ok(vec![]));
        assert_eq!(out, format!("3[{json},{json}]").as_bytes());
    }
}

#[test]
fn an_attachment_alone_is_a_raw_value_however_its_placeholder_is_written() {
    for placeholder in [
        r#"{"_placeholder":true,"num":0}"#,
        r#"{ "num" : 0 , "_placeholder":true, "x": [] }"#,
    ] {
        let mut decoder = Decoder::default();
        let text = format!(r#"51-["x",{placeholder},{placeholder}]"#);
        assert!(decoder.text(&text).unwrap().is_none());
        let packet = decoder.binary(b"one").unwrap().unwrap();

        let raws: Vec<Raw> = packet.args().rest().unwrap();

        assert_eq!(raws[0], raws[1]);
        assert_eq!(raws[0].json(), r#"{"_placeholder":true,"num":0}"#);
        assert_eq!(raws[0].attachments(), [&b"one"[..]]);
        assert_eq!(raws[0].parse::<Bytes>(), Ok(Bytes::from("one")));
        assert_eq!(raws[0].parse::<Vec<u8>>(), Ok(b"one".to_vec()));
        assert_eq!(serde_json::to_string(&raws[0]).unwrap(), "[111,110,101]");
        let mut out = Vec::new();
        let attachments = encode_event(&mut out, MAIN, "y", &Spread(raws));
        assert_eq!(
            attachments,
            Ok(vec![Bytes::from("one"), Bytes::from("one")])
        );
        assert_eq!(
            out,
            br#"52-["y",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
        );
    }
}

#[test]
fn only_readers_of_packets_make_raw_values_of_text_unread() {
    type Texts<'t> = serde::de::value::BorrowedStrDeserializer<'t, serde::de::value::Error>;

    assert!(Raw::deserialize(Texts::new("no JSON")).is_err());
}
