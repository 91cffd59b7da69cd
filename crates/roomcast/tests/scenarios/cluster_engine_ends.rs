//! How requests, sessions and servers end where sessions are shared. Spec: features 1.54, N12;
//! cluster, section 14.

use std::sync::Arc;
use std::time::Duration;

use roomcast::Server;
use roomcast::cluster::engine::{EngineBus, EnginePort, Message, Unsent};
use roomcast::cluster::{BusError, BusFuture, Hub, LocalBus, NodeId};
use roomcast::engine::{ClusterEngine, Engine};
use tokio::time::Instant;

use crate::support::{
    Host, Polling, Request, Shared, Stream, WebSocket, channel, gate, idle, packets, pass, reasons,
    within,
};

const UNKNOWN: (u16, &str) = (400, r#"{"code":1,"message":"Session ID unknown"}"#);
const NOBODYS: &str = "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA";

/// A POST of this client that its session's owner has granted, and whose last byte is missing.
async fn granted_post(client: &Polling, host: &Host, body: &[u8]) -> Stream {
    let request = Request::post(&client.target(), body).to_bytes();
    let mut stream = host.stream().await;
    stream.write(&request[..request.len() - 1]).await;
    idle().await;
    stream
}

#[tokio::test(start_paused = true)]
async fn requests_that_reach_a_closed_server_are_answered() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    nodes.servers[1].close().await;
    let blue = nodes.at(1, &client);

    assert_eq!(blue.start_post("40").answer().await.summary(), UNKNOWN);
    assert_eq!(blue.start_get().answer().await.summary(), UNKNOWN);
    let query = format!("EIO=4&transport=websocket&sid={}", client.sid);
    let refused = within("a refusal", nodes.hosts[1].refused_upgrade(&query)).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test(start_paused = true)]
async fn questions_that_wait_when_a_server_closes_are_answered() {
    let nodes = Shared::new(2);
    let nobody = nodes.polling().await.at(&nodes.hosts[1]);
    nodes.servers[0].close().await;
    let (post, get) = (nobody.start_post("40"), nobody.start_get());
    let host = nodes.hosts[1].clone();
    let query = NOBODYS.replace("polling", "websocket");
    let upgrade = tokio::spawn(async move { host.refused_upgrade(&query).await });
    idle().await;

    nodes.servers[1].close().await;

    assert_eq!(post.answer().await.summary(), UNKNOWN);
    assert_eq!(get.answer().await.summary(), UNKNOWN);
    let refused = within("a refusal", upgrade).await.unwrap();
    assert_eq!(refused.status, 400);
}

/// A bus that tells whether anybody has it, and how long it takes to close.
struct Watched {
    bus: LocalBus,
    close_takes: Duration,
    _held: Arc<()>,
}

