//! The heartbeat, in virtual time. Spec: features 1.16–1.19 and 11, 7.

use std::time::Duration;

use roomcast::Server;
use tokio::time::Instant;

use crate::support::{Frame, Host, WebSocket, answering, channel, reasons};

const INTERVAL: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_millis(200);

fn server() -> Server {
    let io = Server::builder()
        .ping_interval(INTERVAL)
        .ping_timeout(TIMEOUT)
        .build();
    answering(&io);
    io
}

/// When `what` has happened, from now.
async fn elapsed<T>(what: impl Future<Output = T>) -> Duration {
    let start = Instant::now();
    what.await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_first_ping_comes_after_the_interval() {
    let host = Host::memory(&server());
    let mut client = host.websocket().await;

    let waited = elapsed(client.expect("2")).await;
    assert!(
        waited >= INTERVAL && waited < INTERVAL + MILLISECONDS,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_ping_comes_one_interval_after_the_pong() {
    let host = Host::memory(&server());
    let mut client = host.websocket().await;

    for _ in 0..3 {
        let waited = elapsed(client.expect("2")).await;
        assert!(
            waited >= INTERVAL && waited < INTERVAL + MILLISECONDS,
            "{waited:?}"
        );
        client.send("3").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_closed_after_interval_and_timeout() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.joined().await;
    let start = Instant::now();

    client.expect("2").await;
    client.expect_closed().await;
    assert_eq!(reasons.next().await, "ping timeout");
    let waited = start.elapsed();
    assert!(
        waited >= INTERVAL + TIMEOUT && waited < INTERVAL + TIMEOUT + MILLISECONDS,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_packets_do_not_stand_for_a_pong() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.joined().await;

    client.expect("2").await;
    tokio::time::advance(TIMEOUT / 2).await;
    client.expect_alive().await;
    assert_eq!(client.next().await, Frame::Close(None));
    assert_eq!(reasons.next().await, "ping timeout");
}

#[tokio::test(start_paused = true)]
async fn other_packets_do_not_put_the_ping_off() {
    let host = Host::memory(&server());
    let mut client = host.joined().await;
    let start = Instant::now();

    tokio::time::advance(INTERVAL / 2).await;
    client.expect_alive().await;
    client.expect("2").await;
    assert!(
        start.elapsed() < INTERVAL + MILLISECONDS,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_upgrade_does_not_put_the_ping_off() {
    let host = Host::memory(&server());
    let polling = host.joined_polling().await;
    let start = Instant::now();
    tokio::time::advance(INTERVAL / 2).await;

    let mut client = WebSocket::probe(&host, &polling.sid).await;
    client.send("2probe").await;
    client.expect("3probe").await;
    client.send("5").await;
    client.expect("2").await;
    assert!(
        start.elapsed() < INTERVAL + MILLISECONDS,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn over_polling_the_ping_answers_the_poll_and_silence_ends_the_session() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.joined_polling().await;

    client.expect("2").await;
    client.send("3").await;
    client.expect("2").await;
    assert_eq!(reasons.next().await, "ping timeout");
    client.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_waits_is_ended_when_the_session_times_out() {
    let host = Host::memory(&server());
    let mut client = host.joined_polling().await;
    client.expect("2").await;

    assert_eq!(client.get().await.summary(), (200, "1"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_joins_no_namespace_is_closed_after_connect_timeout() {
    let io = Server::builder()
        .connect_timeout(Duration::from_secs(2))
        .build();
    let host = Host::memory(&io);
    let mut client = host.websocket().await;

    let waited = elapsed(client.expect_closed()).await;
    assert!(
        waited >= Duration::from_millis(1999) && waited < Duration::from_millis(2010),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_may_take_45_seconds_to_join_a_namespace_by_default() {
    let host = Host::memory(&Server::new());
    let mut client = host.websocket().await;
    let start = Instant::now();

    client.expect("2").await;
    client.send("3").await;
    client.expect_closed().await;
    assert_eq!(start.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_joined_a_namespace_once_is_not_closed_after_connect_timeout() {
    let io = Server::builder()
        .connect_timeout(Duration::from_secs(2))
        .build();
    answering(&io);
    let host = Host::memory(&io);
    let mut client = host.joined().await;
    client.send("41").await;

    tokio::time::advance(Duration::from_secs(3)).await;
    client.join("/").await;
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_namespace_does_not_stop_the_connect_timeout() {
    let io = Server::builder()
        .connect_timeout(Duration::from_secs(2))
        .build();
    let host = Host::memory(&io);
    let mut client = host.websocket().await;

    client.send("40/nowhere,").await;
    client
        .expect(r#"44/nowhere,{"message":"Invalid namespace"}"#)
        .await;
    client.expect_closed().await;
}

/// A handler that waits longer than the heartbeat does not stop it.
#[tokio::test(start_paused = true)]
async fn the_heartbeat_goes_on_while_a_handler_waits() {
    let io = server();
    let (teller, mut ended) = channel();
    io.on("slow", async move || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        teller.tell("ended");
    });
    let host = Host::memory(&io);
    let mut client = host.joined().await;
    client.send(r#"42["slow"]"#).await;

    for _ in 0..6 {
        client.expect("2").await;
        client.send("3").await;
    }
    assert_eq!(ended.next().await, "ended");
    client.expect_alive().await;
}

/// The clock of a paused runtime moves in steps of one millisecond; a few of them are rounding.
const MILLISECONDS: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_post_is_answered_when_the_heartbeats_times_are_the_longest_there_are() {
    let io = Server::builder()
        .ping_interval(Duration::MAX)
        .ping_timeout(Duration::MAX)
        .upgrade_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;

    host.joined_polling().await.expect_alive().await;
    host.joined().await.expect_alive().await;
}
