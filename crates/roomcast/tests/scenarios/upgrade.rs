//! The move of a session from polling to a WebSocket. Spec: features 1.9–1.11, 1.15 and 11, 8.

use std::time::Duration;

use roomcast::Server;

use crate::support::{
    Frame, Host, Polling, Response, WebSocket, answering, echo_server, packets, reasons,
};

async fn probed(host: &Host, polling: &Polling) -> WebSocket {
    let mut client = WebSocket::probe(host, &polling.sid).await;
    client.send("2probe").await;
    client.expect("3probe").await;
    client
}

async fn upgraded(host: &Host, polling: &Polling) -> WebSocket {
    let mut client = probed(host, polling).await;
    client.send("5").await;
    client
}

#[tokio::test]
async fn an_upgraded_session_goes_on_over_the_websocket() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;

    upgraded(&host, &polling).await.expect_alive().await;
}

#[tokio::test]
async fn packets_that_wait_at_the_upgrade_leave_over_the_websocket_in_order() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    polling.send("42[\"echo\",1]\x1e42[\"echo\",2]").await;

    let mut client = upgraded(&host, &polling).await;
    client.expect(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",2]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn packets_over_polling_are_still_read_before_the_upgrade_packet() {
    let host = Host::tcp(&echo_server()).await;
    let mut polling = host.joined_polling().await;

    let mut client = probed(&host, &polling).await;
    polling.expect_alive().await;
    client.send("5").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn after_the_upgrade_requests_over_polling_are_code_3() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let mut client = upgraded(&host, &polling).await;
    client.expect_alive().await;

    assert_eq!(
        polling.get().await.summary(),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
    assert_eq!(
        polling.post("3").await.summary(),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn during_the_probe_a_waiting_poll_is_ended_with_a_noop_every_100_ms() {
    let host = Host::memory(&echo_server());
    let polling = host.joined_polling().await;
    let _client = probed(&host, &polling).await;

    for _ in 0..3 {
        let start = tokio::time::Instant::now();
        assert_eq!(polling.get().await.summary(), (200, "6"));
        assert!(
            start.elapsed() <= Duration::from_millis(105),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn a_poll_that_waits_at_the_upgrade_packet_is_ended() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let mut client = probed(&host, &polling).await;
    let getting = polling.start_get();

    client.send("5").await;
    let answer = getting.answer().await;
    // The poll came before the upgrade, or too late.
    let expected = [
        (200, "6"),
        (200, "1"),
        (400, r#"{"code":3,"message":"Bad request"}"#),
    ];
    assert!(
        expected.contains(&answer.summary()),
        "{:?}",
        answer.summary()
    );
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_still_waits_at_the_upgrade_packet_is_told_that_polling_is_over() {
    let host = Host::memory(&echo_server());
    let polling = host.joined_polling().await;
    let mut client = probed(&host, &polling).await;
    let getting = polling.start_get();
    crate::support::idle().await;

    client.send("5").await;

    assert_eq!(getting.answer().await.summary(), (200, "1"));
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_is_never_finished_ends_and_polling_lives_on() {
    let io = Server::builder()
        .upgrade_timeout(Duration::from_secs(1))
        .build();
    answering(&io);
    let host = Host::memory(&io);
    let mut polling = host.joined_polling().await;
    let start = tokio::time::Instant::now();
    let mut client = probed(&host, &polling).await;

    client.expect_closed().await;
    assert!(
        start.elapsed() >= Duration::from_secs(1) && start.elapsed() < Duration::from_millis(1010)
    );
    polling.expect_alive().await;
    upgraded(&host, &polling).await.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_never_probes_is_closed_after_the_upgrade_timeout() {
    let host = Host::memory(&echo_server());
    let mut polling = host.joined_polling().await;
    let start = tokio::time::Instant::now();
    let mut client = WebSocket::probe(&host, &polling.sid).await;

    client.expect_closed().await;
    assert!(
        start.elapsed() >= Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    polling.expect_alive().await;
}

#[tokio::test]
async fn a_second_websocket_during_the_upgrade_is_closed_and_the_first_goes_on() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let mut first = probed(&host, &polling).await;

    let mut second = WebSocket::probe(&host, &polling.sid).await;
    second.expect_closed().await;
    first.send("5").await;
    first.expect_alive().await;
}

#[tokio::test]
async fn a_second_websocket_after_the_upgrade_is_closed_and_the_session_goes_on() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let mut client = upgraded(&host, &polling).await;
    client.expect_alive().await;

    WebSocket::probe(&host, &polling.sid)
        .await
        .expect_closed()
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_websocket_with_the_sid_of_a_websocket_session_is_closed_and_the_session_goes_on() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    WebSocket::probe(&host, &client.sid)
        .await
        .expect_closed()
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn other_packets_than_a_probe_end_the_upgrade_and_polling_lives_on() {
    for packet in ["2", "2other", r#"42["alive"]"#, "9", ""] {
        let host = Host::tcp(&echo_server()).await;
        let mut polling = host.joined_polling().await;

        let mut client = WebSocket::probe(&host, &polling.sid).await;
        client.send(packet).await;
        client.expect_closed().await;
        polling.expect_alive().await;
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_an_upgrade_leaves_the_session_on_polling() {
    let host = Host::tcp(&echo_server()).await;
    let mut polling = host.joined_polling().await;

    drop(probed(&host, &polling).await);
    polling.expect_alive().await;
    upgraded(&host, &polling).await.expect_alive().await;
}

/// The official server asks for no probe before the upgrade packet.
#[tokio::test]
async fn an_upgrade_packet_without_a_probe_upgrades() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;

    let mut client = WebSocket::probe(&host, &polling.sid).await;
    client.send("5").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn packets_behind_the_upgrade_packet_in_the_same_segment_are_read() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let mut client = probed(&host, &polling).await;

    let alive = crate::support::masked(0x81, br#"421["alive"]"#);
    client
        .stream
        .write(&[crate::support::masked(0x81, b"5"), alive].concat())
        .await;
    client.expect(r#"431["yes"]"#).await;
}

/// The client does not wait for the answer 101 before it sends its probe.
#[tokio::test]
async fn frames_that_come_with_the_request_are_read() {
    let host = Host::tcp(&echo_server()).await;
    let polling = host.joined_polling().await;
    let target = host.target(&format!("EIO=4&transport=websocket&sid={}", polling.sid));
    let request = crate::support::Request::get(&target).upgrade();
    let mut stream = host.stream().await;

    stream
        .write(&[request.to_bytes(), crate::support::masked(0x81, b"2probe")].concat())
        .await;
    assert_eq!(
        Response::read_head(&mut stream)
            .await
            .expect("the server answers")
            .status,
        101
    );
    assert_eq!(
        stream.read_exact(8).await.expect("the probe is answered"),
        &b"\x81\x063probe"[..]
    );
}

#[tokio::test]
async fn a_closed_connection_after_the_upgrade_ends_the_session() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let polling = host.joined_polling().await;
    let mut client = upgraded(&host, &polling).await;
    client.expect_alive().await;

    drop(client);
    assert_eq!(reasons.next().await, "transport close");
    polling.expect_gone().await;
}

#[tokio::test]
async fn without_upgrades_none_is_offered() {
    let io = Server::builder().without_upgrades().build();
    let host = Host::tcp(&io).await;

    assert!(
        host.polling()
            .await
            .handshake
            .text()
            .contains(r#""upgrades":[]"#)
    );
}

/// 11, 8: what waits for an answer survives the upgrade.
#[tokio::test]
async fn a_question_from_before_the_upgrade_is_answered_after_it() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let mut polling = host.polling().await;
    let id = polling.join("/").await;
    let socket = crate::support::socket(&io, &id);
    let asking = tokio::spawn(async move { socket.emit_with_ack::<u32>("question", ()).await });
    polling.expect(r#"420["question"]"#).await;

    let mut client = upgraded(&host, &polling).await;
    client.send("430[7]").await;
    let answer = crate::support::within("the answer", asking).await;
    assert_eq!(
        answer.expect("it does not panic").expect("it is answered"),
        7
    );
}

/// Nothing is lost, doubled or reordered while both sides send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_both_sides_keep_their_order_across_the_upgrade() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let polling = host.joined_polling().await;
    let emitter = std::thread::spawn(move || {
        for number in 0..500 {
            io.emit("count", number);
        }
    });
    let mut received = Vec::new();
    let mut client = WebSocket::probe(&host, &polling.sid).await;
    client.send("2probe").await;
    received.extend(packets(&polling.get().await));
    client.expect("3probe").await;
    client.send("5").await;
    emitter.join().expect("emitting does not panic");
    client.send(r#"42["echo","end"]"#).await;

    loop {
        let Frame::Text(packet) = client.next().await else {
            panic!("only text is sent")
        };
        if packet == r#"42["echo","end"]"# {
            break;
        }
        received.push(packet);
    }
    received.retain(|packet| packet != "6");
    let expected: Vec<_> = (0..500)
        .map(|number| format!(r#"42["count",{number}]"#))
        .collect();
    assert_eq!(received, expected);
}
