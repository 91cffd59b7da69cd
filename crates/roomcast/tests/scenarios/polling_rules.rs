//! Polling: its answers, and requests that break its rules. Spec: features, section 1 and 11, 15 and 16.

use std::sync::Arc;
use std::time::Duration;

use roomcast::Server;

use crate::support::{
    Getting, Heard, Host, Request, Response, channel, echo_server, gate, idle, packets, pass,
    reasons,
};

#[tokio::test]
async fn the_handshake_has_five_fields_in_the_official_order() {
    let client = Host::tcp(&echo_server()).await.polling().await;

    let expected = format!(
        r#"0{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        client.sid,
    );
    assert_eq!(client.handshake.text(), expected);
    assert_eq!(client.sid.len(), 20);
}

#[tokio::test]
async fn answers_to_polls_are_text_that_is_not_stored() {
    let client = Host::tcp(&echo_server()).await.joined_polling().await;
    client.send(r#"42["echo",1]"#).await;

    let answer = client.get().await;
    assert_eq!(answer.summary(), (200, r#"42["echo",1]"#));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-xss-protection"), None);
}

#[tokio::test]
async fn answers_to_posts_are_ok_and_not_stored() {
    let client = Host::tcp(&echo_server()).await.joined_polling().await;

    let answer = client.post("3").await;
    assert_eq!(answer.summary(), (200, "ok"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn internet_explorer_is_told_to_leave_its_filter_off() {
    let host = Host::tcp(&echo_server()).await;
    let request = Request::get(&host.target("EIO=4&transport=polling"));

    let answer = host
        .request(request.header("user-agent", "Mozilla/5.0 (Windows NT; Trident/7.0)"))
        .await;
    assert_eq!(answer.header("x-xss-protection"), Some("0"));
}

#[tokio::test]
async fn packets_that_wait_leave_together_in_their_order() {
    let client = Host::tcp(&echo_server()).await.joined_polling().await;
    client
        .send("42[\"echo\",1]\x1e42[\"echo\",2]\x1e42[\"echo\",3]")
        .await;

    assert_eq!(
        client.get().await.text(),
        "42[\"echo\",1]\x1e42[\"echo\",2]\x1e42[\"echo\",3]"
    );
}

#[tokio::test]
async fn more_than_16_packets_of_one_post_are_read() {
    let client = Host::tcp(&echo_server()).await.joined_polling().await;
    let posted: Vec<_> = (0..40)
        .map(|number| format!(r#"42["echo",{number}]"#))
        .collect();
    client.send(&posted.join("\x1e")).await;

    assert_eq!(packets(&client.get().await), posted);
}

#[tokio::test]
async fn a_message_reaches_a_poll_that_waits() {
    let io = echo_server();
    let client = Host::tcp(&io).await.joined_polling().await;
    let getting = client.start_get();

    client.send(r#"42["echo","now"]"#).await;
    assert_eq!(
        getting.answer().await.summary(),
        (200, r#"42["echo","now"]"#)
    );
}

/// Which of the two comes first is up to the network; one is refused, the other ended.
async fn outcome(one: Getting, other: Getting) -> [(u16, String); 2] {
    let [one, other] = [one.answer().await, other.answer().await]
        .map(|answer| (answer.status, answer.text().to_owned()));
    if one.0 == 400 {
        [one, other]
    } else {
        [other, one]
    }
}

#[tokio::test]
async fn of_two_polls_at_once_the_second_is_400_the_first_gets_1_and_the_session_is_closed() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let client = Host::tcp(&io).await.joined_polling().await;

    let answers = outcome(client.start_get(), client.start_get()).await;
    assert_eq!(answers, [(400, String::new()), (200, "1".to_owned())]);
    assert_eq!(reasons.next().await, "transport error");
    client.expect_gone().await;
}

#[tokio::test]
async fn of_two_posts_at_once_the_second_is_400_and_the_session_is_closed() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined_polling().await;
    let mut first = begin_post(&host, &client.target()).await;

    assert_eq!(client.post("3").await.summary(), (400, ""));
    assert_eq!(reasons.next().await, "transport error");
    client.expect_gone().await;
    first.write(b"3").await;
    assert_eq!(Response::read(&mut first).await.status, 400);
}

/// A server whose handlers of `wait` tell their number and wait, one at a time, and a POST with more
/// events than are kept meanwhile.
fn waiting_server() -> (Server, Arc<tokio::sync::Semaphore>, Heard<u32>, String) {
    let io = Server::builder().max_waiting_handlers(1).build();
    let gate = gate();
    let (teller, started) = channel();
    io.on("wait", {
        let gate = Arc::clone(&gate);
        async move |number: u32| {
            teller.tell(number);
            pass(&gate).await;
        }
    });
    let events: Vec<_> = (0..MANY)
        .map(|number| format!(r#"42["wait",{number}]"#))
        .collect();
    (io, gate, started, events.join("\x1e"))
}

const MANY: u32 = 20_000;

#[tokio::test(start_paused = true)]
async fn a_second_post_before_the_first_is_answered_is_400_and_the_session_is_closed() {
    let (io, _gate, mut started, body) = waiting_server();
    let mut reasons = reasons(&io);
    let client = Host::memory(&io).joined_polling().await;
    let first = client.start_post(body);
    idle().await;
    assert_eq!(started.so_far(), [0]);

    let request = Request::post(&client.target(), r#"42["wait",99]"#);
    assert_eq!(client.host.request(request).await.summary(), (400, ""));
    assert_eq!(reasons.next().await, "transport error");
    assert_eq!(first.answer().await.summary(), (400, ""));
    client.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_handed_in_piece_by_piece_loses_nothing_and_is_then_answered() {
    let (io, gate, mut started, body) = waiting_server();
    let client = Host::memory(&io).joined_polling().await;
    let posting = client.start_post(body);
    idle().await;
    assert_eq!(started.so_far(), [0]);

    gate.add_permits(MANY as usize);
    assert_eq!(posting.answer().await.summary(), (200, "ok"));
    idle().await;
    assert_eq!(started.so_far(), Vec::from_iter(1..MANY));
    client.send("3").await;
}

#[tokio::test(start_paused = true)]
async fn a_post_that_had_to_wait_and_then_ends_the_session_is_still_answered_ok() {
    let (io, gate, _started, body) = waiting_server();
    let mut reasons = reasons(&io);
    let client = Host::memory(&io).joined_polling().await;
    let posting = client.start_post(body + "\x1e1");
    idle().await;

    gate.add_permits(MANY as usize);
    assert_eq!(posting.answer().await.summary(), (200, "ok"));
    assert_eq!(reasons.next().await, "transport close");
}

/// Starts a POST of two bytes, of which one is sent.
async fn begin_post(host: &Host, target: &str) -> crate::support::Stream {
    let mut stream = host.stream().await;
    let request = Request::new("POST", target)
        .header("content-length", "2")
        .header("expect", "100-continue");
    stream.write(&request.to_bytes()).await;
    // The server asks for the body: it has begun to read it.
    let interim = Response::read_head(&mut stream)
        .await
        .expect("the server answers");
    assert_eq!(interim.status, 100);
    stream.write(b"3").await;
    stream
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_of_a_post_ends_its_session() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined_polling().await;

    drop(begin_post(&host, &client.target()).await);
    assert_eq!(reasons.next().await, "transport error");
    client.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_on_a_waiting_poll_ends_its_session() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let client = Host::memory(&io).joined_polling().await;
    let getting = client.start_get();
    idle().await;

    getting.abort();
    assert_eq!(reasons.next().await, "transport error");
    client.expect_gone().await;
}

#[tokio::test]
async fn an_octet_stream_post_is_400_and_the_session_is_closed() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined_polling().await;

    let request =
        Request::post(&client.target(), "3").header("content-type", "application/octet-stream");
    assert_eq!(host.request(request).await.summary(), (400, ""));
    assert_eq!(reasons.next().await, "transport error");
    client.expect_gone().await;
}

#[tokio::test]
async fn a_post_of_what_is_no_packet_closes_the_session_with_a_parse_error() {
    for body in ["9", "", "42[\"echo\",1]\x1e\x1e3", "x", "abc"] {
        let io = echo_server();
        let mut reasons = reasons(&io);
        let client = Host::tcp(&io).await.joined_polling().await;

        client.post(body).await;
        assert_eq!(reasons.next().await, "parse error", "{body:?}");
        client.expect_gone().await;
    }
}

#[tokio::test]
async fn a_post_that_is_no_utf_8_harms_nobody() {
    let host = Host::tcp(&echo_server()).await;
    let client = host.joined_polling().await;

    client.post(&b"42[\"echo\",\"\xff\xfe\"]"[..]).await;
    host.joined().await.expect_alive().await;
}

#[tokio::test]
async fn an_invalid_packet_of_one_post_closes_before_the_packets_behind_it() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let client = Host::tcp(&io).await.joined_polling().await;

    client.post("42{}\x1e42[\"echo\",1]").await;
    assert_eq!(client.get().await.summary(), (200, "6\x1e1"));
    assert_eq!(reasons.next().await, "forced close");
}

#[tokio::test]
async fn a_close_packet_from_the_client_ends_the_session() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let client = Host::tcp(&io).await.joined_polling().await;

    client.send("1").await;
    assert_eq!(reasons.next().await, "transport close");
    client.expect_gone().await;
}

#[tokio::test]
async fn a_disconnect_with_close_tells_the_next_poll_everything_and_then_1() {
    let io = echo_server();
    io.on("bye", |socket: roomcast::Socket| {
        socket.emit("last", 1);
        socket.disconnect_and_close();
    });
    let client = Host::tcp(&io).await.joined_polling().await;
    client.send(r#"42["bye"]"#).await;

    let mut told = packets(&client.get().await);
    if told.last().is_some_and(|packet| packet != "1") {
        told.extend(packets(&client.get().await));
    }
    assert_eq!(
        told.iter()
            .filter(|packet| *packet != "6")
            .collect::<Vec<_>>(),
        [r#"42["last",1]"#, "41", "1"]
    );
    client.expect_gone().await;
}

/// 11, 15.
#[tokio::test(start_paused = true)]
async fn a_post_that_is_being_read_when_the_session_ends_is_given_up() {
    let io = echo_server();
    let host = Host::memory(&io);
    let client = host.joined_polling().await;
    let mut posting = begin_post(&host, &client.target()).await;
    let getting = client.start_get();
    idle().await;
    let start = tokio::time::Instant::now();

    io.disconnect_sockets_and_close();
    getting.answer().await;
    client.get().await;
    let answer = Response::read_head(&mut posting).await;
    assert!(answer.is_none_or(|answer| answer.status == 400));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_session_over_polling_knows_its_transport() {
    let io = echo_server();
    io.on("transport", |socket: roomcast::Socket| {
        socket.conn().transport().as_str()
    });
    let host = Host::tcp(&io).await;

    let mut polling = host.joined_polling().await;
    polling.send(r#"421["transport"]"#).await;
    polling.expect(r#"431["polling"]"#).await;
    let mut websocket = host.joined().await;
    websocket.send(r#"421["transport"]"#).await;
    websocket.expect(r#"431["websocket"]"#).await;
}

/// A connection that is kept serves one request after the other.
#[tokio::test]
async fn requests_of_one_connection_are_served_one_after_the_other() {
    let host = Host::tcp(&echo_server()).await;
    let client = host.joined_polling().await;
    let mut stream = host.stream().await;

    for number in 0..3 {
        let post = Request::post(&client.target(), format!(r#"42["echo",{number}]"#))
            .header("connection", "keep-alive");
        stream.write(&post.to_bytes()).await;
        assert_eq!(Response::read(&mut stream).await.text(), "ok");
        let get = Request::get(&client.target()).header("connection", "keep-alive");
        stream.write(&get.to_bytes()).await;
        assert_eq!(
            Response::read(&mut stream).await.text(),
            format!(r#"42["echo",{number}]"#)
        );
    }
}
