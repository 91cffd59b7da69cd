//! Binary events: their attachments, and what is no attachment. Spec: features, sections 9 and 10.

use crate::support::{Host, WebSocket, echo_server, reasons};

enum Part {
    Text(&'static str),
    Bytes(&'static [u8]),
}
use Part::{Bytes, Text};

async fn send(client: &mut WebSocket, parts: &[Part]) {
    for part in parts {
        match part {
            Text(text) => client.send(text).await,
            Bytes(bytes) => client.send_binary(bytes).await,
        }
    }
}

async fn closes(parts: &[Part]) {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    send(&mut client, parts).await;
    client.expect_closed().await;
    assert_eq!(reasons.next().await, "forced close");
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn attachments_come_back_where_they_were() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    send(&mut client, &[
        Text(r#"452-["echo",{"b":{"_placeholder":true,"num":1},"a":[{"_placeholder":true,"num":0}]}]"#),
        Bytes(&[1]),
        Bytes(&[2, 3]),
    ])
    .await;
    client
        .expect(r#"452-["echo",{"b":{"_placeholder":true,"num":0},"a":[{"_placeholder":true,"num":1}]}]"#)
        .await;
    client.expect_binary(&[2, 3]).await;
    client.expect_binary(&[1]).await;
}

#[tokio::test]
async fn a_binary_frame_without_a_header_closes() {
    closes(&[Bytes(&[1, 2, 3])]).await;
}

/// The Engine.IO type of a binary frame is not read: its bytes are the attachment.
#[tokio::test]
async fn an_empty_attachment_is_an_attachment() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    send(
        &mut client,
        &[
            Text(r#"451-["echo",{"_placeholder":true,"num":0}]"#),
            Bytes(&[]),
        ],
    )
    .await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[]).await;
}

#[tokio::test]
async fn a_binary_event_without_a_readable_count_closes() {
    closes(&[Text(r#"45-["echo"]"#)]).await;
    closes(&[Text(r#"45abc-["echo"]"#)]).await;
}

#[tokio::test]
async fn a_binary_event_without_a_dash_closes() {
    closes(&[Text("45")]).await;
    closes(&[Text("451")]).await;
}

#[tokio::test]
async fn a_count_beyond_the_limit_closes_before_any_attachment_comes() {
    closes(&[Text(
        r#"451000000000-["echo",{"_placeholder":true,"num":0}]"#,
    )])
    .await;
}

#[tokio::test]
async fn ten_attachments_pass_and_an_eleventh_closes() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;
    client
        .send(r#"4510-["echo",{"_placeholder":true,"num":9}]"#)
        .await;
    for byte in 0..10 {
        client.send_binary(&[byte]).await;
    }

    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[9]).await;
    closes(&[Text(r#"4511-["echo",{"_placeholder":true,"num":0}]"#)]).await;
}

#[tokio::test]
async fn the_bytes_of_a_packets_attachments_are_limited_together() {
    let io = roomcast::Server::builder().max_attachment_bytes(8).build();
    crate::support::answering(&io);
    let host = Host::tcp(&io).await;
    let head = r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

    let mut at_the_limit = host.joined().await;
    send(
        &mut at_the_limit,
        &[Text(head), Bytes(&[0; 5]), Bytes(&[0; 3])],
    )
    .await;
    at_the_limit.expect(head).await;

    let mut one_past_it = host.joined().await;
    send(
        &mut one_past_it,
        &[Text(head), Bytes(&[0; 5]), Bytes(&[0; 4])],
    )
    .await;
    one_past_it.expect_closed().await;
}

#[tokio::test]
async fn a_placeholder_that_names_no_attachment_closes() {
    closes(&[
        Text(r#"451-["echo",{"_placeholder":true,"num":10}]"#),
        Bytes(&[1]),
    ])
    .await;
    closes(&[
        Text(r#"451-["echo",{"_placeholder":true,"num":"splice"}]"#),
        Bytes(&[1]),
    ])
    .await;
    closes(&[
        Text(r#"451-["echo",{"_placeholder":true,"num":-1}]"#),
        Bytes(&[1]),
    ])
    .await;
}

#[tokio::test]
async fn text_while_attachments_are_missing_closes() {
    closes(&[
        Text(r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#),
        Bytes(&[1]),
        Text(r#"42["alive"]"#),
    ])
    .await;
}

/// The official server forgets to reset its decoder here and closes with the next packet.
#[tokio::test]
async fn a_binary_event_of_0_attachments_is_an_event_and_the_next_packet_is_read() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send(r#"450-["echo",1]"#).await;
    client.expect(r#"42["echo",1]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_placeholder_in_a_text_event_is_an_ordinary_object() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client
        .send(r#"42["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client
        .expect(r#"42["echo",{"_placeholder":true,"num":0}]"#)
        .await;
}

#[tokio::test]
async fn base64_text_over_a_websocket_is_an_attachment() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    send(
        &mut client,
        &[
            Text(r#"451-["echo",{"_placeholder":true,"num":0}]"#),
            Text("bAQID"),
        ],
    )
    .await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[1, 2, 3]).await;
}

#[tokio::test]
async fn attachments_over_polling_are_base64_in_both_directions() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined_polling().await;

    client
        .send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID")
        .await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect("bAQID").await;
}

#[tokio::test]
async fn an_empty_attachment_over_polling_is_the_letter_b_alone() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined_polling().await;

    client
        .send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1eb")
        .await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect("b").await;
}

/// Bytes 0xe3 … are `4…` in base64, and look like a message behind the `b`.
#[tokio::test]
async fn base64_that_starts_with_4_is_still_an_attachment() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined_polling().await;

    client
        .send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1eb4444")
        .await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect("b4444").await;
}

#[tokio::test]
async fn part_of_a_buffer_is_sent_as_that_part_alone() {
    let io = echo_server();
    io.on("part", || {
        bytes::Bytes::from_static(b"0123456789").slice(3..6)
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["part"]"#).await;
    client
        .expect(r#"461-1[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(b"345").await;
}

#[tokio::test]
async fn the_same_value_with_bytes_can_be_emitted_twice() {
    let io = echo_server();
    io.on(
        "twice",
        |socket: roomcast::Socket, value: roomcast::Value| {
            socket.emit("first", &value);
            socket.emit("second", &value);
        },
    );
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    send(
        &mut client,
        &[
            Text(r#"451-["twice",{"a":{"_placeholder":true,"num":0}}]"#),
            Bytes(&[7]),
        ],
    )
    .await;
    for event in ["first", "second"] {
        client
            .expect(&format!(
                r#"451-["{event}",{{"a":{{"_placeholder":true,"num":0}}}}]"#
            ))
            .await;
        client.expect_binary(&[7]).await;
    }
}

#[tokio::test]
async fn a_binary_event_of_two_namespaces_stays_in_one_piece() {
    let io = echo_server();
    crate::support::answering(&io.of("/other"));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/other").await;

    send(
        &mut client,
        &[
            Text(r#"451-/other,["echo",{"_placeholder":true,"num":0}]"#),
            Bytes(&[1]),
            Text(r#"451-["echo",{"_placeholder":true,"num":0}]"#),
            Bytes(&[2]),
        ],
    )
    .await;
    client
        .expect(r#"451-/other,["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[1]).await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[2]).await;
}

/// Two tasks emit at once: the frames of one packet never stand apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_frames_of_a_binary_event_stay_adjacent_under_load() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    let emitters = [0, 1].map(|emitter| {
        let io = io.clone();
        std::thread::spawn(move || {
            for _ in 0..200 {
                io.emit("both", (bytes::Bytes::copy_from_slice(&[emitter]), emitter));
            }
        })
    });
    emitters
        .into_iter()
        .for_each(|emitter| emitter.join().expect("emitting does not panic"));

    for _ in 0..400 {
        let text = client.next_text().await;
        let emitter = text.as_bytes()[text.len() - 2] - b'0';
        assert_eq!(
            text,
            format!(r#"451-["both",{{"_placeholder":true,"num":0}},{emitter}]"#)
        );
        client.expect_binary(&[emitter]).await;
    }
}
