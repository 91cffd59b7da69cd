//! Opening connections, and what keeps them from being opened.

use std::panic::panic_any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roomcast::{Server, Socket as Peer};
use roomcast_client::{
    Client, CloseReason, ConfigError, ConnectError, DisconnectReason, ManagerEvent, OpenError,
    Socket, SocketConfig, Transport, TransportError, UrlError, value,
};
use tokio::io::AsyncWriteExt as _;

use crate::support::{builder, connections, manager_events, notes, serve, serve_on, soon};

#[tokio::test]
async fn a_socket_moves_to_websocket_and_says_so() {
    let socket = builder(&serve(&Server::new()).await)
        .build()
        .expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let ManagerEvent::Open { transport, .. } = events.next().await else {
        panic!("it opens first");
    };
    assert_eq!(transport, Transport::Polling);
    assert_eq!(
        events.next().await,
        ManagerEvent::Upgrade(Transport::WebSocket)
    );
    assert_eq!(socket.transport(), Some(Transport::WebSocket));
}

/// A panic's payload that panics itself.
struct Sharp;

impl Drop for Sharp {
    fn drop(&mut self) {
        panic!("nobody expects this one");
    }
}

#[tokio::test]
async fn a_panic_that_nothing_contains_costs_the_connection_and_no_more() {
    let io = Server::new();
    io.on("cut me", |peer: Peer| peer.emit("cut", ()));
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    socket.on("cut", || {
        if true {
            panic_any(Sharp);
        }
    });
    let mut connected = connections(&socket);
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    socket.connect();
    let first = connected.next().await;
    socket.emit("cut me", ());

    assert_eq!(reasons.next().await, DisconnectReason::TransportClose);
    assert_ne!(connected.next().await, first);
}

#[tokio::test]
async fn a_lost_connection_is_opened_again_and_the_auth_function_asked_again() {
    let io = Server::new();
    let (note, mut tokens) = notes();
    io.on_connect(move |peer: Peer| {
        let auth = peer
            .handshake()
            .auth::<roomcast::Value>()
            .expect("any value");
        note(auth["token"].as_u64());
    });
    let count = AtomicU64::new(0);
    let socket = builder(&serve(&io).await)
        .auth_with(move || {
            let token = count.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok::<_, String>(value!({ "token": token }))
            }
        })
        .build()
        .expect("a plain URL");
    let mut connected = connections(&socket);
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    socket.connect();

    connected.next().await;
    assert_eq!(tokens.next().await, Some(0));
    socket.manager().drop_connection();
    assert_eq!(reasons.next().await, DisconnectReason::TransportClose);
    connected.next().await;
    assert_eq!(tokens.next().await, Some(1));
}

#[tokio::test]
async fn an_auth_function_that_fails_refuses_the_socket_with_its_message() {
    let socket = builder(&serve(&Server::new()).await)
        .auth_with(async || Err::<(), _>("no token"))
        .build()
        .expect("a plain URL");
    let (note, mut errors) = notes();
    socket.on_connect_error(move |socket: Socket, error: ConnectError| {
        note((socket.is_active(), error));
    });
    socket.connect();

    let message = "no token".to_owned();
    assert_eq!(errors.next().await, (false, ConnectError::Auth { message }));
}

#[tokio::test]
async fn an_auth_function_that_panics_refuses_its_socket_only() {
    let socket = builder(&serve(&Server::new()).await)
        .build()
        .expect("a plain URL");
    let mut connected = connections(&socket);
    let config = SocketConfig::default()
        .auth_with(|| -> std::future::Ready<Result<(), String>> { panic!("no token") });
    let other = socket.manager().socket_with("/other", config);
    let (note, mut errors) = notes::<ConnectError>();
    other.on_connect_error(note);
    socket.connect();
    other.connect();

    let message = "the auth function panicked: no token".to_owned();
    assert_eq!(errors.next().await, ConnectError::Auth { message });
    connected.next().await;
}

#[tokio::test]
async fn a_server_that_comes_back_gets_its_client_back() {
    let io = Server::new();
    let address = serve_on(&io, "127.0.0.1:0").await;
    let socket = builder(&format!("http://{address}"))
        .build()
        .expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();
    let first = connected.next().await;
    io.close().await;

    let io = Server::new();
    serve_on(&io, &address.to_string()).await;
    assert_ne!(connected.next().await, first);
}

