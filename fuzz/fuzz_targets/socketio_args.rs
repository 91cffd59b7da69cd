//! Arguments with attachments: the reader of binary packets gives what a plain reader gives whose
//! placeholders are replaced afterwards.
//!
//! The first byte of the input is the number of attachments, the rest is the JSON of an argument.

#![no_main]

use std::collections::BTreeMap;

mod finite;

use finite::is_finite;
use libfuzzer_sys::fuzz_target;
use roomcast_socketio::{Decoder, Header, Map, Raw, Value, encode_event};
use serde::Deserialize;

fuzz_target!(|input: &[u8]| {
    let Some((count, json)) = input.split_first() else {
        return;
    };
    let Ok(json) = std::str::from_utf8(json) else {
        return;
    };
    let count = count % 4 + 1;
    let text = format!(r#"5{count}-["x",{json}]"#);
    let mut decoder = Decoder::default();
    if decoder.text(&text).is_err() {
        return;
    }
    let mut packet = None;
    for attachment in 0..count {
        packet = decoder
            .binary(&[attachment])
            .expect("an announced attachment");
    }
    let packet = packet.expect("all attachments are in");
    let args = packet.args();

    let _typed: Option<Result<Typed, _>> = args.get(0);
    let _choice: Option<Result<Vec<Choice>, _>> = args.get(0);
    let _numbers: Option<Result<BTreeMap<i16, f32>, _>> = args.get(0);
    let _tuple: Option<Result<(Option<u8>, Vec<u8>, String), _>> = args.get(0);

    for index in 0..args.len() {
        let raw: Raw = args
            .get(index)
            .expect("counted")
            .expect("anything is a raw value");
        let plain = args.raw(index).expect("counted").parse::<Value>();
        match args.get::<Value>(index).expect("counted") {
            Ok(value) => {
                let expected = replaced(plain.expect("the same text"), packet.attachments());
                assert_eq!(value, expected);
                assert_eq!(raw.parse::<Value>().as_ref(), Ok(&value));
                if is_finite(&value) {
                    assert_eq!(sent(&raw), sent(&value));
                }
            }
            // A number that no double holds.
            Err(_) => assert!(plain.is_err()),
        }
    }
});

/// What the official parser does.
fn replaced(value: Value, attachments: &[bytes::Bytes]) -> Value {
    match value {
        Value::Object(map) if map.get("_placeholder") == Some(&Value::Bool(true)) => {
            let num = map
                .get("num")
                .and_then(Value::as_u64)
                .expect("checked by the decoder");
            Value::Binary(attachments[num as usize].clone())
        }
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, replaced(value, attachments)))
                .collect::<Map>(),
        ),
        Value::Array(elements) => elements
            .into_iter()
            .map(|element| replaced(element, attachments))
            .collect(),
        other => other,
    }
}

/// The value that a receiver gets.
fn sent<T: serde::Serialize>(value: &T) -> Value {
    let mut out = Vec::new();
    let header = Header {
        namespace: "/",
        ack: None,
    };
    let attachments = encode_event(&mut out, header, "x", value).expect("has a JSON form");
    let limits = roomcast_socketio::Limits {
        max_attachments: usize::MAX,
        ..Default::default()
    };
    let mut decoder = Decoder::new(limits);
    let text = String::from_utf8(out).expect("packets are UTF-8");
    let mut packet = decoder
        .text(&text)
        .expect("our own packet")
        .map(|packet| packet.into_owned());
    for attachment in attachments {
        packet = decoder
            .binary_owned(attachment)
            .expect("our own attachment");
    }
    packet
        .expect("all attachments are in")
        .args()
        .read()
        .expect("anything is a value")
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read and not looked at")]
struct Typed {
    a: Option<Vec<u8>>,
    b: Vec<Choice>,
    c: Box<Option<Typed>>,
    d: BTreeMap<String, Raw>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read and not looked at")]
enum Choice {
    A,
    B(u8),
    C(Vec<u8>, i128),
    D { a: char, b: bool },
}
