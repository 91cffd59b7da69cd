//! Clients of Socket.IO 2, byte by byte. Spec: features 1.46, 2.6 and 11, 23.

use std::time::Duration;

use roomcast::recovery::Recovery;
use roomcast::{
    DisconnectReason, Handshake, Parser, Refusal, Server, ServerBuilder, Socket, value,
};

use crate::support::{
    Frame, Host, Request, WebSocket, answering, channel, gate, idle, pass, reasons,
};

fn builder() -> ServerBuilder {
    Server::builder().allow_eio3()
}

fn server() -> Server {
    let io = builder().build();
    answering(&io);
    io
}

/// A WebSocket of such a client: its open packet has been read, and nothing else.
async fn open(host: &Host) -> WebSocket {
    let target = host.target("EIO=3&transport=websocket&user=ada");
    WebSocket::session(host, Request::get(&target)).await
}

/// A client that was told that it is in the main namespace.
async fn joined(host: &Host) -> WebSocket {
    let mut client = open(host).await;
    client.expect("40").await;
    client
}

#[tokio::test]
async fn the_main_namespace_is_joined_without_a_packet_of_the_client() {
    let io = server();
    io.on_connect(|socket: Socket| socket.emit("welcome", "in"));
    let mut client = joined(&Host::tcp(&io).await).await;

    client.expect(r#"42["welcome","in"]"#).await;
    client.send(r#"421["alive"]"#).await;
    client.expect(r#"431["yes"]"#).await;
    assert_eq!(io.sockets_count(), 1);
}

#[tokio::test]
async fn a_polling_client_is_told_by_its_first_poll() {
    let io = server();
    let host = Host::tcp(&io).await;
    let handshake = host.get("EIO=3&transport=polling&b64=1").await;
    let (_, sid) = handshake.text().split_once(r#""sid":""#).unwrap();

    let query = format!("EIO=3&transport=polling&b64=1&sid={}", &sid[..20]);
    assert_eq!(host.get(&query).await.summary(), (200, "2:40"));
}

#[tokio::test(start_paused = true)]
async fn a_client_of_revision_4_still_has_to_ask() {
    let io = server();
    let mut client = Host::memory(&io).websocket().await;
    idle().await;
    assert_eq!(io.sockets_count(), 0);

    client.join("/").await;
    assert_eq!(io.sockets_count(), 1);
}

#[tokio::test]
async fn sockets_have_the_ids_that_the_client_gives_them() {
    let io = server();
    let (teller, mut heard) = channel();
    let record = move |socket: Socket| {
        let revision = (socket.conn().revision(), socket.handshake().revision());
        teller.tell((
            socket.id().to_string(),
            revision.0.number() + revision.1.number(),
        ));
    };
    io.on_connect(record.clone());
    io.of("/chat").on_connect(record);
    let mut client = joined(&Host::tcp(&io).await).await;
    assert_eq!(heard.next().await, (client.sid.clone(), 6));

    client.send("40/chat").await;
    client.expect("40/chat,").await;
    let id = format!("/chat#{}", client.sid);
    assert_eq!(heard.next().await, (id.clone(), 6));

    let chat = io.of("/chat");
    let socket = chat.socket(&id).expect("the socket is found by its id");
    assert!(socket.is_in(&id));
    assert_eq!(socket.rooms(), [id.as_str().into()]);
    chat.to(&id).emit("by-name", ());
    client.expect(r#"42/chat,["by-name"]"#).await;
    chat.to(socket.id()).emit("by-id", ());
    client.expect(r#"42/chat,["by-id"]"#).await;
    chat.except(&id).emit("nobody", ());
    socket.broadcast().emit("nobody", ());
    chat.emit("all", socket.id());
    client.expect(&format!(r#"42/chat,["all","{id}"]"#)).await;
}

#[tokio::test]
async fn an_id_of_the_applications_own_form_is_found_too() {
    let io = builder()
        .generate_id(async |_| Ok("ada 1".to_owned()))
        .build();
    let mut client = joined(&Host::tcp(&io).await).await;

    let socket = io.socket("ada 1").expect("the socket is found by its id");
    assert_eq!(socket.id().as_str(), "ada 1");
    io.to("ada 1").emit("hello", ());
    client.expect(r#"42["hello"]"#).await;
    drop(client);
}

#[tokio::test]
async fn the_query_of_a_namespace_is_the_auth() {
    let io = server();
    let greet = |socket: Socket, handshake: Handshake| {
        let auth = handshake.auth_value().clone();
        socket.emit("auth", (auth, handshake.query("user").map(str::to_owned)));
    };
    io.on_connect(greet);
    io.of("/chat").on_connect(greet);
    let mut client = joined(&Host::tcp(&io).await).await;
    client.expect(r#"42["auth",{},"ada"]"#).await;

    client.send("40/chat?token=a%20b+c&x=1&x=2").await;
    client.expect("40/chat,").await;
    let event = r#"42/chat,["auth",{"token":"a b c","x":"2"},"ada"]"#;
    client.expect(event).await;
}

#[tokio::test]
async fn the_data_of_a_connect_packet_is_no_auth() {
    let io = server();
    io.of("/chat")
        .on_connect(|socket: Socket, handshake: Handshake| {
            socket.emit("auth", handshake.auth_value().clone());
        });
    let mut client = joined(&Host::tcp(&io).await).await;

    client.send(r#"40/chat,{"token":"x"}"#).await;
    client.expect("40/chat,").await;
    client.expect(r#"42/chat,["auth",{}]"#).await;
}

#[tokio::test]
async fn a_refusal_is_told_by_its_data_or_else_its_message() {
    let io = server();
    io.of("/auth")
        .middleware(|handshake: Handshake| -> Result<(), Refusal> {
            match handshake.auth_value()["token"].as_str() {
                None => Err(Refusal::new("missing token")),
                Some("empty") => Err(Refusal::new("no data").with_data("")),
                Some(_) => Err(Refusal::new("unauthorized").with_data(value!({ "code": 401 }))),
            }
        });
    let mut client = joined(&Host::tcp(&io).await).await;

    client.send("40/auth").await;
    client.expect(r#"44/auth,"missing token""#).await;
    client.send("40/auth?token=empty").await;
    client.expect(r#"44/auth,"no data""#).await;
    client.send("40/auth?token=wrong").await;
    client.expect(r#"44/auth,{"code":401}"#).await;
    client.send("40/nowhere?a=1").await;
    client
        .expect(r#"44/nowhere,{"message":"Invalid namespace"}"#)
        .await;
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_the_main_namespace_refuses_is_told_and_closed_in_time() {
    let io = builder().connect_timeout(Duration::from_secs(1)).build();
    io.middleware(|| -> Result<(), Refusal> { Err("not today".into()) });
    let mut client = open(&Host::memory(&io)).await;

    client.expect(r#"44"not today""#).await;
    client.expect_closed().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_main_namespace_has_let_the_client_in() {
    let io = server();
    let gate = gate();
    let waiting = std::sync::Arc::clone(&gate);
    io.middleware(async move || -> Result<(), Refusal> {
        pass(&waiting).await;
        Ok(())
    });
    io.on_connect(|socket: Socket| socket.emit("welcome", ()));
    let mut client = open(&Host::memory(&io)).await;
    idle().await;
    io.emit("early", ());

    gate.add_permits(1);
    client.expect("40").await;
    client.expect(r#"42["welcome"]"#).await;
}

#[tokio::test]
async fn a_second_connect_closes_the_connection() {
    let io = server();
    let mut reasons = reasons(&io);
    let mut client = joined(&Host::tcp(&io).await).await;

    client.send("40").await;
    client.expect_closed().await;
    assert_eq!(reasons.next().await, "forced server close");
}

#[tokio::test]
async fn a_namespace_that_was_left_can_be_joined_again() {
    let io = server();
    let mut reasons = reasons(&io);
    let mut client = joined(&Host::tcp(&io).await).await;

    client.send("41").await;
    assert_eq!(reasons.next().await, "client namespace disconnect");
    client.send("40").await;
    client.expect("40").await;
    let socket = io.socket(&client.sid).expect("it has the same id again");
    socket.disconnect();
    client.expect("41").await;
    assert_eq!(reasons.next().await, "server namespace disconnect");
}

#[tokio::test]
async fn events_may_carry_the_query_too() {
    let io = server();
    answering(&io.of("/chat"));
    let mut client = joined(&Host::tcp(&io).await).await;
    client.send("40/chat?a=1,").await;
    client.expect("40/chat,").await;

    client.send(r#"42/chat?a=1,7["alive"]"#).await;
    client.expect(r#"43/chat,7["yes"]"#).await;
}

#[tokio::test]
async fn one_broadcast_reaches_each_client_in_its_own_form() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut old = joined(&host).await;
    let mut new = host.joined().await;
    let target = host.target("EIO=3&transport=websocket&b64=1");
    let mut base64 = WebSocket::session(&host, Request::get(&target)).await;
    base64.expect("40").await;
    let polling = host.get("EIO=3&transport=polling").await;
    let (_, sid) = polling.text().split_once(r#""sid":""#).unwrap();
    let polling = format!("EIO=3&transport=polling&sid={}", &sid[..20]);
    assert_eq!(host.get(&polling).await.text(), "2:40");

    let bytes = value!({ "bytes": roomcast::Value::from(bytes::Bytes::from_static(&[5, 6])) });
    io.emit("note", bytes);
    let event = r#"451-["note",{"bytes":{"_placeholder":true,"num":0}}]"#;
    for client in [&mut old, &mut new, &mut base64] {
        client.expect(event).await;
    }
    old.expect_binary(&[4, 5, 6]).await;
    new.expect_binary(&[5, 6]).await;
    base64.expect("b4BQY=").await;
    let body = host.get(&polling).await.body;
    let mut expected = vec![0, 5, 2, 255];
    expected.extend(event.as_bytes());
    expected.extend([1, 3, 255, 4, 5, 6]);
    assert_eq!(body, expected);
}

#[tokio::test]
async fn binary_events_come_in_and_are_acknowledged_with_bytes() {
    let io = server();
    io.on("back", |bytes: bytes::Bytes| bytes);
    let mut client = joined(&Host::tcp(&io).await).await;

    client
        .send(r#"451-3["back",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[4, 9, 8]).await;
    client
        .expect(r#"461-3[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[4, 9, 8]).await;
}

#[tokio::test]
async fn they_may_use_another_parser() {
    let io = builder().parser(Parser::MessagePack).build();
    io.of("/auth")
        .middleware(|| -> Result<(), Refusal> { Err("no".into()) });
    let mut client = open(&Host::tcp(&io).await).await;

    client
        .expect_binary(b"\x04\x82\xa4type\x00\xa3nsp\xa1/")
        .await;
    let connect = b"\x04\x82\xa4type\x00\xa3nsp\xa9/auth?a=1";
    client.send_binary(connect).await;
    client
        .expect_binary(b"\x04\x83\xa4type\x04\xa4data\xa2no\xa3nsp\xa5/auth")
        .await;
}

#[tokio::test]
async fn beside_recovery_they_join_without_a_private_id_and_get_every_event() {
    let io = builder()
        .connection_state_recovery(Recovery::default())
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = joined(&host).await;
    client.expect_alive().await;

    let socket = io.socket(&client.sid).expect("it is connected");
    assert!(!socket.is_recovered());
    socket.emit("one", ());
    let event = client.next_text().await;
    assert!(event.starts_with(r#"42["one""#), "{event}");
    socket.join("room");
    io.to("room").emit("all", ());
    let event = client.next_text().await;
    assert!(event.starts_with(r#"42["all""#), "{event}");
    client.send("41").await;
    client.send("40").await;
    client.expect("40").await;
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn the_cause_of_a_disconnection_is_told_over_polling_with_lengths() {
    let io = builder().explain_disconnects("why").build();
    let host = Host::memory(&io);
    let handshake = host.get("EIO=3&transport=polling").await;
    let (_, sid) = handshake.text().split_once(r#""sid":""#).unwrap();
    let query = format!("EIO=3&transport=polling&sid={}", &sid[..20]);
    assert_eq!(host.get(&query).await.text(), "2:40");

    let (waiting, asked) = (host.clone(), query.clone());
    let waiting = tokio::spawn(async move { waiting.get(&asked).await });
    idle().await;
    let post = Request::post(&host.target(&query), "1:9");
    assert_eq!(host.request(post).await.summary(), (200, "ok"));
    let answer = waiting.await.expect("the request does not panic");
    let (length, rest) = answer.text().split_once(':').expect("a length is first");
    let packet = rest.strip_suffix("1:1").expect("the end is last");
    assert!(
        packet.starts_with(r#"42["why",{"cause":"parse-error","#),
        "{packet}"
    );
    assert_eq!(length, packet.len().to_string());
}

#[tokio::test]
async fn the_cause_of_a_disconnection_is_told_in_the_form_of_the_websocket() {
    let io = builder()
        .parser(Parser::MessagePack)
        .explain_disconnects("why")
        .build();
    let mut client = open(&Host::tcp(&io).await).await;
    let connected = b"\x04\x82\xa4type\x00\xa3nsp\xa1/";
    client.expect_binary(connected).await;

    client.send("9").await;
    let Frame::Binary(told) = client.next().await else {
        panic!("the cause is told first");
    };
    let start = b"\x04\x83\xa4type\x02\xa4data\x92\xa3why";
    assert_eq!(told[..start.len()], *start);
    assert_eq!(client.next().await, Frame::Close(Some(1008)));
}

#[tokio::test(start_paused = true)]
async fn packets_of_a_post_beyond_the_waiting_handlers_are_taken_in_order() {
    let io = builder().max_waiting_handlers(1).build();
    let gate = gate();
    let (teller, mut started) = channel();
    let waiting = std::sync::Arc::clone(&gate);
    io.on("wait", async move |number: u32| {
        teller.tell(number);
        pass(&waiting).await;
    });
    let host = Host::memory(&io);
    let handshake = host.get("EIO=3&transport=polling").await;
    let (_, sid) = handshake.text().split_once(r#""sid":""#).unwrap();
    let target = host.target(&format!("EIO=3&transport=polling&sid={}", &sid[..20]));

    const COUNT: u32 = 10_000;
    let packets = (0..COUNT).map(|number| {
        let packet = format!(r#"42["wait",{number}]"#);
        let digits = packet.len().to_string().into_bytes();
        let digits = digits.into_iter().map(|digit| digit - b'0');
        let head = [0].into_iter().chain(digits).chain([255]);
        head.chain(packet.into_bytes()).collect::<Vec<u8>>()
    });
    let body: Vec<u8> = packets.flatten().collect();
    let post = Request::post(&target, body).header("content-type", "application/octet-stream");
    let posting = tokio::spawn(async move { host.request(post).await });
    idle().await;
    assert_eq!(started.so_far(), [0]);
    gate.add_permits(COUNT as usize);
    let answer = posting.await.expect("the request does not panic");
    assert_eq!(answer.summary(), (200, "ok"));
    idle().await;
    assert_eq!(started.so_far(), (1..COUNT).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_that_closes_is_reported_as_every_other_one() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_disconnect(move |reason: DisconnectReason| teller.tell(reason.to_string()));
    let client = joined(&Host::tcp(&io).await).await;

    drop(client);
    assert_eq!(heard.next().await, "transport close");
}
