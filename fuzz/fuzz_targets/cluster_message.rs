//! Any payload of a bus is a message or an error, and what was read is written and read again as it is.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roomcast_cluster::{Encoding, Extras, Message, classic, engine};

fuzz_target!(|payload: &[u8]| {
    let payload = Bytes::copy_from_slice(payload);
    if let Ok(value) = Encoding::decode(payload.clone()) {
        let encoded = Encoding::MessagePack.encode(&value);
        let read = Encoding::decode(encoded.clone().into()).expect("what was written is read");
        // Bytes, not values: not a number is not equal to itself.
        assert_eq!(Encoding::MessagePack.encode(&read), encoded);
    }
    if let Ok(message) = Message::decode(payload.clone(), "/") {
        let encoded = Encoding::MessagePack.encode(&message.to_value(Extras::Written));
        let read = Message::decode(encoded.clone().into(), "/").expect("what was written is read");
        assert_eq!(Encoding::MessagePack.encode(&read.to_value(Extras::Written)), encoded);
    }
    if let Ok(message) = engine::Message::decode(payload.clone()) {
        let encoded = message.encode();
        let read = engine::Message::decode(encoded.clone().into()).expect("what was written is read");
        assert_eq!(read.encode(), encoded);
    }
    if let Ok(message) = classic::decode_broadcast(payload.clone()) {
        assert!(classic::encode_broadcast(&message).is_some());
    }
    if let Ok(request) = classic::decode_request(payload.clone(), "/") {
        assert!(classic::encode_request(&request.message).is_some());
    }
    if let Ok(response) = classic::decode_response(payload, "/") {
        assert!(classic::encode_response(&response.body).is_some());
    }
});
