//! Arguments of packets in MessagePack form: the types of handlers, and values that are passed on.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use roomcast_socketio::{
    ArgError, Date, Decoder, Header, Packet, PacketKind, Raw, Spread, Value, encode_event, msgpack,
    value,
};
use serde::{Deserialize, Serialize};

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

fn packet(args: &Value) -> Packet<'static> {
    let mut data = vec![value!("x")];
    data.extend_from_slice(args.as_array().unwrap());
    Packet::new(PacketKind::Event, MAIN, &data).unwrap()
}

fn raw(hex_like: &'static [u8]) -> Packet<'static> {
    let data = [&b"\x92\xa1x"[..], hex_like].concat();
    let data = Raw::from_messagepack(data).unwrap();
    Packet::new(PacketKind::Event, MAIN, &data).unwrap()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: f64,
    y: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Circle(f64),
    Line(Point, Point),
    Box { from: Point, to: Point },
}

fn point(x: f64, y: i32) -> Point {
    Point { x, y, label: None }
}

#[test]
fn arguments_are_read_into_the_types_of_handlers() {
    let packet = packet(&value!(["a", 7, { "x": 1, "y": 2 }, null, true, 1.5, [1, 2]]));
    let mut args = packet.args();

    assert_eq!(args.len(), 7);
    assert_eq!(args.next::<char>(), Some(Ok('a')));
    assert_eq!(args.next::<u32>(), Some(Ok(7)));
    assert_eq!(args.next::<Point>(), Some(Ok(point(1.0, 2))));
    assert_eq!(args.next::<Option<u8>>(), Some(Ok(None)));
    assert_eq!(args.next::<bool>(), Some(Ok(true)));
    assert_eq!(args.next::<f64>(), Some(Ok(1.5)));
    assert_eq!(args.next::<(u8, u8)>(), Some(Ok((1, 2))));
    assert_eq!(args.next::<Value>(), None);
    assert_eq!(args.read::<Option<u8>>(), Ok(None));
}

#[test]
fn every_shape_of_rust_data_comes_back() {
    for shape in [
        Shape::Nothing,
        Shape::Circle(1.5),
        Shape::Line(point(0.0, 0), point(0.5, -9)),
        Shape::Box {
            from: point(1.0, 1),
            to: Point {
                label: Some("end".to_owned()),
                ..point(2.0, 2)
            },
        },
    ] {
        let mut out = Vec::new();
        msgpack::encode_event(&mut out, MAIN, "x", &shape).unwrap();
        let packet = msgpack::Decoder::default().binary(&out).unwrap();
        assert_eq!(packet.args().read::<Shape>(), Ok(shape.clone()));

        // The shape is the same over the text parser.
        let mut text = Vec::new();
        encode_event(&mut text, MAIN, "x", &shape).unwrap();
        let text = String::from_utf8(text).unwrap();
        let text = Decoder::default().text(&text).unwrap().unwrap();
        assert_eq!(
            packet.args().read::<Value>(),
            text.into_owned().args().read::<Value>()
        );
    }
}

#[test]
fn a_list_of_unknown_length_gets_the_length_it_has() {
    struct Unsized(usize);
    impl Serialize for Unsized {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..self.0).filter(|_| true))
        }
    }
    #[derive(Serialize)]
    struct Flat {
        first: u8,
        #[serde(flatten)]
        others: BTreeMap<String, u8>,
    }

    for len in [0, 1, 15, 16, 70_000] {
        let bytes = msgpack::to_vec(&Unsized(len)).unwrap();
        let expected: Vec<usize> = (0..len).collect();
        assert_eq!(msgpack::from_slice::<Vec<usize>>(&bytes), Ok(expected));
    }
    let others: BTreeMap<_, _> = (0..20).map(|n| (format!("k{n}"), n)).collect();
    let bytes = msgpack::to_vec(&Flat { first: 1, others }).unwrap();
    let map: HashMap<String, u8> = msgpack::from_slice(&bytes).unwrap();
    assert_eq!((map.len(), map["first"], map["k19"]), (21, 1, 19));
}

