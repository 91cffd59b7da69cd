//! Packets in MessagePack form: never a panic, every value is read into any type or refused, and
//! what was decoded comes back unchanged, through this parser and through the text parser.

#![no_main]

mod finite;

use std::collections::BTreeMap;

use finite::is_finite;
use libfuzzer_sys::fuzz_target;
use roomcast_socketio::{
    Date, Decoder, Header, Limits, Packet, PacketKind, Raw, Spread, Value, encode_ack,
    encode_event, msgpack,
};
use serde::Deserialize;

fuzz_target!(|message: &[u8]| {
    let decoder = msgpack::Decoder::default();
    let Ok(packet) = decoder.binary(message) else {
        return;
    };
    let owned = decoder
        .binary_owned(bytes::Bytes::copy_from_slice(message))
        .expect("the same bytes");
    assert_eq!(packet.data::<Raw>(), owned.data());
    assert_eq!(packet.namespace(), packet.clone().into_owned().namespace());
    for index in 0..packet.args().len() {
        let _ = packet.args().get::<Typed>(index);
        let _ = packet.args().get::<Date>(index);
        let _ = packet.args().get::<Vec<Option<u8>>>(index);
        let _ = packet.args().get::<serde_json::Value>(index);
        let raw: Raw = packet.args().get(index).expect("counted").expect("raw");
        let value: Value = packet.args().get(index).expect("counted").expect("any");
        if is_finite(&value) {
            assert_eq!(raw.parse::<Value>(), Ok(value));
        }
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(raw.json()).is_ok());
    }
    come_back(&packet);
});

fn come_back(packet: &Packet<'_>) {
    let raw = Spread(packet.args().rest::<Raw>().expect("anything is raw"));
    let values = packet.args().rest::<Value>().expect("anything is a value");
    // NaN is not equal to itself, JSON has no infinite numbers, and in text form an object may look
    // like a placeholder.
    let text = serde_json::to_string(&values).expect("any value has a JSON form");
    if !values.iter().all(is_finite) || text.contains("_placeholder") {
        return;
    }
    let header = Header {
        namespace: "/",
        ack: packet.ack().filter(|ack| ack.as_u64().is_some()),
    };
    let mut out = Vec::new();
    match packet.kind() {
        PacketKind::Event => msgpack::encode_event(&mut out, header, "x", &raw),
        PacketKind::Ack => msgpack::encode_ack(&mut out, header, &raw),
        _ => return,
    }
    .expect("a raw value can be written");
    let again = msgpack::Decoder::default().binary(&out);
    let again = again.expect("our own packet");
    assert_eq!(again.ack(), header.ack);
    assert_eq!(again.args().rest::<Value>().as_ref(), Ok(&values));

    let mut text = Vec::new();
    let attachments = match packet.kind() {
        PacketKind::Event => encode_event(&mut text, header, "x", &raw),
        _ => encode_ack(&mut text, header, &raw),
    };
    let text = String::from_utf8(text).expect("packets are UTF-8");
    let mut decoder = Decoder::new(Limits::NONE);
    let mut again = decoder
        .text(&text)
        .expect("our own packet")
        .map(Packet::into_owned);
    for attachment in attachments.expect("any value has a JSON form") {
        again = decoder
            .binary_owned(attachment)
            .expect("our own attachment");
    }
    let again = again.expect("all attachments are in");
    assert_eq!(again.args().rest::<Value>().as_ref(), Ok(&values));
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read and not looked at")]
struct Typed {
    a: Option<Vec<u8>>,
    b: Vec<Choice>,
    c: Box<Option<Typed>>,
    d: BTreeMap<i64, Raw>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read and not looked at")]
enum Choice {
    A,
    B(u8),
    C(Vec<u8>, i128),
    D { a: char, b: bool },
}
