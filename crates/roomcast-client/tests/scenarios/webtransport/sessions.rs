//! Sessions with the server of this workspace.

use std::time::Duration;

use roomcast::{DisconnectReason as ServerReason, Socket as Peer};
use roomcast_client::{
    CloseReason, Description, DisconnectReason, ManagerEvent, Socket, Spread, Transport,
    TransportError, Value, value,
};

use super::{Served, echoing, refused, server, server_builder};
use crate::support::{connections, manager_events, notes, soon};

fn alone(served: &Served) -> Socket {
    let builder = served.client().transports([Transport::WebTransport]);
    builder.build().expect("a plain URL")
}

#[tokio::test]
async fn a_session_opens_without_any_other_transport_and_carries_text_bytes_and_answers() {
    let io = server();
    io.on("ask", async |peer: Peer| {
        let answer = peer.emit_with_ack::<Value>("question", value!(["?"])).await;
        answer.expect("the client answers")
    });
    let socket = alone(&Served::new(&io).await);
    let mut events = manager_events(&socket.manager());
    socket.on("question", |_: Value| "!");
    socket.connect();

    let ManagerEvent::Open { transport, .. } = events.next().await else {
        panic!("it opens first");
    };
    assert_eq!(transport, Transport::WebTransport);
    let echo: String = soon(socket.emit_with_ack("echo", "hé\u{1f600}"))
        .await
        .expect("an answer");
    assert_eq!(echo, "hé\u{1f600}");
    for bytes in [&b"\0\xff"[..], b"", &[7; 70_000]] {
        let bytes = Value::from(bytes.to_vec());
        let (back, text): (Value, String) = soon(socket.emit_with_ack("bytes", (&bytes, "x")))
            .await
            .expect("an answer");
        assert_eq!((back, text.as_str()), (bytes, "x"));
    }
    let answer: Value = soon(socket.emit_with_ack("ask", ()))
        .await
        .expect("an answer");
    assert_eq!(answer, value!("!"));
}

#[tokio::test]
async fn polling_moves_to_webtransport_before_websocket() {
    let served = Served::new(&server()).await;
    let transports = [
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ];
    let socket = served.client().transports(transports).build();
    let socket = socket.expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let ManagerEvent::Open { transport, .. } = events.next().await else {
        panic!("it opens first");
    };
    assert_eq!(transport, Transport::Polling);
    let upgraded = ManagerEvent::Upgrade(Transport::WebTransport);
    loop {
        match events.next().await {
            // It was faster than 200 ms, or it was outrun.
            ManagerEvent::UpgradeError { transport, .. } => {
                assert_eq!(transport, Transport::WebSocket);
            }
            event => break assert_eq!(event, upgraded),
        }
    }
    assert_eq!(socket.transport(), Some(Transport::WebTransport));
    let echo: String = soon(socket.emit_with_ack("echo", "x"))
        .await
        .expect("an answer");
    assert_eq!(echo, "x");
}

#[tokio::test]
async fn nothing_is_lost_or_reordered_while_the_session_moves() {
    let io = server();
    let served = Served::new(&io).await;
    let transports = [Transport::Polling, Transport::WebTransport];
    let socket = served.client().transports(transports).build();
    let socket = socket.expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    let (note, mut echoes) = notes::<u32>();
    io.on("count", |peer: Peer, number: u32| {
        peer.emit("counted", number)
    });
    socket.on("counted", note);
    socket.connect();

    let mut sent = 0;
    let mut received = 0;
    let mut left = None;
    while left != Some(0) {
        socket.emit("count", sent);
        sent += 1;
        assert_eq!(echoes.next().await, received);
        received += 1;
        left = match left {
            None if socket.transport() == Some(Transport::WebTransport) => Some(50),
            None => None,
            Some(left) => Some(left - 1),
        };
    }
    loop {
        if events.next().await == ManagerEvent::Upgrade(Transport::WebTransport) {
            break;
        }
    }
}

#[tokio::test]
async fn pings_are_answered() {
    let heartbeat = server_builder()
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_millis(1000));
    let socket = alone(&Served::new(&echoing(heartbeat)).await);
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let ManagerEvent::Open { .. } = events.next().await else {
        panic!("it opens first");
    };
    for _ in 0..5 {
        assert_eq!(events.next().await, ManagerEvent::Ping);
    }
}

