//! Several servers as one: what reaches the clients of the others. Spec: features 2.22–2.26, 2.35
//! and 11, 36 and 37; cluster, sections 5 and 15.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use roomcast::cluster::{
    Bus, BusError, BusFuture, Encoding, Hub, LocalBus, Message, NodeId, Port, PublishError,
    Response,
};
use roomcast::{Server, Socket};

use crate::support::{Frame, Host, Three, answering, channel, idle, within};

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_the_clients_of_all_servers() {
    let mut three = Three::new().await;

    three.servers[0].emit("all", ());
    assert_eq!(three.got("all").await, "abc");
    three.sockets[1].broadcast().emit("others", ());
    assert_eq!(three.got("others").await, "ac");
}

#[tokio::test(start_paused = true)]
async fn rooms_and_exceptions_hold_on_all_servers() {
    let mut three = Three::new().await;
    three.sockets[0].join("news");
    three.sockets[1].join(["news", "muted"]);

    three.servers[2].to("news").emit("room", ());
    assert_eq!(three.got("room").await, "ab");
    three.servers[2]
        .to("news")
        .except("muted")
        .emit("except", ());
    assert_eq!(three.got("except").await, "a");
    three.servers[2].except("news").emit("others", ());
    assert_eq!(three.got("others").await, "c");
    three.sockets[0].to("news").emit("from-a", ());
    assert_eq!(three.got("from-a").await, "b");
    three.servers[0].to("nobody").emit("nobody", ());
    assert_eq!(three.got("nobody").await, "");
}

