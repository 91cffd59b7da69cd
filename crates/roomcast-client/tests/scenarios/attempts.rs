//! Where and how each attempt connects, if a function says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roomcast::{Server, Socket as Peer};
use roomcast_client::{Attempt, Builder, ConnectError, OpenError, Transport, TransportError};

use crate::support::{
    Notes, answering, answering_with, builder, connections, notes, nowhere, serve,
};

/// A server that notes the header `x-token` and the parameter `token` of each connection.
fn noting() -> (Server, Notes<(String, String)>) {
    let io = Server::new();
    let (note, noted) = notes();
    io.on_connect(move |peer: Peer| {
        let handshake = peer.handshake();
        let header = handshake.headers().get("x-token");
        let header = header.and_then(|value| value.to_str().ok());
        let parameter = handshake.query("token");
        note((
            header.unwrap_or_default().to_owned(),
            parameter.unwrap_or_default().to_owned(),
        ));
    });
    (io, noted)
}

/// Attempts that are numbered from 0.
fn numbered(
    builder: Builder,
    attempt: impl Fn(usize) -> Result<Attempt, String> + Send + Sync + 'static,
) -> Builder {
    let (count, attempt) = (AtomicUsize::new(0), Arc::new(attempt));
    builder.attempt_with(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let attempt = Arc::clone(&attempt);
        async move {
            tokio::task::yield_now().await;
            attempt(number)
        }
    })
}

#[tokio::test]
async fn each_attempt_has_a_token_of_its_own_in_header_and_query() {
    let (io, mut tokens) = noting();
    let url = format!("{}/?token=of-the-url", serve(&io).await);
    let socket = numbered(
        builder(&url).header("x-token", "of the builder"),
        |number| {
            let token = number.to_string();
            Ok(Attempt::default()
                .header("x-token", &token)
                .query("token", &token))
        },
    );
    let socket = socket.build().expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();

    connected.next().await;
    assert_eq!(tokens.next().await, ("0".to_owned(), "0".to_owned()));
    socket.manager().drop_connection();
    connected.next().await;
    assert_eq!(tokens.next().await, ("1".to_owned(), "1".to_owned()));
}

#[tokio::test]
async fn the_next_attempt_goes_to_another_server() {
    let (first, mut at_first) = noting();
    let (second, mut at_second) = noting();
    let urls = [serve(&first).await, nowhere().await, serve(&second).await];
    let socket = numbered(builder("http://127.0.0.1:9"), move |number| {
        Ok(Attempt::default().url(&urls[number]))
    });
    let socket = socket.build().expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();

    connected.next().await;
    at_first.next().await;
    first.close().await;
    connected.next().await;
    at_second.next().await;
}

#[tokio::test]
async fn an_attempt_for_which_nothing_is_said_is_that_of_the_builder() {
    let (io, mut tokens) = noting();
    let socket = numbered(
        builder(&serve(&io).await).header("x-token", "of the builder"),
        |_| Ok(Attempt::default()),
    );
    socket.connect().expect("a plain URL");

    let expected = ("of the builder".to_owned(), String::new());
    assert_eq!(tokens.next().await, expected);
}

#[tokio::test]
async fn an_attempt_that_cannot_be_made_has_failed_and_the_next_one_is_asked_for() {
    let (io, _tokens) = noting();
    let url = serve(&io).await;
    let socket = numbered(builder(&url), |number| match number {
        0 => Err("no token today".to_owned()),
        1 => Ok(Attempt::default().url("nowhere")),
        2 => panic!("no idea"),
        _ => Ok(Attempt::default()),
    });
    let socket = socket.build().expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    let mut connected = connections(&socket);
    socket.connect();

    let failed = |message: &str| {
        let error = TransportError::Attempt(message.to_owned());
        ConnectError::Open(OpenError::Engine(error))
    };
    assert_eq!(errors.next().await, failed("no token today"));
    let scheme = "server URL: it begins with none of http://, https://, ws:// and wss://";
    assert_eq!(errors.next().await, failed(scheme));
    let panicked = failed("the attempt function panicked: no idea");
    assert_eq!(errors.next().await, panicked);
    connected.next().await;
}

#[tokio::test]
async fn an_attempt_that_is_asked_for_without_end_times_out() {
    let socket = builder("http://127.0.0.1:9")
        .attempt_with(async || {
            std::future::pending::<()>().await;
            Ok::<_, String>(Attempt::default())
        })
        .timeout(std::time::Duration::from_millis(20))
        .build()
        .expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();

    assert_eq!(errors.next().await, ConnectError::Open(OpenError::Timeout));
    assert_eq!(errors.next().await, ConnectError::Open(OpenError::Timeout));
}

#[tokio::test]
async fn cookies_of_one_server_are_not_sent_to_another() {
    const OPEN: &str = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
    let cookie = "Set-Cookie: a=1\r\n";
    let (first, mut at_first) = answering_with(cookie, &[OPEN]).await;
    let (second, mut at_second) = answering(&[]).await;
    let urls = [first.clone(), second, first];
    let socket = numbered(
        builder(&urls[0])
            .keep_cookies()
            .transports([Transport::Polling]),
        move |number| Ok(Attempt::default().url(&urls[number.min(2)])),
    );
    let _socket = socket.connect().expect("a plain URL");

    assert!(!at_first.next().await.contains("cookie"));
    assert!(!at_second.next().await.contains("cookie"));
    let mut again = at_first.next().await;
    while !again.contains("GET /socket.io/?EIO=4&transport=polling&t=") {
        again = at_first.next().await;
    }
    assert!(again.contains("cookie: a=1"), "{again}");
}
