//! The encodings against the official libraries. Spec: cluster, section 2.

use proptest::prelude::*;
use roomcast_cluster::{DecodeError, Encoding};
use roomcast_socketio::{Map, Value, value};

use crate::recorded::{hex, parse, published, untagged, vectors};

/// Values that our data model has not, or that the official encoders lose.
const OTHERS: [&str; 16] = [
    "undefined",
    "1e300",
    "lone surrogate",
    "map with undefined value",
    "map with function value",
    "arraybuffer",
    "uint16array [1,256]",
    "dataview",
    "date epoch+123ms",
    "date whole second",
    "date before 1970",
    "bigint 5",
    "object with toJSON",
    "map object (ES6 Map)",
    "set object",
    "NaN",
];

#[test]
fn values_are_written_as_notepack_and_msgpack_js_write_them() {
    let file = parse(vectors!("codec-types"));
    let mut written = 0;
    for vector in file["values"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        if OTHERS.contains(&name) {
            continue;
        }
        let value = untagged(&vector["notepack_decodes_to"]);
        let expected = hex(vector["notepack_hex"].as_str().unwrap()).unwrap();
        assert_eq!(Encoding::MessagePack.encode(&value), expected, "{name}");
        assert_eq!(
            hex(vector["msgpack_js_hex"].as_str().unwrap()).unwrap(),
            expected,
            "{name}"
        );
        assert_eq!(Encoding::decode(expected), Ok(value), "{name}");
        written += 1;
    }
    assert_eq!(written, 45);
}

#[test]
fn a_number_above_two_to_the_64_keeps_its_value() {
    let encoded = Encoding::MessagePack.encode(&value!(1e300));
    assert_eq!(encoded, b"\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c");
}

#[test]
fn dates_become_the_text_that_json_has_for_them() {
    let file = parse(vectors!("codec-types"));
    let dates = file["values"].as_array().unwrap().iter();
    let dates = dates.filter(|vector| vector["name"].as_str().unwrap().starts_with("date "));
    let mut seen = 0;
    for vector in dates {
        let payload = hex(vector["notepack_hex"].as_str().unwrap()).unwrap();
        let expected = untagged(&vector["notepack_decodes_to"]);
        assert_eq!(Encoding::decode(payload), Ok(expected));
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn what_other_encoders_write_is_read_as_notepack_reads_it() {
    let file = parse(vectors!("codec-types"));
    for vector in file["tolerance"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let payload = hex(vector["hex"].as_str().unwrap()).unwrap();
        let expected = match name {
            // Not rounded to a double: the integer is exact here.
            "uint64 > 2^53" => 9_007_199_254_740_993_u64.into(),
            _ => untagged(&vector["notepack_decodes_to"]),
        };
        assert_eq!(Encoding::decode(payload), Ok(expected), "{name}");
    }
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_eq!(
        Encoding::decode(b"\xa2a\xff".as_slice().into()),
        Ok(value!("a\u{fffd}"))
    );
    let json = b"{\"a\":\"\xff\"}".as_slice();
    assert_eq!(
        Encoding::decode(json.into()),
        Ok(value!({ "a": "\u{fffd}" }))
    );
}

#[test]
fn every_truncation_of_recorded_traffic_is_an_error() {
    for recorded in published(vectors!("redis-classic")) {
        for len in 0..recorded.payload.len() {
            let cut = recorded.payload.slice(..len);
            assert!(
                Encoding::decode(cut).is_err(),
                "{} cut at {len}",
                recorded.name
            );
        }
    }
}

#[test]
fn values_512_levels_deep_are_read_and_deeper_ones_are_refused() {
    let nested = |levels: usize| [vec![0x91; levels], vec![0xc0]].concat();

    assert!(Encoding::decode(nested(512).into()).is_ok());
    assert_eq!(
        Encoding::decode(nested(513).into()),
        Err(DecodeError::TooDeep { limit: 512 })
    );
}

#[test]
fn announced_lengths_reserve_nothing() {
    for head in [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
    ] {
        assert_eq!(
            Encoding::decode(head.as_slice().into()),
            Err(DecodeError::Truncated { at: 5 })
        );
    }
}

#[test]
fn bytes_behind_the_value_are_refused() {
    assert_eq!(
        Encoding::decode(b"\x01\x02".as_slice().into()),
        Err(DecodeError::Format { at: 1 })
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e15_f64..1e15).prop_map(Value::from),
        ".*".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| Value::from(bytes::Bytes::from(bytes))),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
            prop::collection::vec((".*", inner), 0..20)
                .prop_map(|entries| entries.into_iter().collect::<Map>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let payload = Encoding::MessagePack.encode(&value);
        prop_assert_eq!(Encoding::decode(payload.into()), Ok(value));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Encoding::decode(bytes.into());
    }
}
