//! What options change on the wire. The lines are those of socket.io-client 4.8.3 on Node.js, but for
//! the order of headers and what each request has of its own.

use roomcast::Server;
use roomcast_client::{
    Builder, ConfigError, EmitError, PerMessageDeflate, Refusal, Transport, TransportOptions,
};

use crate::support::{answering, builder, notes, serve};

/// The head of a client's first request.
async fn request(configure: impl FnOnce(Builder) -> Builder) -> String {
    let (url, mut heads) = answering(&[]).await;
    let _socket = configure(builder(&url).without_timestamps().without_reconnection())
        .connect()
        .expect("options that can be used");
    heads.next().await
}

fn line(head: &str) -> &str {
    head.lines().next().expect("a request has a line")
}

fn has(head: &str, header: &str) -> bool {
    head.lines().any(|line| line.eq_ignore_ascii_case(header))
}

#[tokio::test]
async fn the_path_of_requests_is_the_official_one() {
    for (path, expected) in [
        ("/", "GET /?EIO=4&transport=polling HTTP/1.1"),
        ("", "GET /?EIO=4&transport=polling HTTP/1.1"),
        ("/live/", "GET /live/?EIO=4&transport=polling HTTP/1.1"),
        ("live", "GET /live/?EIO=4&transport=polling HTTP/1.1"),
    ] {
        let head = request(|builder| builder.path(path)).await;
        assert_eq!(line(&head), expected, "{path}");
    }
    for (path, expected) in [
        ("/", "GET /?EIO=4&transport=websocket HTTP/1.1"),
        ("/live/", "GET /live?EIO=4&transport=websocket HTTP/1.1"),
    ] {
        let head = request(|builder| {
            let builder = builder.path(path).without_trailing_slash();
            builder.transports([Transport::WebSocket])
        });
        assert_eq!(line(&head.await), expected, "{path}");
    }
}

#[tokio::test]
async fn a_client_is_served_at_the_root_path() {
    let io = Server::builder().path("/").build();
    io.on("add", |a: u64, b: u64| a + b);
    let socket = builder(&serve(&io).await)
        .path("/")
        .connect()
        .expect("a plain URL");

    assert_eq!(socket.emit_with_ack("add", (1, 2)).await, Ok(3));
}

fn options_of_websocket() -> TransportOptions {
    TransportOptions::default()
        .header("b", "2")
        .path("/y/")
        .query("c", 3)
        .protocols(["v2"])
        .force_base64()
        .timestamp_requests()
        .timestamp_param("now")
        .without_compression()
}

#[tokio::test]
async fn options_of_a_transport_take_the_place_of_the_general_ones_there() {
    let general = |builder: Builder| {
        let builder = builder.path("/x").query("c", 1).header("a", "1");
        builder.transport_options(Transport::WebSocket, options_of_websocket())
    };

    let polling = request(general).await;
    assert_eq!(
        line(&polling),
        "GET /x/?c=1&EIO=4&transport=polling HTTP/1.1"
    );
    assert!(has(&polling, "a: 1") && !has(&polling, "b: 2"), "{polling}");

    let websocket = request(|builder| general(builder).transports([Transport::WebSocket])).await;
    let (start, end) = line(&websocket).split_once("&now=").expect("a timestamp");
    assert_eq!(start, "GET /y/?c=3&EIO=4&transport=websocket");
    assert!(end.ends_with("&b64=1 HTTP/1.1"), "{end}");
    assert!(has(&websocket, "b: 2") && !has(&websocket, "a: 1"));
    assert!(has(&websocket, "Sec-WebSocket-Protocol: v2"), "{websocket}");
    assert!(
        !websocket
            .to_lowercase()
            .contains("sec-websocket-extensions")
    );
}

#[tokio::test]
async fn an_upgrade_and_its_polling_each_have_their_own_headers() {
    let (note, mut heads) = notes();
    let io = Server::builder().on_headers(move |_, request| {
        let own = request.headers().get("x-own");
        note(own.and_then(|value| value.to_str().ok()).map(str::to_owned));
    });
    let io = io.build();
    let own = |value| TransportOptions::default().header("x-own", value);
    let _socket = builder(&serve(&io).await)
        .transport_options(Transport::Polling, own("polling"))
        .transport_options(Transport::WebSocket, own("websocket"))
        .connect()
        .expect("options that can be used");

    let mut seen = Vec::new();
    while !seen.contains(&Some("websocket".to_owned())) {
        seen.push(heads.next().await);
    }
    assert_eq!(seen[0].as_deref(), Some("polling"));
    assert!(!seen.contains(&None), "{seen:?}");
}

#[tokio::test]
async fn a_header_of_a_transport_that_is_none_is_named() {
    let wrong = TransportOptions::default().header("a b", "c");
    let built = builder("http://127.0.0.1:9")
        .transport_options(Transport::Polling, wrong)
        .build();
    let name = "a b".to_owned();
    assert_eq!(built.expect_err("a mistake"), ConfigError::Header { name });
}

#[tokio::test]
async fn a_path_or_protocol_that_would_break_a_request_is_refused() {
    let url = "http://127.0.0.1:9";
    for path in ["/a b", "/a HTTP/1.1\r\nX: y", "/a\u{7f}b"] {
        let built = builder(url).path(path).build();
        let error = built.expect_err("a mistake");
        assert!(matches!(error, ConfigError::Path { .. }), "{error}");
    }
    for protocol in ["a b", "a\r\nX: y", "a,b", ""] {
        let protocol = protocol.to_owned();
        let built = builder(url).protocols([protocol.clone()]).build();
        let expected = ConfigError::Protocol {
            protocol: protocol.clone(),
        };
        assert_eq!(built.expect_err("a mistake"), expected);
        let options = TransportOptions::default().protocols([protocol]);
        let built = builder(url)
            .transport_options(Transport::WebSocket, options)
            .build();
        assert_eq!(built.expect_err("a mistake"), expected);
    }
}

#[tokio::test]
async fn the_offer_of_compression_is_the_official_one() {
    let all = PerMessageDeflate::default()
        .without_server_context_takeover()
        .without_context_takeover()
        .server_max_window_bits(11)
        .client_max_window_bits(10);
    for (settings, expected) in [
        (
            PerMessageDeflate::default(),
            "permessage-deflate; client_max_window_bits",
        ),
        (
            all,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=11; client_max_window_bits=10",
        ),
    ] {
        let head = request(|builder| {
            let builder = builder.transports([Transport::WebSocket]);
            builder.per_message_deflate(settings)
        })
        .await;
        let expected = format!("Sec-WebSocket-Extensions: {expected}");
        assert!(has(&head, &expected), "{head}");
    }
}

#[tokio::test]
async fn no_more_acknowledgements_are_awaited_than_may() {
    let socket = builder("http://127.0.0.1:9")
        .max_pending_acks(1)
        .build()
        .expect("a plain URL");
    let ask = || socket.emit_with_callback("ask", (), |_| ());

    assert_eq!(ask(), Ok(()));
    let refused = EmitError::Refused(Refusal::TooManyAcks { limit: 1 });
    assert_eq!(ask(), Err(refused));
}
