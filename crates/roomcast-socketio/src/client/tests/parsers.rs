//! Other parsers than that of the text form.

use std::sync::Arc;

use bytes::Bytes;

use super::world::{MAIN, World};
use crate::client::{Content, Emission};
use crate::{
    AckId, CustomDecoder, CustomParser, DecodeError, EncodeError, Header, Limits, Message, Packet,
    PacketKind, Parser, Value, value,
};

fn world(parser: Parser) -> World {
    let mut world = World::with(|options| options.parser = parser);
    assert_eq!(world.add("/"), MAIN);
    world.connect(MAIN);
    world
}

fn emit<T: serde::Serialize>(world: &mut World, event: &str, args: &T) -> Vec<String> {
    let content = Content::event(world.manager.parser(), event, args).expect("it can be encoded");
    let mut emission = Emission::new(content);
    emission.wants_ack = true;
    world.try_emit(MAIN, emission).expect("there is room");
    world.drain()
}

#[test]
fn the_message_pack_form_is_one_binary_message_for_each_packet() {
    let mut world = world(Parser::MessagePack);
    world.manager.report_outgoing(MAIN, true);
    assert_eq!(
        world.opened(),
        ["manager open", r#"> b"\x82\xa4type\0\xa3nsp\xa1/""#]
    );
    assert_eq!(
        world.says_bytes(b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3sid\xa1x"),
        ["connect / x"]
    );

    let file = Bytes::from_static(b"\x09");
    assert_eq!(
        emit(&mut world, "q", &(1, file)),
        [
            r#"any_outgoing / ["q",1,[9]]"#,
            r#"> b"\x84\xa4type\x02\xa4data\x93\xa1q\x01\xc4\x01\t\xa2id\0\xa3nsp\xa1/""#
        ]
    );
    let lines = world.says_bytes(b"\x84\xa4type\x03\xa2id\x00\xa3nsp\xa1/\xa4data\x91\x07");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(" [7]"), "{lines:?}");
    assert_eq!(
        world.says_bytes(b"\x84\xa4type\x02\xa2id\x05\xa3nsp\xa1/\xa4data\x92\xa1e\xc3"),
        [r#"event / ["e",true]"#]
    );

    let answer = world.answers.remove(0);
    let content = Content::ack(&Parser::MessagePack, &"ok").expect("it can be encoded");
    world.manager.answer(answer, content);
    assert_eq!(
        world.drain(),
        [r#"> b"\x84\xa4type\x03\xa4data\x91\xa2ok\xa2id\x05\xa3nsp\xa1/""#]
    );
    assert_eq!(world.says("2[]")[1], "manager close parse error");
}

#[test]
fn early_events_in_message_pack_form_are_kept() {
    let mut world = world(Parser::MessagePack);
    world.opened();
    assert!(
        world
            .says_bytes(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1e\xa1o")
            .is_empty()
    );

    assert_eq!(
        world.says_bytes(b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x82\xa3sid\xa1x\xa3pid\xa1p"),
        [r#"event / ["e","o"]"#, "connect / x"]
    );
    world.closed(crate::client::CloseReason::TransportClose);
    world.after(100);
    assert_eq!(
        world.opened().last().map(String::as_str),
        Some(r#"> b"\x83\xa4type\0\xa4data\x82\xa3pid\xa1p\xa6offset\xa1o\xa3nsp\xa1/""#)
    );
}

/// Writes each packet as one JSON array.
struct Lines;

impl CustomParser for Lines {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError> {
        let data: Value = packet.data().and_then(Result::ok).unwrap_or_default();
        let ack = packet.ack().and_then(AckId::as_u64);
        let line = value!([packet.kind().as_str(), packet.namespace(), ack, data]);
        Ok(vec![Message::Text(line.to_string())])
    }

    fn decoder(&self, _limits: Limits) -> Box<dyn CustomDecoder> {
        Box::new(Self)
    }
}

impl CustomDecoder for Lines {
    fn text(&mut self, text: &str) -> Result<Option<Packet<'static>>, DecodeError> {
        let line: Value = text.parse().map_err(|_| DecodeError::InvalidPayload)?;
        let kind = match line[0].as_str() {
            Some("connect") => PacketKind::Connect,
            Some("event") => PacketKind::Event,
            _ => return Err(DecodeError::InvalidType),
        };
        let header = Header {
            namespace: "/",
            ack: None,
        };
        Packet::new(kind, header, &line[1]).map(Some)
    }
}

#[test]
fn a_parser_of_ones_own_sees_all_packets() {
    let mut world = world(Parser::Custom(Arc::new(Lines)));
    assert_eq!(
        world.opened(),
        ["manager open", r#"> Text("[\"connect\",\"/\",null,null]")"#]
    );
    assert_eq!(world.says(r#"["connect",{"sid":"x"}]"#), ["connect / x"]);
    assert_eq!(
        emit(&mut world, "q", &true),
        [r#"> Text("[\"event\",\"/\",0,[\"q\",true]]")"#]
    );
    assert_eq!(world.says(r#"["event",["e"]]"#), [r#"event / ["e"]"#]);
    assert_eq!(world.says("[]")[1], "manager close parse error");
}