#[tokio::test]
async fn who_disconnects_sends_what_waits_and_the_server_knows_the_reason() {
    let io = server();
    let (note, mut reasons) = notes::<ServerReason>();
    let (heard, mut last) = notes::<String>();
    io.on_connect(move |peer: Peer| {
        let note = note.clone();
        peer.on_disconnect(move |reason: ServerReason| note(reason));
    });
    io.on("last", move |text: String| heard(text));
    let socket = alone(&Served::new(&io).await);
    let mut connected = connections(&socket);
    socket.connect();
    connected.next().await;

    socket.emit("last", "words");
    socket.disconnect();
    assert_eq!(last.next().await, "words");
    assert_eq!(
        reasons.next().await,
        ServerReason::ClientNamespaceDisconnect
    );

    socket.connect();
    connected.next().await;
    socket.manager().drop_connection();
    assert_eq!(reasons.next().await, ServerReason::TransportClose);
}

#[tokio::test]
async fn a_server_that_closes_the_session_is_told_as_such_and_connected_to_again() {
    let io = server();
    io.on("close", |peer: Peer| peer.conn().close());
    let socket = alone(&Served::new(&io).await);
    let mut connected = connections(&socket);
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    socket.connect();

    let first = connected.next().await;
    socket.emit("close", ());
    assert_eq!(reasons.next().await, DisconnectReason::TransportClose);
    assert_ne!(connected.next().await, first);
    assert_eq!(socket.transport(), Some(Transport::WebTransport));
}

