//! A parser of the user's own. Spec: features 5.4, 5.7.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roomcast::parser::{
    AckId, CustomDecoder, CustomParser, Header, Limits, Message, Packet, PacketKind,
};
use roomcast::{
    Date, DecodeError, EmitError, EncodeError, Parser, Reply, Server, SocketError, Spread, Value,
    value,
};
use serde::Deserialize;

use crate::support::{Frame, Host, WebSocket, answering, channel, errors};

/// Writes a packet as a line of words for its head, and its data as JSON in a message of its own.
#[derive(Clone, Default)]
struct TwoLines {
    /// How often it was asked to encode something.
    encoded: Arc<AtomicUsize>,
}

impl CustomParser for TwoLines {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError> {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        let data: Value = packet.data().and_then(Result::ok).unwrap_or_default();
        if packet.event().is_some_and(|name| name == "unsayable") {
            return Err(EncodeError::Value {
                message: "there are no words for it".to_owned(),
            });
        }
        let ack = packet
            .ack()
            .map_or_else(|| "-".to_owned(), |ack| ack.to_string());
        let head = format!("{} {} {ack}", packet.kind(), packet.namespace());
        let data = bytes::Bytes::from(data.to_string());
        Ok(vec![Message::Text(head), Message::Binary(data)])
    }

    fn decoder(&self, limits: Limits) -> Box<dyn CustomDecoder> {
        Box::new(TwoLinesDecoder { limits, head: None })
    }
}

/// Waits for the data after a head.
struct TwoLinesDecoder {
    limits: Limits,
    head: Option<(PacketKind, String, Option<AckId>)>,
}

impl CustomDecoder for TwoLinesDecoder {
    fn text(&mut self, text: &str) -> Result<Option<Packet<'static>>, DecodeError> {
        let mut words = text.split(' ');
        let kind = match words.next() {
            Some("connect") => PacketKind::Connect,
            Some("disconnect") => PacketKind::Disconnect,
            Some("event") => PacketKind::Event,
            Some("ack") => PacketKind::Ack,
            Some("panic") => panic!("as it was asked to"),
            _ => return Err(DecodeError::InvalidType),
        };
        let namespace = words.next().ok_or(DecodeError::InvalidNamespace)?;
        let ack = words.next().and_then(|ack| ack.parse::<u64>().ok());
        self.head = Some((kind, namespace.to_owned(), ack.map(AckId::from)));
        Ok(None)
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<Option<Packet<'static>>, DecodeError> {
        let Some((kind, namespace, ack)) = self.head.take() else {
            return Err(DecodeError::UnexpectedBinary);
        };
        if bytes.len() > self.limits.max_attachment_bytes {
            return Err(DecodeError::Custom {
                message: "too many words".to_owned(),
            });
        }
        let json = std::str::from_utf8(bytes).map_err(|_| DecodeError::InvalidPayload)?;
        let data: Value = json.parse().map_err(|_| DecodeError::InvalidPayload)?;
        let header = Header {
            namespace: &namespace,
            ack,
        };
        Packet::new(kind, header, &data).map(Some)
    }
}

fn server() -> Server {
    server_with(TwoLines::default())
}

fn server_with(parser: TwoLines) -> Server {
    let io = Server::builder()
        .parser(parser)
        .max_attachment_bytes(100)
        .build();
    answering(&io);
    io
}

async fn send(client: &mut WebSocket, head: &str, data: &str) {
    client.send(&format!("4{head}")).await;
    client.send_binary(data.as_bytes()).await;
}

async fn expect(client: &mut WebSocket, head: &str, data: &str) {
    client.expect(&format!("4{head}")).await;
    client.expect_binary(data.as_bytes()).await;
}

