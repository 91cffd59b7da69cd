//! Sessions that move to a WebSocket of another server. Spec: features 1.54, N12; cluster, section
//! 14.

use std::time::Duration;

use roomcast::engine::ClusterEngine;
use roomcast::{OutboxPolicy, Server, Socket};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support::{
    Frame, Polling, Shared, WebSocket, answering, channel, idle, packets, reasons, socket,
};

/// A WebSocket at this server that was told that it may take over.
async fn probed(nodes: &Shared, index: usize, client: &Polling) -> WebSocket {
    let mut websocket = WebSocket::probe(&nodes.hosts[index], &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket
}

/// The same, when the client has moved to it.
async fn upgraded(nodes: &Shared, index: usize, client: &Polling) -> WebSocket {
    let mut websocket = probed(nodes, index, client).await;
    websocket.send("5").await;
    websocket
}

/// A session of the first server that stays there, on a WebSocket of the second.
async fn carried(nodes: &Shared) -> WebSocket {
    let client = nodes.joined().await;
    let mut websocket = upgraded(nodes, 1, &client).await;
    websocket.expect_alive().await;
    websocket
}

#[tokio::test(start_paused = true)]
async fn a_new_session_moves_to_the_server_of_its_websocket() {
    let nodes = Shared::new(2);
    let (teller, mut heard) = channel();
    for (index, io) in nodes.servers.iter().enumerate() {
        let teller = teller.clone();
        io.on_connect(move || teller.tell(index));
    }
    let client = nodes.polling().await;

    let mut websocket = upgraded(&nodes, 1, &client).await;
    let id = websocket.join("/").await;

    websocket.expect_alive().await;
    assert_eq!(heard.next().await, 1);
    assert_eq!(nodes.sessions(), [0, 1]);
    assert_eq!(socket(&nodes.servers[1], &id).conn().sid(), client.sid);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(heard.so_far(), Vec::<usize>::new());
    websocket.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_client_has_sent_before_its_session_moved_is_heard_there() {
    let nodes = Shared::new(3);
    let client = nodes.polling().await;
    nodes.at(2, &client).send("40").await;
    client.send(r#"42["echo",1]"#).await;
    client
        .send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID")
        .await;

    let mut websocket = upgraded(&nodes, 1, &client).await;
    websocket.send(r#"42["echo",3]"#).await;

    assert!(websocket.next_text().await.starts_with(r#"40{"sid":""#));
    websocket.expect(r#"42["echo",1]"#).await;
    websocket
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    websocket.expect_binary(&[1, 2, 3]).await;
    websocket.expect(r#"42["echo",3]"#).await;
    assert_eq!(nodes.sessions(), [0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn packets_that_come_right_behind_the_upgrade_are_not_lost() {
    let nodes = Shared::new(2);
    let client = nodes.polling().await;
    let mut websocket = probed(&nodes, 1, &client).await;
    nodes.buses[0].hold(); // the owner's answer waits
    websocket.send("5").await;
    websocket.send("40").await;
    websocket.send(r#"42["echo",1]"#).await;
    idle().await;

    nodes.buses[0].restore();

    assert!(websocket.next_text().await.starts_with(r#"40{"sid":""#));
    websocket.expect(r#"42["echo",1]"#).await;
    assert_eq!(nodes.sessions(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_moved_is_that_of_its_new_server() {
    let nodes = Shared::new(2);
    let client = nodes.polling().await;
    let mut websocket = upgraded(&nodes, 1, &client).await;
    websocket.join("/").await;

    // It is on a WebSocket now: no poll is granted.
    client.expect_gone().await;
    websocket.expect_alive().await;
    let reasons = &mut reasons(&nodes.servers[1]);
    drop(websocket);
    assert_eq!(reasons.next().await, "transport close");
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_session_upgraded_at_its_own_server_begins_at_once_and_stays() {
    let nodes = Shared::new(2);
    let client = nodes.polling().await;
    let start = Instant::now();

    let mut websocket = upgraded(&nodes, 0, &client).await;
    websocket.join("/").await;

    assert!(start.elapsed() < Duration::from_millis(300));
    assert_eq!(nodes.sessions(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_older_session_stays_and_its_packets_are_forwarded() {
    let nodes = Shared::new(2);
    let mut websocket = carried(&nodes).await;

    websocket.send(r#"42["echo",1]"#).await;
    websocket.send(r#"42["echo",2]"#).await;
    websocket.expect(r#"42["echo",1]"#).await;
    websocket.expect(r#"42["echo",2]"#).await;
    websocket
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    websocket.send_binary(b"4\0\xff").await;
    websocket
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    websocket.expect_binary(b"4\0\xff").await;
    nodes.servers[0].emit("news", "é");
    websocket.expect(r#"42["news","é"]"#).await;
    assert_eq!(nodes.sessions(), [1, 0]);
    let sockets = nodes.servers[0].sockets();
    assert_eq!(sockets[0].conn().transport().as_str(), "websocket");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_waits_is_ended_every_200_ms_while_the_client_upgrades_elsewhere() {
    let nodes = Shared::new(3);
    let client = nodes.joined().await;
    for waiting in [client.at(&nodes.hosts[0]), nodes.at(2, &client)] {
        let mut websocket = probed(&nodes, 1, &client).await;
        let start = Instant::now();

        for _ in 0..2 {
            assert_eq!(waiting.get().await.summary(), (200, "6"));
        }

        assert_eq!(start.elapsed(), Duration::from_millis(400));
        websocket.send("9").await; // it gives up
        websocket.expect_closed().await;
        nodes.servers[0].emit("news", 1);
        assert_eq!(waiting.get().await.summary(), (200, r#"42["news",1]"#));
    }
}

#[tokio::test(start_paused = true)]
async fn packets_that_wait_at_the_upgrade_leave_over_the_websocket_in_order() {
    let nodes = Shared::new(2);
    let client = nodes.joined().await;
    client.send("42[\"echo\",1]\x1e42[\"echo\",2]").await;

    let mut websocket = upgraded(&nodes, 1, &client).await;

    websocket.expect(r#"42["echo",1]"#).await;
    websocket.expect(r#"42["echo",2]"#).await;
    websocket.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_is_given_up_leaves_the_session_where_it_is() {
    let nodes = Shared::new(2);
    let mut client = nodes.joined().await;

    drop(probed(&nodes, 1, &client).await);
    client.expect_alive().await;
    let mut late = probed(&nodes, 1, &client).await;
    // The poll is ended until the upgrade is.
    assert_eq!(client.get().await.summary(), (200, "6"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    late.expect_closed().await;
    client.expect_alive().await;

    upgraded(&nodes, 1, &client).await.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_upgrade_beside_the_first_is_refused() {
    let nodes = Shared::new(3);
    let client = nodes.joined().await;
    let mut first = probed(&nodes, 1, &client).await;

    let query = format!("EIO=4&transport=websocket&sid={}", client.sid);
    let refused = nodes.hosts[2].refused_upgrade(&query).await;
    assert_eq!(refused.summary(), (400, "Session ID unknown"));
    let mut own = WebSocket::probe(&nodes.hosts[0], &client.sid).await;
    own.expect_closed().await;

    first.send("5").await;
    first.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_over_a_websocket_of_another_server() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let mut websocket = carried(&nodes).await;

    for _ in 0..4 {
        websocket.expect("2").await;
        websocket.send("3").await;
    }
    websocket.expect("2").await;
    assert_eq!(reasons.next().await, "ping timeout");
    websocket.expect_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_its_websocket_elsewhere_is_gone() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);

    let mut websocket = carried(&nodes).await;
    websocket.send(r#"42["echo",1]"#).await;
    websocket.send_frame(0x88, &[]).await;
    assert_eq!(reasons.next().await, "transport close");
    drop(carried(&nodes).await);
    assert_eq!(reasons.next().await, "transport close");
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_close_of_the_application_reaches_the_websocket_behind_what_was_sent() {
    let nodes = Shared::new(2);
    let mut websocket = carried(&nodes).await;
    nodes.servers[0].on("bye", |socket: Socket| {
        socket.emit("last", "words");
        socket.conn().close();
    });

    websocket.send(r#"42["bye"]"#).await;

    websocket.expect(r#"42["last","words"]"#).await;
    websocket.expect_closed().await;
    assert_eq!(nodes.sessions(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_their_owner_has_closed_are_carried_no_more() {
    let one = |bus| ClusterEngine::new(bus).max_carried(1);
    let nodes = Shared::sharing(2, one, |builder| builder);

    for _ in 0..3 {
        let mut websocket = carried(&nodes).await;
        for socket in nodes.servers[0].sockets() {
            socket.conn().close();
        }
        websocket.expect_closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_ends_the_session_wherever_it_arrives() {
    let nodes = Shared::with(2, |builder| builder.max_http_buffer_size(100));
    let reasons = &mut reasons(&nodes.servers[0]);
    let mut websocket = carried(&nodes).await;

    websocket.send(&"4".repeat(101)).await;

    assert_eq!(websocket.next().await, Frame::Close(Some(1009)));
    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_packet_ends_the_session_wherever_its_websocket_is() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let mut websocket = carried(&nodes).await;

    websocket.send("9").await;

    assert_eq!(reasons.next().await, "parse error");
    websocket.expect_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_websocket_elsewhere_is_closed() {
    let nodes = Shared::with(2, |builder| {
        builder.max_outbox(100_000, OutboxPolicy::Disconnect)
    });
    let reasons = &mut reasons(&nodes.servers[0]);
    let websocket = carried(&nodes).await;

    for _ in 0..20 {
        nodes.servers[0].emit("news", "x".repeat(50_000));
        idle().await;
    }

    assert_eq!(reasons.next().await, "transport error");
    drop(websocket);
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_an_end_is_told_over_other_servers() {
    let nodes = Shared::with(2, |builder| builder.explain_disconnects("bye"));
    let mut websocket = carried(&nodes).await;
    let client = nodes.joined().await;
    let waiting = nodes.at(1, &client).start_get();
    idle().await;

    nodes.servers[0].close().await;

    let told = packets(&waiting.answer().await);
    assert_eq!(told.last().map(String::as_str), Some("1"));
    assert!(
        told[0].starts_with(r#"42["bye",{"cause":"shutdown""#),
        "{told:?}"
    );
    websocket.expect(&told[0]).await;
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_ends_the_sessions_that_it_carries() {
    let nodes = Shared::new(2);
    let reasons = &mut reasons(&nodes.servers[0]);
    let mut websocket = carried(&nodes).await;

    nodes.servers[1].close().await;

    websocket.expect_closed().await;
    assert_eq!(reasons.next().await, "transport close");
}

#[tokio::test(start_paused = true)]
async fn a_closing_owner_closes_the_websocket_elsewhere() {
    let nodes = Shared::new(2);
    let mut websocket = carried(&nodes).await;

    nodes.servers[0].close().await;

    websocket.expect_closed().await;
}

#[tokio::test(start_paused = true)]
async fn old_clients_stay_with_their_server_when_they_upgrade_elsewhere() {
    let nodes = Shared::with(2, |builder| builder.allow_eio3());
    nodes.polling().await;
    let open = nodes.hosts[0].get("EIO=3&transport=polling").await;
    let text = open.text();
    let sid = text.split('"').nth(3).expect("the open packet has an id");
    let target = nodes.hosts[1].target(&format!("EIO=3&transport=websocket&sid={sid}"));
    let request = crate::support::Request::get(&target);
    let mut websocket = WebSocket::open(&nodes.hosts[1], request).await;

    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;

    websocket.expect("40").await;
    websocket.send("2").await;
    websocket.expect("3").await;
    websocket
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    websocket.send_binary(b"\x04abc").await;
    websocket
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    websocket.expect_binary(b"\x04abc").await;
    assert_eq!(nodes.sessions()[0], 2);
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_from_polling_at_all_servers_to_a_websocket_at_one() {
    let nodes = Shared::new(3);
    let client = nodes.joined().await;
    for number in 0..30 {
        let at = nodes.at(number % 3, &client);
        at.send(&format!(r#"42["echo",{number}]"#)).await;
    }
    let polled = packets(&nodes.at(2, &client).get().await);
    for number in polled.len()..60 {
        let at = nodes.at(number % 3, &client);
        at.send(&format!(r#"42["echo",{number}]"#)).await;
    }

    let mut websocket = upgraded(&nodes, 1, &client).await;
    for number in 60..200 {
        websocket.send(&format!(r#"42["echo",{number}]"#)).await;
    }

    let mut all = polled;
    while all.len() < 200 {
        all.push(websocket.next_text().await);
    }
    let expected: Vec<_> = (0..200)
        .map(|number| format!(r#"42["echo",{number}]"#))
        .collect();
    assert_eq!(all, expected);
}

#[tokio::test(start_paused = true)]
async fn namespaces_of_a_cluster_reach_clients_on_websockets_of_other_servers() {
    let hub = roomcast::cluster::Hub::new();
    let server = || {
        let bus = hub.bus();
        let io = Server::builder()
            .bus(bus.clone())
            .cluster_engine(bus)
            .build();
        answering(&io);
        io
    };
    let (red, blue) = (server(), server());
    red.ready().await.unwrap();
    blue.ready().await.unwrap();
    let [at_red, at_blue] = [&red, &blue].map(crate::support::Host::memory);
    let mut client = at_red.polling().await;
    client.join("/").await;
    let mut websocket = WebSocket::probe(&at_blue, &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.expect_alive().await;

    blue.emit("news", 1);
    websocket.expect(r#"42["news",1]"#).await;
}

#[tokio::test(start_paused = true)]
async fn websockets_of_another_library_carry_sessions_of_other_servers_too() {
    let mut nodes = Shared::new(2);
    nodes.hosts[1] = crate::support::foreign(&nodes.servers[1], WebSocketConfig::default());
    let client = nodes.joined().await;
    let mut stays = upgraded(&nodes, 1, &client).await;
    stays.expect_alive().await;
    stays.send_binary(b"not expected").await;
    let new = nodes.hosts[0].polling().await;
    let mut moves = upgraded(&nodes, 1, &new).await;
    moves.join("/").await;
    assert_eq!(nodes.sessions(), [0, 1]);

    moves.expect_alive().await;
    nodes.servers[1].disconnect_sockets();
    assert_eq!(moves.next_text().await, "41");
    stays.expect_closed().await;
}
