//! Any body is a payload that may end in an error, and its packets survive being encoded again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_engineio::revision4::{PayloadEncoder, decode_payload};

fuzz_target!(|body: &str| {
    let mut packets: Vec<_> = decode_payload(body).collect();
    assert!(!packets.is_empty());
    assert!(packets.len() <= body.matches('\x1e').count() + 1);
    if packets.last().is_some_and(Result::is_err) {
        packets.pop();
    }
    assert!(packets.iter().all(Result::is_ok), "packets behind an error");

    let mut payload = PayloadEncoder::new();
    for packet in packets.iter().flatten() {
        payload.push(packet);
    }
    if !payload.is_empty() {
        let encoded = String::from_utf8(payload.into_body()).expect("payloads are text");
        assert_eq!(decode_payload(&encoded).collect::<Vec<_>>(), packets);
    }
});
