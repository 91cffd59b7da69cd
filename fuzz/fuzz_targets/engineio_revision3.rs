//! Any body of revision 3 is a payload that may end in an error, and its packets survive being
//! encoded again in both forms; any form ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_engineio::revision3::{
    Jsonp, PayloadEncoder, decode_binary, decode_binary_payload, decode_form, decode_payload,
};
use roomcast_engineio::{DecodeError, Packet};

fuzz_target!(|body: &[u8]| {
    decode_binary(body);
    check(decode_binary_payload(body).collect(), body.len());
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    check(decode_payload(text).collect(), body.len() + 1);
    Jsonp::new(text).wrap(text);
    if let Some(payload) = decode_form(text) {
        assert!(payload.len() <= text.len() * 3, "a byte becomes U+FFFD at most");
    }
});

fn check(mut packets: Vec<Result<Packet<'_>, DecodeError>>, most: usize) {
    assert!(packets.len() <= most);
    if packets.last().is_some_and(Result::is_err) {
        packets.pop();
    }
    assert!(packets.iter().all(Result::is_ok), "packets behind an error");
    if packets.is_empty() {
        return;
    }
    let bytes = encode(PayloadEncoder::binary(), &packets);
    assert_eq!(decode_binary_payload(&bytes).collect::<Vec<_>>(), packets);
    let text = encode(PayloadEncoder::text(), &packets);
    let text = String::from_utf8(text).expect("payloads of text are text");
    assert_eq!(decode_payload(&text).collect::<Vec<_>>(), packets);
}

fn encode(mut payload: PayloadEncoder, packets: &[Result<Packet<'_>, DecodeError>]) -> Vec<u8> {
    for packet in packets.iter().flatten() {
        payload.push(packet);
    }
    payload.into_body()
}