#[tokio::test]
async fn one_error_says_why_each_transport_failed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let socket = builder(&format!("http://{address}"))
        .try_all_transports()
        .without_reconnection()
        .build()
        .expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();

    let error = errors.next().await;
    let ConnectError::Open(OpenError::Engine(TransportError::All(failures))) = &error else {
        panic!("{error:?}");
    };
    let tried: Vec<_> = failures.iter().map(|(transport, _)| *transport).collect();
    assert_eq!(tried, [Transport::Polling, Transport::WebSocket]);
    let text = error.to_string();
    assert!(
        text.starts_with("polling: ") && text.contains("; websocket: "),
        "{text}"
    );
}

#[tokio::test]
async fn options_that_cannot_be_used_are_named() {
    let client = Client::new();
    let url = "http://127.0.0.1:9";
    let mistakes = [
        (
            client.builder("localhost:3000"),
            ConfigError::Url(UrlError::Scheme),
        ),
        (
            client.builder(url).proxy("http://"),
            ConfigError::Proxy(UrlError::Host),
        ),
        (
            client.builder(url).header("a b", "c"),
            ConfigError::Header {
                name: "a b".to_owned(),
            },
        ),
        (client.builder(url).auth(7), ConfigError::Auth),
        #[cfg(not(feature = "webtransport"))]
        (
            client.builder(url).transports([Transport::WebTransport]),
            ConfigError::Transport {
                transport: Transport::WebTransport,
            },
        ),
    ];
    for (builder, mistake) in mistakes {
        assert_eq!(builder.build().expect_err("a mistake"), mistake);
    }
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let connected = Client::new().connect("http://127.0.0.1:9");
    assert_eq!(
        connected.expect_err("there is none"),
        ConfigError::NoRuntime
    );
}

#[test]
fn a_socket_goes_on_in_another_runtime_when_its_own_is_gone() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let servers = runtime();
    let io = Server::new();
    io.on("ping", || "pong");
    let url = servers.block_on(serve(&io));

    let first = runtime();
    let socket = {
        let _entered = first.enter();
        builder(&url).connect().expect("a plain URL")
    };
    let ask = |socket: &Socket| soon(socket.emit_with_ack::<String>("ping", ()));
    assert_eq!(first.block_on(ask(&socket)).as_deref(), Ok("pong"));
    first.shutdown_timeout(Duration::from_secs(5));

    let second = runtime();
    let _entered = second.enter();
    socket.connect();
    assert_eq!(second.block_on(ask(&socket)).as_deref(), Ok("pong"));
}

/// A server that answers the first `answered` requests of a session, and no other.
async fn hanging(answered: usize) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        let bodies = [
            r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#,
            "ok",
            r#"40{"sid":"s"}"#,
        ];
        let mut open = Vec::new();
        let mut answers = bodies.into_iter().take(answered);
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            // A request for each connection is enough here.
            if let Some(body) = answers.next() {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.expect("it reads");
            }
            open.push(stream);
        }
    });
    url
}

#[tokio::test]
async fn a_request_that_hangs_ends_by_its_timeout() {
    let socket = builder(&hanging(0).await)
        .transports([Transport::Polling])
        .request_timeout(Duration::from_millis(20))
        .without_reconnection()
        .build()
        .expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();

    let hung = OpenError::Engine(TransportError::RequestTimeout);
    assert_eq!(errors.next().await, ConnectError::Open(hung));
}

#[tokio::test]
async fn a_session_whose_request_hangs_is_lost_by_its_timeout() {
    let socket = builder(&hanging(1).await)
        .transports([Transport::Polling])
        .request_timeout(Duration::from_millis(20))
        .without_reconnection()
        .build()
        .expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    socket.connect();

    let ManagerEvent::Open { .. } = events.next().await else {
        panic!("it opens first");
    };
    let hung = OpenError::Engine(TransportError::RequestTimeout);
    assert_eq!(events.next().await, ManagerEvent::Error(hung));
    let ManagerEvent::Close { reason, .. } = events.next().await else {
        panic!("it closes then");
    };
    assert_eq!(reason, CloseReason::TransportError);
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[tokio::test]
async fn without_a_library_for_tls_https_is_an_error() {
    let url = serve(&Server::new()).await.replace("http:", "https:");
    let socket = builder(&url).without_reconnection().build();
    let socket = socket.expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();

    let text = "this client was built without TLS".to_owned();
    let missing = OpenError::Engine(TransportError::Connection(text));
    assert_eq!(errors.next().await, ConnectError::Open(missing));
}
