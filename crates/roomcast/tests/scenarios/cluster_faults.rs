//! Servers that are lost, buses that are away, rooms that are subscribed to. Spec: features 4.12 and
//! 11, 37; cluster, section 15.

use std::time::Duration;

use roomcast::cluster::{
    Bus, BusError, BusFuture, Cluster, Hub, Message, NodeId, Port, PublishError, Response,
    RoomInterest,
};
use roomcast::{Server, Socket};
use tokio::time::Instant;

use crate::support::{Counted, Dynamic, Host, Three, answering, idle, together, within};

#[tokio::test(start_paused = true)]
async fn a_lost_server_expires_after_ten_seconds_and_completes_what_waits_for_it() {
    let three = Three::new().await;
    let lost = three.servers[2].node_id().unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(three.servers[0].other_nodes().len(), 2); // heartbeats keep them
    three.buses[2].cut();

    let start = Instant::now();
    let fetched = three.servers[0]
        .timeout(Duration::from_secs(100))
        .fetch_sockets();
    let fetched = fetched.await.unwrap();
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(5) && waited <= Duration::from_secs(10),
        "{waited:?}"
    );
    assert_eq!(fetched.len(), 2);
    assert_eq!(fetched.missing().nodes, [lost]);
    assert_eq!(
        three.servers[0].other_nodes(),
        [three.servers[1].node_id().unwrap()]
    );
    assert!(
        three.servers[0]
            .fetch_sockets()
            .await
            .unwrap()
            .is_complete()
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_completes_what_waits_for_it_at_once() {
    let three = Three::new().await;
    drop(three.clients); // who is connected is given time to hang up
    three.buses[2].hold(); // it hears nothing, and can still speak
    let io = three.servers[0].clone();
    let fetch =
        tokio::spawn(async move { io.timeout(Duration::from_secs(100)).fetch_sockets().await });
    idle().await;

    let start = Instant::now();
    three.servers[2].close().await;
    let fetched = fetch.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(fetched.missing().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn late_answers_are_dropped_and_held_messages_arrive_in_order() {
    let mut three = Three::new().await;
    three.buses[1].hold();

    let fetched = three.servers[0].fetch_sockets().await.unwrap();
    assert_eq!(fetched.missing().len(), 1);
    three.servers[0].emit("one", ());
    three.servers[0].emit("two", ());
    idle().await;
    three.buses[1].restore();
    three.clients[1].expect(r#"42["one"]"#).await;
    three.clients[1].expect(r#"42["two"]"#).await;
    idle().await; // the answer to the request comes now, and nobody waits for it
    assert!(
        three.servers[0]
            .fetch_sockets()
            .await
            .unwrap()
            .is_complete()
    );
}

#[tokio::test(start_paused = true)]
async fn the_local_part_is_kept_while_the_bus_is_away_and_the_rest_follows_in_order() {
    let mut three = Three::new().await;
    three.buses[0].break_link();

    for number in 0..5 {
        three.servers[0].emit("n", number);
        three.clients[0]
            .expect(&format!(r#"42["n",{number}]"#))
            .await;
    }
    idle().await;
    three.buses[0].restore();
    for number in 0..5 {
        three.clients[1]
            .expect(&format!(r#"42["n",{number}]"#))
            .await;
    }
    idle().await;
    let stats = three.servers[0].cluster_stats();
    assert_eq!(
        (
            stats.queued,
            stats.dropped_full,
            stats.dropped_old,
            stats.failed
        ),
        (0, 0, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_waited_too_long_or_in_too_large_a_number_is_dropped_and_counted() {
    let hub = Hub::new();
    let bus = hub.bus();
    let cluster = Cluster::new(bus.clone())
        .max_queued_messages(3)
        .max_queued_age(Duration::from_secs(1));
    let [a, b] = [
        Server::builder().cluster(cluster).build(),
        Server::builder().bus(hub.bus()).build(),
    ];
    together(&[a.clone(), b.clone()]).await;
    let mut client = Host::memory(&b).websocket().await;
    client.join("/").await;
    idle().await;
    bus.break_link();

    for number in 0..5 {
        a.emit("n", number);
    }
    idle().await;
    assert_eq!(a.cluster_stats().dropped_full, 2);
    bus.restore();
    for number in 2..5 {
        client.expect(&format!(r#"42["n",{number}]"#)).await;
    }
    bus.break_link();
    a.emit("old", ());
    tokio::time::sleep(Duration::from_secs(3)).await;
    bus.restore();
    tokio::time::sleep(Duration::from_secs(1)).await;
    a.emit("new", ());
    client.expect(r#"42["new"]"#).await;
    assert!(a.cluster_stats().dropped_old >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_cannot_be_opened_keeps_no_client_out_and_is_opened_later() {
    let hub = Hub::new();
    let bus = hub.bus();
    bus.break_link();
    let a = Server::builder().bus(bus.clone()).build();
    answering(&a);
    let b = Server::builder().bus(hub.bus()).build();

    assert!(matches!(a.ready().await, Err(BusError::Unavailable { .. })));
    let mut client = Host::memory(&a).websocket().await;
    client.join("/").await;
    a.emit("local", ());
    client.expect(r#"42["local"]"#).await;
    bus.restore();
    within("the other server", async {
        while a.other_nodes().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    b.emit("hello", ());
    client.expect(r#"42["hello"]"#).await;
}

/// A bus whose broker never answers.
struct Silent;

impl Bus for Silent {
    fn open(&self, _port: Port) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(std::future::pending())
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        panic!("it is not open: {messages:?}")
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        panic!("it is not open: {responses:?}")
    }

    fn close<'a>(&'a self, _node: &'a NodeId, _namespace: &'a str) -> BusFuture<'a, ()> {
        panic!("it is not open")
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_never_answers_keeps_no_client_out_and_does_not_hold_up_the_end() {
    let cluster = Cluster::new(Silent).request_timeout(Duration::from_secs(3));
    let io = Server::builder().cluster(cluster).build();
    let mut client = Host::memory(&io).websocket().await;

    let start = Instant::now();
    client.join("/").await;
    assert_eq!(start.elapsed().as_secs(), 3);
    io.emit("local", ());
    client.expect(r#"42["local"]"#).await;
    assert_eq!(io.fetch_sockets().await.unwrap().len(), 1);
    drop(client);
    let start = Instant::now();
    io.close().await;
    assert!(
        start.elapsed() <= Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_bus_that_is_away() {
    let three = Three::new().await;
    drop(three.clients); // who is connected is given time to hang up
    three.buses[0].break_link();
    three.servers[0].emit("never", ());

    let start = Instant::now();
    three.servers[0].close().await;
    assert!(
        start.elapsed() <= Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_between_a_confirmed_join_and_the_next_message() {
    let hub = Hub::new();
    let bus = Dynamic::new(&hub, RoomInterest::Shared);
    let a = Server::builder().bus(bus.clone()).build();
    let b = Server::builder().bus(hub.bus()).build();
    together(&[a.clone(), b.clone()]).await;
    a.on("join", async |socket: Socket, room: String| {
        socket
            .join_confirmed(room)
            .await
            .map(|()| "joined")
            .map_err(|error| error.to_string())
    });
    let mut client = Host::memory(&a).websocket().await;
    client.join("/").await;

    client.send(r#"420["join","news"]"#).await;
    idle().await;
    b.to("news").emit("too-early", ()); // the broker has confirmed nothing, nor has the client
    idle().await;
    bus.confirm.add_permits(1);
    client.expect(r#"430["joined"]"#).await;
    b.to("news").emit("next", ());
    client.expect(r#"42["next"]"#).await;
    // A room that is subscribed to needs no further wait.
    client.send(r#"421["join","news"]"#).await;
    client.expect(r#"431["joined"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn rooms_are_subscribed_to_while_they_have_members() {
    let hub = Hub::new();
    let bus = Dynamic::new(&hub, RoomInterest::Shared);
    bus.confirm.add_permits(100);
    let io = Server::builder().bus(bus.clone()).build();
    let mut client = Host::memory(&io).websocket().await;
    let id = client.join("/").await;
    let socket = io.socket(id).unwrap();

    socket.join(["a", "b"]);
    idle().await;
    assert_eq!(bus.rooms(), ["a", "b"]);
    socket.leave("a");
    io.sockets_join("c");
    idle().await;
    assert_eq!(bus.rooms(), ["b", "c"]);
    socket.leave("b");
    socket.join("b");
    idle().await;
    assert_eq!(bus.rooms(), ["b", "c"]);
    socket.disconnect();
    idle().await;
    assert_eq!(bus.rooms(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_room_of_a_socket_is_subscribed_to_before_its_client_knows_it() {
    let hub = Hub::new();
    let bus = Dynamic::new(&hub, RoomInterest::All);
    let io = Server::builder().bus(bus.clone()).build();
    io.ready().await.unwrap();
    let mut client = Host::memory(&io).websocket().await;

    client.send("40").await;
    idle().await;
    assert_eq!(io.sockets_count(), 0);
    bus.confirm.add_permits(1);
    let connected = client.next_text().await;
    let [room] = &bus.rooms()[..] else {
        panic!("one room")
    };
    assert_eq!(connected, format!(r#"40{{"sid":"{room}"}}"#));
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_counts_without_names_tells_how_many_are_missing() {
    let hub = Hub::new();
    let buses = [(); 3].map(|()| Counted(hub.bus(), Ok(3)));
    let servers = buses.clone().map(|bus| Server::builder().bus(bus).build());
    for io in &servers {
        io.ready().await.unwrap();
    }
    for (io, number) in servers.iter().zip(0..) {
        io.on_server_side("number", move || number);
    }

    let answers = servers[0]
        .server_side_emit_with_ack::<u8>("number", ())
        .await
        .unwrap();
    assert!(answers.is_complete());
    assert_eq!(answers.values, [1, 2]);
    assert_eq!(servers[0].server_count().await, Ok(3));
    assert_eq!(servers[0].other_nodes(), []);

    buses[2].0.cut();
    let answers = servers[0]
        .server_side_emit_with_ack::<u8>("number", ())
        .await
        .unwrap();
    assert_eq!(answers.values, [1]);
    assert_eq!(answers.missing.unnamed, 1);
    assert_eq!(answers.missing.to_string(), "no answer from 1 node");
    assert!(answers.has_timed_out);
}

#[tokio::test(start_paused = true)]
async fn what_a_bus_could_not_count_is_never_complete() {
    let hub = Hub::new();
    let bus = Counted(hub.bus(), Err(BusError::Closed));
    let io = Server::builder().bus(bus).build();
    io.ready().await.unwrap();

    let fetched = io.fetch_sockets().await.unwrap();
    assert!(!fetched.is_complete());
    assert_eq!(fetched.missing().unnamed, 1);
    assert!(fetched.complete().is_err());
    let answers = io.server_side_emit_with_ack::<u8>("number", ()).await;
    let answers = answers.unwrap();
    assert!(!answers.is_complete() && answers.has_timed_out);
    assert!(answers.complete().is_err());
    let answers = io.emit_with_ack::<u8>("vote", ()).await.unwrap();
    assert!(!answers.is_complete());
}
