//! Servers that outlive what drives their sessions, and runtimes that outlive their servers.
//! Spec: features 1.54, 2.1.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roomcast::cluster::{Hub, RoomInterest};
use roomcast::recovery::Recovery;
use roomcast::{Server, Socket};

use crate::support::{
    DEADLINE, Dynamic, Host, Request, Session, answering, channel, echo_server, expect_tasks,
    reasons, runtime, tasks, within,
};

#[test]
fn clients_of_a_runtime_that_ends_are_gone() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let first = runtime();
    let clients = first.block_on(async {
        let host = Host::tcp(&io).await;
        (host.joined().await, host.joined_polling().await)
    });
    let second = runtime();
    let host = second.block_on(Host::tcp(&io));
    assert_eq!(io.sockets_count(), 2);

    first.shutdown_timeout(DEADLINE);

    assert_eq!(reasons.so_far(), ["transport close", "transport close"]);
    assert_eq!(io.sockets_count(), 0);
    assert_eq!(io.engine().clients_count(), 0);
    second.block_on(async {
        let refused = host.request(Request::get(&clients.1.target())).await;
        let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
        assert_eq!(refused.summary(), (400, unknown));
        host.joined().await.expect_alive().await;
    });
}

#[test]
fn nothing_waits_for_clients_of_a_runtime_that_ends() {
    let io = echo_server();
    let (teller, mut waiting) = channel();
    let first = runtime();
    let second = runtime();
    let host = first.block_on(Host::tcp(&io));
    let clients = first.block_on(async {
        [
            host.joined().await,
            host.joined().await,
            host.joined().await,
        ]
    });
    let (mut other, id) = second.block_on(async {
        let mut other = Host::tcp(&io).await.websocket().await;
        let id = other.join("/").await;
        (other, id)
    });
    let all = io.clone();
    io.on_disconnect(move |_: Socket| {
        all.emit("left", ());
        let ending = all
            .sockets()
            .into_iter()
            .filter(|socket| socket.id().as_str() != id);
        let waiting = ending.map(|socket| socket.conn().pending_packets());
        teller.tell(waiting.sum::<usize>());
    });

    first.shutdown_timeout(DEADLINE);

    assert_eq!(waiting.so_far(), [0, 0, 0]);
    second.block_on(async {
        for _ in &clients {
            other.expect(r#"42["left"]"#).await;
        }
        other.expect_alive().await;
    });
}

#[tokio::test]
async fn a_server_that_is_dropped_leaves_no_task() {
    let before = tasks();
    let io = Server::builder()
        .ping_interval(Duration::from_secs(3600))
        .build();
    answering(&io);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);

    for _ in 0..2 {
        let mut client = host.joined().await;
        client.expect_alive().await;
        drop(client);
        reasons.next().await;
    }
    drop((io, host));

    expect_tasks(before).await;
}

#[test]
fn who_is_on_the_way_in_when_a_runtime_ends_is_in_no_room() {
    let io = echo_server();
    let (teller, mut heard) = channel();
    io.middleware(async move |socket: Socket| {
        socket.join("lobby");
        teller.tell(());
        pending::<Result<(), String>>().await
    });
    let first = runtime();
    let _client = first.block_on(async {
        let mut client = Host::tcp(&io).await.websocket().await;
        client.send("40").await;
        heard.next().await;
        client
    });
    assert_eq!(io.rooms(), [Arc::from("lobby")]);

    first.shutdown_timeout(DEADLINE);

    assert_eq!(io.rooms(), []);
}

#[test]
fn a_child_that_a_client_enters_when_its_runtime_ends_is_cleaned_up() {
    let io = Server::builder().cleanup_empty_child_namespaces().build();
    let (teller, mut heard) = channel();
    let parent = io.of_pattern("^/room-[0-9]+$").expect("a pattern");
    parent.middleware(async move || {
        teller.tell(());
        pending::<Result<(), String>>().await
    });
    let first = runtime();
    let _client = first.block_on(async {
        let mut client = Host::tcp(&io).await.websocket().await;
        client.send("40/room-1,").await;
        heard.next().await;
        client
    });
    assert_eq!(io.namespaces().len(), 2);

    first.shutdown_timeout(DEADLINE);

    assert_eq!(io.namespaces(), [Arc::from("/")]);
}

