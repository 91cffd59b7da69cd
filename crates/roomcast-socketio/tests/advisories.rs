//! Each published advisory against the official parser, and what it must not do here.

use roomcast_socketio::{DecodeError, Decoder, Limits, Value};

#[test]
fn cve_2026_33151_announced_attachments_are_limited_before_anything_is_kept() {
    let mut decoder = Decoder::default();

    assert_eq!(
        decoder.text(r#"511-["x"]"#).unwrap_err(),
        DecodeError::TooManyAttachments { limit: 10 }
    );
    assert_eq!(
        decoder.text(r#"51000000000-["x"]"#).unwrap_err(),
        DecodeError::TooManyAttachments { limit: 10 }
    );
    assert!(!decoder.is_waiting());
    assert_eq!(
        decoder.binary(b"x").unwrap_err(),
        DecodeError::UnexpectedBinary
    );
}

#[test]
fn cve_2026_33151_the_sum_of_attachments_is_limited() {
    let limits = Limits {
        max_attachment_bytes: 5,
        ..Limits::default()
    };
    let two = r#"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

    let mut at_the_limit = Decoder::new(limits);
    assert!(at_the_limit.text(two).unwrap().is_none());
    assert!(at_the_limit.binary(b"123").unwrap().is_none());
    assert!(at_the_limit.binary(b"45").unwrap().is_some());

    let mut one_past = Decoder::new(limits);
    assert!(one_past.text(two).unwrap().is_none());
    assert!(one_past.binary(b"123").unwrap().is_none());
    assert_eq!(
        one_past.binary(b"456").unwrap_err(),
        DecodeError::AttachmentsTooLarge { limit: 5 }
    );
    assert!(!one_past.is_waiting());
}

#[test]
fn one_attachment_named_very_often_counts_as_often() {
    let limits = Limits {
        max_attachment_bytes: 8,
        ..Limits::default()
    };
    let text = |placeholders| {
        format!(
            "51-[0{}]",
            r#",{"_placeholder":true,"num":0}"#.repeat(placeholders)
        )
    };

    let mut decoder = Decoder::new(limits);
    assert!(decoder.text(&text(4)).unwrap().is_none());
    assert!(decoder.binary(b"12").unwrap().is_some());
    assert!(decoder.text(&text(5)).unwrap().is_none());
    assert_eq!(
        decoder.binary(b"12").unwrap_err(),
        DecodeError::AttachmentsTooLarge { limit: 8 }
    );
}

#[test]
fn cve_2023_32695_an_event_name_must_be_a_string_or_a_number() {
    for text in [
        r#"2[{"toString":"foo"}]"#,
        r#"2[{"toString":"foo"},1]"#,
        "2[[]]",
        "2[null]",
        "2[true]",
        "51-[{\"_placeholder\":true,\"num\":0}]",
    ] {
        let refused = Decoder::default().text(text).unwrap_err();
        assert_eq!(refused, DecodeError::InvalidPayload, "{text}");
    }
}

#[test]
fn cve_2022_2421_a_placeholder_must_name_one_of_the_attachments() {
    for num in [
        r#""splice""#,
        "-1",
        "10",
        "1",
        "0.5",
        r#""0""#,
        "null",
        "[]",
        "{}",
        "1e999",
    ] {
        let text = format!(r#"51-["x",{{"_placeholder":true,"num":{num}}}]"#);
        let refused = Decoder::default().text(&text).unwrap_err();
        assert_eq!(refused, DecodeError::IllegalPlaceholder, "{text}");
    }
}

#[test]
fn cve_2020_36049_a_packet_of_10_mb_is_read_in_place() {
    let text = format!(r#"2["x","{}"]"#, "é".repeat(5_000_000));

    let mut decoder = Decoder::default();
    let packet = decoder.text(&text).unwrap().unwrap();
    let argument: &str = packet.args().next().unwrap().unwrap();

    assert_eq!(argument.len(), 10_000_000);
    assert_eq!(
        argument.as_ptr(),
        text[7..].as_ptr(),
        "the argument is a part of the message"
    );
}

#[test]
fn a_binary_header_without_a_dash_is_refused() {
    for text in ["5", "51", "6", "599999999999999", "51[\"x\"]", "5[\"-\"]"] {
        let refused = Decoder::default().text(text).unwrap_err();
        assert_eq!(refused, DecodeError::IllegalAttachmentCount, "{text}");
    }
}

#[test]
fn equal_keys_do_not_make_reading_an_object_slow_or_large() {
    let text = format!(r#"2["x",{{{}"a":2}}]"#, r#""a":1,"#.repeat(100_000));

    let mut decoder = Decoder::default();
    let packet = decoder.text(&text).unwrap().unwrap();
    let object: Value = packet.args().read().unwrap();

    assert_eq!(object.to_string(), r#"{"a":2}"#);
}
