//! Reading arguments into the types of handlers.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use roomcast_socketio::{ArgError, Decoder, Packet, Value, value};
use serde::Deserialize;

fn with_attachments(text: &str, attachments: &[&'static [u8]]) -> Packet<'static> {
    let mut decoder = Decoder::default();
    let mut packet = decoder.text(text).unwrap().map(Packet::into_owned);
    for attachment in attachments {
        assert!(packet.is_none());
        packet = decoder.binary(attachment).unwrap();
    }
    packet.unwrap()
}

#[test]
fn arguments_are_read_one_after_the_other_each_into_its_type() {
    let packet = with_attachments(r#"2["client-data","a",7,{"x":[1,2]},null,true,1.5]"#, &[]);
    let mut args = packet.args();

    assert_eq!(args.len(), 6);
    assert_eq!(args.next::<char>(), Some(Ok('a')));
    assert_eq!(args.next::<u32>(), Some(Ok(7)));
    assert_eq!(args.next::<Value>(), Some(Ok(value!({ "x": [1, 2] }))));
    assert_eq!(args.next::<Option<u8>>(), Some(Ok(None)));
    assert_eq!(args.next::<bool>(), Some(Ok(true)));
    assert_eq!(args.next::<f64>(), Some(Ok(1.5)));
    assert_eq!(args.next::<f64>(), None);
}

#[test]
fn an_argument_of_another_type_is_named_by_its_position() {
    let packet = with_attachments(r#"2["x",1,"two"]"#, &[]);
    let mut args = packet.args();
    args.skip();

    let Err(ArgError::Mismatch { index, message }) = args.read::<u32>() else {
        panic!("\"two\" is no number");
    };
    assert_eq!(index, 1);
    assert!(
        message.starts_with("invalid type: string \"two\", expected u32"),
        "{message}"
    );
}

#[test]
fn a_missing_argument_is_null() {
    let packet = with_attachments(r#"2["x"]"#, &[]);
    let mut args = packet.args();

    assert_eq!(args.read::<Option<String>>(), Ok(None));
    assert_eq!(args.read::<Value>(), Ok(Value::Null));
    assert_eq!(args.read::<()>(), Ok(()));
    assert_eq!(args.read::<String>(), Err(ArgError::Missing { index: 0 }));
    assert_eq!(args.next::<Value>(), None);
}

#[test]
fn a_copy_of_the_reader_reads_on_by_itself() {
    let packet = with_attachments(r#"2["x",1,2]"#, &[]);
    let mut args = packet.args();
    args.skip();
    let mut copy = args;

    assert_eq!(args.next::<u8>(), Some(Ok(2)));
    assert_eq!(copy.next::<u8>(), Some(Ok(2)));
}

#[test]
fn raw_text_and_values_behind_the_next_argument_can_be_seen() {
    let packet = with_attachments(r#"2["x", {"a" : 1} ,[2],"3"]"#, &[]);
    let mut args = packet.args();

    assert_eq!(args.raw(0), Some(r#"{"a" : 1}"#));
    args.skip();
    assert_eq!(
        (args.raw(0), args.raw(1), args.raw(2)),
        (Some("[2]"), Some(r#""3""#), None)
    );
    assert_eq!(args.get::<String>(1), Some(Ok("3".to_owned())));
    assert_eq!(args.get::<String>(usize::MAX), None);
    assert_eq!(args.rest::<Value>(), Ok(vec![value!([2]), value!("3")]));
    assert!(args.is_empty());
}

#[test]
fn text_without_escapes_is_borrowed_from_the_message() {
    let text = r#"2["x","borrowed",["a","b"]]"#;
    let mut decoder = Decoder::default();
    let packet = decoder.text(text).unwrap().unwrap();
    let mut args = packet.args();

    let borrowed: &str = args.read().unwrap();
    assert_eq!(borrowed.as_ptr(), text[7..].as_ptr());
    assert_eq!(args.read::<Vec<&str>>(), Ok(vec!["a", "b"]));
}

#[test]
fn an_attachment_is_read_by_every_type_that_holds_bytes() {
    let text = r#"51-["x",{"_placeholder":true,"num":0}]"#;
    let packet = with_attachments(text, &[b"\x01\x02"]);
    let args = packet.args();

    assert_eq!(
        args.get::<Bytes>(0),
        Some(Ok(Bytes::from_static(b"\x01\x02")))
    );
    assert_eq!(args.get::<Vec<u8>>(0), Some(Ok(vec![1, 2])));
    assert_eq!(args.get::<Option<Vec<u8>>>(0), Some(Ok(Some(vec![1, 2]))));
    assert_eq!(args.get::<[u8; 2]>(0), Some(Ok([1, 2])));
    assert_eq!(args.get::<&[u8]>(0), Some(Ok(&b"\x01\x02"[..])));
    assert_eq!(
        args.get::<serde_bytes::ByteBuf>(0)
            .unwrap()
            .unwrap()
            .as_ref(),
        b"\x01\x02"
    );
    assert_eq!(
        args.get::<Value>(0),
        Some(Ok(Bytes::from_static(b"\x01\x02").into()))
    );
    assert_eq!(args.get::<(u8, u8)>(0), Some(Ok((1, 2))));
}

#[test]
fn an_attachment_is_no_text_no_number_and_no_object() {
    let packet = with_attachments(r#"51-["x",{"_placeholder":true,"num":0}]"#, &[b"text"]);
    let args = packet.args();

    assert!(args.get::<String>(0).unwrap().is_err());
    assert!(args.get::<&str>(0).unwrap().is_err());
    assert!(args.get::<u64>(0).unwrap().is_err());
    assert!(args.get::<HashMap<String, Value>>(0).unwrap().is_err());
    assert!(args.get::<Shape>(0).unwrap().is_err());
    assert!(args.get::<[u8; 3]>(0).unwrap().is_err());
}

#[derive(Debug, Deserialize, PartialEq)]
struct Upload {
    name: String,
    #[serde(default)]
    note: Option<String>,
    parts: Vec<Part>,
    by_id: BTreeMap<u32, Bytes>,
    shape: Shape,
    other: (u8, f64, Vec<u8>),
    big: u128,
    nothing: (),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Part {
    #[serde(with = "serde_bytes")]
    data: Vec<u8>,
    last: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Shape {
    Point,
    Blob(Bytes),
    Pair(Bytes, i8),
    Named { data: Bytes, side: Side },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Side {
    Left,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Meters(f32);

#[test]
fn attachments_are_read_wherever_they_sit_in_a_type() {
    let text = r#"54-["x", { "name" : "a\"b\u00e9",
        "parts":[ {"data":{"_placeholder":true,"num":3},"last":false} ,
                  {"last":true,"ignored":[{"a":"]}\\\""},{"_placeholder":true,"num":0}],"data":[7,8]}],
        "by_id":{"7":{"_placeholder":true,"num":1},"8":{"num":2,"_placeholder":true}},
        "shape":{"Named":{"data":{"_placeholder":true,"num":0},"side":"left"}},
        "other":[1,-2e3,{"_placeholder":true,"num":0}],
        "big":340282366920938463463374607431768211455,"nothing":null},
        [{"Pair":[{"_placeholder":true,"num":1},-1]},"Point",{"Blob":{"_placeholder":true,"num":2}},
         {"Point":null}], 2.5 ]"#;
    let packet = with_attachments(text, &[b"zero", b"one", b"two", b"three"]);
    let mut args = packet.args();

    assert_eq!(
        args.read(),
        Ok(Upload {
            name: "a\"bé".to_owned(),
            note: None,
            parts: vec![
                Part {
                    data: b"three".to_vec(),
                    last: false
                },
                Part {
                    data: vec![7, 8],
                    last: true
                },
            ],
            by_id: BTreeMap::from([(7, Bytes::from("one")), (8, Bytes::from("two"))]),
            shape: Shape::Named {
                data: Bytes::from("zero"),
                side: Side::Left
            },
            other: (1, -2000.0, b"zero".to_vec()),
            big: u128::MAX,
            nothing: (),
        })
    );
    assert_eq!(
        args.read(),
        Ok(vec![
            Shape::Pair(Bytes::from("one"), -1),
            Shape::Point,
            Shape::Blob(Bytes::from("two")),
            Shape::Point,
        ])
    );
    assert_eq!(args.read(), Ok(Meters(2.5)));
}

#[test]
fn the_reader_of_binary_packets_refuses_what_does_not_fit_the_type() {
    let text = r#"51-["x",{"b":{"_placeholder":true,"num":0},"v":VALUE}]"#;
    let read = |value: &str| {
        let packet = with_attachments(&text.replace("VALUE", value), &[b"x"]);
        packet.args().read::<Checked>().is_ok()
    };

    #[derive(Deserialize)]
    struct Checked {
        #[expect(dead_code, reason = "read and not looked at")]
        v: (u8, Shape),
    }
    assert!(read(r#"[1,"Point"]"#));
    for value in [
        r#"[1]"#,
        r#"[1,"Point",3]"#,
        r#"[256,"Point"]"#,
        r#"["1","Point"]"#,
        r#"[1,"Line"]"#,
        r#"[1,{}]"#,
        r#"[1,{"Blob":"text","Point":null}]"#,
        r#"[1,{"Pair":[{"_placeholder":true,"num":0},1,2]}]"#,
        r#"[1,7]"#,
        r#"{}"#,
        "null",
        "1e999",
    ] {
        assert!(!read(value), "{value}");
    }
}

#[test]
fn values_of_a_binary_packet_equal_those_of_a_text_packet() {
    let json = r#"{"a":[1,-2,3.5,18446744073709551615,true,false,null,"",[],{},"\u0041\n"],"é":{"\u0062":" "},"a2": [ ] }"#;
    let plain = with_attachments(&format!(r#"2["x",{json}]"#), &[]);
    let text = format!(r#"51-["x",{{"v":{json},"b":{{"_placeholder":true,"num":0}}}}]"#);
    let binary = with_attachments(&text, &[b""]);

    let wrapped: Value = binary.args().read().unwrap();
    assert_eq!(wrapped["v"], plain.args().read::<Value>().unwrap());
    assert_eq!(wrapped["v"]["a"][10], "A\n");
}

#[test]
fn the_data_of_a_binary_packet_can_be_read_as_a_whole() {
    let packet = with_attachments(r#"61-1[{"_placeholder":true,"num":0},2]"#, &[b"\x09"]);

    assert_eq!(packet.data::<(Vec<u8>, u8)>(), Some(Ok((vec![9], 2))));
    assert_eq!(packet.raw_data(), r#"[{"_placeholder":true,"num":0},2]"#);
}
