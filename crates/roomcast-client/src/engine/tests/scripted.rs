//! Servers whose every byte is written here.

use super::*;

/// A server that answers the probe, then the waiting poll, and no other poll.
async fn serve_one_upgrade(listener: TcpListener, answered: oneshot::Sender<()>) {
    let (mut polling, _) = listener.accept().await.expect("the client connects");
    assert!(
        head(&mut polling)
            .await
            .starts_with("GET /engine.io/?EIO=4")
    );
    let open = r#"0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;
    answer(&mut polling, open).await;
    assert!(head(&mut polling).await.contains("&sid=x"));
    let mut websocket = accept_websocket(&listener).await;
    assert_eq!(frame(&mut websocket).await, "2probe");
    write(&mut websocket, b"\x81\x063probe").await;
    answer(&mut polling, "6").await;
    answered.send(()).expect("the test waits");
    assert_eq!(frame(&mut websocket).await, "5");
}

async fn accept_websocket(listener: &TcpListener) -> TcpStream {
    let (mut websocket, _) = listener.accept().await.expect("the client tries WebSocket");
    let request = head(&mut websocket).await;
    let (_, key) = request
        .split_once("Sec-WebSocket-Key: ")
        .expect("it names a key");
    let key = roomcast_websocket::handshake::accept_key(key.lines().next().expect("a line"));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {key}\r\n\r\n"
    );
    write(&mut websocket, head.as_bytes()).await;
    websocket
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole request"));
    }
    String::from_utf8(head).expect("requests are text")
}

async fn answer(stream: &mut TcpStream, body: &str) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    write(stream, answer.as_bytes()).await;
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("the client reads");
}

/// The text of a masked frame.
async fn frame(stream: &mut TcpStream) -> String {
    let mut start = [0; 6];
    stream.read_exact(&mut start).await.expect("a frame");
    let mut text = vec![0; usize::from(start[1] & 0x7f)];
    stream.read_exact(&mut text).await.expect("its payload");
    let mask = start[2..].iter().cycle();
    text.iter_mut()
        .zip(mask)
        .for_each(|(byte, mask)| *byte ^= mask);
    String::from_utf8(text).expect("a text frame")
}

#[tokio::test]
async fn an_upgrade_does_not_hang_when_probe_and_poll_are_answered_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (answered, mut is_answered) = oneshot::channel();
    let server = tokio::spawn(serve_one_upgrade(listener, answered));
    let mut engine = client(address, Options::default());
    opened(&mut engine).await;
    tokio::select! {
        biased;
        answered = &mut is_answered => answered.expect("the server lives"),
        event = next(&mut engine) => panic!("{event:?}"),
    }
    // Both answers are there before the engine looks.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }

    let event = next(&mut engine).await;
    assert!(
        matches!(event, EngineEvent::Upgraded(Transport::WebSocket)),
        "{event:?}"
    );
    let written = poll_fn(|cx| {
        // Polling writes what waits.
        let _ = engine.poll_event(cx, &mut ());
        if engine.is_drained() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    written.await;
    server.await.expect("the server saw the upgrade");
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

#[tokio::test]
async fn packets_of_a_body_are_taken_a_few_at_a_time_and_one_pong_waits() {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        head(&mut stream).await;
        let open = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
        answer(&mut stream, open).await;
        head(&mut stream).await;
        answer(&mut stream, &["2\u{1e}4a"; 1000].join("\u{1e}")).await;
        // Nothing else is answered.
        std::future::pending::<()>().await;
        drop((stream, listener));
    });
    let mut engine = client(address, over(&[Transport::Polling]));
    opened(&mut engine).await;
    let (mut pings, mut texts) = (0, 0);
    while texts < 1000 {
        match next(&mut engine).await {
            EngineEvent::Ping => pings += 1,
            EngineEvent::Message(_) => texts += 1,
            other => panic!("{other:?}"),
        }
        assert!(engine.events.len() <= 64);
        // One may be on its way.
        assert!(engine.queue.len() <= 2);
    }
    assert_eq!(pings, 1000);
}

#[tokio::test]
async fn a_server_that_pings_and_takes_no_pongs_is_not_read_until_it_does() {
    let (listener, address) = listener().await;
    let (held, is_held) = oneshot::channel();
    tokio::spawn(async move {
        let mut websocket = accept_websocket(&listener).await;
        let open = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
        let len = u8::try_from(open.len()).expect("a short text");
        write(&mut websocket, &[0x81, len]).await;
        write(&mut websocket, open.as_bytes()).await;
        let (mut reader, mut writer) = websocket.into_split();
        let reading = tokio::spawn(async move {
            is_held.await.expect("the test lives");
            tokio::io::copy(&mut reader, &mut tokio::io::sink()).await
        });
        let pings = [&[0x89, 125][..], &[7; 125]].concat().repeat(100);
        while !reading.is_finished() && writer.write_all(&pings).await.is_ok() {}
    });
    let mut engine = client(address, over(&[Transport::WebSocket]));
    opened(&mut engine).await;
    let is_held = |engine: &Engine| engine.carrier.as_ref().is_some_and(|one| one.is_held());
    let until = async |engine: &mut Engine, state: bool| {
        let reached = poll_fn(|cx| {
            let event = engine.poll_event(cx, &mut ());
            assert!(event.is_pending(), "{event:?}");
            match is_held(engine) == state {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
        reached.expect("it is reached");
    };
    until(&mut engine, true).await;
    held.send(()).expect("the server lives");
    until(&mut engine, false).await;
}

#[tokio::test]
async fn a_largest_payload_of_0_is_no_limit() {
    /// One message.
    struct One(Option<Outgoing>);

    impl Source for One {
        fn take_next(&mut self, queue: &mut VecDeque<Queued>) -> bool {
            let Some(packet) = self.0.take() else {
                return false;
            };
            queue.push_back(Queued {
                packet,
                compression: Compression::Never,
            });
            true
        }
    }

    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.expect("the client connects");
        head(&mut first).await;
        let open =
            r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":0}"#;
        answer(&mut first, open).await;
        let (mut second, _) = listener.accept().await.expect("it polls and posts");
        [head(&mut first).await, head(&mut second).await]
    });
    let mut engine = client(address, over(&[Transport::Polling]));
    opened(&mut engine).await;
    let mut source = One(Some(text("hello")));
    let requests = tokio::select! {
        requests = server => requests.expect("no panic"),
        event = poll_fn(|cx| engine.poll_event(cx, &mut source)) => panic!("{event:?}"),
    };
    assert!(requests.iter().any(|head| head.starts_with("POST")));
}
