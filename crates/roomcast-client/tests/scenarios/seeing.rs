//! What a client can be asked: its handlers, the server's packets and handshake.

use std::time::Duration;

use roomcast::{Server, Socket as Peer};
use roomcast_client::{Client, Transport};

use crate::support::{builder, connections, notes, serve};

#[tokio::test]
async fn handlers_are_listed_in_order_and_by_what_removes_them() {
    let client = Client::new();
    let socket = client
        .builder("http://127.0.0.1:9")
        .build()
        .expect("a plain URL");
    assert!(!socket.has_listeners("tick"));
    let (first, second) = (socket.on("tick", || ()), socket.once("tick", || ()));
    let connect = socket.on_connect(|| ());
    let (any, before) = (socket.on_any(|| ()), socket.prepend_any(|| ()));
    let outgoing = socket.on_any_outgoing(|| ());
    let before_outgoing = socket.prepend_any_outgoing(|| ());

    assert_eq!(socket.listeners("tick"), [first, second]);
    assert!(socket.has_listeners("tick"));
    assert_eq!(socket.listeners("connect"), [connect]);
    assert_eq!(socket.listeners_any(), [before, any]);
    assert_eq!(socket.listeners_any_outgoing(), [before_outgoing, outgoing]);
    socket.off_handler(first);
    assert_eq!(socket.listeners("tick"), [second]);
    for id in socket.listeners_any() {
        socket.off_handler(id);
    }
    assert_eq!(socket.listeners_any(), []);
}

#[tokio::test]
async fn listeners_of_a_manager_are_listed_and_removed() {
    let builder = Client::new().builder("http://127.0.0.1:9");
    let manager = builder.manager().expect("a plain URL");
    let events = [manager.on_event(|_| ()), manager.on_event(|_| ())];
    let packets = manager.on_packet(|_| ());

    assert_eq!(manager.listeners(), events);
    assert_eq!(manager.listeners_of_packets(), [packets]);
    manager.off(packets);
    manager.off(events[0]);
    assert_eq!(manager.listeners(), [events[1]]);
    assert_eq!(manager.listeners_of_packets(), []);
    manager.off_all();
    assert_eq!(manager.listeners(), []);
}

#[tokio::test]
async fn each_packet_of_the_server_is_shown_before_what_it_leads_to() {
    let io = Server::new();
    io.on("ask", |text: String| text);
    io.on_connect(|peer: Peer| peer.emit("news", ("hello", bytes::Bytes::from_static(b"\0"))));
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let says = note.clone();
    let manager = socket.manager();
    let watch = manager.on_packet(move |packet| {
        let event = packet.event().map(|name| name.to_text().into_owned());
        let (kind, name) = (packet.kind(), packet.namespace());
        says(format!("{kind} {name} {}", event.unwrap_or_default()));
    });
    let says = note.clone();
    socket.on("news", move || says("handled".to_owned()));
    socket.on_connect(move || note("connected".to_owned()));
    socket.connect();

    for expected in ["connect / ", "connected", "event / news", "handled"] {
        assert_eq!(noted.next().await, expected);
    }
    let answer = socket.emit_with_ack::<String>("ask", "x").await;
    assert_eq!(answer.as_deref(), Ok("x"));
    assert_eq!(noted.next().await, "ack / ");
    manager.off(watch);
    io.emit("news", ());
    assert_eq!(noted.next().await, "handled");
}

#[tokio::test]
async fn the_handshake_is_that_of_the_connection() {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(12_345))
        .ping_timeout(Duration::from_millis(6789))
        .max_http_buffer_size(54_321)
        .build();
    let socket = builder(&serve(&io).await)
        .transports([Transport::Polling])
        .build()
        .expect("a plain URL");
    let manager = socket.manager();
    assert_eq!(manager.handshake(), None);
    let mut connected = connections(&socket);
    socket.connect();

    connected.next().await;
    let handshake = manager.handshake().expect("it is connected");
    assert_eq!(handshake.ping_interval, Duration::from_millis(12_345));
    assert_eq!(handshake.ping_timeout, Duration::from_millis(6789));
    assert_eq!(handshake.max_payload, Some(54_321));
    assert_eq!(&*handshake.upgrades, [Transport::WebSocket]);
    assert_eq!(handshake.sid.len(), 20);
    socket.disconnect();
    socket.flushed().await.expect("nothing waits");
    assert_eq!(manager.handshake(), None);
}