impl EngineBus for Watched {
    fn open(&self, port: EnginePort) -> BusFuture<'_, Result<(), BusError>> {
        EngineBus::open(&self.bus, port)
    }

    fn publish<'a>(&'a self, messages: &'a [Message]) -> BusFuture<'a, Result<(), Unsent>> {
        EngineBus::publish(&self.bus, messages)
    }

    fn close<'a>(&'a self, node: &'a NodeId) -> BusFuture<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(self.close_takes).await;
            EngineBus::close(&self.bus, node).await;
        })
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_keeps_the_bus_of_a_closed_server_with_an_unanswered_probe() {
    let held = Arc::new(());
    let watched = Watched {
        bus: Hub::new().bus(),
        close_takes: Duration::ZERO,
        _held: Arc::clone(&held),
    };
    let io = Server::builder().cluster_engine(watched).build();
    io.ready().await.unwrap();
    let host = Host::memory(&io);
    let query = NOBODYS.replace("polling", "websocket");
    let upgrade = tokio::spawn(async move { host.refused_upgrade(&query).await.status });
    idle().await;

    io.close().await;
    drop(io);

    assert_eq!(within("a refusal", upgrade).await.unwrap(), 400);
    idle().await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_waits_5_seconds_for_a_bus_that_does_not_close() {
    let bus = Hub::new().bus();
    let watched = Watched {
        bus: bus.clone(),
        close_takes: Duration::from_secs(3600),
        _held: Arc::new(()),
    };
    let builder = Server::builder().bus(bus.clone());
    let io = builder.cluster_engine(watched).build();
    io.ready().await.unwrap();
    bus.break_link();
    io.emit("news", 1); // it does not leave either
    let start = Instant::now();

    io.close().await;

    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_packets_the_bus_does_not_take_is_refused_after_45_seconds() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut post = granted_post(&client, &nodes.hosts[1], br#"42["echo",1]"#).await;
    let start = Instant::now();

    nodes.buses[1].break_link();
    post.write(b"]").await;

    let answer = crate::support::Response::read(&mut post).await;
    assert_eq!(answer.summary(), (400, ""));
    assert_eq!(start.elapsed(), Duration::from_secs(45));
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_when_a_post_beside_it_ends_the_session() {
    let nodes = Shared::new(2);
    for breaks_off in [false, true] {
        let client = nodes.joined().await;
        let blue = nodes.at(1, &client);
        let waiting = blue.start_get();
        idle().await;
        let start = Instant::now();

        if breaks_off {
            drop(granted_post(&client, &nodes.hosts[1], b"40").await);
        } else {
            let request = Request::post(&blue.target(), "40");
            let request = request.header("content-type", "application/octet-stream");
            assert_eq!(nodes.hosts[1].request(request).await.summary(), (400, ""));
        }

        assert_eq!(waiting.answer().await.summary(), (200, "1"));
        assert!(start.elapsed() < Duration::from_millis(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_waits_at_the_server_of_the_websocket_is_ended_by_the_upgrade() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut websocket = WebSocket::probe(&nodes.hosts[1], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    websocket.send("5").await;

    assert_eq!(waiting.answer().await.summary(), (200, "6"));
    websocket.expect_alive().await;
    nodes.servers[0].emit("news", 1);
    websocket.expect(r#"42["news",1]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_cannot_be_opened_is_reported_and_tried_again() {
    let nodes = Shared::new(1);
    nodes.buses[0].break_link();

    let failed = within("the first attempt", nodes.servers[0].ready()).await;
    assert!(
        matches!(failed, Err(BusError::Unavailable { .. })),
        "{failed:?}"
    );

    nodes.buses[0].restore();
    tokio::time::sleep(Duration::from_millis(100)).await;
    idle().await;
    assert_eq!(nodes.servers[0].ready().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_long_post_whose_client_hangs_up_in_the_middle_ends_the_session() {
    let nodes = Shared::new(2);
    let (teller, mut heard) = channel();
    nodes.servers[0].on("number", move |number: u32| teller.tell(number));
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let body: Vec<_> = (0..300)
        .map(|number| format!(r#"42["number",{number}]"#))
        .collect();
    let mut post = granted_post(&client, &nodes.hosts[1], body.join("\x1e").as_bytes()).await;

    nodes.buses[1].break_link();
    post.write(b"]").await;
    idle().await;
    drop(post);
    idle().await;
    nodes.buses[1].restore();

    assert_eq!(reasons.next().await, "transport error");
    for number in 0..256 {
        assert_eq!(heard.next().await, number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_limit_of_bodies_leaves_room_for_packets_that_wait() {
    let nodes = Shared::with(2, |builder| builder.max_http_buffer_size(100));
    let client = nodes.polling().await;
    let mut blue = nodes.at(1, &client);
    blue.send("40").await;

    // The session is kept back: its application is not told of more than 100 bytes.
    for number in 100..200 {
        blue.send(&format!(r#"42["echo",{number}]"#)).await;
    }

    assert!(blue.next().await.starts_with("40"));
    for number in 100..200 {
        blue.expect(&format!(r#"42["echo",{number}]"#)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_handlers_wait_upgrades_at_another_server() {
    let nodes = Shared::with(2, |builder| builder.max_waiting_handlers(1));
    let gate = gate();
    let shut = Arc::clone(&gate);
    nodes.servers[0].on("wait", move |_: String| {
        let shut = Arc::clone(&shut);
        async move { pass(&shut).await }
    });
    let client = nodes.joined().await;
    let blue = nodes.at(1, &client);
    let large = format!(r#"42["wait","{}"]"#, "x".repeat(600_000));
    for _ in 0..4 {
        blue.send(&large).await;
    }

    let mut websocket = WebSocket::probe(&nodes.hosts[1], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;

    tokio::time::sleep(Duration::from_secs(5)).await;
    nodes.servers[0].emit("news", 1);
    websocket.expect(r#"42["news",1]"#).await;
    gate.add_permits(4);
    websocket.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn no_application_is_made_for_a_kept_back_session_that_is_closed() {
    use roomcast::engine::{Message, Socket};

    let delay = Duration::from_millis(300);
    let (teller, mut heard) = channel();
    let shared = ClusterEngine::new(Hub::new().bus()).connection_delay(delay);
    let accept = move |socket: &Socket| {
        teller.tell(socket.sid().to_owned());
        |_: &Socket, _: Message<'_>| {}
    };
    let engine = Engine::builder().cluster_engine(shared).build(accept);
    let host = Host::memory_layer(engine.layer(), "/engine.io/");
    host.polling().await;
    heard.next().await;

    // It is closed in the moment in which it would have begun.
    let close = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        engine.close().await;
    });
    tokio::task::yield_now().await;
    host.polling().await;
    close.await.unwrap();

    assert_eq!(heard.so_far(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_messages_of_a_kept_back_session_are_taken_and_one_more_waits() {
    let nodes = Shared::new(1);
    for (count, wait) in [(1000, 0), (1001, 300)] {
        let client = nodes.polling().await;
        let mut body = vec!["40".to_owned()];
        body.extend((1..count).map(|number| format!(r#"42["echo",{number}]"#)));
        let start = Instant::now();

        client.send(&body.join("\x1e")).await;
        assert_eq!(start.elapsed(), Duration::from_millis(wait));

        idle().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let answered = packets(&client.get().await);
        assert_eq!(answered.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn one_largest_message_of_a_kept_back_session_is_taken_and_the_next_waits() {
    let nodes = Shared::with(1, |builder| builder.max_http_buffer_size(100));
    for (len, wait) in [(98, 0), (99, 300)] {
        let mut client = nodes.polling().await;
        let start = Instant::now();
        client.send("40").await;
        // The one byte before it counts too.
        let echo = format!(r#"42["echo","{}"]"#, "x".repeat(len - 12));
        client.send(&echo).await;

        client.send(r#"42["echo",1]"#).await;

        assert_eq!(start.elapsed(), Duration::from_millis(wait));
        assert!(client.next().await.starts_with("40"));
        client.expect(&echo).await;
        client.expect(r#"42["echo",1]"#).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_the_bus_takes_too_late_is_not_asked() {
    let nodes = Shared::new(2);
    let mut client = nodes.joined().await;
    nodes.buses[1].break_link();
    assert_eq!(nodes.at(1, &client).get().await.summary(), UNKNOWN);

    nodes.buses[1].restore();
    tokio::time::sleep(Duration::from_secs(1)).await;

    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_granted_too_late_is_given_back() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    nodes.buses[0].hold();
    let query = format!("EIO=4&transport=websocket&sid={}", client.sid);
    let refused = nodes.hosts[1].refused_upgrade(&query).await;
    assert_eq!(refused.summary(), (400, "Session ID unknown"));

    nodes.buses[0].restore();
    idle().await;

    let mut websocket = WebSocket::probe(&nodes.hosts[0], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_post_that_breaks_off_behind_the_upgrade_leaves_no_websocket_behind() {
    let nodes = Shared::new(3);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let post = granted_post(&client, &nodes.hosts[2], b"40").await;
    let mut websocket = WebSocket::probe(&nodes.hosts[1], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.expect_alive().await;
    let start = Instant::now();

    drop(post);

    assert_eq!(reasons.next().await, "transport error");
    websocket.expect_closed().await;
    assert!(start.elapsed() < Duration::from_secs(1));
}