async fn joined(host: &Host) -> WebSocket {
    let mut client = host.websocket().await;
    send(&mut client, "connect / -", "{}").await;
    client.expect("4connect / -").await;
    let Frame::Binary(answer) = client.next().await else {
        panic!("the data is binary");
    };
    assert!(answer.starts_with(br#"{"sid":""#));
    client
}

#[tokio::test]
async fn events_acknowledgements_and_refusals_go_through_it() {
    let host = Host::tcp(&server()).await;
    let mut client = joined(&host).await;

    send(&mut client, "event / 7", r#"["alive"]"#).await;
    expect(&mut client, "ack / 7", r#"["yes"]"#).await;
    send(&mut client, "event / -", r#"["echo",1,{"a":[null]}]"#).await;
    expect(&mut client, "event / -", r#"["echo",1,{"a":[null]}]"#).await;
    send(&mut client, "connect /nowhere -", "null").await;
    expect(
        &mut client,
        "connect error /nowhere -",
        r#"{"message":"Invalid namespace"}"#,
    )
    .await;
}

#[tokio::test]
async fn a_broadcast_is_encoded_once_and_its_messages_stay_side_by_side() {
    let parser = TwoLines::default();
    let io = server_with(parser.clone());
    let (teller, mut heard) = channel();
    io.on_any_outgoing(move |event: String, Spread(args): Spread<Value>| {
        teller.tell((event, args));
    });
    let host = Host::tcp(&io).await;
    let (mut one, mut other) = (joined(&host).await, joined(&host).await);

    let before = parser.encoded.load(Ordering::Relaxed);
    io.emit("news", ("it rains", 3));
    assert_eq!(parser.encoded.load(Ordering::Relaxed), before + 1);
    for client in [&mut one, &mut other] {
        expect(client, "event / -", r#"["news","it rains",3]"#).await;
    }
    // Who watches sees the values, without the parser's help.
    let seen = heard.next().await;
    assert_eq!(
        seen,
        ("news".to_owned(), vec![value!("it rains"), value!(3)])
    );
}

#[tokio::test]
async fn what_it_cannot_encode_is_an_error_of_the_emit() {
    let io = server();

    let error = io.try_emit("unsayable", ());
    let message = "there are no words for it".to_owned();
    assert_eq!(
        error,
        Err(EmitError::Encode(EncodeError::Value { message }))
    );
    assert!(io.try_emit("disconnect", ()).is_err());
}

/// What the error handlers are told when a client sends these messages.
async fn error_of(head: &str, data: Option<&str>) -> SocketError {
    let io = server();
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;

    client.send(&format!("4{head}")).await;
    if let Some(data) = data {
        client.send_binary(data.as_bytes()).await;
    }
    client.expect_closed().await;
    errors.next().await
}

#[tokio::test]
async fn its_errors_are_those_of_the_connection() {
    let custom = |message: &str| {
        SocketError::Packet(DecodeError::Custom {
            message: message.to_owned(),
        })
    };

    assert_eq!(
        error_of("nonsense", None).await,
        SocketError::Packet(DecodeError::InvalidType)
    );
    assert_eq!(
        error_of("event / -", Some("{}")).await,
        SocketError::Packet(DecodeError::InvalidPayload)
    );
    let long = format!("[\"x\",\"{}\"]", "a".repeat(100));
    assert_eq!(
        error_of("event / -", Some(&long)).await,
        custom("too many words")
    );
    assert_eq!(error_of("panic", None).await, custom("the parser panicked"));
}

#[tokio::test]
async fn the_default_is_the_text_parser() {
    let host = Host::tcp(&Server::builder().parser(Parser::default()).build()).await;
    let mut client = host.websocket().await;

    client.join("/").await;
}

/// What a `reviver` and a `replacer` do in JavaScript.
#[tokio::test]
async fn a_type_says_itself_how_its_json_looks() {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(rename = "$seconds")]
        seconds: u64,
    }
    #[derive(Deserialize)]
    #[serde(from = "Tagged")]
    struct Pause(Duration);
    impl From<Tagged> for Pause {
        fn from(tagged: Tagged) -> Self {
            Self(Duration::from_secs(tagged.seconds))
        }
    }
    let io = Server::new();
    io.on("after", |date: Date, Pause(pause): Pause| {
        let pause = i64::try_from(pause.as_millis()).expect("a short pause");
        Reply(Date::from_millis(date.as_millis() + pause))
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client
        .send(r#"421["after","2023-11-14T22:13:20.123Z",{"$seconds":60}]"#)
        .await;
    client.expect(r#"431["2023-11-14T22:14:20.123Z"]"#).await;
}
