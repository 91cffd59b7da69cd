//! Clients that use `socket.io-msgpack-parser`, in the bytes of its version 3.0.2. Spec: features
//! 2.4, 5.5.

use std::time::Duration;

use roomcast::{
    ArrayBuffer, Auth, Date, DecodeError, Parser, Raw, Refusal, Server, ServerBuilder, Socket,
    SocketError, Spread, Value, value,
};

use crate::support::{
    Frame, Heard, Host, Polling, WebSocket, answering, channel, errors, reasons, socket,
};

fn builder() -> ServerBuilder {
    Server::builder().parser(Parser::MessagePack)
}

fn server() -> Server {
    let io = builder().build();
    answering(&io);
    io
}

const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";
const ALIVE: &[u8] = b"\x84\xa4type\x02\xa4data\x91\xa5alive\xa2id\x07\xa3nsp\xa1/";
const YES: &[u8] = b"\x84\xa2id\x07\xa4type\x03\xa4data\x91\xa3yes\xa3nsp\xa1/";

/// The packet `{type: 2, data: [event, …args], nsp: "/"}`.
fn event(data: &[u8]) -> Vec<u8> {
    [b"\x83\xa4type\x02\xa4data", data, b"\xa3nsp\xa1/"].concat()
}

/// Joins the main namespace and gives the socket's id.
async fn join(client: &mut WebSocket) -> String {
    client.send_binary(CONNECT).await;
    let Frame::Binary(answer) = client.next().await else {
        panic!("a packet is binary");
    };
    id_in(&answer)
}

fn id_in(answer: &[u8]) -> String {
    let id = answer
        .strip_prefix(b"\x83\xa4type\x00\xa4data\x81\xa3sid\xb4")
        .and_then(|rest| rest.strip_suffix(b"\xa3nsp\xa1/"))
        .expect("the answer to a CONNECT");
    assert_eq!(id.len(), 20);
    String::from_utf8(id.to_vec()).expect("an id is text")
}

async fn joined(host: &Host) -> WebSocket {
    let mut client = host.websocket().await;
    join(&mut client).await;
    client
}

async fn expect_alive(client: &mut WebSocket) {
    client.send_binary(ALIVE).await;
    client.expect_binary(YES).await;
}

#[tokio::test]
async fn events_and_acknowledgements_are_one_binary_frame_each() {
    let host = Host::tcp(&server()).await;
    let mut client = joined(&host).await;

    expect_alive(&mut client).await;
    let echo = event(b"\x94\xa4echo\x01\xcb\x3f\xf8\0\0\0\0\0\0\x81\xa1a\xc4\x02\x01\x02");
    client.send_binary(&echo).await;
    client.expect_binary(&echo).await;
}

