//! The heartbeat of plain WebSockets, whose pings leave without the tasks of their sessions; in real time,
//! since a paused clock does not wait for the kernel. Spec: features 1.16–1.19.

use std::time::Duration;

use roomcast::{Server, Socket};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::support::{Frame, Host, WebSocket, answering, channel, reasons, runtime, within};

const INTERVAL: Duration = Duration::from_millis(50);
/// Longer than any test takes.
const PATIENCE: Duration = Duration::from_secs(300);

fn server(ping_timeout: Duration) -> Server {
    let io = Server::builder()
        .ping_interval(INTERVAL)
        .ping_timeout(ping_timeout)
        .build();
    answering(&io);
    io
}

#[tokio::test]
async fn each_ping_comes_at_least_one_interval_after_the_pong() {
    let host = Host::tcp(&server(PATIENCE)).await;
    let mut client = host.joined().await;

    for _ in 0..4 {
        client.expect("2").await;
        let pong = Instant::now();
        client.send("3").await;
        client.expect_alive().await;
        client.expect("2").await;
        assert!(pong.elapsed() >= INTERVAL, "{:?}", pong.elapsed());
        client.send("3").await;
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_after_the_timeout() {
    let io = server(INTERVAL);
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let start = Instant::now();
    let mut client = host.joined().await;

    client.expect("2").await;
    client.expect_closed().await;

    assert_eq!(reasons.next().await, "ping timeout");
    assert!(start.elapsed() >= 2 * INTERVAL, "{:?}", start.elapsed());
}

#[tokio::test]
async fn other_packets_after_the_ping_do_not_stand_for_a_pong() {
    let io = server(INTERVAL);
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.expect("2").await;
    client.send(r#"421["alive"]"#).await;
    // The answer comes first, if it comes before the end.
    while client.next().await != Frame::Close(None) {}

    assert_eq!(reasons.next().await, "ping timeout");
}

#[tokio::test]
async fn one_ping_comes_however_often_the_client_speaks() {
    let host = Host::tcp(&server(PATIENCE)).await;
    let mut client = host.joined().await;
    client.expect("2").await;

    let start = Instant::now();
    while start.elapsed() < 3 * INTERVAL {
        // The answer comes next, and no other ping.
        client.expect_alive().await;
    }
}

#[tokio::test]
async fn many_clients_are_pinged_at_once() {
    let host = Host::tcp(&server(PATIENCE)).await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(host.websocket().await);
    }

    for _ in 0..3 {
        for client in &mut clients {
            client.expect("2").await;
        }
        for client in &mut clients {
            client.send("3").await;
        }
    }
}

#[tokio::test]
async fn who_looks_at_each_packet_is_told_of_pings_too() {
    let io = server(PATIENCE);
    let (teller, mut created) = channel();
    io.on_connect(move |socket: Socket| {
        let teller = teller.clone();
        socket
            .conn()
            .on_packet_create(move |packet| teller.tell(format!("{packet:?}")));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    for _ in 0..2 {
        client.expect("2").await;
        assert_eq!(created.next().await, r#"Ping("")"#);
        client.send("3").await;
    }
}

/// A runtime with a client of the server, which lives and which nobody runs any more.
fn stood_still(io: &Server) -> (Runtime, WebSocket) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime can be made");
    let client = runtime.block_on(async { Host::tcp(io).await.joined().await });
    (runtime, client)
}

#[test]
fn clients_of_one_runtime_are_pinged_while_another_stands_still() {
    let io = server(PATIENCE);
    let _still = stood_still(&io);

    runtime().block_on(async {
        let mut client = Host::tcp(&io).await.joined().await;
        for _ in 0..3 {
            client.expect("2").await;
            client.send("3").await;
        }
    });
}

#[test]
fn a_silent_client_is_closed_while_another_runtime_stands_still() {
    let io = server(INTERVAL);
    let mut reasons = reasons(&io);
    let _still = stood_still(&io);

    runtime().block_on(async {
        let mut client = Host::tcp(&io).await.joined().await;
        client.expect("2").await;
        client.expect_closed().await;
        assert_eq!(reasons.next().await, "ping timeout");
    });
}

#[test]
fn what_is_emitted_leaves_while_another_runtime_stands_still() {
    let io = server(PATIENCE);
    let _still = stood_still(&io);

    runtime().block_on(async {
        let mut client = Host::tcp(&io).await.joined().await;
        for _ in 0..3 {
            client.expect("2").await;
            client.send("3").await;
            client.expect_alive().await;
            io.emit("news", ());
            client.expect(r#"42["news"]"#).await;
        }
    });
}

/// What a task has emitted is written when it waits; this one does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_leaves_though_a_task_that_has_emitted_does_not_wait() {
    let io = server(PATIENCE);
    let mut client = Host::tcp(&io).await.joined().await;
    let (end, ended) = std::sync::mpsc::channel::<()>();
    client.expect("2").await;
    client.send("3").await;
    client.expect_alive().await;

    let task = tokio::spawn(async move {
        io.emit("news", ());
        ended.recv().expect("the test ends it");
    });
    // With the ping leaves what waits for the same client.
    client.expect(r#"42["news"]"#).await;
    client.expect("2").await;

    end.send(()).expect("it waits");
    task.await.expect("it does not panic");
}

#[test]
fn clients_of_one_runtime_are_pinged_when_another_has_ended() {
    let io = server(PATIENCE);
    let first = runtime();
    let early = first.block_on(async { Host::tcp(&io).await.joined().await });
    let second = runtime();
    let mut client = second.block_on(async { Host::tcp(&io).await.joined().await });
    drop(early);
    first.shutdown_background();

    second.block_on(async {
        for _ in 0..3 {
            client.expect("2").await;
            client.send("3").await;
        }
    });
}

#[tokio::test]
async fn a_server_that_had_no_clients_for_a_while_pings_the_next() {
    let io = server(PATIENCE);
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;

    for _ in 0..3 {
        let mut client = host.joined().await;
        client.expect("2").await;
        drop(client);
        within("the end", reasons.next()).await;
    }
}
