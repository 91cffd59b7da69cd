//! Clients in memory against servers with handlers.

use std::time::Duration;

use bytes::Bytes;
use roomcast::{Auth, DisconnectReason, Refusal, Server, Socket, Value, value};
use roomcast_test::TestServer;

fn chat() -> Server {
    let io = Server::new();
    io.on("say", |socket: Socket, text: String| {
        socket.broadcast().emit("said", text);
    });
    io.on("add", |a: u32, b: u32| a + b);
    io.on("turn", |bytes: Bytes, number: u32| {
        let turned: Vec<u8> = bytes.iter().rev().copied().collect();
        roomcast::Reply((Bytes::from(turned), number))
    });
    io
}

#[tokio::test(start_paused = true)]
async fn others_receive_a_broadcast_and_the_sender_does_not() {
    let io = chat();
    let server = TestServer::new(&io);
    let mut ada = server.connect("/").await;
    let mut ben = server.connect("/").await;

    ada.emit("say", "hello");
    ben.expect("said", "hello").await;
    ada.expect_nothing_for(Duration::from_secs(3600)).await;
    assert!(ada.is_connected());
}

#[tokio::test(start_paused = true)]
async fn answers_are_one_value_or_several_and_bytes() {
    let client = TestServer::new(&chat()).connect("/").await;

    assert_eq!(client.emit_with_ack::<u32>("add", (1, 2)).await, 3);
    let (turned, number): (Bytes, u32) = client
        .emit_with_ack("turn", (Bytes::from_static(b"abc"), 7))
        .await;
    assert_eq!((&turned[..], number), (&b"cba"[..], 7));
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_and_with_their_bytes() {
    let io = chat();
    let mut client = TestServer::new(&io).connect("/").await;

    io.emit("first", ());
    io.emit("second", (1.5, "two", [3]));
    io.emit("third", Bytes::from_static(b"\0\xff"));
    client.expect("first", ()).await;
    client.expect("second", (1.5, "two", [3])).await;
    client.expect("third", Bytes::from_static(b"\0\xff")).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_answers_what_the_server_asks() {
    let io = chat();
    let mut client = TestServer::new(&io).connect("/").await;
    let socket = io.socket(client.id()).expect("it is connected");

    let asking =
        tokio::spawn(async move { socket.emit_with_ack::<u32>("how many?", "apples").await });
    let event = client.expect_event("how many?").await;
    assert!(event.wants_ack());
    assert_eq!(event.args::<String>(), "apples");
    event.ack(3);
    assert_eq!(asking.await.expect("no panic"), Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_a_message_and_data() {
    let io = Server::new();
    io.middleware(|Auth(auth): Auth<Value>| match auth["token"] == "secret" {
        true => Ok(()),
        false => Err(Refusal::new("unauthorized").with_data(401)),
    });
    let server = TestServer::new(&io);

    let refused = server
        .client()
        .auth(value!({"token": "other"}))
        .connect_refused("/")
        .await;
    assert_eq!(
        (&*refused.message, refused.data),
        ("unauthorized", value!(401))
    );
    let refused = server.client().connect_refused("/nowhere").await;
    assert_eq!(refused.message, "Invalid namespace");
    assert!(
        server
            .client()
            .auth(value!({"token": "secret"}))
            .connect("/")
            .await
            .is_connected()
    );
}

#[tokio::test(start_paused = true)]
async fn namespaces_of_one_connection_end_together_with_it() {
    let io = Server::new();
    io.of("/admin");
    let server = TestServer::new(&io);
    let mut client = server.connect("/").await;
    let mut admin = client.connect("/admin", ()).await;

    io.of("/admin").emit("only", "admins");
    admin.expect("only", "admins").await;
    io.disconnect_sockets_and_close();
    assert_eq!(client.expect_disconnect().await, "io server disconnect");
    assert_eq!(admin.expect_disconnect().await, "io server disconnect");
}

#[tokio::test(start_paused = true)]
async fn the_server_sees_how_a_client_goes() {
    let io = Server::new();
    let (sender, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    io.on_disconnect(move |reason: DisconnectReason| {
        sender.send(reason.to_string()).expect("the test listens");
    });
    let server = TestServer::new(&io);

    server.connect("/").await.disconnect();
    assert_eq!(
        reasons.recv().await.as_deref(),
        Some("client namespace disconnect")
    );
    server.connect("/").await.cut();
    assert_eq!(reasons.recv().await.as_deref(), Some("transport close"));
    drop(server.connect("/").await);
    assert_eq!(reasons.recv().await.as_deref(), Some("transport close"));
    let silent = server.connect("/").await;
    silent.stop_reading();
    assert_eq!(reasons.recv().await.as_deref(), Some("ping timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_again_finds_what_was_sent_meanwhile() {
    let io = Server::new();
    let mut client = TestServer::new(&io).connect("/").await;

    client.stop_reading();
    io.emit("news", 1);
    client.expect_nothing_for(Duration::from_secs(20)).await;
    client.resume_reading();
    client.expect("news", 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_heartbeats_takes_no_time() {
    let io = Server::new();
    let client = TestServer::new(&io).connect("/").await;

    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(client.is_connected());
}