#[test]
fn a_client_that_comes_back_again_after_its_runtime_has_ended_hears_broadcasts() {
    let recovery = Recovery::new().run_middleware();
    let io = Server::builder()
        .connection_state_recovery(recovery)
        .build();
    let (waits, (teller, mut heard)) = (Arc::new(AtomicBool::new(false)), channel());
    let is_slow = Arc::clone(&waits);
    io.middleware(async move |socket: Socket| {
        socket.join("lobby");
        if is_slow.load(Ordering::SeqCst) {
            teller.tell(());
            pending::<()>().await;
        }
        Ok::<(), String>(())
    });
    let mut reasons = reasons(&io);
    let (first, second) = (runtime(), runtime());
    let (host, mut session) = second.block_on(async {
        let host = Host::tcp(&io).await;
        let mut client = host.websocket().await;
        let session = Session::begin(&mut client).await;
        drop(client);
        reasons.next().await;
        (host, session)
    });
    waits.store(true, Ordering::SeqCst);
    let _client = first.block_on(async {
        let mut client = Host::tcp(&io).await.websocket().await;
        client.send(&session.claim()).await;
        heard.next().await;
        client
    });

    first.shutdown_timeout(DEADLINE);

    waits.store(false, Ordering::SeqCst);
    second.block_on(async {
        let mut client = session.resume(&host).await;
        io.emit("everyone", 1);
        assert_eq!(session.next(&mut client).await, r#"42["everyone",1]"#);
    });
}

/// A server whose clients may come back for a moment, and whose empty children end.
fn forgetful() -> roomcast::ServerBuilder {
    let recovery = Recovery::new().max_disconnection_duration(Duration::from_millis(50));
    Server::builder()
        .cleanup_empty_child_namespaces()
        .connection_state_recovery(recovery)
}

#[test]
fn a_child_whose_last_client_was_on_a_runtime_that_ended_is_cleaned_up_after_the_next_one() {
    let io = forgetful().build();
    io.of_pattern("^/room-[0-9]+$").expect("a pattern");
    let visit = async || {
        let mut client = Host::tcp(&io).await.websocket().await;
        client.send("40/room-1,").await;
        let answer = client.next_text().await;
        assert!(answer.starts_with("40/room-1,{"), "{answer}");
        client
    };
    let (first, second) = (runtime(), runtime());
    let _client = first.block_on(visit());

    first.shutdown_timeout(DEADLINE);

    second.block_on(async {
        drop(visit().await);
        within("the end of the child", async {
            while io.namespaces().len() > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
}

#[test]
fn a_child_whose_last_client_was_on_a_runtime_that_ended_is_cleaned_up_on_another() {
    let io = forgetful().build();
    io.of_pattern("^/room-[0-9]+$").expect("a pattern");
    let (first, second) = (runtime(), runtime());
    let _other = second.block_on(async { Host::tcp(&io).await.joined().await });
    let _client = first.block_on(async {
        let mut client = Host::tcp(&io).await.websocket().await;
        client.send("40/room-1,").await;
        client.next_text().await;
        client
    });
    assert_eq!(io.namespaces().len(), 2);

    first.shutdown_timeout(DEADLINE);

    second.block_on(within("the end of the child", async {
        while io.namespaces().len() > 1 {
            tokio::task::yield_now().await;
        }
    }));
}

#[test]
fn rooms_of_clients_of_a_runtime_that_ended_are_given_up_with_their_sessions() {
    let bus = Dynamic::new(&Hub::new(), RoomInterest::Shared);
    bus.confirm.add_permits(100);
    let io = forgetful().bus(bus.clone()).build();
    io.on_connect(|socket: Socket| socket.join("lobby"));
    let (first, second) = (runtime(), runtime());
    second.block_on(within("the bus", io.ready())).unwrap();
    let visit = async || {
        let mut client = Host::tcp(&io).await.websocket().await;
        Session::begin(&mut client).await;
        client
    };
    let rooms_are = async |rooms: &[&str]| {
        within("the rooms", async {
            while bus.rooms() != rooms {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    let _client = first.block_on(visit());
    second.block_on(rooms_are(&["lobby"]));

    first.shutdown_timeout(DEADLINE);

    second.block_on(async {
        drop(visit().await);
        rooms_are(&[]).await;
    });
}
