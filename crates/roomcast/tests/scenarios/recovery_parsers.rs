//! Recovery with other parsers than JSON text. Spec: features 2.4, 2.38.

use std::sync::{Arc, OnceLock};

use roomcast::parser::{
    AckId, CustomDecoder, CustomParser, Header, Limits, Message, Packet, PacketKind,
};
use roomcast::recovery::{History, Recovery, Retries};
use roomcast::{DecodeError, EncodeError, Parser, Server, Socket, Value, value};

use crate::support::{Frame, Host, WebSocket, answering, reasons};

fn server(parser: impl Into<Parser>) -> Server {
    let recovery = Recovery::new().max_packets(10_000);
    let io = Server::builder()
        .parser(parser)
        .connection_state_recovery(recovery)
        .build();
    answering(&io);
    io.on("join", |socket: Socket, room: String| {
        socket.join_with_history(&room, History::last(3));
    });
    io
}

// MessagePack: a map of `type`, `data` and `nsp`; the offset is the last element of `data`.

async fn next_binary(client: &mut WebSocket) -> Vec<u8> {
    match client.next().await {
        Frame::Binary(bytes) => bytes,
        other => panic!("expected bytes, found {other:?}"),
    }
}

/// The id and the private id in `{type: 0, data: {sid, pid}, nsp: "/"}`.
fn ids(connect: &[u8]) -> (String, String) {
    let ids = connect
        .strip_prefix(b"\x83\xa4type\x00\xa4data\x82\xa3sid\xb4")
        .and_then(|rest| rest.strip_suffix(b"\xa3nsp\xa1/"))
        .expect("the answer to a CONNECT");
    let (id, pid) = ids.split_at(20);
    let pid = pid
        .strip_prefix(b"\xa3pid\xb4")
        .expect("a private id follows");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ids are text");
    (text(id), text(pid))
}

/// The offset of `{type: 2, data: […, offset], nsp: "/"}` and what stands before it.
fn split(event: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let data = event
        .strip_suffix(b"\xa3nsp\xa1/")
        .expect("it ends in the namespace");
    let (front, offset) = data.split_at(data.len() - 14);
    (
        front
            .strip_suffix(b"\xae")
            .expect("a text of 14 bytes")
            .to_vec(),
        offset.to_vec(),
    )
}

#[tokio::test]
async fn message_pack_events_carry_offsets_and_what_was_missed_comes_back() {
    let io = server(Parser::MessagePack);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    client.send_binary(b"\x82\xa4type\x00\xa3nsp\xa1/").await;
    let connect = next_binary(&mut client).await;
    let (_, pid) = ids(&connect);

    io.emit("e", 1);
    let (front, offset) = split(&next_binary(&mut client).await);
    assert_eq!(front, b"\x83\xa4type\x02\xa4data\x93\xa1e\x01");
    drop(client);
    reasons.next().await;
    io.emit("e", bytes::Bytes::from_static(b"\x07"));

    let mut client = host.websocket().await;
    let claim = [
        &b"\x83\xa4type\x00\xa4data\x82\xa3pid\xb4"[..],
        pid.as_bytes(),
        b"\xa6offset\xae",
        &offset,
        b"\xa3nsp\xa1/",
    ];
    client.send_binary(&claim.concat()).await;
    assert_eq!(next_binary(&mut client).await, connect);
    let (front, newer) = split(&next_binary(&mut client).await);
    assert_eq!(front, b"\x83\xa4type\x02\xa4data\x93\xa1e\xc4\x01\x07");
    assert!(newer > offset);
}

#[tokio::test]
async fn volatile_message_pack_events_have_an_offset_behind_a_text_alone() {
    let io = server(Parser::MessagePack);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send_binary(b"\x82\xa4type\x00\xa3nsp\xa1/").await;
    next_binary(&mut client).await;
    let alive = b"\x84\xa4type\x02\xa4data\x91\xa5alive\xa2id\x07\xa3nsp\xa1/";

    client.send_binary(alive).await;
    next_binary(&mut client).await;
    io.volatile().emit("v", 1);
    client
        .expect_binary(b"\x83\xa4type\x02\xa4data\x92\xa1v\x01\xa3nsp\xa1/")
        .await;
    client.send_binary(alive).await;
    next_binary(&mut client).await;
    io.volatile().emit("v", "a");
    let (front, _) = split(&next_binary(&mut client).await);
    assert_eq!(front, b"\x83\xa4type\x02\xa4data\x93\xa1v\xa1a");
}

/// Writes each packet as one JSON array.
#[derive(Clone)]
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
            namespace: line[1].as_str().ok_or(DecodeError::InvalidNamespace)?,
            ack: line[2].as_u64().map(AckId::from),
        };
        Packet::new(kind, header, &line[3]).map(Some)
    }
}

