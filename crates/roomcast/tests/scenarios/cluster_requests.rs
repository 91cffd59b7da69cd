//! What servers of a cluster ask each other, and what is missing when one does not answer. Spec:
//! features 2.30, 2.31, 2.34, 2.36, 2.37, 3.4 and N19.

use std::time::Duration;

use roomcast::cluster::{Encoding, Hub};
use roomcast::{Ack, AckError, EmitError, EncodeError, Server, Socket, SocketId, Value, value};
use tokio::time::Instant;

use crate::support::{Three, WebSocket, channel, gate, idle, pass, within};

/// Answers the next event, whatever its id.
async fn answer(client: &mut WebSocket, event: &str, with: &str) {
    let packet = client.next_text().await;
    let id = packet
        .strip_prefix("42")
        .and_then(|rest| rest.strip_suffix(event));
    let id = id.unwrap_or_else(|| panic!("{packet} is no {event} that wants an answer"));
    client.send(&format!("43{id}{with}")).await;
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

#[tokio::test(start_paused = true)]
async fn sockets_of_all_servers_are_found_with_what_they_are() {
    for hub in [
        Hub::new(),
        Hub::encoding(Encoding::Json),
        Hub::encoding(Encoding::MessagePack),
    ] {
        let three = Three::on(&hub).await;
        let [a, b, c] = &three.sockets;
        b.join("news");
        b.data().set("name", "Ada");
        b.data()
            .set("file", serde_json::json!({ "tags": [1, null] }));

        let fetched = three.servers[0].fetch_sockets().await.unwrap();
        assert!(fetched.is_complete());
        let ids = fetched.iter().map(|socket| socket.id()).collect();
        assert_eq!(sorted(ids), sorted(vec![a.id(), b.id(), c.id()]));
        assert_eq!(fetched[0].local(), Some(a));

        let found = three.servers[2].r#in("news").fetch_sockets().await.unwrap();
        let [found] = &*found else {
            panic!("one socket")
        };
        assert_eq!(found.local(), None);
        assert_eq!(found.rooms(), [b.id().as_str().into(), "news".into()]);
        assert_eq!(
            found.data(),
            value!({ "name": "Ada", "file": { "tags": [1, null] } })
        );
        assert_eq!(found.handshake().url(), b.handshake().url());
        assert_eq!(found.handshake().query("transport"), Some("websocket"));
        assert_eq!(
            found.handshake().header("upgrade"),
            b.handshake().header("upgrade")
        );
        assert_eq!(found.handshake().time(), b.handshake().time());
        assert_eq!(found.handshake().address(), None);
        assert_eq!(found.handshake().auth_value(), &value!({}));
    }
}

#[tokio::test(start_paused = true)]
async fn local_finds_the_sockets_of_this_server() {
    let three = Three::new().await;

    let fetched = three.servers[1].local().fetch_sockets().await.unwrap();
    assert_eq!(
        fetched.iter().map(|socket| socket.id()).collect::<Vec<_>>(),
        [three.sockets[1].id()]
    );
}

#[tokio::test(start_paused = true)]
async fn all_sockets_are_the_ids_of_all_servers() {
    let three = Three::new().await;
    three.sockets[2].join("x");

    let all = three.servers[0].all_sockets().await.unwrap();
    assert_eq!(all, three.sockets.iter().map(Socket::id).collect());
    let some = three.servers[0].to("x").all_sockets().await.unwrap();
    assert_eq!(some, [three.sockets[2].id()].into());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_named_beside_what_came() {
    let three = Three::new().await;
    three.buses[2].cut();
    let lost = three.servers[2].node_id().unwrap();

    let start = Instant::now();
    let fetched = three.servers[0].fetch_sockets().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 2); // the request timeout of these servers
    assert_eq!(fetched.len(), 2);
    assert!(!fetched.is_complete());
    assert_eq!(fetched.missing().nodes, std::slice::from_ref(&lost));
    let error = fetched.complete().unwrap_err();
    assert_eq!(error.to_string(), format!("no answer from {lost}"));

    let fetch = three.servers[0]
        .timeout(Duration::from_millis(300))
        .fetch_sockets();
    let start = Instant::now();
    assert_eq!(fetch.await.unwrap().missing().len(), 1);
    assert_eq!(start.elapsed(), Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn everyone_in_the_cluster_acknowledges_and_is_named() {
    let mut three = Three::new().await;
    let ids: Vec<_> = three.sockets.iter().map(Socket::id).collect();
    let io = three.servers[0].clone();
    let vote = tokio::spawn(async move { io.emit_with_ack::<u8>("vote", "now").await });

    for (client, with) in three.clients.iter_mut().zip(["[1]", "[2]", "[3]"]) {
        answer(client, r#"["vote","now"]"#, with).await;
    }
    let answers = within("the answers", vote).await.unwrap().unwrap();
    assert!(answers.is_complete() && !answers.has_timed_out);
    let expected = ids.into_iter().zip([1, 2, 3]).collect();
    assert_eq!(sorted(answers.values), sorted::<(SocketId, u8)>(expected));
}

#[tokio::test(start_paused = true)]
async fn answers_over_the_official_format_come_without_names() {
    let mut three = Three::on(&Hub::encoding(Encoding::Json)).await;
    let io = three.servers[0].clone();
    let vote = tokio::spawn(async move { io.emit_with_ack::<Value>("vote", ()).await });

    answer(&mut three.clients[0], r#"["vote"]"#, r#"["a"]"#).await;
    answer(
        &mut three.clients[1],
        r#"["vote"]"#,
        r#"[{"ok":true},"more"]"#,
    )
    .await;
    answer(&mut three.clients[2], r#"["vote"]"#, "[]").await;
    let answers = within("the answers", vote).await.unwrap().unwrap();
    assert!(answers.is_complete());
    assert_eq!(answers.values, [(three.sockets[0].id(), value!("a"))]);
    assert_eq!(answers.unnamed, [value!({ "ok": true }), Value::Null]);
    assert_eq!(answers.into_values().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn bytes_are_acknowledged_across_servers() {
    let mut three = Three::on(&Hub::encoding(Encoding::Json)).await;
    let io = three.servers[0].clone();
    let room = three.sockets[1].id();
    let ask =
        tokio::spawn(async move { io.to(room).emit_with_ack::<bytes::Bytes>("file?", ()).await });

    let packet = three.clients[1].next_text().await;
    let id = packet
        .trim_start_matches("42")
        .trim_end_matches(r#"["file?"]"#);
    three.clients[1]
        .send(&format!(r#"461-{id}[{{"_placeholder":true,"num":0}}]"#))
        .await;
    three.clients[1].send_binary(&[1, 2]).await;
    let answers = within("the answer", ask).await.unwrap().unwrap();
    assert_eq!(answers.into_values(), [bytes::Bytes::from_static(&[1, 2])]);
}

#[tokio::test(start_paused = true)]
async fn silent_sockets_of_other_servers_are_missing_and_what_came_is_there() {
    let mut three = Three::new().await;
    let io = three.servers[0].clone();
    let vote = tokio::spawn(async move {
        let asked = io.timeout(Duration::from_secs(1));
        asked.emit_with_ack::<u8>("vote", ()).await
    });

    answer(&mut three.clients[1], r#"["vote"]"#, "[2]").await;
    answer(&mut three.clients[2], r#"["vote"]"#, r#"["none"]"#).await;
    let answers = vote.await.unwrap().unwrap();
    assert_eq!(answers.values, [(three.sockets[1].id(), 2)]);
    assert_eq!(answers.invalid.len(), 1);
    assert_eq!(answers.invalid[0].0, Some(three.sockets[2].id()));
    assert_eq!(answers.missing, [three.sockets[0].id()]);
    assert!(answers.has_timed_out && !answers.is_complete());
    assert_eq!(answers.error(), Some(AckError::Timeout));
    assert!(answers.missing_nodes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn silent_sockets_that_are_not_named_are_counted() {
    let three = Three::on(&Hub::encoding(Encoding::MessagePack)).await;

    let answers = three.servers[0].emit_with_ack::<u8>("vote", ());
    three.sockets[0].disconnect();
    let answers = answers.await.unwrap();
    assert_eq!(answers.missing_unnamed, 2);
    assert!(answers.missing_nodes.is_empty() && answers.has_timed_out);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_missing_in_the_answers() {
    let mut three = Three::new().await;
    three.buses[2].cut();
    let io = three.servers[0].clone();
    let vote = tokio::spawn(async move {
        let asked = io.timeout(Duration::from_secs(1));
        asked.emit_with_ack::<u8>("vote", ()).await
    });

    for index in [0, 1] {
        answer(&mut three.clients[index], r#"["vote"]"#, "[1]").await;
    }
    let answers = vote.await.unwrap().unwrap();
    assert_eq!(answers.values.len(), 2);
    assert_eq!(answers.missing, []);
    assert_eq!(
        answers.missing_nodes.nodes,
        [three.servers[2].node_id().unwrap()]
    );
    assert_eq!(answers.error(), Some(AckError::Timeout));
}

#[tokio::test(start_paused = true)]
async fn an_emit_for_nobody_ends_as_soon_as_all_servers_have_said_so() {
    let three = Three::new().await;

    let start = Instant::now();
    let answers = three.servers[0]
        .to("nobody")
        .emit_with_ack::<u8>("vote", ())
        .await
        .unwrap();
    assert!(answers.is_complete());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_remote_socket_is_sent_to_joined_and_disconnected() {
    let mut three = Three::new().await;
    let fetched = three.servers[0]
        .to(three.sockets[1].id())
        .fetch_sockets()
        .await
        .unwrap();
    let [remote] = &*fetched else {
        panic!("one socket")
    };

    remote.emit("hello", ("there", 1));
    three.clients[1].expect(r#"42["hello","there",1]"#).await;
    remote
        .timeout(Duration::from_secs(1))
        .uncompressed()
        .emit("again", ());
    three.clients[1].expect(r#"42["again"]"#).await;
    remote.emit("disconnect", ()); // a reserved name: logged, and not sent
    remote.join(["x", "y"]);
    remote.leave("y");
    idle().await;
    assert!(three.sockets[1].is_in("x") && !three.sockets[1].is_in("y"));
    assert!(!three.sockets[0].is_in("x"));
    remote.disconnect();
    three.clients[1].expect("41").await;
    three.clients[1].join("/").await;

    let fetched = three.servers[0]
        .to(three.sockets[2].id())
        .fetch_sockets()
        .await
        .unwrap();
    assert_ne!(fetched[0], *remote);
    fetched[0].disconnect_and_close();
    three.clients[2].expect("41").await;
    three.clients[2].expect_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_remote_socket_answers_with_one_value() {
    let mut three = Three::new().await;
    let fetched = three.servers[0]
        .to(three.sockets[1].id())
        .fetch_sockets()
        .await
        .unwrap();
    let remote = fetched[0].clone();
    let name = tokio::spawn(async move { remote.emit_with_ack::<String>("name?", ()).await });

    answer(&mut three.clients[1], r#"["name?"]"#, r#"["Ada"]"#).await;
    assert_eq!(
        within("the name", name).await.unwrap().as_deref(),
        Ok("Ada")
    );

    let asked = fetched[0].timeout(Duration::from_millis(700));
    let start = Instant::now();
    assert_eq!(
        asked.emit_with_ack::<String>("name?", ()).await,
        Err(AckError::Timeout)
    );
    assert_eq!(start.elapsed(), Duration::from_millis(700));
    let reserved = fetched[0].emit_with_ack::<String>("connect", ()).await;
    assert!(matches!(
        reserved,
        Err(AckError::Emit(EmitError::Encode(_)))
    ));

    three.sockets[1].disconnect();
    idle().await;
    let gone = fetched[0].emit_with_ack::<String>("name?", ()).await;
    assert_eq!(gone, Err(AckError::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn a_server_side_event_reaches_all_other_servers() {
    let three = Three::on(&Hub::encoding(Encoding::Json)).await;
    let (teller, mut heard) = channel();
    for (io, name) in three.servers.iter().zip(["a", "b", "c"]) {
        let teller = teller.clone();
        io.on_server_side(
            "hello",
            move |io: Server, text: String, bytes: Option<bytes::Bytes>| {
                teller.tell((name, io.sockets_count(), text, bytes));
            },
        );
    }

    three.servers[0].server_side_emit("hello", ("there", bytes::Bytes::from_static(&[7])));
    idle().await;
    let bytes = Some(bytes::Bytes::from_static(&[7]));
    let expected = ["b", "c"].map(|name| (name, 1, "there".to_owned(), bytes.clone()));
    assert_eq!(sorted(heard.so_far()), expected);

    three.servers[1].off_server_side("hello");
    three.servers[0]
        .of("/other")
        .server_side_emit("hello", "elsewhere");
    three.servers[0].server_side_emit("hello", "again");
    idle().await;
    assert_eq!(heard.so_far(), [("c", 1, "again".to_owned(), None)]);
}

#[tokio::test(start_paused = true)]
async fn the_other_servers_answer_now_or_later() {
    let three = Three::new().await;
    let gate = gate();
    three.servers[0].on_server_side("count", || panic!("the sender is not asked"));
    three.servers[1].on_server_side("count", |n: u32| n + 1);
    let waiting = std::sync::Arc::clone(&gate);
    three.servers[2].on_server_side("count", move |n: u32| {
        let gate = std::sync::Arc::clone(&waiting);
        async move {
            pass(&gate).await;
            n + 2
        }
    });

    let io = three.servers[0].clone();
    let count = tokio::spawn(async move { io.server_side_emit_with_ack::<u32>("count", 10).await });
    idle().await;
    gate.add_permits(1);
    let answers = within("the answers", count).await.unwrap().unwrap();
    assert!(answers.is_complete());
    assert_eq!(answers.values, [11, 12]);
}

#[tokio::test(start_paused = true)]
async fn servers_without_an_answer_are_named() {
    let three = Three::new().await;
    // Only the first answer counts.
    three.servers[1].on_server_side("name", |ack: Ack| ack.send("b"));
    three.servers[1].on_server_side("name", || "another");
    three.servers[2].on_server_side("name", |_socket: Socket| "never called: there is no socket");

    let start = Instant::now();
    let answers = three.servers[0]
        .server_side_emit_with_ack::<String>("name", ())
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(answers.values, ["b"]);
    assert_eq!(answers.missing.nodes, [three.servers[2].node_id().unwrap()]);
    assert!(answers.has_timed_out);
    assert!(answers.complete().is_err());

    let answers = three.servers[0]
        .server_side_emit_with_ack::<u8>("name", ())
        .await
        .unwrap();
    assert_eq!((answers.values.len(), answers.invalid.len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_server_side_handler_harms_nobody() {
    let mut three = Three::new().await;
    three.servers[1].on_server_side("now", || -> u8 { panic!("now") });
    three.servers[1].on_server_side("later", async || -> u8 { panic!("later") });

    for event in ["now", "later"] {
        let answers = three.servers[0]
            .server_side_emit_with_ack::<u8>(event, ())
            .await
            .unwrap();
        assert_eq!(answers.missing.len(), 2);
    }
    three.servers[0].emit("all", ());
    assert_eq!(three.got("all").await, "abc");
}

#[tokio::test(start_paused = true)]
async fn reserved_names_are_refused_between_servers() {
    let three = Three::new().await;

    for name in ["connect", "connection", "new_namespace"] {
        let expected = EmitError::Encode(EncodeError::ReservedEvent {
            name: name.to_owned(),
        });
        assert_eq!(
            three.servers[0].try_server_side_emit(name, ()),
            Err(expected.clone())
        );
        let asked = three.servers[0]
            .server_side_emit_with_ack::<u8>(name, ())
            .await;
        assert_eq!(asked, Err(expected));
    }
    assert_eq!(
        three.servers[0].try_server_side_emit("disconnect", ()),
        Ok(())
    );
}
