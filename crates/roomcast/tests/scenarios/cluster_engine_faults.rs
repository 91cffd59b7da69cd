//! Servers that are lost and messages that nobody should send, where sessions are shared. Spec:
//! features N12; cluster, section 14.

use std::sync::Arc;
use std::time::Duration;

use roomcast::cluster::engine::{
    Access, Body, Carrier, Data, EngineBus, EngineInbox, EnginePort, Lock, Message, Packet,
    PacketKind, Unsent,
};
use roomcast::cluster::{BusError, BusFuture, LocalBus, NodeId};
use roomcast::engine::ClusterEngine;
use roomcast::{Server, Socket};
use tokio::time::Instant;

use crate::support::{
    Heard, Host, Polling, Shared, WebSocket, answering, channel, gate, idle, packets, pass, reasons,
};

const UNKNOWN: (u16, &str) = (400, r#"{"code":1,"message":"Session ID unknown"}"#);

/// A node that the test speaks for.
struct Peer {
    bus: LocalBus,
    id: NodeId,
    heard: Heard<Message>,
}

impl Peer {
    async fn join(nodes: &Shared) -> Self {
        let (bus, id) = (nodes.hub.bus(), NodeId::from("bf1db0"));
        let (teller, heard) = channel();
        let inbox = EngineInbox::new(move |message| {
            teller.tell(message.expect("servers send what can be read"));
        });
        let opened = EngineBus::open(&bus, EnginePort::new(id.clone(), inbox)).await;
        opened.expect("the bus opens");
        Self { bus, id, heard }
    }

    async fn say(&self, to: Option<&NodeId>, body: Body) {
        let from = self.id.clone();
        let to = to.cloned();
        let sent = EngineBus::publish(&self.bus, &[Message { from, to, body }]).await;
        sent.expect("the bus takes it");
    }

    /// Sends these bytes of the official engine.
    async fn say_recorded(&self, message: &[u8]) {
        let message = Message::decode(message.to_vec().into()).expect("it was recorded");
        let sent = EngineBus::publish(&self.bus, &[message]).await;
        sent.expect("the bus takes it");
    }

    async fn ask(&mut self, request: u64, sid: &str, carrier: Carrier, access: Access) -> Message {
        let sid = sid.into();
        let lock = Lock {
            sid,
            carrier,
            access,
        };
        self.say(None, Body::AcquireLock { request, lock }).await;
        self.heard.next().await
    }
}

fn granted(answer: &Message) -> bool {
    matches!(answer.body, Body::AcquireLockResponse { success: true, .. })
}

fn text(text: &str) -> Packet {
    Packet::message(Data::Text(text.into()))
}

/// Bytes of a recording, with this session and this node in place of those of then.
fn recorded(digits: &str, sid: &str, then: &str, node: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let mut bytes = bytes.expect("these are hex digits");
    for (old, new) in [(then, sid), ("a68f7c", node)] {
        let places: Vec<_> = (0..bytes.len())
            .filter(|&at| bytes[at..].starts_with(old.as_bytes()))
            .collect();
        for at in places {
            bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_node_of_javascript_is_answered_with_the_recorded_bytes() {
    const SID: &str = "09pZYmR_bs9tdKzqAAAA";
    let nodes = Shared::new(1);
    let client = nodes.polling().await;
    let mut peer = Peer::join(&nodes).await;

    // A POST of `40`, and a poll for the answer.
    let ask = "85a972657175657374496401a873656e6465724964a6626631646230a47479706500a4646174
        6183a3736964b43039705a596d525f62733974644b7a7141414141ad7472616e73706f72744e616d65a7706f
        6c6c696e67a474797065a57772697465a75f736f75726365a45f65696f";
    peer.say_recorded(&recorded(ask, &client.sid, SID, "a68f7c"))
        .await;
    let answer = peer.heard.next().await;
    let red = answer.from.clone();
    let grant = "86a972657175657374496401a873656e6465724964a6613638663763ab726563697069656e74
        4964a6626631646230a47479706501a46461746181a773756363657373c3a75f736f75726365a45f65696f";
    assert_eq!(
        answer.encode(),
        recorded(grant, &client.sid, SID, red.as_str())
    );
    let packet = "85a873656e6465724964a6626631646230ab726563697069656e744964a6613638663763a474
        79706503a46461746182a3736964b43039705a596d525f62733974644b7a7141414141a67061636b657482a4
        74797065a76d657373616765a464617461a130a75f736f75726365a45f65696f";
    peer.say_recorded(&recorded(packet, &client.sid, SID, red.as_str()))
        .await;
    let ask = "85a972657175657374496402a873656e6465724964a6626631646230a47479706500a4646174
        6183a3736964b43039705a596d525f62733974644b7a7141414141ad7472616e73706f72744e616d65a7706f
        6c6c696e67a474797065a472656164a75f736f75726365a45f65696f";
    peer.say_recorded(&recorded(ask, &client.sid, SID, "a68f7c"))
        .await;
    assert!(granted(&peer.heard.next().await));
    let drain = peer.heard.next().await;

    let Body::Drain { sid, packets } = &drain.body else {
        panic!("{drain:?}")
    };
    assert_eq!(**sid, client.sid);
    let Some(Data::Text(connect)) = &packets[0].data else {
        panic!("{drain:?}")
    };
    let old = r#"0{"sid":"9mn2rB809RExBb6zAAAA"}"#;
    assert_eq!(connect.len(), old.len());
    let drained = "85a873656e6465724964a6613638663763ab726563697069656e744964a6626631646230a474
        79706502a46461746182a3736964b43039705a596d525f62733974644b7a7141414141a77061636b65747391
        83a474797065a76d657373616765a76f7074696f6e7381a8636f6d7072657373c3a464617461bf307b227369
        64223a22396d6e3272423830395245784262367a41414141227da75f736f75726365a45f65696f";
    let mut expected = recorded(drained, &client.sid, SID, red.as_str());
    let at = expected
        .windows(old.len())
        .position(|part| part == old.as_bytes());
    let at = at.expect("it is in the recording");
    expected[at..at + old.len()].copy_from_slice(connect.as_bytes());
    assert_eq!(drain.encode(), expected);
}

#[tokio::test(start_paused = true)]
async fn locks_are_granted_by_the_rules_of_the_official_engine() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut peer = Peer::join(&nodes).await;
    let sid = &client.sid;

    assert!(granted(
        &peer.ask(1, sid, Carrier::Polling, Access::Write).await
    ));
    assert!(granted(
        &peer.ask(2, sid, Carrier::Polling, Access::Read).await
    ));
    assert!(!granted(
        &peer.ask(3, sid, Carrier::Polling, Access::Read).await
    ));
    assert!(granted(
        &peer.ask(4, sid, Carrier::Polling, Access::Write).await
    ));
    let probing = peer.ask(5, sid, Carrier::WebSocket, Access::Read).await;
    assert!(granted(&probing));
    assert!(!granted(
        &peer.ask(6, sid, Carrier::WebSocket, Access::Read).await
    ));
    let red = probing.from;
    let upgrade = Body::Upgrade {
        request: 7,
        sid: sid.as_str().into(),
        success: true,
    };
    peer.say(Some(&red), upgrade).await;
    // The poll that waited is ended; a close would be for the WebSocket that is there now.
    let told = peer.heard.next().await.body;
    let noop = Body::Drain {
        sid: sid.as_str().into(),
        packets: vec![Packet::of(PacketKind::Noop)],
    };
    assert_eq!(told, noop);
    let moved = peer.heard.next().await.body;
    let stays = Body::UpgradeResponse {
        request: 7,
        take_over: false,
        packets: vec![],
    };
    assert_eq!(moved, stays);
    for (request, access) in [(8, Access::Read), (9, Access::Write)] {
        assert!(!granted(
            &peer.ask(request, sid, Carrier::Polling, access).await
        ));
    }
    assert!(!granted(
        &peer.ask(10, sid, Carrier::WebSocket, Access::Read).await
    ));
}

#[tokio::test(start_paused = true)]
async fn messages_that_fit_nothing_change_nothing() {
    let nodes = Shared::new(2);
    let mut client = nodes.joined().await;
    let mut peer = Peer::join(&nodes).await;
    let answer = peer
        .ask(1, &client.sid, Carrier::Polling, Access::Write)
        .await;
    let red = answer.from;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    for sid in [client.sid.as_str(), "AAAAAAAAAAAAAAAAAAAA", ""] {
        let sid: Arc<str> = sid.into();
        for request in 0..5 {
            let packets = vec![text("forged")];
            for body in [
                Body::AcquireLockResponse {
                    request,
                    success: false,
                },
                Body::Drain {
                    sid: Arc::clone(&sid),
                    packets: packets.clone(),
                },
                Body::Upgrade {
                    request,
                    sid: Arc::clone(&sid),
                    success: true,
                },
                Body::Upgrade {
                    request,
                    sid: Arc::clone(&sid),
                    success: false,
                },
                Body::UpgradeResponse {
                    request,
                    take_over: true,
                    packets,
                },
            ] {
                // What is no question concerns nobody, or somebody else.
                peer.say(Some(&"c0ffee".into()), body.clone()).await;
                peer.say(Some(&red), body).await;
            }
        }
    }
    let (sid, reason) = ("AAAAAAAAAAAAAAAAAAAA".into(), "transport close".into());
    peer.say(None, Body::Close { sid, reason }).await;

    nodes.servers[0].emit("news", 1);
    assert_eq!(waiting.answer().await.summary(), (200, r#"42["news",1]"#));
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_packet_over_the_limit_of_the_owner_ends_the_session() {
    let nodes = Shared::with(2, |builder| builder.max_http_buffer_size(100));
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let peer = Peer::join(&nodes).await;

    let (sid, packet) = (client.sid.as_str().into(), text(&"x".repeat(101)));
    peer.say(None, Body::Packet { sid, packet }).await;

    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn more_than_a_session_keeps_for_others_ends_it() {
    let nodes = Shared::with(2, |builder| {
        builder
            .max_http_buffer_size(100_000)
            .max_waiting_handlers(1)
    });
    let gate = gate();
    let shut = Arc::clone(&gate);
    nodes.servers[0].on("wait", move |_: String| {
        let shut = Arc::clone(&shut);
        async move { pass(&shut).await }
    });
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let peer = Peer::join(&nodes).await;

    let large = format!(r#"2["wait","{}"]"#, "x".repeat(90_000));

    let mut sent = 0;
    while nodes.sessions()[0] == 1 {
        let (sid, packet) = (client.sid.as_str().into(), text(&large));
        peer.say(None, Body::Packet { sid, packet }).await;
        tokio::task::yield_now().await;
        sent += 1;
        assert!(sent < 100, "nothing is kept for ever");
    }

    assert!(sent > 10, "{sent}");
    gate.add_permits(100);
    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_handlers_wait_is_heard_in_order_over_other_servers() {
    let nodes = Shared::with(2, |builder| builder.max_waiting_handlers(1));
    let gate = gate();
    let shut = Arc::clone(&gate);
    let (teller, mut heard) = channel();
    nodes.servers[0].on("wait", move |number: u32| {
        let (shut, teller) = (Arc::clone(&shut), teller.clone());
        async move {
            pass(&shut).await;
            teller.tell(number);
        }
    });
    let client = nodes.joined().await;
    let blue = nodes.at(1, &client);
    for number in 0..10 {
        blue.send(&format!(r#"42["wait",{number}]"#)).await;
    }

    gate.add_permits(10);

    for number in 0..10 {
        assert_eq!(heard.next().await, number);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_lost_server_end_in_time() {
    let nodes = Shared::new(2);
    let polling = nodes.at(1, &nodes.joined().await);
    let waiting = polling.start_get();
    let client = nodes.joined().await;
    let mut websocket = WebSocket::probe(&nodes.hosts[1], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.expect_alive().await;
    let start = Instant::now();

    nodes.buses[0].cut();

    assert_eq!(polling.post("40").await.summary(), UNKNOWN);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(waiting.answer().await.summary(), UNKNOWN);
    websocket.expect_closed().await;
    assert!(
        start.elapsed() <= Duration::from_secs(45),
        "{:?}",
        start.elapsed()
    );
    // The owner misses the heartbeats.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_lost_in_the_middle_of_an_upgrade_leaves_no_websocket_behind() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut websocket = WebSocket::probe(&nodes.hosts[1], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    nodes.buses[0].cut();
    let start = Instant::now();

    websocket.send("5").await;

    websocket.expect_closed().await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn sessions_of_a_lost_carrier_end_by_their_heartbeats() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    nodes.buses[1].cut();

    assert_eq!(reasons.next().await, "ping timeout");
    drop(waiting);
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_bus_does_not_take_leaves_in_order_when_it_is_back() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut blue = nodes.at(1, &client);
    let waiting = blue.start_get();
    idle().await;

    nodes.buses[0].break_link();
    nodes.servers[0].emit("news", 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    nodes.servers[0].emit("news", 2);
    nodes.buses[0].restore();

    assert_eq!(waiting.answer().await.summary(), (200, r#"42["news",1]"#));
    blue.expect(r#"42["news",2]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_whose_packets_find_no_room_before_the_bus() {
    let nodes = Shared::new(1);
    let bus = nodes.hub.bus();
    let small = ClusterEngine::new(bus.clone()).max_queued_bytes(10_000);
    let io = Server::builder().cluster_engine(small).build();
    answering(&io);
    io.ready().await.unwrap();
    nodes.servers[0].ready().await.unwrap();
    let host = Host::memory(&io);
    let reasons = &mut reasons(&io);
    let mut client = host.polling().await;
    client.join("/").await;
    let mut websocket = WebSocket::probe(&nodes.hosts[0], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.expect_alive().await;

    bus.break_link();
    for number in 0..10 {
        io.emit("news", "x".repeat(2000 + number));
        idle().await;
    }

    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn questions_beyond_the_limit_are_refused_at_once() {
    let nodes = Shared::new(1);
    let few = ClusterEngine::new(nodes.hub.bus())
        .max_pending(1)
        .response_timeout(Duration::from_secs(3));
    let io = Server::builder().cluster_engine(few).build();
    io.ready().await.unwrap();
    let host = Host::memory(&io);
    let client = nodes.polling().await;
    let gone = Polling::open(&host).await;
    let start = Instant::now();

    let query = "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA";
    let first = host.get(query);
    let second = async {
        idle().await;
        let answer = client.at(&host).get().await;
        (answer, start.elapsed())
    };
    let (first, (second, elapsed)) = tokio::join!(first, second);

    assert_eq!(second.summary(), UNKNOWN);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    assert_eq!(first.summary(), UNKNOWN);
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    drop(gone);
}

#[tokio::test(start_paused = true)]
async fn clients_are_let_in_while_the_bus_cannot_be_opened() {
    let nodes = Shared::new(2);
    nodes.buses[0].break_link();
    let mut client = nodes.hosts[0].polling().await;
    client.join("/").await;
    client.expect_alive().await;
    let blue = nodes.at(1, &client);
    assert_eq!(blue.post("40").await.summary(), UNKNOWN);

    nodes.buses[0].restore();
    tokio::time::sleep(Duration::from_millis(100)).await; // it is tried so often
    idle().await;
    nodes.servers[0].ready().await.unwrap();
    blue.send(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",1]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_leaves_the_bus() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let mut peer = Peer::join(&nodes).await;
    let Shared { servers, hosts, .. } = nodes;
    client.send("1").await;
    idle().await;

    drop((servers, hosts, client));
    idle().await;

    let bus = peer.bus.clone();
    let closed = EngineBus::close(&bus, &peer.id);
    closed.await;
    assert_eq!(peer.heard.so_far(), []);
    assert!(format!("{bus:?}").contains("engines: 0"), "{bus:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_where_a_kept_back_session_begins_ends_that_session_alone() {
    use roomcast::engine::{Engine, Message};

    let hub = roomcast::cluster::Hub::new();
    let engine =
        Engine::builder()
            .cluster_engine(hub.bus())
            .build(|socket: &roomcast::engine::Socket| {
                assert!(
                    socket.request().header("x-bad").is_none(),
                    "as the test wants"
                );
                |socket: &roomcast::engine::Socket, message: Message<'_>| socket.send(message)
            });
    let host = Host::memory_layer(engine.layer(), "/engine.io/");
    let request = crate::support::Request::get(&host.target("EIO=4&transport=polling"));
    let bad = host.request(request.header("x-bad", "1")).await;
    let mut good = host.polling().await;

    tokio::time::sleep(Duration::from_secs(1)).await;

    good.send("4hello").await;
    good.expect("4hello").await;
    let sid = crate::support::sid_of(&packets(&bad)[0]);
    let query = format!("EIO=4&transport=polling&sid={sid}");
    assert_eq!(host.get(&query).await.status, 400);
    assert_eq!(engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_disconnect_a_client_that_was_kept_back() {
    let nodes = Shared::new(2);
    nodes.servers[0].on_connect(|socket: Socket| socket.disconnect());
    let client = nodes.polling().await;
    client.send("40\x1e42[\"echo\",1]").await;

    let told = packets(&nodes.at(1, &client).get().await);
    assert!(told[0].starts_with("40"), "{told:?}");
    assert_eq!(told[1], "41");
    assert_eq!(told.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn clients_are_let_in_while_the_bus_takes_its_time_to_open() {
    struct Slow;

    impl EngineBus for Slow {
        fn open(&self, _: EnginePort) -> BusFuture<'_, Result<(), BusError>> {
            Box::pin(std::future::pending())
        }

        fn publish<'a>(&'a self, _: &'a [Message]) -> BusFuture<'a, Result<(), Unsent>> {
            unreachable!("it is not open")
        }

        fn close<'a>(&'a self, _: &'a NodeId) -> BusFuture<'a, ()> {
            unreachable!("it is not open")
        }
    }

    let io = Server::builder().cluster_engine(Slow).build();
    answering(&io);
    let start = Instant::now();

    let mut client = Host::memory(&io).polling().await;
    client.join("/").await;
    client.expect_alive().await;
    assert!(start.elapsed() < Duration::from_secs(2));
    io.close().await;
    assert!(start.elapsed() < Duration::from_secs(3));
}