async fn next_line(client: &mut WebSocket) -> Value {
    let text = client.next_text().await;
    let line = text.strip_prefix('4').expect("a message");
    line.parse().expect("a line is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parser_of_ones_own_gets_each_offset_right_though_many_emit_at_once() {
    let io = server(Lines);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    client.send(r#"4["connect","/",null,{}]"#).await;
    let connect = next_line(&mut client).await;
    client.send(r#"4["event","/",null,["join","red"]]"#).await;
    client.send(r#"4["event","/",7,["alive"]]"#).await;
    next_line(&mut client).await;
    let emitters: Vec<_> = (0..4)
        .map(|emitter| {
            let io = io.clone();
            std::thread::spawn(move || {
                for number in 0..250 {
                    io.to("red").emit("e", (emitter, number));
                }
            })
        })
        .collect();

    let mut last = Value::Null;
    for _ in 0..1000 {
        let data = next_line(&mut client).await[3].clone();
        assert!(data[3].as_str() > last.as_str(), "{data} after {last}");
        last = data[3].clone();
    }
    emitters
        .into_iter()
        .for_each(|emitter| emitter.join().expect("it does not panic"));
    drop(client);
    reasons.next().await;
    io.to("red").emit("missed", ());

    let mut client = host.websocket().await;
    let claim =
        value!(["connect", "/", null, { "pid": connect[3]["pid"].clone(), "offset": last }]);
    client.send(&format!("4{claim}")).await;
    assert_eq!(next_line(&mut client).await, connect);
    assert_eq!(next_line(&mut client).await[3][0], "missed");
}

#[tokio::test]
async fn history_is_encoded_anew_by_a_parser_of_ones_own() {
    let io = server(Lines);
    let host = Host::tcp(&io).await;
    for number in 0..5 {
        io.to("red").emit("news", number);
    }
    let mut client = host.websocket().await;
    client.send(r#"4["connect","/",null,{}]"#).await;
    next_line(&mut client).await;
    io.emit("now", ());
    let now = next_line(&mut client).await[3][1].clone();

    client.send(r#"4["event","/",null,["join","red"]]"#).await;
    let mut last = now;
    for number in 2..5 {
        let data = next_line(&mut client).await[3].clone();
        assert_eq!(data[1], number);
        assert!(data[2].as_str() > last.as_str(), "{data} after {last}");
        last = data[2].clone();
    }
    let past = io.history("red", History::last(2));
    assert_eq!(past[1].args(), [value!(4)]);
}

#[tokio::test]
async fn history_in_a_parser_of_ones_own_that_was_lost_comes_once() {
    let io = server(Lines);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    client.send(r#"4["connect","/",null,{}]"#).await;
    let connect = next_line(&mut client).await;
    for number in 1..=2 {
        io.to("red").emit("news", number);
    }
    client.send(r#"4["event","/",null,["join","red"]]"#).await;
    for _ in 1..=2 {
        next_line(&mut client).await;
    }
    drop(client);
    reasons.next().await;
    io.emit("end", ());

    let mut client = host.websocket().await;
    let claim = value!(["connect", "/", null, { "pid": connect[3]["pid"].clone() }]);
    client.send(&format!("4{claim}")).await;

    assert_eq!(next_line(&mut client).await, connect);
    for number in 1..=2 {
        let data = next_line(&mut client).await[3].clone();
        assert_eq!((&data[0], &data[1]), (&value!("news"), &value!(number)));
    }
    assert_eq!(next_line(&mut client).await[3][0], "end");
}

/// A parser that uses the server it belongs to, as one that logs might.
struct Curious(Arc<OnceLock<Server>>);

impl CustomParser for Curious {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError> {
        if let Some(io) = self.0.get() {
            assert!(!io.rooms().contains(&"nobody".into()));
        }
        Lines.encode(packet)
    }

    fn decoder(&self, limits: Limits) -> Box<dyn CustomDecoder> {
        Lines.decoder(limits)
    }
}

#[tokio::test]
async fn a_parser_of_ones_own_encodes_marks_and_answers_where_nothing_is_locked() {
    let of_parser = Arc::new(OnceLock::new());
    let retries = Retries::of_clients(3);
    let io = Server::builder()
        .parser(Curious(Arc::clone(&of_parser)))
        .connection_state_recovery(Recovery::new().deduplicate(retries))
        .build();
    answering(&io);
    assert!(of_parser.set(io.clone()).is_ok());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send(r#"4["connect","/",null,{}]"#).await;
    next_line(&mut client).await;

    client.send(r#"4["event","/",7,["alive"]]"#).await;

    let mark = next_line(&mut client).await;
    assert_eq!(mark[0], "event");
    assert!(mark[3][0].as_str().is_some_and(|name| name.ends_with(".1")));
    assert_eq!(
        next_line(&mut client).await,
        value!(["ack", "/", 7, ["yes"]])
    );
}
