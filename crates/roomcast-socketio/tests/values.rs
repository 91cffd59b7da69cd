//! Values of any type.

use bytes::Bytes;
use roomcast_socketio::{Map, Value, value};
use serde::{Deserialize, Serialize};

#[test]
fn json_is_read_and_printed_as_javascript_does() {
    for (json, printed) in [
        (
            r#" {"b":1,"a":[true,false,null]} "#,
            r#"{"b":1,"a":[true,false,null]}"#,
        ),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        ("1e21", "1e+21"),
        ("1.0", "1"),
        ("-0", "0"),
        ("18446744073709551615", "18446744073709551615"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
        (r#""\u00e9\ud800""#, "\"é\u{fffd}\""),
        ("\"\\u001e\"", "\"\\u001e\""),
    ] {
        assert_eq!(json.parse::<Value>().unwrap().to_string(), printed);
    }
    assert_eq!(
        "[1,]".parse::<Value>().unwrap_err().to_string(),
        "invalid JSON"
    );
    assert_eq!("".parse::<Value>().unwrap_err().to_string(), "invalid JSON");
    let infinite: Value = "1e999".parse().unwrap();
    assert_eq!(infinite.as_f64(), Some(f64::INFINITY));
    assert_eq!(infinite.to_string(), "null");
}

#[test]
fn json_is_read_400_levels_deep_and_refused_beyond_512() {
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));

    assert_eq!(
        nested(400).parse::<Value>().unwrap().to_string(),
        nested(400)
    );
    assert!(nested(513).parse::<Value>().is_err());
}

#[test]
fn literals_build_values() {
    let name = "Ada".to_owned();
    let value = value!({
        "name": name,
        "age": 30 + 6,
        "nested": { "list": [1, -2.5, null, [], {}, "x".repeat(2)], },
        ("computed".to_owned()): Some(true),
        "none": None::<u8>,
        "null": null,
    });

    assert_eq!(
        value.to_string(),
        concat!(
            r#"{"name":"Ada","age":36,"nested":{"list":[1,-2.5,null,[],{},"xx"]},"#,
            r#""computed":true,"none":null,"null":null}"#
        )
    );
    assert_eq!(value!([]), Value::Array(vec![]));
    assert_eq!(value!({}), Value::Object(Map::new()));
    assert_eq!(value!(1), 1);
}

#[test]
fn values_compare_with_what_they_hold() {
    let value = value!({ "n": 3, "f": 0.5, "s": "text", "b": true, "z": null });

    assert_eq!(value["n"], 3);
    assert_eq!(value["n"], 3.0);
    assert_eq!(value["f"], 0.5);
    assert_eq!(value["s"], "text");
    assert_eq!(value["s"], "text".to_owned());
    assert_eq!(value["b"], true);
    assert_eq!(value["z"], Value::Null);
    assert_ne!(value["n"], "3");
    assert_ne!(value["n"], 4);
    assert_ne!(value["s"], 3);
}

#[test]
fn values_are_looked_into() {
    let value = value!({ "n": -3, "list": ["a"], "bytes": Bytes::from_static(b"\x01") });

    assert_eq!(value["n"].as_i64(), Some(-3));
    assert_eq!(
        (value["n"].as_u64(), value["n"].as_f64()),
        (None, Some(-3.0))
    );
    assert_eq!(value["list"].as_array().unwrap()[0].as_str(), Some("a"));
    assert_eq!(value["bytes"].as_bytes().unwrap(), &b"\x01"[..]);
    assert_eq!(value.as_object().unwrap().len(), 3);
    assert_eq!(value.get("n"), Some(&value["n"]));
    assert_eq!(value.get("absent"), None);
    assert!(value["absent"]["deeper"][3].is_null());
    assert!(value["list"][1].is_null());
    assert!(value["list"]["a"].is_null());
    assert!(value[0].is_null());
}

#[test]
fn values_are_changed_in_place() {
    let mut value = Value::Null;
    value["a"]["b"] = 1.into();
    value["list"] = value!([1, 2]);
    value["list"][1] = "two".into();
    value["list"].as_array_mut().unwrap().push(value!(3));
    let taken = value["a"].take();
    value.as_object_mut().unwrap().remove("a");

    assert_eq!(taken, value!({ "b": 1 }));
    assert_eq!(value, value!({ "list": [1, "two", 3] }));
}

#[test]
#[should_panic(expected = "key \"a\" of a number")]
fn a_key_of_a_number_cannot_be_set() {
    value!(1)["a"] = Value::Null;
}

#[test]
fn values_convert_through_serde_json_values() {
    let ours = value!({ "a": [1, -2, 0.5, true, null, "x"], "o": {} });
    let theirs = serde_json::json!({ "a": [1, -2, 0.5, true, null, "x"], "o": {} });

    assert_eq!(serde_json::to_value(&ours).unwrap(), theirs);
    assert_eq!(serde_json::from_value::<Value>(theirs).unwrap(), ours);
}

#[test]
fn typed_data_becomes_a_value_and_back_with_its_bytes() {
    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Data {
        id: u64,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        tags: Vec<Option<String>>,
    }
    let data = Data {
        id: 7,
        bytes: vec![1, 2],
        tags: vec![None, Some("é".to_owned())],
    };

    let value = Value::from_serialize(&data).unwrap();

    assert_eq!(value["bytes"].as_bytes().unwrap(), &[1, 2][..]);
    assert_eq!(value.parse::<Data>(), Ok(data));
    assert!(value.parse::<u8>().is_err());
}
