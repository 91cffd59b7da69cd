//! Namespaces and servers that leave the cluster: what they still say, and that they are gone then.
//! Spec: features 2.10, 2.41 and 4.12; cluster, section 5.

use std::time::Duration;

use roomcast::cluster::{
    Bus, BusError, BusFuture, Hub, LocalBus, Message, NodeId, Port, PublishError, Response,
};
use roomcast::{Server, Socket};
use tokio::time::Instant;

use crate::support::{Host, WebSocket, gate, idle, pass, within};

/// Two servers whose empty children end, with a client each in `/game-7`; the game's handlers are
/// added by `add`.
async fn two_players(add: impl Fn(&roomcast::Namespace)) -> ([Server; 2], [WebSocket; 2]) {
    let hub = Hub::new();
    let servers = [(); 2].map(|()| {
        let builder = Server::builder().cleanup_empty_child_namespaces();
        let io = builder.bus(hub.bus()).build();
        add(&io.of_pattern("^/game-[0-9]+$").expect("a pattern"));
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
    idle().await;
    assert_eq!(servers[0].of("/game-7").other_nodes().len(), 1);
    (servers, [a, b])
}

fn tell_left(socket: &Socket) {
    socket.broadcast().emit("left", socket.id());
}

/// The other player hears that the last one here has left; then the game is not here any more.
async fn hears_that_the_last_has_left(servers: &[Server; 2], other: &mut WebSocket) {
    let left = other.next_text().await;
    assert!(left.starts_with(r#"42/game-7,["left",""#), "{left}");
    idle().await;
    assert_eq!(servers[1].of("/game-7").other_nodes(), []);
    assert_eq!(servers[0].cluster_stats().failed, 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_an_empty_child_reach_the_other_servers() {
    let (servers, [mut a, mut b]) = two_players(|game| {
        game.on_disconnect(|socket: Socket| tell_left(&socket));
    })
    .await;

    a.send("41/game-7,").await;
    hears_that_the_last_has_left(&servers, &mut b).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_child_stays_in_the_cluster_until_its_handlers_have_ended() {
    let let_through = gate();
    let (servers, [mut a, mut b]) = two_players(|game| {
        let gate = let_through.clone();
        game.on_disconnect(async move |socket: Socket| {
            pass(&gate).await;
            tell_left(&socket);
        });
    })
    .await;

    a.send("41/game-7,").await;
    idle().await;
    assert_eq!(servers[1].of("/game-7").other_nodes().len(), 1);
    let_through.add_permits(1);
    hears_that_the_last_has_left(&servers, &mut b).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_deleted_namespace_reach_the_other_servers() {
    let (servers, [_a, mut b]) = two_players(|game| {
        game.on_disconnect(async |socket: Socket| {
            tokio::task::yield_now().await;
            tell_left(&socket);
        });
    })
    .await;

    assert!(servers[0].delete_namespace("/game-7"));
    hears_that_the_last_has_left(&servers, &mut b).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_left_is_not_known_again_by_its_last_answer() {
    let hub = Hub::new();
    let buses = [hub.bus(), hub.bus()];
    let [a, b] = buses.clone().map(|bus| Server::builder().bus(bus).build());
    let [here, there] = [a.of("/chess"), b.of("/chess")];
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    idle().await;
    assert_eq!(here.other_nodes().len(), 1);
    buses[1].hold();
    let namespace = here.clone();
    let fetch = tokio::spawn(async move { namespace.fetch_sockets().await });
    idle().await;

    // It answers and leaves before either is sent.
    buses[1].restore();
    assert!(b.delete_namespace("/chess"));
    drop(there);
    let fetched = within("the answer", fetch).await.unwrap().unwrap();
    assert!(fetched.is_complete(), "{:?}", fetched.missing());
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(here.other_nodes(), []);
}

/// A bus that takes a second for what the namespace `/chess` publishes.
struct Slow(LocalBus);

impl Bus for Slow {
    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
        self.0.open(port)
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        Box::pin(async {
            if messages
                .iter()
                .any(|message| &*message.namespace == "/chess")
            {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            self.0.publish(messages).await
        })
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        self.0.respond(responses)
    }

    fn close<'a>(&'a self, node: &'a NodeId, namespace: &'a str) -> BusFuture<'a, ()> {
        self.0.close(node, namespace)
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_waits_for_the_last_words_of_a_namespace_that_was_just_deleted() {
    let hub = Hub::new();
    let a = Server::builder().bus(hub.bus()).build();
    let b = Server::builder().bus(Slow(hub.bus())).build();
    let [here, there] = [a.of("/chess"), b.of("/chess")];
    let mut client = Host::memory(&a).websocket().await;
    client.join("/chess").await;
    b.ready().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(here.other_nodes().len(), 1);

    there.emit("over", "chess");
    assert!(b.delete_namespace("/chess"));
    let start = Instant::now();
    b.close().await;
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(here.other_nodes(), []);
    client.expect(r#"42/chess,["over","chess"]"#).await;
}
