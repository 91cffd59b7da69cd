//! `io.close()`. Spec: features 2.1 and 11, 17 and 36.

use std::sync::Arc;

use roomcast::{Server, Socket};

use crate::support::{
    Host, Request, Response, channel, echo_server, gate, idle, pass, reasons, within,
};

#[tokio::test(start_paused = true)]
async fn close_ends_every_session_with_server_shutting_down() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut websocket = host.joined().await;
    let polling = host.joined_polling().await;
    let getting = polling.start_get();
    idle().await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });

    websocket.expect_closed().await;
    assert_eq!(getting.answer().await.summary(), (200, "1"));
    assert_eq!(
        [reasons.next().await, reasons.next().await],
        ["server shutting down"; 2]
    );
    drop(websocket);
    within("the end of the server", closing)
        .await
        .expect("it does not panic");
    assert_eq!((io.engine().clients_count(), io.sockets_count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_clients_of_a_server_that_closes() {
    let io = echo_server();
    let (teller, mut waiting) = channel();
    let host = Host::memory(&io);
    let clients = [
        host.joined().await,
        host.joined().await,
        host.joined().await,
    ];
    let all = io.clone();
    io.on_disconnect(move |_: Socket| {
        all.emit("left", ());
        let left = all.sockets().into_iter();
        teller.tell(
            left.map(|socket| socket.conn().pending_packets())
                .sum::<usize>(),
        );
    });

    io.close().await;

    assert_eq!(waiting.so_far(), [0, 0, 0]);
    drop(clients);
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

/// 11, 17.
#[tokio::test(start_paused = true)]
async fn closing_the_server_discards_what_waits_for_a_poll() {
    let io = echo_server();
    let host = Host::memory(&io);
    let client = host.joined_polling().await;
    io.emit("queued", ());

    io.close().await;
    client.expect_gone().await;
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

/// A process that ends when `run` does takes its connections with it.
#[tokio::test]
async fn a_waiting_poll_gets_its_1_before_run_ends() {
    let io = echo_server();
    let (teller, mut addresses) = channel();
    let (close, closed) = tokio::sync::oneshot::channel::<()>();
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has threads");
        runtime.block_on(async {
            let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
            teller.tell(listening.local_addr().expect("it is bound"));
            let closing = async {
                let _ = closed.await;
                io.close().await;
            };
            tokio::join!(listening.run(), closing).0
        })
    });
    let address = addresses.next().await;
    let host = Host::connecting("/socket.io/", move || async move {
        let stream = tokio::net::TcpStream::connect(address).await;
        crate::support::Stream::new(stream.expect("the server listens"))
    });
    let client = host.joined_polling().await;
    let mut poll = host.stream().await;
    poll.write(&Request::get(&client.target()).to_bytes()).await;
    // A pong that nobody asked for is ignored; its request was sent after the poll.
    client.send("3").await;
    let _ = close.send(());

    let answer = Response::read(&mut poll).await;
    assert_eq!(answer.summary(), (200, "1"));
    let ended = tokio::task::spawn_blocking(move || process.join()).await;
    ended
        .expect("it was not cancelled")
        .expect("it does not panic")
        .expect("it was not in trouble");
}

#[tokio::test(start_paused = true)]
async fn connections_without_a_request_do_not_hold_up_the_end() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let address = listening.local_addr().expect("it is bound");
    let running = tokio::spawn(listening.run());
    let connect = || async move {
        let stream = tokio::net::TcpStream::connect(address).await;
        crate::support::Stream::new(stream.expect("the server listens"))
    };
    let (mut kept_alive, _silent, mut unfinished) =
        (connect().await, connect().await, connect().await);
    kept_alive
        .write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    assert_eq!(Response::read(&mut kept_alive).await.status, 200);
    unfinished
        .write(b"GET /socket.io/?EIO=4 HTTP/1.1\r\n")
        .await;
    idle().await;
    let closed_at = tokio::time::Instant::now();

    within("the end of the server", io.close()).await;
    within("the listener", running)
        .await
        .expect("it does not panic")
        .expect("it was not in trouble");
    assert!(closed_at.elapsed() < std::time::Duration::from_secs(6));
    assert_eq!(kept_alive.read_to_end().await.as_ref(), b"");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_for_nothing_is_closed_after_30_seconds() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    for start in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"GET /socket.io/",
    ] {
        let opened_at = tokio::time::Instant::now();
        let mut stream = host.stream().await;
        stream.write(start).await;

        stream.read_to_end().await;
        assert_eq!(opened_at.elapsed().as_secs(), 30, "after {start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_2_that_has_vanished_after_a_request_is_let_go() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    // The beginning of HTTP/2, empty settings, and on stream 1 a whole request: GET http://a/ by the
    // static table.
    stream.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    stream.write(b"\0\0\0\x04\0\0\0\0\0").await;
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
    stream.write(request).await;
    let asked_at = tokio::time::Instant::now();

    let answer = stream.read_to_end().await;

    // An opaque ping is a frame of 8 bytes and type 6.
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0];
    assert!(answer.windows(ping.len()).any(|bytes| bytes == ping));
    assert_eq!(asked_at.elapsed().as_secs(), 50);
}
