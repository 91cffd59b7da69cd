//! Recovery over a bus that subscribes to rooms: what is emitted elsewhere to the rooms of a client
//! that is away. Spec: features 2.38; cluster, section 15.

use std::time::Duration;

use roomcast::cluster::{Hub, RoomInterest};
use roomcast::recovery::Recovery;
use roomcast::{Server, Socket};

use crate::support::{Dynamic, Host, Session, idle, together};

const AWAY: Duration = Duration::from_secs(60);

/// A server whose clients may come back, on a bus that subscribes to rooms, and another server.
async fn two(interest: RoomInterest) -> (Dynamic, Server, Server) {
    let hub = Hub::new();
    let bus = Dynamic::new(&hub, interest);
    bus.confirm.add_permits(100);
    let recovery = Recovery::new().max_disconnection_duration(AWAY);
    let a = Server::builder()
        .bus(bus.clone())
        .connection_state_recovery(recovery)
        .build();
    a.on("join", |socket: Socket, room: String| socket.join(room));
    let b = Server::builder().bus(hub.bus()).build();
    together(&[a.clone(), b.clone()]).await;
    (bus, a, b)
}

#[tokio::test(start_paused = true)]
async fn what_other_servers_emit_to_the_rooms_of_a_client_that_is_away_is_kept_for_it() {
    for interest in [RoomInterest::Shared, RoomInterest::All] {
        let (bus, a, b) = two(interest).await;
        let host = Host::memory(&a);
        let mut client = host.websocket().await;
        let session = Session::begin(&mut client).await;
        client.send(r#"42["join","news"]"#).await;
        idle().await;
        let subscribed = bus.rooms();
        assert!(subscribed.contains(&"news".to_owned()));
        drop(client);
        idle().await;
        assert_eq!(a.sockets_count(), 0);

        b.to("news").emit("missed", 1);
        if interest == RoomInterest::All {
            b.to(&*session.id).emit("private", 2);
        }
        idle().await;
        let mut session = session;
        let mut client = session.resume(&host).await;
        assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
        if interest == RoomInterest::All {
            assert_eq!(session.next(&mut client).await, r#"42["private",2]"#);
        }
        // It is a member again, and leaves for good.
        assert_eq!(bus.rooms(), subscribed);
        b.to("news").emit("next", ());
        assert_eq!(session.next(&mut client).await, r#"42["next"]"#);
        client.send("41").await;
        idle().await;
        assert_eq!(bus.rooms(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_rooms_of_a_client_that_does_not_come_back_are_given_up_with_its_session() {
    let (bus, a, _b) = two(RoomInterest::Shared).await;
    let mut client = Host::memory(&a).websocket().await;
    Session::begin(&mut client).await;
    client.send(r#"42["join","news"]"#).await;
    idle().await;
    drop(client);

    tokio::time::sleep(AWAY).await;
    assert_eq!(bus.rooms(), ["news"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bus.rooms(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_two_clients_await_is_kept_until_the_second_is_given_up() {
    let (bus, a, b) = two(RoomInterest::Shared).await;
    let host = Host::memory(&a);
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let mut client = host.websocket().await;
        sessions.push(Session::begin(&mut client).await);
        client.send(r#"42["join","news"]"#).await;
        idle().await;
        drop(client);
        tokio::time::sleep(AWAY / 2).await;
    }

    // The first one's time is over when that of the second one is half over.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bus.rooms(), ["news"]);
    b.to("news").emit("missed", 1);
    idle().await;
    let mut client = sessions[1].resume(&host).await;
    assert_eq!(sessions[1].next(&mut client).await, r#"42["missed",1]"#);
}