#[tokio::test]
async fn options_and_undefined_values_of_the_official_client_are_taken() {
    let host = Host::tcp(&server()).await;
    let mut client = host.websocket().await;

    client
        .send_binary(b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/")
        .await;
    let Frame::Binary(answer) = client.next().await else {
        panic!("a packet is binary");
    };
    id_in(&answer);
    let options = b"\x84\xa4type\x02\xa4data\x92\xa4echo\xd4\x00\x00\xa7options\x81\xa8compress\xc3\xa3nsp\xa1/";
    client.send_binary(options).await;
    client.expect_binary(&event(b"\x92\xa4echo\xc0")).await;
}

#[tokio::test]
async fn over_polling_packets_are_base64() {
    let host = Host::tcp(&server()).await;
    let mut client = Polling::open(&host).await;

    // CONNECT.
    client.send("bgqR0eXBlAKNuc3ChLw==").await;
    let answer = client.next().await;
    assert!(answer.starts_with("bg6R0eXBlAKRkYXRhgaNzaWS0"), "{answer}");
    // `alive`, whose acknowledgement has the id 7.
    client
        .send("bhKR0eXBlAqRkYXRhkaVhbGl2ZaJpZAejbnNwoS8=")
        .await;
    client.expect("bhKJpZAekdHlwZQOkZGF0YZGjeWVzo25zcKEv").await;
}

#[tokio::test]
async fn a_broadcast_reaches_every_client_as_the_same_bytes() {
    let io = server();
    let host = Host::tcp(&io).await;
    let (mut one, mut other) = (joined(&host).await, joined(&host).await);

    io.emit("news", ("it rains", bytes::Bytes::from_static(b"\x02")));
    for client in [&mut one, &mut other] {
        client
            .expect_binary(&event(b"\x93\xa4news\xa8it rains\xc4\x01\x02"))
            .await;
    }
}

#[tokio::test]
async fn a_client_answers_what_the_server_asks() {
    let io = server();
    io.on("ask", async |socket: Socket| {
        let answer = socket.emit_with_ack::<(String, u8)>("name?", ()).await;
        answer.map_or_else(
            |error| error.to_string(),
            |(name, age)| format!("{name} {age}"),
        )
    });
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;

    client
        .send_binary(b"\x84\xa4type\x02\xa4data\x91\xa3ask\xa2id\x01\xa3nsp\xa1/")
        .await;
    client
        .expect_binary(b"\x84\xa4type\x02\xa4data\x91\xa5name?\xa2id\x00\xa3nsp\xa1/")
        .await;
    client
        .send_binary(b"\x84\xa4type\x03\xa2id\x00\xa4data\x92\xa3Ada\x24\xa3nsp\xa1/")
        .await;
    client
        .expect_binary(b"\x84\xa2id\x01\xa4type\x03\xa4data\x91\xa6Ada 36\xa3nsp\xa1/")
        .await;
}

#[tokio::test]
async fn a_refused_client_is_told_the_message_and_the_data() {
    let io = server();
    io.of("/auth").middleware(|Auth(auth): Auth<Value>| {
        if auth["token"] == "secret" {
            return Ok(());
        }
        Err(Refusal::new("unauthorized").with_data(value!({ "code": 401 })))
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client
        .send_binary(b"\x83\xa4type\x00\xa4data\x81\xa5token\xa1x\xa3nsp\xa5/auth")
        .await;
    client
        .expect_binary(
            b"\x83\xa4type\x04\xa4data\x82\xa7message\xacunauthorized\xa4data\x81\xa4code\xcd\x01\x91\xa3nsp\xa5/auth",
        )
        .await;
    client
        .send_binary(b"\x83\xa4type\x00\xa4data\x81\xa5token\xa6secret\xa3nsp\xa5/auth")
        .await;
    let Frame::Binary(answer) = client.next().await else {
        panic!("a packet is binary");
    };
    assert!(answer.starts_with(b"\x83\xa4type\x00\xa4data\x81\xa3sid\xb4"));
}

#[tokio::test]
async fn a_socket_that_is_disconnected_is_told_and_one_that_leaves_is_heard() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = join(&mut client).await;

    socket(&io, &id).disconnect();
    client.expect_binary(b"\x82\xa4type\x01\xa3nsp\xa1/").await;
    assert_eq!(reasons.next().await, "server namespace disconnect");

    join(&mut client).await;
    client.send_binary(b"\x82\xa4type\x01\xa3nsp\xa1/").await;
    assert_eq!(reasons.next().await, "client namespace disconnect");
}

#[tokio::test]
async fn dates_and_array_buffers_keep_their_types() {
    let io = server();
    io.on("next-day", |date: Date| {
        roomcast::Reply(Date::from_millis(date.as_millis() + 86_400_000))
    });
    io.on("buffer", |bytes: bytes::Bytes| {
        roomcast::Reply(ArrayBuffer(bytes))
    });
    io.on("pass-on", |value: Raw| value);
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;

    for (request, answer) in [
        (
            &b"\xa8next-day\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b"[..],
            &b"\xd7\x00\x00\x00\x01\x8b\xd5\x0b\xc4\x7b"[..],
        ),
        (b"\xa6buffer\xc4\x01\x09", b"\xc7\x01\x00\x09"),
        (
            b"\xa7pass-on\x92\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xd4\x00\x00",
            b"\x92\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xd4\x00\x00",
        ),
    ] {
        let request = [
            b"\x84\xa4type\x02\xa4data\x92",
            request,
            b"\xa2id\x01\xa3nsp\xa1/",
        ];
        client.send_binary(&request.concat()).await;
        let answer = [
            b"\x84\xa2id\x01\xa4type\x03\xa4data\x91",
            answer,
            b"\xa3nsp\xa1/",
        ];
        client.expect_binary(&answer.concat()).await;
    }
}

#[tokio::test]
async fn outgoing_handlers_see_the_values_that_are_sent() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_any_outgoing(move |event: String, Spread(args): Spread<Value>| {
        teller.tell((event, args));
    });
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;

    let file = bytes::Bytes::from_static(b"\x89PNG");
    io.emit("file", ("cat.png", file.clone()));
    client
        .expect_binary(&event(b"\x93\xa4file\xa7cat.png\xc4\x04\x89PNG"))
        .await;
    let (event, args) = heard.next().await;
    assert_eq!(event, "file");
    assert_eq!(args, [value!("cat.png"), Value::from(file)]);
}

#[tokio::test(start_paused = true)]
async fn a_packet_that_waits_for_its_turn_keeps_its_data() {
    let io = builder().max_waiting_handlers(1).build();
    answering(&io);
    io.on("wait", async || {
        tokio::time::sleep(Duration::from_millis(5)).await
    });
    let host = Host::memory(&io);
    let mut client = joined(&host).await;

    client.send_binary(&event(b"\x91\xa4wait")).await;
    let echo = event(b"\x93\xa4echo\xa2hi\xc4\x02\x01\x02");
    client.send_binary(&echo).await;
    client.expect_binary(&echo).await;
}

/// Who speaks with a server: its errors and the reasons of its disconnections.
async fn closed_by(io: &Server, message: &[u8]) -> (SocketError, String) {
    let (mut errors, mut reasons): (Heard<SocketError>, _) = (errors(io), reasons(io));
    let host = Host::tcp(io).await;
    let mut neighbour = joined(&host).await;
    let mut client = joined(&host).await;

    client.send_binary(message).await;
    client.expect_closed().await;
    expect_alive(&mut neighbour).await;
    (errors.next().await, reasons.next().await)
}

#[tokio::test]
async fn what_is_no_packet_is_a_parse_error_and_closes_that_connection_only() {
    for (message, error) in [
        (&b"\xc1\xff\x00"[..], DecodeError::InvalidPayload),
        (b"\x83\xa4", DecodeError::Truncated),
        (b"\x93\x01\x02\x03", DecodeError::InvalidType),
        (b"\x82\xa4type\x09\xa3nsp\xa1/", DecodeError::InvalidType),
        (
            b"\x82\xa4type\x02\xa4data\x91\xa1x",
            DecodeError::InvalidNamespace,
        ),
        (
            b"\x83\xa4type\x02\xa4data\xa1x\xa3nsp\xa1/",
            DecodeError::InvalidPayload,
        ),
        (
            b"\x84\xa4type\x02\xa4data\x91\xa1x\xa2id\xa11\xa3nsp\xa1/",
            DecodeError::InvalidAckId,
        ),
    ] {
        let (found, reason) = closed_by(&server(), message).await;
        assert_eq!(found, SocketError::Packet(error), "{message:x?}");
        assert_eq!(reason, "forced close");
    }
}

#[tokio::test]
async fn a_text_message_closes_the_connection() {
    let io = server();
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;

    client.send("40").await;
    client.expect_closed().await;
    assert_eq!(
        errors.next().await,
        SocketError::Packet(DecodeError::UnexpectedText)
    );
}

#[tokio::test]
async fn elements_within_the_limit_pass_and_one_more_closes() {
    let limited = || {
        let io = builder().max_elements(4).build();
        answering(&io);
        io
    };
    let host = Host::tcp(&limited()).await;
    let mut client = joined(&host).await;

    let within = event(b"\x93\xa4echo\x01\x91\x02");
    client.send_binary(&within).await;
    client.expect_binary(&within).await;

    let (error, _) = closed_by(&limited(), &event(b"\x93\xa4echo\x01\x92\x02\x03")).await;
    let limit = DecodeError::TooManyElements { limit: 4 };
    assert_eq!(error, SocketError::Packet(limit));
}

#[tokio::test]
async fn nesting_within_the_limit_passes_and_one_level_more_closes() {
    let limited = || {
        let io = builder().max_json_depth(3).build();
        answering(&io);
        io
    };
    let host = Host::tcp(&limited()).await;
    let mut client = joined(&host).await;

    let within = event(b"\x92\xa4echo\x91\x90");
    client.send_binary(&within).await;
    client.expect_binary(&within).await;

    let (error, _) = closed_by(&limited(), &event(b"\x92\xa4echo\x91\x91\x90")).await;
    let limit = DecodeError::TooDeep { limit: 3 };
    assert_eq!(error, SocketError::Packet(limit));
}