#[tokio::test]
async fn a_message_over_the_limit_breaks_the_session_before_it_is_taken() {
    let io = server();
    io.on("flood", |peer: Peer| peer.emit("much", "x".repeat(2000)));
    let served = Served::new(&io).await;
    let builder = served.client().transports([Transport::WebTransport]);
    let socket = builder
        .max_message_bytes(1000)
        .without_reconnection()
        .build();
    let socket = socket.expect("a plain URL");
    let mut connected = connections(&socket);
    let mut events = manager_events(&socket.manager());
    let (note, mut much) = notes::<usize>();
    socket.on("much", move |text: String| note(text.len()));
    socket.connect();
    connected.next().await;

    io.emit("much", "x".repeat(1000 - r#"42["much",""]"#.len()));
    assert_eq!(much.next().await, 987);
    socket.emit("flood", ());
    let expected = Description::Engine(TransportError::TooLarge { limit: 1000 });
    loop {
        if let ManagerEvent::Close {
            reason,
            description,
            ..
        } = events.next().await
        {
            assert_eq!(reason, CloseReason::TransportError);
            break assert_eq!(description, Some(expected));
        }
    }
}

#[tokio::test]
async fn a_server_that_is_sent_too_much_closes_and_gets_its_client_back() {
    let io = echoing(server_builder().max_http_buffer_size(1000));
    let socket = alone(&Served::new(&io).await);
    let mut connected = connections(&socket);
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    socket.connect();

    let first = connected.next().await;
    socket.emit("much", "x".repeat(1000));
    assert_eq!(reasons.next().await, DisconnectReason::TransportClose);
    assert_ne!(connected.next().await, first);
}

#[tokio::test]
async fn headers_query_and_cookies_come_with_the_request() {
    let io = server();
    let (note, mut heads) = notes::<(Option<String>, Option<String>)>();
    io.on_connect(move |peer: Peer| {
        let handshake = peer.handshake();
        let header = handshake.headers().get("x-client");
        let header = header.and_then(|value| value.to_str().ok());
        note((
            header.map(str::to_owned),
            handshake.query("room").map(str::to_owned),
        ));
    });
    let served = Served::new(&io).await;
    let builder = served.client().transports([Transport::WebTransport]);
    let socket = builder
        .header("x-client", "bot")
        .header("Host", "elsewhere");
    let socket = socket.query("room", "a b").connect().expect("a plain URL");

    let expected = (Some("bot".to_owned()), Some("a b".to_owned()));
    assert_eq!(heads.next().await, expected);
    drop(socket);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    let served = Served::new(&server()).await;
    let builder = served.client().transports([Transport::WebTransport]);
    let status = |status| TransportError::Status {
        status,
        body: "".into(),
    };
    assert_eq!(refused(builder.path("/elsewhere")).await, status(404));

    let builder = server_builder().request_middleware(async |_| Ok(http::HeaderMap::new()));
    let served = Served::new(&echoing(builder)).await;
    let builder = served.client().transports([Transport::WebTransport]);
    assert_eq!(refused(builder).await, status(403));
}

#[tokio::test]
async fn the_next_transport_is_taken_if_the_session_is_refused() {
    let served = Served::new(&server()).await;
    // The certificate is one that nobody knows.
    let builder = crate::support::builder(&served.url()).try_all_transports();
    let transports = [Transport::WebTransport, Transport::WebSocket];
    let socket = builder.transports(transports).build().expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();

    connected.next().await;
    assert_eq!(socket.transport(), Some(Transport::WebSocket));
}

#[tokio::test]
async fn a_probe_that_is_refused_leaves_the_session_to_websocket() {
    let served = Served::new(&server()).await;
    let transports = [
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ];
    let builder = crate::support::builder(&served.url()).transports(transports);
    let socket = builder.build().expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let mut failed = None;
    loop {
        match events.next().await {
            ManagerEvent::UpgradeError { transport, .. } => failed = Some(transport),
            ManagerEvent::Upgrade(transport) => {
                break assert_eq!(transport, Transport::WebSocket);
            }
            _ => {}
        }
    }
    assert_eq!(failed, Some(Transport::WebTransport));
}

#[tokio::test]
async fn without_the_servers_offer_it_is_not_tried() {
    let served = crate::support::serve(&echoing(roomcast::Server::builder())).await;
    let transports = [
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ];
    let builder = crate::support::builder(&served).transports(transports);
    let socket = builder.build().expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let ManagerEvent::Open { .. } = events.next().await else {
        panic!("it opens first");
    };
    assert_eq!(
        events.next().await,
        ManagerEvent::Upgrade(Transport::WebSocket)
    );
}

#[tokio::test]
async fn it_does_not_go_past_a_proxy() {
    let served = Served::new(&server()).await;
    let builder = served.client().transports([Transport::WebTransport]);
    assert_eq!(
        refused(builder.proxy("http://127.0.0.1:9")).await,
        TransportError::NotThroughProxy
    );
}

#[tokio::test(start_paused = true)]
async fn where_udp_does_not_pass_the_opening_ends_by_its_time_limit() {
    // Nobody reads from it.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("it is bound"));
    let begun = tokio::time::Instant::now();
    let builder = crate::support::builder(&url).transports([Transport::WebTransport]);

    let error = refused(builder).await;
    assert_eq!(error, TransportError::RequestTimeout);
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[test]
fn openings_that_fail_leave_no_task() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (servers, clients) = (runtime(), runtime());
    let served = servers.block_on(async { Served::new(&server()).await });
    clients.block_on(async {
        for _ in 0..5 {
            let strangers = crate::support::builder(&served.url());
            refused(strangers.transports([Transport::WebTransport])).await;
            let known = served.client().path("/elsewhere");
            refused(known.transports([Transport::WebTransport])).await;
        }
        let tasks = || {
            let metrics = tokio::runtime::Handle::current().metrics();
            metrics.num_alive_tasks()
        };
        let gone = async {
            while tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        soon(gone).await;
    });
}

#[tokio::test]
async fn arguments_of_any_event_come_whole() {
    let io = server();
    let socket = alone(&Served::new(&io).await);
    let (note, mut seen) = notes::<String>();
    socket.on_any(move |event: String, Spread(args): Spread<Value>| {
        note(format!("{event} {args:?}"));
    });
    let mut connected = connections(&socket);
    socket.connect();
    connected.next().await;

    io.emit("three", (1, "b", vec![3]));
    let three = r#"three [Number(Number(1)), String("b"), Array([Number(Number(3))])]"#;
    assert_eq!(seen.next().await, three);
}
