//! What packets look like on the wire. The expected texts are those that socket.io-parser 4.2.6
//! writes for the same values.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeMap;

use bytes::Bytes;
use roomcast_socketio::{
    AckId, EncodeError, Header, Spread, Value, encode_ack, encode_connect, encode_connect_error,
    encode_connected, encode_disconnect, encode_event, value,
};
use serde::Serialize;

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

fn event<T: Serialize + ?Sized>(args: &T) -> String {
    let mut out = Vec::new();
    let attachments = encode_event(&mut out, MAIN, "e", args).unwrap();
    assert!(attachments.is_empty());
    String::from_utf8(out).unwrap()
}

fn ack<T: Serialize + ?Sized>(args: &T) -> String {
    let mut out = Vec::new();
    let header = Header {
        namespace: "/",
        ack: Some(AckId::from(5)),
    };
    assert!(encode_ack(&mut out, header, args).unwrap().is_empty());
    String::from_utf8(out).unwrap()
}

#[test]
fn tuples_spread_and_everything_else_is_one_argument() {
    assert_eq!(event(&()), r#"2["e"]"#);
    assert_eq!(event("x"), r#"2["e","x"]"#);
    assert_eq!(event(&("x",)), r#"2["e","x"]"#);
    assert_eq!(event(&(1, "2", [3], ())), r#"2["e",1,"2",[3],null]"#);
    assert_eq!(event(&&(1, 2)), r#"2["e",1,2]"#);
    assert_eq!(event(&((1, 2), 3)), r#"2["e",[1,2],3]"#);
    assert_eq!(event(&[1, 2]), r#"2["e",[1,2]]"#);
    assert_eq!(event(&[(1, 2)]), r#"2["e",[[1,2]]]"#);
    assert_eq!(event(&vec![1, 2]), r#"2["e",[1,2]]"#);
    assert_eq!(event(&[1, 2][..]), r#"2["e",[1,2]]"#);
    assert_eq!(event(&None::<(u8, u8)>), r#"2["e",null]"#);
    assert_eq!(
        event(&Spread(vec![value!(1), value!("2")])),
        r#"2["e",1,"2"]"#
    );
    assert_eq!(event(&Spread::<u8>(vec![])), r#"2["e"]"#);
}

#[test]
fn acknowledgements_have_the_same_arguments_without_a_name() {
    assert_eq!(ack(&()), "35[]");
    assert_eq!(ack("x"), r#"35["x"]"#);
    assert_eq!(ack(&(1, "2")), r#"35[1,"2"]"#);
    assert_eq!(ack(&(vec![1],)), "35[[1]]");
    assert_eq!(ack(&[1, 2]), "35[[1,2]]");
    assert_eq!(ack(&Spread::<u8>(vec![])), "35[]");
    assert_eq!(ack(&Spread(vec![1, 2])), "35[1,2]");
}

#[test]
fn a_packet_is_written_behind_what_the_buffer_holds() {
    let mut out = b"\x81\x0b4".to_vec();
    let header = Header {
        namespace: "/custom",
        ack: Some(AckId::from(13)),
    };

    assert!(
        encode_event(&mut out, header, "message", &("a", 1))
            .unwrap()
            .is_empty()
    );

    assert_eq!(out, b"\x81\x0b42/custom,13[\"message\",\"a\",1]");
}

#[test]
fn binary_values_become_attachments_wherever_they_sit() {
    #[derive(Serialize)]
    struct Message {
        name: &'static str,
        #[serde(with = "serde_bytes")]
        data: &'static [u8],
        more: Vec<Option<Bytes>>,
        by_key: BTreeMap<&'static str, Value>,
    }
    let message = Message {
        name: "n",
        data: b"\x01",
        more: vec![None, Some(Bytes::from_static(b"\x02"))],
        by_key: BTreeMap::from([("k", value!([Bytes::from_static(b"\x03")]))]),
    };
    let mut out = b"4".to_vec();
    let header = Header {
        namespace: "/custom",
        ack: Some(AckId::from(7)),
    };

    let attachments =
        encode_event(&mut out, header, "x", &(message, Bytes::from_static(b""))).unwrap();

    assert_eq!(
        std::str::from_utf8(&out).unwrap(),
        concat!(
            r#"454-/custom,7["x",{"name":"n","data":{"_placeholder":true,"num":0},"#,
            r#""more":[null,{"_placeholder":true,"num":1}],"#,
            r#""by_key":{"k":[{"_placeholder":true,"num":2}]}},{"_placeholder":true,"num":3}]"#,
        )
    );
    assert_eq!(attachments, [&b"\x01"[..], b"\x02", b"\x03", b""]);
}

#[test]
fn a_binary_acknowledgement_has_type_6() {
    let mut out = Vec::new();
    let header = Header {
        namespace: "/",
        ack: Some(AckId::from(789)),
    };
    let bytes = (
        Bytes::from_static(&[1, 2, 3]),
        Bytes::from_static(&[4, 5, 6]),
    );

    let attachments = encode_ack(&mut out, header, &bytes).unwrap();

    assert_eq!(
        out,
        br#"62-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
    );
    assert_eq!(attachments, [&[1, 2, 3][..], &[4, 5, 6]]);
}

#[test]
fn more_than_nine_attachments_are_counted_with_two_digits() {
    let mut out = b"4".to_vec();
    let bytes = vec![Bytes::new(); 12];

    assert_eq!(encode_event(&mut out, MAIN, "x", &bytes).unwrap().len(), 12);

    assert!(out.starts_with(br#"4512-["x",[{"_placeholder":true,"num":0},"#));
}

#[test]
fn numbers_are_written_as_json_stringify_writes_them() {
    for (number, text) in [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e21, "1e+21"),
        (123_456_789_012_345_680_000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
        (f64::NAN, "null"),
        (f64::NEG_INFINITY, "null"),
    ] {
        assert_eq!(event(&number), format!(r#"2["e",{text}]"#));
        assert_eq!(event(&Value::from(number)), format!(r#"2["e",{text}]"#));
    }
    assert_eq!(event(&1.1_f32), r#"2["e",1.1]"#);
    assert_eq!(
        event(&(u64::MAX, i64::MIN)),
        r#"2["e",18446744073709551615,-9223372036854775808]"#
    );
}

#[test]
fn strings_are_escaped_as_json_stringify_escapes_them() {
    assert_eq!(
        event("\u{0}\u{1e}\u{1f}\u{7f}\u{2028}\u{2029}\"\\/\u{8}\u{c}\n\r\té😀"),
        "2[\"e\",\"\\u0000\\u001e\\u001f\u{7f}\u{2028}\u{2029}\\\"\\\\/\\b\\f\\n\\r\\té😀\"]"
    );
}

#[test]
fn connect_packets_of_both_sides() {
    let mut out = Vec::new();
    encode_connected(&mut out, "/", "CjdVH4TQvovi1VvgAC5Z", None);
    assert_eq!(out, br#"0{"sid":"CjdVH4TQvovi1VvgAC5Z"}"#);

    out.clear();
    encode_connected(&mut out, "/custom", "id", Some("private"));
    assert_eq!(out, br#"0/custom,{"sid":"id","pid":"private"}"#);

    out.clear();
    encode_connect(&mut out, "/custom", None::<&()>).unwrap();
    assert_eq!(out, b"0/custom,");

    out.clear();
    encode_connect(&mut out, "/", Some(&value!({ "token": "123" }))).unwrap();
    assert_eq!(out, br#"0{"token":"123"}"#);
}

#[test]
fn connect_errors_carry_a_message_and_data() {
    let mut out = Vec::new();
    encode_connect_error(&mut out, "/random", "Invalid namespace", None::<&()>).unwrap();
    assert_eq!(out, br#"4/random,{"message":"Invalid namespace"}"#);

    out.clear();
    let data = value!({ "code": 7 });
    encode_connect_error(&mut out, "/", "not \"you\"", Some(&data)).unwrap();
    assert_eq!(out, br#"4{"message":"not \"you\"","data":{"code":7}}"#);
}

#[test]
fn disconnect_names_only_its_namespace() {
    let mut out = Vec::new();
    encode_disconnect(&mut out, "/");
    encode_disconnect(&mut out, "/custom");
    assert_eq!(out, b"11/custom,");
}

#[test]
fn a_value_without_a_json_form_leaves_the_buffer_as_it_was() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    let mut out = b"4".to_vec();
    let broken = EncodeError::Value {
        message: "broken".to_owned(),
    };

    assert_eq!(
        encode_event(&mut out, MAIN, "x", &(Bytes::new(), Broken)),
        Err(broken.clone())
    );
    assert_eq!(
        encode_ack(&mut out, MAIN, &vec![Broken]),
        Err(broken.clone())
    );
    assert_eq!(
        encode_connect(&mut out, "/", Some(&Broken)),
        Err(broken.clone())
    );
    assert_eq!(
        encode_connect_error(&mut out, "/", "m", Some(&Broken)),
        Err(broken)
    );
    assert!(encode_event(&mut out, MAIN, "x", &BTreeMap::from([(vec![1], 2)])).is_err());
    assert_eq!(out, b"4");
}

#[derive(Serialize)]
enum Choice {
    Unit,
    Newtype(u8),
    Tuple(u8, char),
    Struct { a: Option<bool>, b: () },
}

/// What `serde_json` writes differs in nothing but its numbers.
#[test]
fn every_shape_of_serde_is_written_as_serde_json_writes_it() {
    #[derive(Serialize)]
    struct All<'a> {
        choices: [Choice; 4],
        numbers: (i8, i16, i32, i64, i128, u8, u16, u32, u64, u128),
        empty: (Vec<u8>, BTreeMap<String, u8>, Unit),
        text: &'a str,
        shown: std::fmt::Arguments<'a>,
        raw: Box<serde_json::value::RawValue>,
        keys: Keys,
    }
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Name(String);
    type Keys = (
        BTreeMap<u64, u8>,
        BTreeMap<i128, u8>,
        BTreeMap<bool, u8>,
        BTreeMap<char, u8>,
        Vec<BTreeMap<Option<&'static str>, u8>>,
    );
    let escaped = "a\"\\\n\u{1}é and more than sixty-four bytes behind them, none of them escaped";
    let all = All {
        choices: [
            Choice::Unit,
            Choice::Newtype(1),
            Choice::Tuple(2, '"'),
            Choice::Struct {
                a: Some(true),
                b: (),
            },
        ],
        numbers: (
            -1,
            -2,
            -3,
            i64::MIN,
            i128::MIN,
            1,
            2,
            3,
            u64::MAX,
            u128::MAX,
        ),
        empty: (vec![], BTreeMap::new(), Unit),
        text: escaped,
        shown: format_args!("{escaped}-{}", 7),
        raw: serde_json::from_str(r#"{ "a" : 1.50 }"#).unwrap(),
        keys: (
            BTreeMap::from([(1, 2), (u64::MAX, 3)]),
            BTreeMap::from([(i128::MIN, 1)]),
            BTreeMap::from([(false, 1), (true, 2)]),
            BTreeMap::from([('\n', 1)]),
            vec![BTreeMap::from([(Some("k"), 1)])],
        ),
    };

    let expected = serde_json::to_string(&all).unwrap();
    assert_eq!(event(&all), format!(r#"2["e",{expected}]"#));
    let names = [Name("n".into())];
    assert_eq!(event(&names), r#"2["e",["n"]]"#);
}
