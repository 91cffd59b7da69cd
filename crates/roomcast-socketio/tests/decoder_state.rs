//! What a decoder accepts next, after each kind of message.

use roomcast_socketio::{DecodeError, Decoder, Limits, PacketKind, Value};

const ONE: &str = r#"51-["file",{"_placeholder":true,"num":0}]"#;
const TWO: &str = r#"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

#[test]
fn text_while_attachments_are_missing_is_refused() {
    let mut decoder = Decoder::default();
    assert!(decoder.text(ONE).unwrap().is_none());

    let refused = decoder.text(r#"2["message","x"]"#).unwrap_err();

    assert_eq!(refused, DecodeError::TextWhileReconstructing);
    assert_eq!(
        refused.to_string(),
        "got plaintext data when reconstructing a packet"
    );
}

#[test]
fn binary_without_a_header_is_refused() {
    let refused = Decoder::default().binary(&[1, 2, 3]).unwrap_err();

    assert_eq!(refused, DecodeError::UnexpectedBinary);
    assert_eq!(
        refused.to_string(),
        "got binary data when not reconstructing a packet"
    );
}

#[test]
fn one_attachment_too_many_is_refused() {
    let mut decoder = Decoder::default();
    assert!(decoder.text(ONE).unwrap().is_none());
    assert!(decoder.binary(&[1]).unwrap().is_some());

    assert_eq!(
        decoder.binary(&[2]).unwrap_err(),
        DecodeError::UnexpectedBinary
    );
}

#[test]
fn a_binary_event_without_attachments_leaves_the_decoder_ready() {
    let mut decoder = Decoder::default();

    let packet = decoder.text(r#"50-["echo",1]"#).unwrap().unwrap();
    assert_eq!(packet.event().unwrap(), "echo");
    assert_eq!(packet.args().next::<u8>(), Some(Ok(1)));

    let next = decoder.text(r#"2["echo",2]"#).unwrap().unwrap();
    assert_eq!(next.args().next::<u8>(), Some(Ok(2)));
}

#[test]
fn ten_attachments_pass_and_come_in_their_order() {
    let places: Vec<_> = (0..10)
        .map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#))
        .collect();
    let text = format!(r#"510-["message",{}]"#, places.join(","));
    let mut decoder = Decoder::default();

    assert!(decoder.text(&text).unwrap().is_none());
    for attachment in 0..9 {
        assert!(decoder.binary(&[attachment]).unwrap().is_none());
        assert!(decoder.is_waiting());
    }
    let packet = decoder.binary(&[9]).unwrap().unwrap();

    let read: Vec<Vec<u8>> = packet.args().rest().unwrap();
    assert_eq!(
        read,
        (0..10)
            .map(|attachment| vec![attachment])
            .collect::<Vec<_>>()
    );
    assert!(!decoder.is_waiting());
}

#[test]
fn attachments_keep_their_place_whatever_the_order_of_the_placeholders() {
    let mut decoder = Decoder::default();
    let text =
        r#"52-/admin,7["x",[{"_placeholder":true,"num":1}],{"k":{"num":0,"_placeholder":true}}]"#;

    assert!(decoder.text(text).unwrap().is_none());
    assert!(decoder.binary(b"zero").unwrap().is_none());
    let packet = decoder.binary(b"one").unwrap().unwrap();

    assert_eq!(packet.kind(), PacketKind::Event);
    assert_eq!(packet.namespace(), "/admin");
    assert_eq!(packet.ack().unwrap().as_u64(), Some(7));
    let mut args = packet.args();
    assert_eq!(
        args.read::<Value>().unwrap()[0].as_bytes().unwrap(),
        &b"one"[..]
    );
    assert_eq!(
        args.read::<Value>().unwrap()["k"].as_bytes().unwrap(),
        &b"zero"[..]
    );
}

#[test]
fn an_owned_attachment_is_not_copied() {
    let data = bytes::Bytes::from(vec![1, 2, 3]);
    let mut decoder = Decoder::default();
    assert!(decoder.text(ONE).unwrap().is_none());

    let packet = decoder.binary_owned(data.clone()).unwrap().unwrap();

    assert_eq!(packet.attachments()[0].as_ptr(), data.as_ptr());
}

#[test]
fn an_empty_attachment_is_an_attachment() {
    let mut decoder = Decoder::default();
    assert!(decoder.text(ONE).unwrap().is_none());

    let packet = decoder.binary(&[]).unwrap().unwrap();

    assert_eq!(packet.args().next::<Vec<u8>>(), Some(Ok(vec![])));
}

#[test]
fn a_decoder_is_ready_again_after_an_error_in_the_middle_of_a_packet() {
    let mut decoder = Decoder::default();
    assert!(decoder.text(TWO).unwrap().is_none());
    assert!(decoder.binary(&[1]).unwrap().is_none());
    assert!(decoder.text("2").is_err());

    assert!(!decoder.is_waiting());
    assert!(decoder.text("2").is_ok());
}

#[test]
fn an_announced_attachment_takes_no_memory_before_it_comes() {
    let limits = Limits {
        max_attachments: usize::MAX,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(limits);

    assert!(
        decoder
            .text(r#"518446744073709551615-["x"]"#)
            .unwrap()
            .is_none()
    );
    assert!(decoder.binary(b"first").unwrap().is_none());
    assert!(decoder.is_waiting());
}

/// Every vector of this file and the shapes that features of the protocol take.
const VECTORS: &[&str] = &[
    ONE,
    TWO,
    r#"0/custom,{"token":"abc"}"#,
    "1/custom,",
    r#"2/custom,13["message",1,"2",{"3":[true]},null,-0.5,1e21,"\u00e9\ud83d\ude00é日本"]"#,
    r#"31[{"a":[{"b":{"c":[]}}]}]"#,
    r#"4/random,{"message":"Invalid namespace"}"#,
    r#"62-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
];

#[test]
fn every_truncation_of_every_vector_is_a_packet_or_a_clean_error() {
    for vector in VECTORS {
        for (end, _) in vector.char_indices() {
            let truncated = &vector[..end];
            let mut decoder = Decoder::default();
            let result = decoder.text(truncated);
            let has_data = truncated.contains(['[', '{']);
            if has_data {
                assert_eq!(
                    result.unwrap_err(),
                    DecodeError::InvalidPayload,
                    "{truncated}"
                );
            } else if let Ok(Some(packet)) = result {
                assert_eq!(packet.raw_data(), "", "{truncated}");
                assert!(packet.args().is_empty());
            }
        }
    }
}

#[test]
fn bytes_changed_anywhere_in_a_vector_never_panic() {
    for vector in VECTORS {
        for (at, _) in vector.char_indices() {
            for inserted in [
                "\"", "\\", "[", "]", "{", "}", ",", ":", "0", "-", "\u{0}", "é",
            ] {
                let mut changed = (*vector).to_owned();
                changed.insert_str(at, inserted);
                let mut decoder = Decoder::default();
                let mut result = decoder
                    .text(&changed)
                    .map(|packet| packet.map(|p| p.into_owned()));
                while let Ok(None) = result {
                    result = decoder.binary(b"x");
                }
                if let Ok(Some(packet)) = result {
                    let _: Result<Vec<Value>, _> = packet.args().rest();
                }
            }
        }
    }
}