#[test]
fn keys_that_are_no_texts_are_the_texts_of_javascript() {
    let packet =
        raw(b"\x85\x01\xa1a\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1b\xc0\xa1c\xc3\xa1d\xff\xa1e");

    let map: Value = packet.args().read().unwrap();
    assert_eq!(
        map,
        value!({ "1": "a", "1.5": "b", "null": "c", "true": "d", "-1": "e" })
    );
    let numbers = raw(b"\x82\x01\xa1a\xa12\xa1b");
    let map: BTreeMap<u8, String> = numbers.args().read().unwrap();
    assert_eq!(
        map.into_iter().collect::<Vec<_>>(),
        [(1, "a".into()), (2, "b".into())]
    );
}

#[test]
fn a_wrong_type_is_told_with_its_place() {
    let packet = packet(&value!([1, "two", Bytes::from_static(b"text"), [1, 2, 3]]));
    let args = packet.args();

    let Some(Err(ArgError::Mismatch { index, message })) = args.get::<u32>(1) else {
        panic!("a text is no number");
    };
    assert_eq!(index, 1);
    assert!(message.contains("expected u32"), "{message}");
    assert!(args.get::<String>(2).unwrap().is_err());
    assert!(args.get::<(u8, u8)>(3).unwrap().is_err());
    assert!(args.get::<[u8; 4]>(3).unwrap().is_err());
}

#[test]
fn bytes_are_read_as_bytes_vectors_and_values_and_are_shared_where_they_can_be() {
    let message = Bytes::from(
        [
            &b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1x\xc4\x04"[..],
            b"\x01\x02\x03\x04",
        ]
        .concat(),
    );
    let packet = msgpack::Decoder::default()
        .binary_owned(message.clone())
        .unwrap();
    let args = packet.args();

    assert_eq!(args.get::<Vec<u8>>(0), Some(Ok(vec![1, 2, 3, 4])));
    assert_eq!(args.get::<[u8; 4]>(0), Some(Ok([1, 2, 3, 4])));
    let Some(Ok(Value::Binary(bytes))) = args.get(0) else {
        panic!("binary");
    };
    assert_eq!(bytes.as_ptr(), message[message.len() - 4..].as_ptr());
    let bytes: &serde_bytes::Bytes = args.get(0).unwrap().unwrap();
    assert_eq!(&**bytes, [1, 2, 3, 4]);
}

#[test]
fn a_packet_outlives_its_message() {
    let message = b"\x84\xa4type\x02\xa3nsp\xa2/a\xa2id\x05\xa4data\x92\xa1x\xa2hi".to_vec();
    let packet = msgpack::Decoder::default()
        .binary(&message)
        .unwrap()
        .into_owned();
    drop(message);

    assert_eq!(packet.namespace(), "/a");
    assert_eq!(packet.event().unwrap(), "x");
    assert_eq!(packet.args().read(), Ok("hi".to_owned()));
    assert_eq!((packet.raw_data(), packet.attachments().len()), ("", 0));
    assert_eq!(packet.args().raw(0), None);
    assert!(packet.weight() > 10);
}

#[test]
fn a_raw_value_is_passed_on_byte_by_byte() {
    // A date, `undefined`, an `ArrayBuffer`, an integer in a long form.
    const VALUE: &[u8] =
        b"\x84\xa1a\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa1b\xd4\x00\x00\xa1c\xc7\x01\x00\x09\xa1d\xcd\x00\x01";
    let packet = raw(VALUE);
    let value: Raw = packet.args().read().unwrap();

    let mut out = Vec::new();
    msgpack::encode_event(&mut out, MAIN, "y", &value).unwrap();
    let expected = [
        &b"\x83\xa4type\x02\xa4data\x92\xa1y"[..],
        VALUE,
        b"\xa3nsp\xa1/",
    ]
    .concat();
    assert_eq!(out, expected);
    assert_eq!(
        msgpack::to_vec(&vec![&value]).unwrap(),
        [&b"\x91"[..], VALUE].concat()
    );
}

