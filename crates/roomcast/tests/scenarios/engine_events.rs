//! The session below a socket: its events, its transport, and when its messages have left. Spec: features
//! 1.48–1.50.

use bytes::Bytes;
use roomcast::engine::{Message, NeverLeft};
use roomcast::{DisconnectCause, OutboxPolicy, Server, Socket};

use crate::support::{
    Frame, Heard, Host, Polling, Teller, WebSocket, answering, channel, echo_server, idle, packets,
    socket,
};

/// Tells all that happens on the session of `socket`.
fn listen(socket: &Socket, teller: &Teller<String>) {
    let conn = socket.conn();
    let tell = || teller.clone();
    let (packet, create, flush, drain) = (tell(), tell(), tell(), tell());
    conn.on_packet(move |what| packet.tell(format!("packet {what:?}")));
    conn.on_packet_create(move |what| create.tell(format!("create {what:?}")));
    conn.on_flush(move || flush.tell("flush".to_owned()));
    conn.on_drain(move || drain.tell("drain".to_owned()));
    let (heartbeat, upgrading, upgrade, close) = (tell(), tell(), tell(), tell());
    conn.on_heartbeat(move || heartbeat.tell("heartbeat".to_owned()));
    conn.on_upgrading(move |to| upgrading.tell(format!("upgrading {}", to.as_str())));
    conn.on_upgrade(move |to| upgrade.tell(format!("upgrade {}", to.as_str())));
    conn.on_close(move |reason, cause| {
        close.tell(format!("close {reason}, {}", cause.as_str()));
    });
}

/// A client by polling, its socket, and what happens on its session from now on.
async fn listened(io: &Server, host: &Host) -> (Polling, Socket, Heard<String>) {
    let (teller, heard) = channel();
    let mut client = host.polling().await;
    let id = client.join("/").await;
    idle().await;
    let socket = socket(io, &id);
    listen(&socket, &teller);
    (client, socket, heard)
}

async fn probed(host: &Host, polling: &Polling) -> WebSocket {
    let mut client = WebSocket::probe(host, &polling.sid).await;
    client.send("2probe").await;
    client.expect("3probe").await;
    client
}

