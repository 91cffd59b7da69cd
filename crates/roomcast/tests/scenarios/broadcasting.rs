//! Rooms, selections, and acknowledgements of many. Spec: features 2.20–2.35 and 11, 31.

use std::time::Duration;

use roomcast::{DisconnectReason, RoomEvent, Server, Socket};

use crate::support::{Host, WebSocket, channel, echo_server, socket};

/// Clients `a`, `b` and `c` of the main namespace, and their sockets.
struct Three {
    io: Server,
    host: Host,
    a: WebSocket,
    b: WebSocket,
    c: WebSocket,
    sockets: [Socket; 3],
}

impl Three {
    async fn new() -> Self {
        let io = echo_server();
        let host = Host::tcp(&io).await;
        let (mut a, mut b, mut c) = (
            host.websocket().await,
            host.websocket().await,
            host.websocket().await,
        );
        let ids = [a.join("/").await, b.join("/").await, c.join("/").await];
        let sockets = ids.map(|id| socket(&io, &id));
        Self {
            io,
            host,
            a,
            b,
            c,
            sockets,
        }
    }

    /// Which of the clients have got this event; everybody has read all that was sent before.
    async fn got(&mut self, event: &str) -> String {
        self.io.emit("end", ());
        let mut names = String::new();
        for (name, client) in [("a", &mut self.a), ("b", &mut self.b), ("c", &mut self.c)] {
            loop {
                let packet = client.next_text().await;
                if packet == r#"42["end"]"# {
                    break;
                }
                assert_eq!(packet, format!(r#"42["{event}"]"#));
                names += name;
            }
        }
        names
    }
}

#[tokio::test]
async fn everyone_or_everyone_else() {
    let mut three = Three::new().await;
    let [a, _, _] = three.sockets.clone();

    three.io.emit("all", ());
    assert_eq!(three.got("all").await, "abc");
    a.broadcast().emit("others", ());
    assert_eq!(three.got("others").await, "bc");
}

#[tokio::test]
async fn a_room_reaches_its_members_and_a_sender_is_left_out() {
    let mut three = Three::new().await;
    let [a, b, _] = three.sockets.clone();
    a.join("news");
    b.join(["news", "sport"]);

    three.io.to("news").emit("to", ());
    assert_eq!(three.got("to").await, "ab");
    three.io.r#in("sport").emit("in", ());
    assert_eq!(three.got("in").await, "b");
    a.to("news").emit("from-a", ());
    assert_eq!(three.got("from-a").await, "b");
    three.io.to("empty").emit("nobody", ());
    assert_eq!(three.got("nobody").await, "");
}

#[tokio::test]
async fn a_socket_in_several_rooms_gets_one_copy() {
    let mut three = Three::new().await;
    let [a, b, _] = three.sockets.clone();
    a.join(["one", "two", "three"]);
    b.join("two");

    three
        .io
        .to("one")
        .to("two")
        .to(["two", "three"])
        .emit("once", ());
    assert_eq!(three.got("once").await, "ab");
}

#[tokio::test]
async fn except_leaves_rooms_out_on_the_server_and_on_a_socket() {
    let mut three = Three::new().await;
    let [a, b, c] = three.sockets.clone();
    a.join("muted");
    b.join(["muted", "news"]);
    c.join("news");

    three.io.except("muted").emit("server", ());
    assert_eq!(three.got("server").await, "c");
    three.io.to("news").except("muted").emit("room", ());
    assert_eq!(three.got("room").await, "c");
    a.except("news").emit("socket", ());
    assert_eq!(three.got("socket").await, "");
    c.to("muted").except(b.id()).emit("id", ());
    assert_eq!(three.got("id").await, "a");
}

#[tokio::test]
async fn the_room_of_an_id_reaches_one_socket() {
    let mut three = Three::new().await;
    let [_, b, _] = three.sockets.clone();

    three.io.to(b.id()).emit("private", ());
    assert_eq!(three.got("private").await, "b");
    b.leave(b.id());
    three.io.to(b.id()).emit("private", ());
    assert_eq!(three.got("private").await, "");
}

#[tokio::test]
async fn a_selection_is_not_changed_by_what_is_made_from_it() {
    let mut three = Three::new().await;
    let [a, b, _] = three.sockets.clone();
    a.join("one");
    b.join("two");

    let one = three.io.to("one");
    one.clone().to("two").emit("both", ());
    assert_eq!(three.got("both").await, "ab");
    one.emit("one", ());
    assert_eq!(three.got("one").await, "a");
}

#[tokio::test]
async fn rooms_of_one_namespace_are_not_those_of_another() {
    let mut three = Three::new().await;
    let other = three.io.of("/other");
    three.a.join("/other").await;
    other.sockets_join("room");

    three.io.to("room").emit("nobody", ());
    assert_eq!(three.got("nobody").await, "");
}

#[tokio::test]
async fn a_socket_knows_its_rooms_in_order() {
    let three = Three::new().await;
    let [a, _, _] = &three.sockets;
    a.join(["one", "two"]);
    a.join("one");
    a.leave("two");

    assert_eq!(
        a.rooms().iter().map(|room| &**room).collect::<Vec<_>>(),
        [a.id().as_str(), "one"]
    );
    assert!(a.is_in("one") && !a.is_in("two"));
    assert_eq!((three.io.room_len("one"), three.io.room_len("two")), (1, 0));
    assert_eq!(three.io.rooms().len(), 4);
}

#[tokio::test]
async fn leaving_keeps_the_other_members_in_their_place() {
    let mut three = Three::new().await;
    let [a, b, c] = three.sockets.clone();
    three.io.sockets_join("room");

    a.leave("room");
    three.io.to("room").emit("rest", ());
    assert_eq!(three.got("rest").await, "bc");
    c.leave("room");
    b.leave("room");
    three.io.to("room").emit("rest", ());
    assert_eq!(three.got("rest").await, "");
}

#[tokio::test]
async fn room_events_come_in_order() {
    let io = echo_server();
    let (teller, mut events) = channel();
    io.on_room(move |event| teller.tell(event.clone()));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let (own, id): (std::sync::Arc<str>, _) = (id.as_str().into(), socket.id());

    socket.join("room");
    socket.join("room");
    socket.leave("room");
    drop(client);
    let room: std::sync::Arc<str> = "room".into();
    let expected = [
        RoomEvent::Create { room: own.clone() },
        RoomEvent::Join {
            room: own.clone(),
            id: id.clone(),
        },
        RoomEvent::Create { room: room.clone() },
        RoomEvent::Join {
            room: room.clone(),
            id: id.clone(),
        },
        RoomEvent::Leave {
            room: room.clone(),
            id: id.clone(),
        },
        RoomEvent::Delete { room },
        RoomEvent::Leave {
            room: own.clone(),
            id,
        },
        RoomEvent::Delete { room: own },
    ];
    for event in expected {
        assert_eq!(events.next().await, event);
    }
}

#[tokio::test]
async fn sockets_are_joined_and_taken_out_of_rooms_together() {
    let mut three = Three::new().await;
    let [a, _, _] = three.sockets.clone();
    a.join("first");

    three.io.to("first").sockets_join(["x", "y"]);
    a.broadcast().sockets_join("y");
    three.io.to("y").emit("y", ());
    assert_eq!(three.got("y").await, "abc");
    three.io.sockets_leave("y");
    three.io.to("y").to("x").emit("x", ());
    assert_eq!(three.got("x").await, "a");
}

#[tokio::test]
async fn fetched_sockets_show_id_rooms_and_handshake_and_can_be_told() {
    let mut three = Three::new().await;
    let [a, b, _] = three.sockets.clone();
    a.join("room");

    let found = three
        .io
        .to("room")
        .fetch_sockets()
        .await
        .expect("it is no parent");
    assert_eq!(
        found
            .iter()
            .map(roomcast::RemoteSocket::id)
            .collect::<Vec<_>>(),
        [a.id()]
    );
    assert_eq!(found[0].rooms(), a.rooms());
    assert_eq!(found[0].handshake().query("EIO"), Some("4"));
    found[0].emit("hello", ());
    assert_eq!(three.got("hello").await, "a");
    assert_eq!(
        three
            .io
            .fetch_sockets()
            .await
            .expect("it is no parent")
            .len(),
        3
    );
    assert_eq!(
        three
            .io
            .local()
            .except(b.id())
            .fetch_sockets()
            .await
            .expect("it is no parent")
            .len(),
        2
    );
}

#[tokio::test]
async fn selected_sockets_are_disconnected() {
    let mut three = Three::new().await;
    let (teller, mut reasons) = channel();
    three
        .io
        .on_disconnect(move |socket: Socket, reason: DisconnectReason| {
            teller.tell((socket.id(), reason))
        });
    let [a, b, _] = three.sockets.clone();

    three.io.to(a.id()).disconnect_sockets();
    three.a.expect("41").await;
    assert_eq!(
        reasons.next().await,
        (a.id(), DisconnectReason::ServerNamespaceDisconnect)
    );
    three.a.join("/").await;
    three.io.to(b.id()).disconnect_sockets_and_close();
    three.b.expect("41").await;
    three.b.expect_closed().await;
    assert_eq!(
        reasons.next().await,
        (b.id(), DisconnectReason::ServerNamespaceDisconnect)
    );
    three.c.expect_alive().await;
}

#[tokio::test]
async fn every_answer_of_a_broadcast_comes_with_who_gave_it() {
    let mut three = Three::new().await;
    let [a, b, c] = three.sockets.clone();
    let io = three.io.clone();
    let asking = tokio::spawn(async move { io.emit_with_ack::<u32>("vote", ()).await });
    for client in [&mut three.a, &mut three.b, &mut three.c] {
        client.expect(r#"420["vote"]"#).await;
    }
    three.c.send("430[3]").await;
    three.c.expect_alive().await;
    three.a.send("430[1]").await;
    three.a.expect_alive().await;
    three.b.send("430[2]").await;

    let answers = asking
        .await
        .expect("it does not panic")
        .expect("it was sent");
    assert!(answers.is_complete() && !answers.has_timed_out);
    assert_eq!(answers.values, [(c.id(), 3), (a.id(), 1), (b.id(), 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_that_times_out_gives_the_answers_that_came_and_who_is_missing() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (mut one, mut other) = (host.websocket().await, host.websocket().await);
    let ids = [one.join("/").await, other.join("/").await];
    let asking = {
        let io = io.clone();
        tokio::spawn(async move {
            io.timeout(Duration::from_secs(1))
                .emit_with_ack::<u32>("vote", ())
                .await
        })
    };
    one.expect(r#"420["vote"]"#).await;
    one.send("430[1]").await;

    let answers = asking
        .await
        .expect("it does not panic")
        .expect("it was sent");
    assert!(answers.has_timed_out && !answers.is_complete());
    assert_eq!(
        answers
            .values
            .iter()
            .map(|(id, vote)| (id.as_str(), *vote))
            .collect::<Vec<_>>(),
        [(ids[0].as_str(), 1)]
    );
    assert_eq!(
        answers
            .missing
            .iter()
            .map(roomcast::SocketId::as_str)
            .collect::<Vec<_>>(),
        [ids[1].as_str()]
    );
    other.expect(r#"420["vote"]"#).await;
    other.send("430[2]").await;
    other.expect_alive().await;
}

#[tokio::test]
async fn a_receiver_that_leaves_is_missing_and_is_not_waited_for() {
    let mut three = Three::new().await;
    let [a, b, _] = three.sockets.clone();
    let io = three.io.clone();
    let asking = tokio::spawn(async move {
        io.to([a.id(), b.id()])
            .emit_with_ack::<u32>("vote", ())
            .await
    });
    three.a.expect(r#"420["vote"]"#).await;
    three.a.send("430[1]").await;
    drop(three.b);

    let answers = asking
        .await
        .expect("it does not panic")
        .expect("it was sent");
    assert_eq!(
        (
            answers.values.len(),
            answers.missing.len(),
            answers.has_timed_out
        ),
        (1, 1, false)
    );
}

#[tokio::test]
async fn a_broadcast_to_nobody_is_answered_at_once() {
    let three = Three::new().await;

    let answers = three
        .io
        .to("empty")
        .emit_with_ack::<u32>("vote", ())
        .await
        .expect("it was sent");
    assert!(answers.is_complete() && answers.values.is_empty());
    drop(three.host);
}

#[tokio::test]
async fn an_answer_of_another_type_is_kept_apart() {
    let mut three = Three::new().await;
    let [a, _, _] = three.sockets.clone();
    let io = three.io.clone();
    let asking = tokio::spawn(async move { io.to(a.id()).emit_with_ack::<u32>("vote", ()).await });
    three.a.expect(r#"420["vote"]"#).await;
    three.a.send(r#"430["seven"]"#).await;

    let answers = asking
        .await
        .expect("it does not panic")
        .expect("it was sent");
    assert_eq!(
        (
            answers.values.len(),
            answers.invalid.len(),
            answers.missing.len()
        ),
        (0, 1, 0)
    );
}
