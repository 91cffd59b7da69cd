//! Texts and attachments: never a panic, the same verdict on JSON as serde_json, the same
//! elements, and what was decoded comes back unchanged after encoding.
//!
//! The input is split at 0 bytes: the first part is the text, the others are attachments.

#![no_main]

mod finite;

use finite::is_finite;
use libfuzzer_sys::fuzz_target;
use roomcast_socketio::{
    DecodeError, Decoder, EventName, Header, Limits, Packet, PacketKind, Spread, Value, encode_ack,
    encode_event,
};
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|byte| *byte == 0);
    let Some(Ok(text)) = parts.next().map(std::str::from_utf8) else {
        return;
    };
    compare_verdict(text);
    let mut decoder = Decoder::default();
    let mut packet = match decoder.text(text) {
        Ok(packet) => packet.map(Packet::into_owned),
        Err(_) => return,
    };
    for attachment in parts {
        if packet.is_some() {
            assert!(decoder.binary(attachment).is_err());
            break;
        }
        let Ok(next) = decoder.binary(attachment) else {
            return;
        };
        packet = next;
    }
    if let Some(packet) = packet {
        compare_elements(&packet);
        come_back(&packet);
    }
});

/// An acknowledgement takes any array.
fn compare_verdict(json: &str) {
    if !json.starts_with('[') {
        return;
    }
    let ours = Decoder::default().text(&format!("3{json}")).map(|_| ());
    let theirs = serde_json::from_str::<serde::de::IgnoredAny>(json);
    match ours {
        Ok(()) => assert!(theirs.is_ok()),
        // The rest of the text was not looked at.
        Err(DecodeError::TooDeep { .. }) => {}
        Err(error) => {
            assert_eq!(error, DecodeError::InvalidPayload);
            assert!(theirs.is_err());
        }
    }
}

fn compare_elements(packet: &Packet<'_>) {
    let has_array = packet.raw_data().trim_start().starts_with('[');
    if !has_array {
        return;
    }
    let elements: Vec<&RawValue> = serde_json::from_str(packet.raw_data()).expect("an array");
    let name = usize::from(packet.kind() == PacketKind::Event);
    assert_eq!(packet.args().len(), elements.len() - name);
    for (index, element) in elements.iter().skip(name).enumerate() {
        assert_eq!(packet.args().raw(index), Some(element.get()));
    }
}

fn come_back(packet: &Packet<'_>) {
    // From 10^21 on an id is printed with an exponent, as JavaScript does, which is no id.
    let ack = packet
        .ack()
        .filter(|ack| !ack.to_string().contains(['e', 'I']));
    let header = Header {
        namespace: packet.namespace(),
        ack,
    };
    let args = packet.args().rest::<Value>().expect("JSON is a value");
    // A number beyond all doubles is infinite, as in JavaScript, and goes out as null.
    let is_named =
        !matches!(packet.event(), Some(EventName::Number(name)) if !name.as_f64().is_finite());
    if !is_named || !args.iter().all(is_finite) {
        return;
    }
    let args = Spread(args);
    let mut out = Vec::new();
    let attachments = match (packet.kind(), packet.event()) {
        (PacketKind::Ack, _) => encode_ack(&mut out, header, &args),
        (_, Some(event)) => encode_event(&mut out, header, event, &args),
        _ => return,
    }
    .expect("a value has a JSON form");

    let limits = Limits {
        max_attachments: usize::MAX,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(limits);
    let text = String::from_utf8(out).expect("packets are UTF-8");
    let mut again = decoder
        .text(&text)
        .expect("our own packet")
        .map(Packet::into_owned);
    for attachment in attachments {
        again = decoder
            .binary_owned(attachment)
            .expect("our own attachment");
    }
    let again = again.expect("all attachments are in");
    assert_eq!(again.kind(), packet.kind());
    assert_eq!(again.namespace(), packet.namespace());
    assert_eq!(again.event(), packet.event());
    assert_eq!(again.ack(), ack);
    assert_eq!(again.args().rest::<Value>().as_ref(), Ok(&args.0));
}