#[tokio::test(start_paused = true)]
async fn packets_and_writes_are_told_in_their_order() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (mut client, _, mut heard) = listened(&io, &host).await;

    client.send(r#"421["alive"]"#).await;
    client.expect(r#"431["yes"]"#).await;
    idle().await;

    let expected = [
        r#"packet Text("21[\"alive\"]")"#,
        r#"create Text("31[\"yes\"]")"#,
        "flush",
        "drain",
    ];
    assert_eq!(heard.so_far(), expected);
}

#[tokio::test(start_paused = true)]
async fn each_attachment_is_a_packet_of_its_own_also_in_a_broadcast() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (client, _, mut heard) = listened(&io, &host).await;

    // A listener may use the rooms that the broadcast has just walked over.
    let watched = io.clone();
    let (teller, mut rooms) = channel();
    io.sockets()[0]
        .conn()
        .on_packet_create(move |_| teller.tell(watched.rooms().len()));
    io.emit("file", Bytes::from_static(b"\x01\x02"));

    assert_eq!(rooms.so_far(), [1, 1]);
    let expected = [
        r#"create Text("51-[\"file\",{\"_placeholder\":true,\"num\":0}]")"#,
        r#"create Binary([1, 2])"#,
    ];
    assert_eq!(heard.so_far(), expected);
    client.get().await;
    assert_eq!(heard.so_far(), ["flush", "drain"]);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_is_told_from_its_begin_to_its_end() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (polling, socket, mut heard) = listened(&io, &host).await;
    assert_eq!(socket.conn().transport().as_str(), "polling");
    assert!(!socket.conn().is_upgraded());

    let mut client = probed(&host, &polling).await;
    assert_eq!(heard.so_far(), ["upgrading websocket"]);
    assert!(!socket.conn().is_upgraded());
    client.send("5").await;
    idle().await;
    assert_eq!(heard.so_far(), ["upgrade websocket"]);
    assert_eq!(socket.conn().transport().as_str(), "websocket");
    assert!(socket.conn().is_upgraded());

    client.expect_alive().await;
    assert_eq!(heard.so_far().len(), 4);
    assert_eq!(io.engine().clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_and_the_close_are_told() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (teller, mut heard) = channel();
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    listen(&socket(&io, &id), &teller);

    client.expect("2").await;
    client.send("3").await;
    idle().await;
    let expected = [
        r#"create Ping("")"#,
        "flush",
        "drain",
        r#"packet Pong("")"#,
        "heartbeat",
    ];
    assert_eq!(heard.so_far(), expected);

    drop(client);
    idle().await;
    assert_eq!(heard.so_far(), ["close transport close, connection-lost"]);
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test]
async fn writes_by_others_than_the_sessions_task_are_told_too() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (teller, mut heard) = channel();
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    client.expect_alive().await;
    listen(&socket(&io, &id), &teller);

    io.emit("tick", 1);
    client.expect(r#"42["tick",1]"#).await;

    assert_eq!(heard.next().await, r#"create Text("2[\"tick\",1]")"#);
    assert_eq!(heard.next().await, "flush");
    assert_eq!(heard.next().await, "drain");
}

/// They own the socket, which owns them: this would be a leak.
#[tokio::test(start_paused = true)]
async fn listeners_are_dropped_with_the_end_of_the_session() {
    let io = echo_server();
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let (teller, mut heard) = channel();
    let (conn, late) = (socket.conn().clone(), teller.clone());
    socket.conn().on_close(move |_, _| {
        teller.tell(conn.disconnect_cause());
    });

    client.send("1").await;
    idle().await;
    assert_eq!(heard.so_far(), [Some(DisconnectCause::Client)]);
    socket.conn().on_close(move |_, _| late.tell(None));
    assert!(heard.is_over().await);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_harms_nobody() {
    let io = echo_server();
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    socket(&io, &id).conn().on_packet(|_| panic!("on purpose"));

    client.expect_alive().await;
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn departures_come_in_the_order_of_the_messages_and_with_the_poll_that_takes_them() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (client, socket, _) = listened(&io, &host).await;
    let (teller, mut heard) = channel();
    for number in 1..=3 {
        let message = Message::Text(format!("2[\"tick\",{number}]").into());
        let departure = socket.conn().send_noted(message);
        let teller = teller.clone();
        tokio::spawn(async move { teller.tell((number, departure.await)) });
    }
    idle().await;
    assert_eq!(heard.so_far(), []);

    let expected = [1, 2, 3].map(|number| format!(r#"42["tick",{number}]"#));
    assert_eq!(packets(&client.get().await), expected);
    idle().await;
    assert_eq!(heard.so_far(), [1, 2, 3].map(|number| (number, Ok(()))));
}

/// 11, 8: send callbacks survive the upgrade.
#[tokio::test(start_paused = true)]
async fn a_departure_survives_an_upgrade() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (polling, socket, _) = listened(&io, &host).await;
    let mut client = probed(&host, &polling).await;
    let departure = socket
        .conn()
        .send_noted(Message::Text("2[\"late\"]".into()));
    let everything = socket.conn().flushed();
    let (teller, mut heard) = channel();
    tokio::spawn(async move { teller.tell((departure.await, everything.await)) });
    idle().await;
    assert_eq!(heard.so_far(), []);

    client.send("5").await;
    client.expect(r#"42["late"]"#).await;
    assert_eq!(heard.next().await, (Ok(()), Ok(())));
}

#[tokio::test]
async fn a_departure_from_a_websocket_waits_until_the_connection_takes_the_message() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let conn = socket(&io, &id).conn().clone();
    let text = "x".repeat(1_000_000);
    let (teller, mut heard) = channel();
    let mut sent = 0;
    while conn.pending_bytes() == 0 {
        let departure = conn.send_noted(Message::Text(text.as_str().into()));
        sent += 1;
        let teller = teller.clone();
        let number = sent;
        tokio::spawn(async move { teller.tell((number, departure.await)) });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    let before: Vec<_> = (1..sent).map(|number| (number, Ok(()))).collect();
    assert_eq!(heard.so_far(), before);

    for _ in 0..sent {
        assert_eq!(client.next().await, Frame::Text(format!("4{text}")));
    }
    assert_eq!(heard.next().await, (sent, Ok(())));
    assert_eq!(conn.flushed().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_dropped_or_outlived_never_leaves() {
    let io = Server::builder()
        .max_outbox(1_000_000, OutboxPolicy::DropOldest)
        .max_outbox_packets(1)
        .build();
    answering(&io);
    let host = Host::memory(&io);
    let (client, socket, _) = listened(&io, &host).await;
    let conn = socket.conn();

    let dropped = conn.send_noted(Message::Text("2[\"first\"]".into()));
    let everything = conn.flushed();
    let kept = conn.send_noted(Message::Text("2[\"second\"]".into()));
    assert_eq!(client.get().await.text(), r#"42["second"]"#);
    assert_eq!(dropped.await, Err(NeverLeft));
    assert_eq!((everything.await, kept.await), (Ok(()), Ok(())));

    let outlived = conn.send_noted(Message::Binary(b"late".into()));
    let everything = conn.flushed();
    client.send("1").await;
    assert_eq!(outlived.await, Err(NeverLeft));
    assert_eq!(everything.await, Err(NeverLeft));
    assert_eq!(conn.flushed().await, Err(NeverLeft));
    let late = conn.send_noted(Message::Text("too late".into()));
    assert_eq!(late.await, Err(NeverLeft));
}

/// The stream in memory is not plain TCP: only the session's task writes to it.
#[tokio::test(start_paused = true)]
async fn an_event_leaves_at_once_behind_a_future_that_waited_alone_for_a_blocked_write() {
    let io = Server::new();
    let host = Host::memory(&io);
    let mut client = host.joined().await;
    idle().await;
    let socket = io.sockets().remove(0);
    socket.emit("large", "x".repeat(1_000_000));
    idle().await;
    let everything = socket.conn().flushed();

    client.next_text().await;
    assert_eq!(everything.await, Ok(()));
    idle().await;
    socket.emit("after", ());
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);
    client.expect(r#"42["after"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_answers_the_poll_that_found_nothing_but_a_waiting_future() {
    let io = Server::new();
    let mut client = Host::memory(&io).polling().await;
    let id = client.join("/").await;
    idle().await;
    let socket = socket(&io, &id);
    let (teller, mut asked) = channel();
    let watched = socket.clone();
    socket
        .conn()
        .on_flush(move || teller.tell(watched.conn().flushed()));
    socket.emit("one", ());
    assert_eq!(packets(&client.get().await), [r#"42["one"]"#]);
    let everything = asked.next().await;

    let poll = client.start_get();
    assert_eq!(everything.await, Ok(()));
    idle().await;
    socket.emit("two", ());
    assert_eq!(packets(&poll.answer().await), [r#"42["two"]"#]);
}
