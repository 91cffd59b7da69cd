//! Payloads of revision 3: what is written is read again, and whatever is read ends.

use proptest::prelude::*;
use roomcast_engineio::revision3::{
    Jsonp, PayloadEncoder, decode_binary_payload, decode_form, decode_payload,
};
use roomcast_engineio::{DecodeError, Packet};

/// A packet of each type, owned.
#[derive(Clone, Debug)]
enum Owned {
    Open(String),
    Close,
    Ping(String),
    Pong(String),
    Text(String),
    Binary(Vec<u8>),
    Upgrade,
    Noop,
}

impl Owned {
    fn packet(&self) -> Packet<'_> {
        match self {
            Self::Open(json) => Packet::Open(json),
            Self::Close => Packet::Close,
            Self::Ping(text) => Packet::Ping(text),
            Self::Pong(text) => Packet::Pong(text),
            Self::Text(text) => Packet::Text(text),
            Self::Binary(bytes) => Packet::Binary(bytes.into()),
            Self::Upgrade => Packet::Upgrade,
            Self::Noop => Packet::Noop,
        }
    }
}

fn packets() -> impl Strategy<Value = Vec<Owned>> {
    let packet = prop_oneof![
        any::<String>().prop_map(Owned::Open),
        Just(Owned::Close),
        any::<String>().prop_map(Owned::Ping),
        any::<String>().prop_map(Owned::Pong),
        any::<String>().prop_map(Owned::Text),
        any::<Vec<u8>>().prop_map(Owned::Binary),
        Just(Owned::Upgrade),
        Just(Owned::Noop),
    ];
    prop::collection::vec(packet, 1..8)
}

fn encode(mut payload: PayloadEncoder, packets: &[Owned]) -> Vec<u8> {
    packets
        .iter()
        .for_each(|packet| payload.push(&packet.packet()));
    payload.into_body()
}

fn expected(packets: &[Owned]) -> Vec<Result<Packet<'_>, DecodeError>> {
    packets.iter().map(|packet| Ok(packet.packet())).collect()
}

proptest! {
    #[test]
    fn text_is_read_as_it_was_written(packets in packets()) {
        let body = String::from_utf8(encode(PayloadEncoder::text(), &packets)).unwrap();
        prop_assert_eq!(decode_payload(&body).collect::<Vec<_>>(), expected(&packets));
    }

    #[test]
    fn bytes_are_read_as_they_were_written(packets in packets()) {
        let body = encode(PayloadEncoder::binary(), &packets);
        prop_assert_eq!(decode_binary_payload(&body).collect::<Vec<_>>(), expected(&packets));
    }

    #[test]
    fn a_script_holds_the_payload_as_a_literal(payload: String, index: u32) {
        let script = Jsonp::new(&index.to_string()).wrap(&payload);
        let call = format!("___eio[{index}](");
        let literal = script.strip_prefix(&call).and_then(|rest| rest.strip_suffix(");"));
        prop_assert_eq!(serde_json::from_str::<String>(literal.unwrap()).unwrap(), payload);
        let ends_a_line = script.contains(['\u{2028}', '\u{2029}', '\n']);
        prop_assert!(!ends_a_line);
    }

    #[test]
    fn any_text_is_a_payload_that_may_end_in_an_error(body in r#"([0-9]{0,3}:?[0-6b]?\PC{0,4}){0,6}"#) {
        let packets: Vec<_> = decode_payload(&body).collect();
        prop_assert!(packets.len() <= body.len() + 1);
        prop_assert!(packets.iter().rev().skip(1).all(Result::is_ok));
        decode_form(&body);
    }

    #[test]
    fn any_bytes_are_a_payload_that_may_end_in_an_error(body: Vec<u8>) {
        let packets: Vec<_> = decode_binary_payload(&body).collect();
        prop_assert!(packets.len() <= body.len());
        prop_assert!(packets.iter().rev().skip(1).all(Result::is_ok));
    }
}