#[test]
fn a_raw_value_keeps_its_meaning_under_the_text_parser() {
    let packet = raw(
        b"\x84\xa1a\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa1b\xd4\x00\x00\xa1c\xc7\x01\x00\x09\xa1d\xc4\x02hi",
    );
    let value: Raw = packet.args().read().unwrap();

    let json = concat!(
        r#"{"a":"2023-11-14T22:13:20.123Z","b":null,"#,
        r#""c":{"_placeholder":true,"num":0},"d":{"_placeholder":true,"num":1}}"#
    );
    assert_eq!(value.json(), json);
    assert_eq!(value.attachments(), [&b"\x09"[..], b"hi"]);

    let mut out = Vec::new();
    let first = Value::from(Bytes::from_static(b"first"));
    let attachments = encode_event(&mut out, MAIN, "y", &(first, &value)).unwrap();
    let json = json
        .replace("\"num\":1", "\"num\":2")
        .replace("\"num\":0", "\"num\":1");
    let text = format!(r#"53-["y",{{"_placeholder":true,"num":0}},{json}]"#);
    assert_eq!(out, text.as_bytes());
    assert_eq!(attachments, [&b"first"[..], b"\x09", b"hi"]);
}

#[test]
fn a_raw_value_of_text_keeps_its_meaning_under_messagepack() {
    let text = r#"52-["x",{"a": 1.50, "b":[{"_placeholder":true,"num":1}],"c":"\u0041"},1.0,{"_placeholder":true,"num":0}]"#;
    let mut decoder = Decoder::default();
    decoder.text(text).unwrap();
    decoder.binary(b"zero").unwrap();
    let packet = decoder.binary(b"one").unwrap().unwrap();
    let values: Vec<Raw> = packet.args().rest().unwrap();

    let mut out = Vec::new();
    msgpack::encode_event(&mut out, MAIN, "y", &Spread(values)).unwrap();

    let data = [
        &b"\x94\xa1y\x83\xa1a\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"[..],
        b"\xa1b\x91\xc4\x03one\xa1c\xa1A\x01\xc4\x04zero",
    ]
    .concat();
    let expected = [&b"\x83\xa4type\x02\xa4data"[..], &data, b"\xa3nsp\xa1/"].concat();
    assert_eq!(out, expected);
}

#[test]
fn raw_values_are_read_into_types_and_compared() {
    let value = Raw::from_messagepack(&b"\x92\x01\xa1a"[..]).unwrap();
    let text: Raw = r#"[1,"a"]"#.parse().unwrap();

    assert_eq!(value.parse(), Ok((1, "a".to_owned())));
    assert!(value.parse::<String>().is_err());
    assert_eq!(value, text);
    assert_eq!(value, value.clone());
    assert_ne!(value, Raw::from_messagepack(&b"\x92\x01\xa1b"[..]).unwrap());
    assert_eq!(Value::from_serialize(&value), Ok(value!([1, "a"])));
    assert_eq!(serde_json::to_string(&value).unwrap(), r#"[1,"a"]"#);
    assert!(Raw::from_messagepack(&b"\x92\x01"[..]).is_err());
    assert!(Raw::from_messagepack(&b""[..]).is_err());
}

#[test]
fn values_of_serde_json_go_through() {
    let packet = packet(&value!([{ "a": [1, null, "é"] }]));
    let json = serde_json::json!({ "a": [1, null, "é"] });

    assert_eq!(packet.args().read(), Ok(json.clone()));
    let raw: Box<serde_json::value::RawValue> = packet.args().read().unwrap();
    assert_eq!(raw.get(), r#"{"a":[1,null,"é"]}"#);
    let bytes = msgpack::to_vec(&(json, raw)).unwrap();
    let both: (Value, Value) = msgpack::from_slice(&bytes).unwrap();
    assert_eq!(both.0, both.1);
}

#[test]
fn what_cannot_be_written_leaves_the_buffer_as_it_was() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }

    let mut out = b"before".to_vec();
    let error = msgpack::encode_event(&mut out, MAIN, "x", &("some", Broken)).unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert!(msgpack::encode_ack(&mut out, MAIN, &Broken).is_err());
    assert!(msgpack::encode_connect(&mut out, "/", Some(&Broken)).is_err());
    assert!(msgpack::to_vec(&HashMap::from([((1, 2), 3)])).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn a_date_is_a_text_under_the_text_parser() {
    let mut out = Vec::new();
    encode_event(&mut out, MAIN, "x", &Date::from_millis(0)).unwrap();
    assert_eq!(out, br#"2["x","1970-01-01T00:00:00.000Z"]"#);

    let text = String::from_utf8(out).unwrap();
    let packet = Decoder::default()
        .text(&text)
        .unwrap()
        .unwrap()
        .into_owned();
    assert_eq!(packet.args().read(), Ok(Date::from_millis(0)));
}
