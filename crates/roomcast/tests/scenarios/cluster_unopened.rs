//! Requests and joins that a bus leaves hanging: it was never opened, refuses, or confirms nothing.
//! Spec: cluster, sections 5 and 15.

use std::time::Duration;

use roomcast::cluster::{
    Bus, BusError, BusFuture, Cluster, Counting, Hub, Message, NodeId, Port, Profile, PublishError,
    Response, RoomInterest,
};
use roomcast::{Server, Socket};
use tokio::time::Instant;

use crate::support::{Counted, Dynamic, Host, WebSocket, idle, within};

/// A bus that is not to be had, and does not know the names of its nodes.
struct Refusing;

fn refused() -> BusError {
    BusError::Refused {
        cause: "no such topic".to_owned(),
    }
}

impl Bus for Refusing {
    fn profile(&self) -> Profile {
        Profile::default().counting(Counting::Subscribers)
    }

    fn open(&self, _port: Port) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async { Err(refused()) })
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        panic!("it is not open: {messages:?}")
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        panic!("it is not open: {responses:?}")
    }

    fn count_nodes<'a>(&'a self, _namespace: &'a str) -> BusFuture<'a, Result<usize, BusError>> {
        Box::pin(async { Err(refused()) })
    }

    fn close<'a>(&'a self, _node: &'a NodeId, _namespace: &'a str) -> BusFuture<'a, ()> {
        panic!("it is not open")
    }
}

/// Asks in each way that there is, each time for 300 ms.
async fn ask_in_vain(cluster: Cluster) {
    let limit = Duration::from_millis(300);
    let io = Server::builder()
        .cluster(cluster.request_timeout(limit))
        .build();
    assert!(io.ready().await.is_err());

    let start = Instant::now();
    let fetched = within("sockets", io.timeout(limit).fetch_sockets()).await;
    let fetched = fetched.expect("missing servers are no error");
    assert_eq!((fetched.len(), fetched.missing().unnamed), (0, 1));
    assert_eq!(start.elapsed(), limit);
    let start = Instant::now();
    let vote = io.timeout(limit).emit_with_ack::<u8>("vote", ());
    let answers = within("answers of sockets", vote).await;
    let answers = answers.expect("missing answers are no error");
    assert!(answers.has_timed_out && !answers.is_complete());
    assert_eq!(start.elapsed(), limit);
    let start = Instant::now();
    let number = io.server_side_emit_with_ack::<u8>("number", ());
    let answers = within("answers of servers", number).await;
    let answers = answers.expect("missing answers are no error");
    assert!(answers.has_timed_out && !answers.is_complete());
    assert_eq!(start.elapsed(), limit);
}

#[tokio::test(start_paused = true)]
async fn requests_end_in_time_while_a_bus_that_counts_is_away() {
    for nodes in [Ok(2), Err(BusError::Closed)] {
        let bus = Hub::new().bus();
        bus.break_link();
        ask_in_vain(Cluster::new(Counted(bus, nodes))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn requests_end_in_time_where_a_bus_that_counts_refuses() {
    ask_in_vain(Cluster::new(Refusing)).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_was_told_before_its_bus_could_be_opened_counts_as_lost_when_it_closes() {
    let io = Server::builder().bus(Refusing).build();
    assert_eq!(io.ready().await, Err(refused()));

    io.emit("one", ());
    io.emit("two", ());
    assert_eq!(io.cluster_stats().queued, 2);
    io.close().await;
    let stats = io.cluster_stats();
    assert_eq!((stats.queued, stats.failed), (0, 2));
    io.emit("three", ());
    assert_eq!(io.cluster_stats().failed, 3);
}

/// A server whose broker confirms no room, and a client that waits for one.
async fn unconfirmed(limit: Duration) -> (Server, WebSocket, Socket) {
    let bus = Dynamic::new(&Hub::new(), RoomInterest::Shared);
    let cluster = Cluster::new(bus).request_timeout(limit);
    let io = Server::builder().cluster(cluster).build();
    io.ready().await.expect("it is open");
    io.on("join", async |socket: Socket, room: String| {
        let joined = socket.join_confirmed(room).await;
        joined.map_err(|error| error.to_string())
    });
    let mut client = Host::memory(&io).websocket().await;
    let id = client.join("/").await;
    let socket = io.socket(id).expect("it has joined");
    client.send(r#"420["join","news"]"#).await;
    idle().await;
    (io, client, socket)
}

#[tokio::test(start_paused = true)]
async fn a_join_that_no_broker_confirms_ends_with_the_request_timeout() {
    let (_io, _client, socket) = unconfirmed(Duration::from_secs(3)).await;

    let start = Instant::now();
    let joined = within("the end of the wait", socket.join_confirmed("games")).await;
    assert!(matches!(joined, Err(BusError::Unavailable { .. })));
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert!(socket.is_in("games"));
}

#[tokio::test(start_paused = true)]
async fn a_server_closes_while_a_handler_waits_for_a_room() {
    let (io, client, _socket) = unconfirmed(Duration::from_secs(3)).await;
    drop(client); // who is connected is given time to hang up

    within("the end of the server", io.close()).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_room_of_a_closed_link_is_told() {
    let bus = Dynamic::new(&Hub::new(), RoomInterest::Shared);
    let cluster = Cluster::new(bus).request_timeout(Duration::from_secs(1000));
    let io = Server::builder().cluster(cluster).build();
    io.of("/chess");
    io.ready().await.unwrap();
    let mut client = Host::memory(&io).websocket().await;
    let id = client.join("/chess").await;
    let socket = io.of("/chess").socket(id).unwrap();
    let wait = |room: &'static str| {
        let socket = socket.clone();
        tokio::spawn(async move { socket.join_confirmed(room).await })
    };

    // One whose change is on its way to the broker, and one behind it.
    let first = wait("a");
    idle().await;
    let second = wait("b");
    idle().await;
    assert!(io.delete_namespace("/chess"));
    for waiting in [first, second, wait("c")] {
        let told = within("an answer", waiting).await.unwrap();
        assert_eq!(told, Err(BusError::Closed));
    }
}
