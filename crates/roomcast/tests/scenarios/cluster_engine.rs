//! Sessions whose requests reach any server, by polling. Spec: features 1.54, N12; cluster, section
//! 14.

use std::time::Duration;

use roomcast::{Server, Socket, Value};
use tokio::time::Instant;

use crate::support::{Host, Request, Shared, answering, channel, idle, packets, reasons};

const UNKNOWN: (u16, &str) = (400, r#"{"code":1,"message":"Session ID unknown"}"#);

#[tokio::test(start_paused = true)]
async fn a_conversation_goes_over_whichever_server_its_requests_reach() {
    let nodes = Shared::new(3);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.polling().await;
    let [mut red, mut blue, mut green] = [0, 1, 2].map(|index| nodes.at(index, &client));

    blue.send("40").await;
    assert!(green.next().await.starts_with(r#"40{"sid":""#));
    green.send(r#"4217["alive"]"#).await;
    blue.expect(r#"4317["yes"]"#).await;
    red.send(r#"42["echo",1]"#).await;
    green.expect(r#"42["echo",1]"#).await;
    blue.send(r#"42["echo",2]"#).await;
    red.expect(r#"42["echo",2]"#).await;
    blue.send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1ebAQIDBA==")
        .await;
    assert_eq!(
        packets(&green.get().await),
        [r#"451-["echo",{"_placeholder":true,"num":0}]"#, "bAQIDBA=="]
    );
    nodes.servers[0].emit("news", "é");
    blue.expect(r#"42["news","é"]"#).await;
    assert_eq!(nodes.sessions(), [1, 0, 0]);

    green.send("1").await;
    assert_eq!(reasons.next().await, "transport close");
    blue.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_at_another_server_waits_for_the_next_packet() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    nodes.servers[0].emit("news", 1);

    let answer = waiting.answer().await;
    assert_eq!(answer.summary(), (200, r#"42["news",1]"#));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_another_server_is_compressed_as_that_of_the_owner() {
    let nodes = Shared::new(2);
    let client = nodes.at(1, &nodes.joined().await);
    nodes.servers[0].emit("news", "x".repeat(2000));
    let target = client.target();

    let request = Request::get(&target).header("accept-encoding", "gzip");
    let answer = nodes.hosts[1].request(request).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_has_is_unknown_after_a_second() {
    let nodes = Shared::new(2);
    nodes.polling().await;
    let host = &nodes.hosts[1];
    let target = host.target("EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA");

    for request in [Request::get(&target), Request::post(&target, "40")] {
        let start = Instant::now();
        assert_eq!(host.request(request).await.summary(), UNKNOWN);
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
    let start = Instant::now();
    let query = "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA";
    let refused = host.refused_upgrade(query).await;
    assert_eq!(refused.summary(), (400, "Session ID unknown"));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_the_session_of_another_server_is_refused_at_once() {
    let nodes = Shared::new(2);
    nodes.polling().await;
    let start = Instant::now();

    for query in [
        "EIO=4&transport=polling&sid=tooshort",
        "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAA",
        "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(nodes.hosts[1].get(query).await.summary(), UNKNOWN);
    }
    let target = nodes.hosts[1].target("EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA");
    let put = Request::new("PUT", &target);
    assert_eq!(nodes.hosts[1].request(put).await.summary(), UNKNOWN);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_shares_nothing_knows_its_own_sessions_only() {
    let alone = Server::new();
    answering(&alone);
    let nodes = Shared::new(1);
    let client = nodes.polling().await.at(&Host::memory(&alone));

    let start = Instant::now();
    client.expect_gone().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_over_other_servers() {
    let nodes = Shared::new(3);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;

    let [mut blue, green] = [1, 2].map(|index| nodes.at(index, &client));
    for _ in 0..3 {
        let start = Instant::now();
        blue.expect("2").await;
        assert!(start.elapsed() > Duration::from_secs(20));
        green.send("3").await;
    }
    blue.expect("2").await;
    let last = blue.start_get();
    assert_eq!(reasons.next().await, "ping timeout");
    assert_eq!(last.answer().await.summary(), (200, "1"));
}

#[tokio::test(start_paused = true)]
async fn a_second_poll_elsewhere_is_refused_and_harms_nothing() {
    let nodes = Shared::new(3);
    let client = nodes.joined().await;
    let [blue, green] = [1, 2].map(|index| nodes.at(index, &client));

    for first in [&blue, &client] {
        let waiting = first.start_get();
        idle().await;
        assert_eq!(green.get().await.summary(), UNKNOWN);
        nodes.servers[0].emit("news", 1);
        assert_eq!(waiting.answer().await.summary(), (200, r#"42["news",1]"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_poll_at_the_owner_ends_the_session_as_without_others() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    assert_eq!(client.get().await.summary(), (400, ""));

    assert_eq!(waiting.answer().await.summary(), (200, "1"));
    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_on_another_servers_poll_ends_its_session() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    waiting.abort();

    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn the_server_closes_a_session_whose_poll_is_elsewhere() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    nodes.servers[0].disconnect_sockets();

    let answer = waiting.answer().await;
    assert_eq!(packets(&answer)[0], "41");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_waits_for_a_poll_is_told_to_one_elsewhere() {
    let nodes = Shared::new(2);
    nodes.servers[0].on("bye", |socket: Socket| socket.conn().close());
    let blue = nodes.at(1, &nodes.joined().await);
    blue.send(r#"42["bye"]"#).await;
    idle().await;

    assert_eq!(packets(&blue.get().await), ["6", "1"]);
    blue.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_refused_where_it_arrives() {
    let nodes = Shared::with(2, |builder| builder.max_http_buffer_size(100));
    let mut blue = nodes.at(1, &nodes.joined().await);

    let fits = format!(r#"42["echo","{}"]"#, "x".repeat(100 - 13));
    assert_eq!(fits.len(), 100);
    blue.send(&fits).await;
    blue.expect(&fits).await;
    let answer = blue.post(format!("{fits} ")).await;
    assert_eq!(answer.summary(), (413, ""));
    blue.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_packet_ends_the_session_wherever_it_arrives() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let blue = nodes.at(1, &nodes.joined().await);

    blue.send("42[\"echo\",1]\x1e9").await;

    assert_eq!(reasons.next().await, "parse error");
    blue.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_binary_body_ends_the_session_wherever_it_arrives() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let blue = nodes.at(1, &nodes.joined().await);

    let request = Request::post(&blue.target(), "40");
    let request = request.header("content-type", "application/octet-stream");
    assert_eq!(nodes.hosts[1].request(request).await.summary(), (400, ""));

    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn the_application_is_told_of_a_polling_session_after_300_ms() {
    let nodes = Shared::new(2);
    let (teller, mut heard) = channel();
    nodes.servers[0].on_connect(move || teller.tell(Instant::now()));
    let mut client = nodes.polling().await;
    let start = Instant::now();

    client.send("40").await;
    nodes.at(1, &client).send(r#"42["echo",1]"#).await;
    client.send(r#"42["echo",2]"#).await;

    assert_eq!(heard.next().await - start, Duration::from_millis(300));
    assert!(client.next().await.starts_with("40"));
    client.expect(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",2]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_application_was_told_of_it_is_still_heard() {
    let nodes = Shared::new(2);
    let (teller, mut heard) = channel();
    nodes.servers[0].on("last", move |text: String| teller.tell(text));
    let client = nodes.polling().await;

    client.send("40\x1e42[\"last\",\"words\"]\x1e1").await;

    assert_eq!(heard.next().await, "words");
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_begins_with_a_websocket_begins_at_once() {
    let nodes = Shared::new(2);
    nodes.polling().await;
    let start = Instant::now();

    nodes.hosts[0].joined().await;

    assert!(start.elapsed() < Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn clients_of_socket_io_2_need_no_sticky_session_either() {
    let nodes = Shared::with(2, |builder| builder.allow_eio3());
    nodes.polling().await;
    let open = nodes.hosts[0].get("EIO=3&transport=polling").await;
    let text = open.text();
    let sid = text.split('"').nth(3).expect("the open packet has an id");
    let target = |index: usize| {
        let query = format!("EIO=3&transport=polling&sid={sid}&b64=1");
        (&nodes.hosts[index], nodes.hosts[index].target(&query))
    };

    let (blue, at_blue) = target(1);
    let answer = blue.request(Request::get(&at_blue)).await;
    assert_eq!(answer.summary(), (200, "2:40"));
    let event = r#"14:42["echo","é"]"#;
    let taken = blue.request(Request::post(&at_blue, event)).await;
    assert_eq!(taken.summary(), (200, "ok"));
    let answer = blue.request(Request::get(&at_blue)).await;
    assert_eq!(answer.summary(), (200, event));
    let (red, at_red) = target(0);
    let waiting = blue.request(Request::get(&at_blue));
    let ping = async {
        idle().await;
        red.request(Request::post(&at_red, "1:2")).await.summary().0
    };
    let (answer, status) = tokio::join!(waiting, ping);
    assert_eq!((answer.summary(), status), ((200, "1:3"), 200));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_doubled_or_moved_whichever_servers_are_asked() {
    let nodes = Shared::new(3);
    let client = nodes.joined().await;
    let nodes_of = [0, 1, 2].map(|index| nodes.at(index, &client));

    let mut expected = 0;
    let mut waiting = None;
    for number in 0..300u32 {
        let at = &nodes_of[number as usize % 3];
        at.send(&format!(r#"42["echo",{number}]"#)).await;
        let poll = waiting
            .take()
            .unwrap_or_else(|| nodes_of[number as usize % 2].start_get());
        if number % 7 == 3 {
            for packet in packets(&poll.answer().await) {
                assert_eq!(packet, format!(r#"42["echo",{expected}]"#));
                expected += 1;
            }
        } else {
            waiting = Some(poll);
        }
    }
    let mut last = waiting;
    while expected < 300 {
        let poll = last.take().unwrap_or_else(|| nodes_of[2].start_get());
        for packet in packets(&poll.answer().await) {
            assert_eq!(packet, format!(r#"42["echo",{expected}]"#));
            expected += 1;
        }
    }
    assert_eq!(nodes.sessions(), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bare_engine_shares_its_sessions_too() {
    use roomcast::engine::{Engine, Message};

    let hub = roomcast::cluster::Hub::new();
    let engine = || {
        Engine::builder()
            .cluster_engine(hub.bus())
            .build(|_: &roomcast::engine::Socket| {
                |socket: &roomcast::engine::Socket, message: Message<'_>| socket.send(message)
            })
    };
    let (red, blue) = (engine(), engine());
    let red = Host::memory_layer(red.layer(), "/engine.io/");
    let blue = Host::memory_layer(blue.layer(), "/engine.io/");
    // The first request of a server makes it known.
    let other = blue.polling().await;
    let mut client = red.polling().await.at(&blue);

    client.send("4hello").await;
    client.expect("4hello").await;
    let mut other = other.at(&red);
    other.send("bAQID").await;
    other.expect("bAQID").await;
}

#[tokio::test(start_paused = true)]
async fn arguments_of_other_servers_requests_are_values_like_any_others() {
    let nodes = Shared::new(2);
    let (teller, mut heard) = channel();
    nodes.servers[0].on("value", move |value: Value| teller.tell(value));
    let blue = nodes.at(1, &nodes.joined().await);

    blue.send(r#"42["value",{"a":[1,"\u2028é",null]}]"#).await;

    let expected = r#"{"a":[1,"\u2028é",null]}"#.parse::<Value>().unwrap();
    assert_eq!(heard.next().await, expected);
}