#[tokio::test(start_paused = true)]
async fn a_socket_in_several_rooms_gets_one_copy_on_each_server() {
    let mut three = Three::new().await;
    three.sockets[0].join(["one", "two"]);
    three.sockets[2].join(["two", "three"]);

    three.servers[1]
        .to(["one", "two", "three"])
        .emit("once", ());
    assert_eq!(three.got("once").await, "ac");
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_socket_on_another_server_is_its_room() {
    let mut three = Three::new().await;
    let c = three.sockets[2].id();

    three.servers[0].to(&c).emit("private", ());
    assert_eq!(three.got("private").await, "c");
    three.sockets[1].to(&c).emit("to-c", ());
    assert_eq!(three.got("to-c").await, "c");
}

#[tokio::test(start_paused = true)]
async fn local_selections_and_emits_to_one_socket_do_not_go_to_the_bus() {
    let mut three = Three::new().await;
    idle().await;
    let before = three.servers[0].cluster_stats().published;

    three.servers[0].local().emit("local", ());
    assert_eq!(three.got("local").await, "a");
    three.sockets[0].local().emit("nobody", ());
    assert_eq!(three.got("nobody").await, "");
    three.sockets[0].emit("one", ());
    assert_eq!(three.got("one").await, "a");
    three.servers[0].local().sockets_join("here");
    three.servers[1].to("here").emit("here", ());
    assert_eq!(three.got("here").await, "a");
    assert_eq!(three.servers[0].cluster_stats().published, before);
}

#[tokio::test(start_paused = true)]
async fn arguments_and_attachments_arrive_over_either_encoding() {
    for hub in [
        Hub::new(),
        Hub::encoding(Encoding::Json),
        Hub::encoding(Encoding::MessagePack),
    ] {
        let mut three = Three::on(&hub).await;
        let bytes = bytes::Bytes::from_static(&[1, 2, 3, 255]);

        three.servers[0].emit("types", (1, -1, 1.5, true, (), [("a", "é😀")]));
        three.servers[0].emit("none", ());
        three.servers[0].emit("bytes", (bytes, "x"));
        for client in &mut three.clients {
            client
                .expect(r#"42["types",1,-1,1.5,true,null,[["a","é😀"]]]"#)
                .await;
            client.expect(r#"42["none"]"#).await;
            client
                .expect(r#"451-["bytes",{"_placeholder":true,"num":0},"x"]"#)
                .await;
            client.expect_binary(&[1, 2, 3, 255]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn namespaces_are_apart_and_children_of_a_pattern_have_a_cluster_of_their_own() {
    let hub = Hub::new();
    let servers = [(); 2].map(|()| {
        let io = Server::builder().bus(hub.bus()).build();
        let games = io.of_pattern("^/game-[0-9]+$").expect("a pattern");
        games.on("move", |socket: Socket, to: String| {
            socket.broadcast().emit("moved", to)
        });
        io
    });
    let [mut a, mut b] = [
        Host::memory(&servers[0]).websocket().await,
        Host::memory(&servers[1]).websocket().await,
    ];
    for client in [&mut a, &mut b] {
        client.join("/").await;
        client.join("/game-7").await;
    }
    for io in &servers {
        within("both", async {
            while io.of("/game-7").other_nodes().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    a.send(r#"42/game-7,["move","e4"]"#).await;
    b.expect(r#"42/game-7,["moved","e4"]"#).await;
    servers[0].of("/game-7").emit("end", ());
    b.expect(r#"42/game-7,["end"]"#).await;
    a.expect(r#"42/game-7,["end"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn commands_and_events_keep_their_order() {
    let mut three = Three::new().await;

    // SPEC: features 11, 37: order of commands kept.
    for number in 0..20 {
        let room = format!("room-{number}");
        three.servers[0].sockets_join(room.as_str());
        three.servers[0].to(room.as_str()).emit("in", number);
        three.servers[0].sockets_leave(room.as_str());
        three.servers[0].to(room.as_str()).emit("out", number);
    }
    three.servers[0].emit("end", ());
    for client in &mut three.clients {
        for number in 0..20 {
            client.expect(&format!(r#"42["in",{number}]"#)).await;
        }
        client.expect(r#"42["end"]"#).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_local_deliveries_is_that_of_the_calls() {
    let mut three = Three::new().await;

    three.servers[0].emit("first", ());
    three.sockets[0].emit("second", ());
    three.servers[0].to(three.sockets[0].id()).emit("third", ());
    for event in ["first", "second", "third"] {
        three.clients[0].expect(&format!(r#"42["{event}"]"#)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn sockets_of_all_servers_join_leave_and_are_disconnected() {
    let mut three = Three::new().await;
    three.sockets[1].join("muted");

    three.servers[0].except("muted").sockets_join(["x", "y"]);
    idle().await;
    assert!(three.sockets[0].is_in("x") && three.sockets[2].is_in("y"));
    assert!(!three.sockets[1].is_in("x"));
    three.servers[2].r#in("x").sockets_leave("y");
    idle().await;
    assert!(!three.sockets[0].is_in("y") && !three.sockets[2].is_in("y"));

    three.servers[0].to("muted").disconnect_sockets();
    assert_eq!(three.clients[1].next_text().await, "41");
    three.clients[1].join("/").await;
    three.servers[1].to("x").disconnect_sockets_and_close();
    for index in [0, 2] {
        assert_eq!(three.clients[index].next_text().await, "41");
        three.clients[index].expect_closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn outgoing_listeners_see_events_of_other_servers() {
    let three = Three::new().await;
    let (teller, mut heard) = channel();
    three.servers[1].on_any_outgoing(move |event: String| teller.tell(event));

    three.servers[0].emit("all", ());
    assert_eq!(heard.next().await, "all");
}

/// A bus that notes what is published and carries it to nobody.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Bus for Notes {
    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
        drop(port);
        Box::pin(async { Ok(()) })
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        let payloads = messages.iter().map(Message::encode);
        let payloads = payloads.map(|payload| String::from_utf8(payload).expect("JSON"));
        self.0.lock().expect("no panic").extend(payloads);
        Box::pin(async { Ok(()) })
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        panic!("nobody asked: {responses:?}")
    }

    fn close<'a>(&'a self, _node: &'a NodeId, _namespace: &'a str) -> BusFuture<'a, ()> {
        Box::pin(async {})
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_published_is_what_the_official_adapter_publishes() {
    let bus = Notes::default();
    let io = Server::builder().bus(bus.clone()).build();
    io.ready().await.unwrap();
    let mut client = Host::memory(&io).websocket().await;
    let id = client.join("/").await;
    let socket = io.socket(&id).unwrap();
    idle().await;
    bus.0.lock().unwrap().clear();

    io.emit("hello", "world");
    io.to(["room1", "room2"]).emit("hello", 1);
    io.to("room1").except("room2").emit("hello", 3);
    io.volatile().emit("hello", "v");
    io.uncompressed().emit("hello", "c");
    socket.broadcast().emit("hello", "bc");
    io.r#in("room1").except("room2").sockets_join(["x", "y"]);
    io.r#in("x").sockets_leave("y");
    io.to("room2").disconnect_sockets();
    io.disconnect_sockets_and_close();
    io.server_side_emit("sse2", ("hello", 1));
    drop(client); // who is connected is given time to hang up
    io.close().await;

    let uid = io.node_id().unwrap();
    let expected = [
        // Recorded from the sharded and the Postgres adapter.
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello","world"]},"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello",1]},"opts":{"rooms":["room1","room2"],"except":[],"flags":{}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello",3]},"opts":{"rooms":["room1"],"except":["room2"],"flags":{}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello","v"]},"opts":{"rooms":[],"except":[],"flags":{"volatile":true}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello","c"]},"opts":{"rooms":[],"except":[],"flags":{"compress":false}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello","bc"]},"opts":{"rooms":[],"except":["SID"],"flags":{}}},"uid":"UID","nsp":"/"}"#,
        r#"{"type":4,"data":{"opts":{"rooms":["room1"],"except":["room2"],"flags":{}},"rooms":["x","y"]},"uid":"UID","nsp":"/"}"#,
        r#"{"type":5,"data":{"opts":{"rooms":["x"],"except":[],"flags":{}},"rooms":["y"]},"uid":"UID","nsp":"/"}"#,
        r#"{"type":6,"data":{"opts":{"rooms":["room2"],"except":[],"flags":{}},"close":false},"uid":"UID","nsp":"/"}"#,
        r#"{"type":6,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"close":true},"uid":"UID","nsp":"/"}"#,
        r#"{"type":9,"data":{"packet":["sse2","hello",1]},"uid":"UID","nsp":"/"}"#,
        r#"{"type":13,"uid":"UID","nsp":"/"}"#,
    ];
    let expected = expected.map(|text| text.replace("UID", uid.as_str()).replace("SID", &id));
    assert_eq!(*bus.0.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn closing_leaves_the_cluster_and_can_be_repeated() {
    let three = Three::new().await;

    three.servers[2].close().await;
    idle().await;
    assert_eq!(
        three.servers[0].other_nodes(),
        [three.servers[1].node_id().unwrap()]
    );
    assert_eq!(three.servers[0].server_count().await, Ok(2));
    // What a closed server is told goes nowhere, and closing it again does not wait.
    three.servers[2].emit("nobody", ());
    within("a second close", three.servers[2].close()).await;
    assert_eq!(three.servers[2].ready().await, Err(BusError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_deleted_leaves_the_cluster_and_goes_on_elsewhere() {
    let hub = Hub::new();
    let [a, b] = [(); 2].map(|()| {
        let io = Server::builder().bus(hub.bus()).build();
        io.of("/chess");
        io
    });
    let mut client = Host::memory(&b).websocket().await;
    client.join("/chess").await;
    idle().await;
    assert_eq!(b.of("/chess").other_nodes().len(), 1);

    assert!(a.delete_namespace("/chess"));
    idle().await;
    assert_eq!(b.of("/chess").other_nodes(), []);
    a.of("/chess").emit("again", ());
    client.expect(r#"42/chess,["again"]"#).await;
    assert_eq!(b.of("/chess").other_nodes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_leaves_the_cluster() {
    let hub = Hub::new();
    let [a, b] = [(); 2].map(|()| Server::builder().bus(hub.bus()).build());
    crate::support::together(&[a.clone(), b.clone()]).await;

    drop(b);
    idle().await;
    assert_eq!(a.other_nodes(), []);
}

#[test]
fn a_server_that_is_made_without_a_runtime_opens_its_bus_when_it_listens() {
    let hub = Hub::new();
    let io = Server::builder().bus(hub.bus()).build();
    io.emit("early", ());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();

    runtime.block_on(async {
        let other = Server::builder().bus(hub.bus()).build();
        let _listening = io.listen("127.0.0.1:0").await.unwrap();
        crate::support::together(&[io.clone(), other]).await;
    });
    assert_eq!(io.cluster_stats().queued, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_bus_there_is_one_server() {
    let io = Server::new();
    answering(&io);

    assert_eq!(io.node_id(), None);
    assert_eq!(io.other_nodes(), []);
    assert_eq!(io.server_count().await, Ok(1));
    assert_eq!(io.ready().await, Ok(()));
    io.server_side_emit("nobody", ());
    io.on_server_side("number", || 7);
    let answers = io.server_side_emit_with_ack::<u8>("number", ());
    let answers = answers.now_or_never().expect("nobody to wait for");
    let answers = answers.unwrap();
    assert!(answers.is_complete() && !answers.has_timed_out);
    assert_eq!(answers.complete(), Ok(Vec::new())); // a server does not ask itself
    assert!(io.fetch_sockets().await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_sent_is_counted_and_harms_nothing() {
    let mut three = Three::new().await;
    let bus: &LocalBus = &three.buses[0];
    let message = |name: roomcast::Value| Message {
        from: Some("0123456789abcdef".into()),
        namespace: "/".into(),
        body: roomcast::cluster::Body::Broadcast {
            packet: [name].into(),
            options: Default::default(),
            request: None,
        },
    };

    bus.publish(vec![message("disconnect".into()), message(().into())])
        .await
        .unwrap();
    assert_eq!(three.servers[1].cluster_stats().malformed, 2);
    three.servers[0].emit("all", ());
    assert_eq!(three.got("all").await, "abc");
    assert!(matches!(
        tokio::time::timeout(Duration::from_millis(1), three.clients[1].next()).await,
        Err(_) | Ok(Frame::Ping(_))
    ));
}
