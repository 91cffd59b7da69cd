//! Any text is a packet or a decoding error, and a packet that is encoded again is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_engineio::{
    Handshake, Query,
    revision4::{decode_text, encode_text},
};

fuzz_target!(|text: &str| {
    if let Ok(packet) = decode_text(text) {
        let mut encoded = Vec::new();
        encode_text(&packet, &mut encoded);
        let encoded = std::str::from_utf8(&encoded).expect("packets are text");
        assert_eq!(decode_text(encoded), Ok(packet));
    }
    if let Ok(handshake) = Handshake::decode(text) {
        let json = handshake.to_json();
        assert_eq!(Handshake::decode(&json), Ok(handshake));
    }
    let query = Query::parse(text);
    assert_ne!(query.sid(), Some(""));
});
