//! `io.close()`. Spec: features 2.1 and 11, 17 and 36.

use std::sync::Arc;

use roomcast::Server;

use crate::support::{Host, channel, echo_server, gate, idle, pass, reasons, within};

#[tokio::test]
async fn close_ends_every_session_with_server_shutting_down() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut websocket = host.joined().await;
    let polling = host.joined_polling().await;
    let getting = polling.start_get();
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });

    websocket.expect_closed().await;
    assert_eq!(
        [reasons.next().await, reasons.next().await],
        ["server shutting down"; 2]
    );
    drop(websocket);
    // The poll came in time and is ended, or came when the session was gone.
    assert!([200, 400].contains(&getting.answer().await.status));
    within("the end of the server", closing)
        .await
        .expect("it does not panic");
    assert_eq!((io.engine().clients_count(), io.sockets_count()), (0, 0));
}

#[tokio::test]
async fn a_closed_server_listens_no_more() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let address = listening.local_addr().expect("it is bound");
    let running = tokio::spawn(listening.run());

    io.close().await;
    within("the listener", running)
        .await
        .expect("it does not panic")
        .expect("it was not in trouble");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_closed_server_that_is_still_mounted_refuses_new_sessions() {
    let io = echo_server();
    let host = Host::memory(&io);
    io.close().await;

    let answer = host.get("EIO=4&transport=polling").await;
    assert_eq!(
        answer.summary(),
        (403, r#"{"code":4,"message":"server is shutting down"}"#)
    );
    assert_eq!(
        host.refused_upgrade("EIO=4&transport=websocket")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn closing_twice_or_without_ever_serving_is_harmless() {
    let io = Server::new();

    within("the first end", io.close()).await;
    within("the second end", io.close()).await;
    tokio::join!(io.close(), io.close());
}

#[tokio::test(start_paused = true)]
async fn close_waits_until_every_handler_has_ended() {
    let io = echo_server();
    let gate = gate();
    let (teller, mut ended) = channel();
    io.on("slow", {
        let gate = Arc::clone(&gate);
        async move || {
            pass(&gate).await;
            teller.tell(());
        }
    });
    let host = Host::memory(&io);
    let mut client = host.joined().await;
    client.send(r#"42["slow"]"#).await;
    idle().await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    client.expect_closed().await;
    drop(client);
    idle().await;
    assert!(!closing.is_finished());

    gate.add_permits(1);
    ended.next().await;
    within("the end of the server", closing)
        .await
        .expect("it does not panic");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_being_answered_when_the_server_closes_opens_no_session() {
    let gate = gate();
    let io = Server::builder()
        .generate_id({
            let gate = Arc::clone(&gate);
            move |_| {
                let gate = Arc::clone(&gate);
                async move {
                    pass(&gate).await;
                    Ok("an-id-that-comes-late".to_owned())
                }
            }
        })
        .build();
    let host = Host::memory(&io);
    let handshake = tokio::spawn({
        let host = host.clone();
        async move { host.get("EIO=4&transport=polling").await }
    });
    idle().await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    idle().await;

    gate.add_permits(1);
    assert_eq!(
        within("the answer", handshake)
            .await
            .expect("it does not panic")
            .status,
        403
    );
    within("the end of the server", closing)
        .await
        .expect("it does not panic");
    assert_eq!(io.engine().clients_count(), 0);
}

/// A client that never closes its side delays the end by the time of the farewell only.
#[tokio::test(start_paused = true)]
async fn a_client_that_ignores_the_close_does_not_hold_the_server() {
    let io = echo_server();
    let host = Host::memory(&io);
    let _silent = host.joined().await;
    let start = tokio::time::Instant::now();

    io.close().await;
    assert!(
        start.elapsed() <= std::time::Duration::from_secs(11),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn clients_in_several_namespaces_are_told_in_each() {
    let io = echo_server();
    let (teller, mut gone) = channel();
    for namespace in [io.of("/"), io.of("/other")] {
        let teller = teller.clone();
        namespace
            .on_disconnect(move |reason: roomcast::DisconnectReason| teller.tell(reason.as_str()));
    }
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/other").await;

    tokio::spawn(async move { io.close().await });
    assert_eq!(
        [gone.next().await, gone.next().await],
        ["server shutting down"; 2]
    );
    client.expect_closed().await;
}
