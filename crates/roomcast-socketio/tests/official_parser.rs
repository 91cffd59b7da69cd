//! The decoder gives the verdict that socket.io-parser 4.2.6 gives, recorded from its `Decoder`.
//!
//! After a text with missing attachments, each side got the attachments `[0]`, `[1]`, … until the
//! packet was complete; `"@1"` stands for the attachment `[1]` in the data.

use PacketKind::{Ack, Connect, ConnectError, Disconnect, Event};
use roomcast_socketio::{DecodeError, Decoder, Map, Packet, PacketKind, Value, value};

type Accepted = (
    &'static str,
    PacketKind,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

/// Text, kind, namespace, ack id, data as `JSON.stringify` prints it.
#[rustfmt::skip]
const ACCEPTED: &[Accepted] = &[
    ("0", Connect, "/", None, None),
    ("0/", Connect, "/", None, None),
    ("0/,", Connect, "/", None, None),
    ("0{}", Connect, "/", None, Some("{}")),
    (r#"0{"token":"123","n":{"a":[1]}}"#, Connect, "/", None, Some(r#"{"token":"123","n":{"a":[1]}}"#)),
    ("0/custom", Connect, "/custom", None, None),
    ("0/custom,", Connect, "/custom", None, None),
    (r#"0/custom,{"token":"abc"}"#, Connect, "/custom", None, Some(r#"{"token":"abc"}"#)),
    ("0/foo?a=1,", Connect, "/foo?a=1", None, None),
    ("0/unicode-ñ-日本,", Connect, "/unicode-ñ-日本", None, None),
    (r#"0/admin{"a":1}"#, Connect, r#"/admin{"a":1}"#, None, None),
    ("012{}", Connect, "/", Some("12"), Some("{}")),
    ("1", Disconnect, "/", None, None),
    ("1/custom,", Disconnect, "/custom", None, None),
    ("1/admin", Disconnect, "/admin", None, None),
    ("15", Disconnect, "/", Some("5"), None),
    ("2", Event, "/", None, None),
    ("21", Event, "/", Some("1"), None),
    ("2/custom,", Event, "/custom", None, None),
    (r#"2["message"]"#, Event, "/", None, Some(r#"["message"]"#)),
    (r#"2["message",1,"2",{"3":[true]},null,-0.5,1e21,"\u00e9"]"#, Event, "/", None, Some(r#"["message",1,"2",{"3":[true]},null,-0.5,1e+21,"é"]"#)),
    (r#"2456["message-with-ack",1]"#, Event, "/", Some("456"), Some(r#"["message-with-ack",1]"#)),
    (r#"20["x"]"#, Event, "/", Some("0"), Some(r#"["x"]"#)),
    (r#"2/custom,13["x","y"]"#, Event, "/custom", Some("13"), Some(r#"["x","y"]"#)),
    ("2[5]", Event, "/", None, Some("[5]")),
    (r#"2[12,"x"]"#, Event, "/", None, Some(r#"[12,"x"]"#)),
    ("2[1.5]", Event, "/", None, Some("[1.5]")),
    ("2[-1]", Event, "/", None, Some("[-1]")),
    (r#"2["x","\ud83d\ude00"]"#, Event, "/", None, Some(r#"["x","😀"]"#)),
    (r#"2["Connect"]"#, Event, "/", None, Some(r#"["Connect"]"#)),
    (r#"2["error"]"#, Event, "/", None, Some(r#"["error"]"#)),
    (r#"2[""]"#, Event, "/", None, Some(r#"[""]"#)),
    (r#"2["__proto__"]"#, Event, "/", None, Some(r#"["__proto__"]"#)),
    (r#"2["x",{"_placeholder":true,"num":0}]"#, Event, "/", None, Some(r#"["x",{"_placeholder":true,"num":0}]"#)),
    (r#"2["x",{"__proto__":1}]"#, Event, "/", None, Some(r#"["x",{"__proto__":1}]"#)),
    ("2[ \"x\" , 1 ]\n", Event, "/", None, Some(r#"["x",1]"#)),
    (r#"2["x",0e0]"#, Event, "/", None, Some(r#"["x",0]"#)),
    (r#"2["x",-0]"#, Event, "/", None, Some(r#"["x",0]"#)),
    ("2[\"x\",\"\u{7f}\u{2028}\u{2029}\"]", Event, "/", None, Some("[\"x\",\"\u{7f}\u{2028}\u{2029}\"]")),
    ("3", Ack, "/", None, None),
    ("31", Ack, "/", Some("1"), None),
    (r#"3["x"]"#, Ack, "/", None, Some(r#"["x"]"#)),
    ("31[]", Ack, "/", Some("1"), Some("[]")),
    (r#"30["x"]"#, Ack, "/", Some("0"), Some(r#"["x"]"#)),
    (r#"31["connect"]"#, Ack, "/", Some("1"), Some(r#"["connect"]"#)),
    (r#"3/custom,13["x"]"#, Ack, "/custom", Some("13"), Some(r#"["x"]"#)),
    ("39007199254740993[]", Ack, "/", Some("9007199254740992"), Some("[]")),
    ("3100000000000000000000000000000[7]", Ack, "/", Some("1e+29"), Some("[7]")),
    ("4", ConnectError, "/", None, None),
    (r#"4"x""#, ConnectError, "/", None, Some(r#""x""#)),
    (r#"4{"message":"no"}"#, ConnectError, "/", None, Some(r#"{"message":"no"}"#)),
    (r#"4/custom,{"message":"no","data":{"a":1}}"#, ConnectError, "/custom", None, Some(r#"{"message":"no","data":{"a":1}}"#)),
    ("41", ConnectError, "/", Some("1"), None),
    (r#"5007-["x"]"#, Event, "/", None, Some(r#"["x"]"#)),
    (r#"510-["x"]"#, Event, "/", None, Some(r#"["x"]"#)),
    (r#"50-["x",1]"#, Event, "/", None, Some(r#"["x",1]"#)),
    ("50-", Event, "/", None, None),
    ("51-", Event, "/", None, None),
    (r#"51-["x"]"#, Event, "/", None, Some(r#"["x"]"#)),
    (r#"51-["x",{"_placeholder":true,"num":0}]"#, Event, "/", None, Some(r#"["x","@0"]"#)),
    (r#"52-["x",{"a":{"_placeholder":true,"num":1}},[{"num":0,"_placeholder":true}]]"#, Event, "/", None, Some(r#"["x",{"a":"@1"},["@0"]]"#)),
    (r#"51-/custom,["x",{"x":{"_placeholder":true,"num":0}}]"#, Event, "/custom", None, Some(r#"["x",{"x":"@0"}]"#)),
    (r#"52-789["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#, Event, "/", Some("789"), Some(r#"["x","@0","@1"]"#)),
    (r#"51-["x",{"_placeholder":1,"num":9}]"#, Event, "/", None, Some(r#"["x",{"_placeholder":1,"num":9}]"#)),
    (r#"51-["x",{"_placeholder":"true","num":0}]"#, Event, "/", None, Some(r#"["x",{"_placeholder":"true","num":0}]"#)),
    (r#"51-["x",{"_placeholder":true,"num":0,"extra":[1]}]"#, Event, "/", None, Some(r#"["x","@0"]"#)),
    (r#"51-["x",{"_pl\u0061ceholder":true,"num":0}]"#, Event, "/", None, Some(r#"["x","@0"]"#)),
    (r#"51-["x",{"_placeholder":true,"num":5,"num":0}]"#, Event, "/", None, Some(r#"["x","@0"]"#)),
    (r#"51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#, Event, "/", None, Some(r#"["x","@0","@0"]"#)),
    (r#"61-1[{"_placeholder":true,"num":0}]"#, Ack, "/", Some("1"), Some(r#"["@0"]"#)),
    ("60-1[]", Ack, "/", Some("1"), Some("[]")),
    (r#"62-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#, Ack, "/", Some("789"), Some(r#"["@0","@1"]"#)),
];

/// Text, message of the thrown error.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("0[1]", "invalid payload"),
    (r#"0"x""#, "invalid payload"),
    ("0null", "invalid payload"),
    ("0true", "invalid payload"),
    ("0/custom,[1]", "invalid payload"),
    (r#"0/custom,"x""#, "invalid payload"),
    ("0{", "invalid payload"),
    (r#"0{"a":1}x"#, "invalid payload"),
    (r#"1{"a":1}"#, "invalid payload"),
    ("1[]", "invalid payload"),
    ("1null", "invalid payload"),
    ("1false", "invalid payload"),
    (r#"2["\u0064isconnect"]"#, "invalid payload"),
    (r#"2["x"]x"#, "invalid payload"),
    (r#"2["x",]"#, "invalid payload"),
    (r#"2[,"x"]"#, "invalid payload"),
    (r#"2["x" 1]"#, "invalid payload"),
    (r#"2["x"}"#, "invalid payload"),
    (r#"2["x",01]"#, "invalid payload"),
    (r#"2["x",1.]"#, "invalid payload"),
    (r#"2["x",.5]"#, "invalid payload"),
    (r#"2["x",-]"#, "invalid payload"),
    (r#"2["x",+1]"#, "invalid payload"),
    (r#"2["x",1e]"#, "invalid payload"),
    (r#"2["x",1e+]"#, "invalid payload"),
    (r#"2["x",0x10]"#, "invalid payload"),
    (r#"2["x",NaN]"#, "invalid payload"),
    (r#"2["x",Infinity]"#, "invalid payload"),
    (r#"2["x",undefined]"#, "invalid payload"),
    (r#"2["x",tru]"#, "invalid payload"),
    (r#"2["x",nulll]"#, "invalid payload"),
    (r#"2["x",'y']"#, "invalid payload"),
    ("2[\"x\",\"\n\"]", "invalid payload"),
    ("2[\"x\",\"\u{0}\"]", "invalid payload"),
    ("2[\"x\",\"\u{1f}\"]", "invalid payload"),
    (r#"2["x","\x41"]"#, "invalid payload"),
    (r#"2["x","\u12"]"#, "invalid payload"),
    (r#"2["x","\u12g4"]"#, "invalid payload"),
    (r#"2["x","\"]"#, "invalid payload"),
    (r#"2["x",{"a":1,}]"#, "invalid payload"),
    (r#"2["x",{a:1}]"#, "invalid payload"),
    (r#"2["x",{"a"}]"#, "invalid payload"),
    (r#"2["x",{"a":}]"#, "invalid payload"),
    (r#"2["x",{1:2}]"#, "invalid payload"),
    (r#"2["x",{,}]"#, "invalid payload"),
    (r#"2["x",{"a":1 "b":2}]"#, "invalid payload"),
    (r#"2["x",[1,2]"#, "invalid payload"),
    (r#"2["x"]]"#, "invalid payload"),
    (r#"2["x",/*c*/1]"#, "invalid payload"),
    ("2{}", "invalid payload"),
    (r#"2abc["message",1]"#, "invalid payload"),
    (r#"2["message","#, "invalid payload"),
    ("2[", "invalid payload"),
    ("2[]", "invalid payload"),
    (r#"2[{"a":1}]"#, "invalid payload"),
    ("2[null]", "invalid payload"),
    ("2[[]]", "invalid payload"),
    ("2[true]", "invalid payload"),
    (r#"2"x""#, "invalid payload"),
    ("2null", "invalid payload"),
    (r#"2[{"toString":"foo"}]"#, "invalid payload"),
    (r#"2-1["x"]"#, "invalid payload"),
    (r#"2["connect"]"#, "invalid payload"),
    (r#"2["connect_error"]"#, "invalid payload"),
    (r#"2["disconnect"]"#, "invalid payload"),
    (r#"2["disconnecting"]"#, "invalid payload"),
    (r#"2["newListener"]"#, "invalid payload"),
    (r#"2["removeListener"]"#, "invalid payload"),
    ("31{}", "invalid payload"),
    (r#"31{"a":1}"#, "invalid payload"),
    (r#"31"x""#, "invalid payload"),
    ("31null", "invalid payload"),
    ("31[", "invalid payload"),
    ("4[1]", "invalid payload"),
    ("4null", "invalid payload"),
    ("4{", "invalid payload"),
    ("5", "Illegal attachments"),
    (r#"5["x"]"#, "Illegal attachments"),
    (r#"5a-["x"]"#, "Illegal attachments"),
    (r#"5abc-["x"]"#, "Illegal attachments"),
    (r#"51["x"]"#, "Illegal attachments"),
    (r#"51.5-["x"]"#, "Illegal attachments"),
    (r#"511-["x"]"#, "too many attachments"),
    (r#"51000000000-["x"]"#, "too many attachments"),
    (r#"51-["x",{"_placeholder":true,"num":1}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true,"num":10}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true,"num":-1}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true,"num":"splice"}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true,"num":"0"}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true,"num":null}]"#, "illegal attachments"),
    (r#"51-["x",{"_placeholder":true}]"#, "illegal attachments"),
    (r#"51-[{"_placeholder":true,"num":0}]"#, "invalid payload"),
    (r#"51-["disconnect"]"#, "invalid payload"),
    ("51-{}", "invalid payload"),
    (r#"51-["x""#, "invalid payload"),
    (r#"61-1{"_placeholder":true,"num":0}"#, "invalid payload"),
    ("61-1[", "invalid payload"),
    ("6", "Illegal attachments"),
    ("611-1[]", "too many attachments"),
    (r#"7["x"]"#, "unknown packet type 7"),
    ("8", "unknown packet type 8"),
    ("9", "unknown packet type 9"),
    ("-1", "unknown packet type NaN"),
    ("abc", "unknown packet type NaN"),
    ("é", "unknown packet type NaN"),
    ("[]", "unknown packet type NaN"),
    (r#"""#, "unknown packet type NaN"),
    (r#"{"a":1}"#, "unknown packet type NaN"),
];

#[test]
fn what_the_official_parser_accepts_is_accepted_with_the_same_result() {
    for &(text, kind, namespace, ack, data) in ACCEPTED {
        let packet = decode(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));

        let found_data = packet.data::<Value>().map(|data| printed(data.unwrap()));
        assert_eq!(packet.kind(), kind, "{text:?}");
        assert_eq!(packet.namespace(), namespace, "{text:?}");
        assert_eq!(
            packet.ack().map(|id| id.to_string()).as_deref(),
            ack,
            "{text:?}"
        );
        assert_eq!(found_data.as_deref(), data, "{text:?}");
    }
}

#[test]
fn what_the_official_parser_refuses_is_refused_with_the_same_text() {
    for &(text, message) in REFUSED {
        assert_eq!(decode(text).unwrap_err().to_string(), message, "{text:?}");
    }
}

#[test]
fn an_empty_packet_is_refused_where_the_official_parser_takes_it_for_a_connect() {
    assert_eq!(decode("").unwrap_err(), DecodeError::Empty);
    assert_eq!(
        decode(" ").unwrap_err(),
        DecodeError::UnknownType { found: ' ' }
    );
}

#[test]
fn whitespace_before_the_data_is_no_ack_id_where_the_official_parser_reads_0() {
    for text in ["2\t[\"x\"]", "2 [\"x\"]", "0 {} "] {
        assert_eq!(decode(text).unwrap().ack(), None, "{text:?}");
    }
    // Number("\u{a0}") is 0 in JavaScript, but JSON knows four characters of whitespace.
    for text in ["2\u{feff}[\"x\"]", "2\u{a0}[\"x\"]"] {
        assert_eq!(
            decode(text).unwrap_err(),
            DecodeError::InvalidPayload,
            "{text:?}"
        );
    }
}

#[test]
fn attachment_counts_other_than_digits_are_refused_where_javascript_reads_a_number() {
    for text in [
        "5-[\"x\"]",
        "5-1-[\"x\"]",
        "51.0-[\"x\"]",
        "51e0-[\"x\"]",
        "5+1-[\"x\"]",
        "5 1-[\"x\"]",
    ] {
        assert_eq!(
            decode(text).unwrap_err(),
            DecodeError::IllegalAttachmentCount,
            "{text:?}"
        );
    }
}

#[test]
fn placeholders_without_an_attachment_are_refused_where_the_official_parser_gives_undefined() {
    for text in [
        r#"51-["x",{"_placeholder":true,"num":0.5}]"#,
        r#"50-["x",{"_placeholder":true,"num":0}]"#,
    ] {
        assert_eq!(
            decode(text).unwrap_err(),
            DecodeError::IllegalPlaceholder,
            "{text:?}"
        );
    }
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let packet = decode(r#"2["\ud800","a\udfffb\ud83d\ude00",{"\udc00":1}]"#).unwrap();

    assert_eq!(packet.event().unwrap(), "\u{fffd}");
    let mut args = packet.args();
    assert_eq!(args.next::<String>(), Some(Ok("a\u{fffd}b😀".to_owned())));
    assert_eq!(args.next::<Value>(), Some(Ok(value!({ "\u{fffd}": 1 }))));
}

#[test]
fn a_number_beyond_a_double_names_an_event_as_infinity_does_in_javascript() {
    let packet = decode("2[1e400,1e400]").unwrap();

    assert_eq!(packet.event().unwrap().to_text(), "Infinity");
    assert_eq!(packet.args().next::<f64>(), Some(Ok(f64::INFINITY)));
}

fn decode(text: &str) -> Result<Packet<'_>, DecodeError> {
    let mut decoder = Decoder::default();
    if let Some(packet) = decoder.text(text)? {
        return Ok(packet);
    }
    for attachment in 0.. {
        if let Some(packet) = decoder.binary(&[attachment])? {
            return Ok(packet);
        }
    }
    unreachable!("the loop ends with the last attachment")
}

/// The data with each attachment printed as its bytes.
fn printed(data: Value) -> String {
    fn replace(value: Value) -> Value {
        match value {
            Value::Binary(bytes) => Value::String(format!("@{}", bytes[0])),
            Value::Array(elements) => elements.into_iter().map(replace).collect(),
            Value::Object(map) => Value::Object(
                map.into_iter()
                    .map(|(key, value)| (key, replace(value)))
                    .collect::<Map>(),
            ),
            other => other,
        }
    }
    replace(data).to_string()
}
