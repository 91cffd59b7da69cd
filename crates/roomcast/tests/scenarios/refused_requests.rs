//! Requests that never reach a session, each with its answer. Spec: features, sections 9 and 11, 1 to 6.

use roomcast::engine::ConnectionError;
use roomcast::{Server, Transport};

use crate::support::{Host, Request, Response, WebSocket, channel, echo_server};

const UNKNOWN_TRANSPORT: (u16, &str) = (400, r#"{"code":0,"message":"Transport unknown"}"#);
const UNKNOWN_SID: (u16, &str) = (400, r#"{"code":1,"message":"Session ID unknown"}"#);
const BAD_METHOD: (u16, &str) = (400, r#"{"code":2,"message":"Bad handshake method"}"#);
const BAD_REQUEST: (u16, &str) = (400, r#"{"code":3,"message":"Bad request"}"#);
const UNSUPPORTED: (u16, &str) = (
    400,
    r#"{"code":5,"message":"Unsupported protocol version"}"#,
);

async fn host() -> Host {
    Host::tcp(&echo_server()).await
}

#[tokio::test]
async fn a_transport_that_is_unknown_or_missing_is_code_0() {
    let host = host().await;

    for query in [
        "EIO=4",
        "EIO=4&transport=",
        "EIO=4&transport=abc",
        "EIO=4&transport=__proto__",
        "EIO=4&transport=constructor",
    ] {
        let answer = host.get(query).await;
        assert_eq!(answer.summary(), UNKNOWN_TRANSPORT, "{query}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn an_unknown_sid_is_code_1_whatever_its_text() {
    let host = host().await;

    for sid in [
        "abc",
        "__proto__",
        "constructor",
        "toString",
        "AAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(
            host.get(&format!("EIO=4&transport=polling&sid={sid}"))
                .await
                .summary(),
            UNKNOWN_SID
        );
        let post = Request::post(
            &host.target(&format!("EIO=4&transport=polling&sid={sid}")),
            "40",
        );
        assert_eq!(host.request(post).await.summary(), UNKNOWN_SID);
    }
}

#[tokio::test]
async fn a_websocket_with_an_unknown_sid_is_400_before_the_upgrade() {
    let host = host().await;

    for sid in ["abc", "__proto__", "AAAAAAAAAAAAAAAAAAAA"] {
        let answer = host
            .refused_upgrade(&format!("EIO=4&transport=websocket&sid={sid}"))
            .await;
        assert_eq!(answer.summary(), (400, "Session ID unknown"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(answer.header("content-type"), Some("text/html"));
    }
}

#[tokio::test]
async fn the_public_id_of_a_socket_is_an_unknown_sid() {
    let host = host().await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;

    assert_ne!(id, client.sid);
    let target = host.target(&format!("EIO=4&transport=polling&sid={id}"));
    assert_eq!(
        host.request(Request::get(&target)).await.summary(),
        UNKNOWN_SID
    );
    assert_eq!(
        host.request(Request::post(&target, "40")).await.summary(),
        UNKNOWN_SID
    );
}

#[tokio::test]
async fn a_handshake_by_another_method_is_code_2() {
    let host = host().await;

    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = Request::new(method, &host.target("EIO=4&transport=polling"))
            .header("content-length", "0");
        assert_eq!(
            host.request(request).await.summary(),
            BAD_METHOD,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_put_to_a_session_is_500_and_the_session_lives() {
    let host = host().await;
    let mut client = host.joined_polling().await;

    let request = Request::new("PUT", &client.target()).header("content-length", "0");
    assert_eq!(host.request(request).await.summary(), (500, ""));
    client.expect_alive().await;
}

#[tokio::test]
async fn a_websocket_handshake_without_an_upgrade_is_code_3() {
    assert_eq!(
        host()
            .await
            .get("EIO=4&transport=websocket")
            .await
            .summary(),
        BAD_REQUEST
    );
}

#[tokio::test]
async fn a_request_on_another_transport_than_the_sessions_is_code_3() {
    let host = host().await;
    let client = host.websocket().await;

    let answer = host
        .get(&format!("EIO=4&transport=polling&sid={}", client.sid))
        .await;
    assert_eq!(answer.summary(), BAD_REQUEST);
}

#[tokio::test]
async fn an_origin_with_a_control_byte_is_code_3_and_not_echoed() {
    let io = Server::builder().cors(roomcast::Cors::mirror()).build();
    let host = Host::tcp(&io).await;

    // Byte 0x1f would be refused by the HTTP server itself; bytes above 127 are obs-text and pass.
    let request =
        Request::get(&host.target("EIO=4&transport=polling")).header("origin", "http://a\u{1f}b");
    let answer = host.request(request).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn only_the_revision_4_is_served() {
    let host = host().await;

    for query in [
        "transport=polling",
        "EIO=3&transport=polling",
        "EIO=&transport=polling",
        "EIO=04&transport=polling",
        "EIO=5&transport=polling",
    ] {
        assert_eq!(host.get(query).await.summary(), UNSUPPORTED, "{query}");
    }
    let answer = host.refused_upgrade("EIO=3&transport=websocket").await;
    assert_eq!(answer.summary(), (400, "Unsupported protocol version"));
}

/// CVE-2023-31125.
#[tokio::test]
async fn an_upgrade_with_an_unknown_or_missing_transport_is_400_and_the_server_lives() {
    let host = host().await;

    for query in [
        "EIO=4",
        "EIO=4&transport=foo",
        "EIO=4&transport=__proto__",
        "",
    ] {
        let answer = host.refused_upgrade(query).await;
        assert_eq!(answer.summary(), (400, "Transport unknown"), "{query}");
    }
    host.joined().await.expect_alive().await;
}

#[tokio::test]
async fn a_websocket_that_names_the_polling_transport_is_closed_at_once() {
    let host = host().await;
    let mut client =
        WebSocket::open(&host, Request::get(&host.target("EIO=4&transport=polling"))).await;

    client.expect_closed().await;
    host.joined().await.expect_alive().await;
}

/// CVE-2022-41940.
#[tokio::test]
async fn a_reset_during_an_invalid_upgrade_harms_nobody() {
    let host = Host::resetting(&echo_server()).await;
    let request = Request::get(&host.target("EIO=4&transport=nope")).upgrade();
    for len in [1, 20, request.to_bytes().len()] {
        let mut stream = host.stream().await;
        stream.write(&request.to_bytes()[..len]).await;
        drop(stream);
    }

    host.joined().await.expect_alive().await;
}

/// CVE-2024-37890.
#[tokio::test]
async fn an_upgrade_with_very_many_headers_is_refused_and_the_server_lives() {
    let host = host().await;
    let mut request = Request::get(&host.target("EIO=4&transport=websocket"));
    for number in 0..2000 {
        request = request.header(&format!("x-{number}"), "1");
    }

    let answer = host.request(request.upgrade()).await;
    assert_eq!(answer.status, 431);
    host.joined().await.expect_alive().await;
}

/// CVE-2021-32640 and CVE-2016-10518: both values are read in one pass.
#[tokio::test]
async fn long_protocol_and_extension_headers_are_read_at_once() {
    let host = Host::tcp(&Server::builder().max_head_bytes(300_000).build()).await;
    let request = Request::get(&host.target("EIO=4&transport=websocket"))
        .header("sec-websocket-protocol", &"a, ".repeat(20_000))
        .header("sec-websocket-extensions", &"x;y=\"\"; ".repeat(20_000));

    WebSocket::session(&host, request).await.join("/").await;
}

#[tokio::test]
async fn a_websocket_without_a_key_or_of_another_version_is_400() {
    let host = host().await;
    let upgrade = |key: &str, version: &str| {
        Request::get(&host.target("EIO=4&transport=websocket"))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", version)
            .header("sec-websocket-key", key)
    };

    assert_eq!(host.request(upgrade("short", "13")).await.status, 400);
    assert_eq!(
        host.request(upgrade("dGhlIHNhbXBsZSBub25jZQ==", "8"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn paths_other_than_the_servers_are_404() {
    let host = host().await;

    for path in [
        "/socket.io",
        "/socket.ioXYZ/",
        "/socket.io.js",
        "/",
        "/other/socket.io/",
    ] {
        let answer = host
            .request(Request::get(&format!("{path}?EIO=4&transport=polling")))
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_cache_busting_parameter_and_others_change_nothing() {
    let host = host().await;

    for query in [
        "EIO=4&transport=polling&t=abc123",
        "EIO=4&transport=polling&t",
        "t=1&EIO=4&&transport=polling&x=1&x=2",
        "EIO=3&EIO=4&transport=websocket&transport=polling",
    ] {
        assert_eq!(host.get(query).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_disabled_transport_is_code_0() {
    let io = Server::builder().transports([Transport::WebSocket]).build();
    let host = Host::tcp(&io).await;
    assert_eq!(
        host.get("EIO=4&transport=polling").await.summary(),
        UNKNOWN_TRANSPORT
    );
    host.websocket().await;

    let io = Server::builder().transports([Transport::Polling]).build();
    let host = Host::tcp(&io).await;
    let answer = host.refused_upgrade("EIO=4&transport=websocket").await;
    assert_eq!(answer.summary(), (400, "Transport unknown"));
    assert!(
        host.polling()
            .await
            .handshake
            .text()
            .contains(r#""upgrades":[]"#)
    );
}

#[tokio::test]
async fn every_refusal_is_told_to_the_connection_error_hook() {
    let (teller, mut heard) = channel();
    let io = Server::builder()
        .on_connection_error(move |error: &ConnectionError| {
            let refusal = &error.refusal;
            let details = (
                refusal.code().code(),
                refusal.message().to_owned(),
                refusal.context_name(),
            );
            teller.tell((error.request.url(), details));
        })
        .build();
    let host = Host::tcp(&io).await;
    let websocket = host.websocket().await;

    let mismatch = format!("EIO=4&transport=polling&sid={}", websocket.sid);
    let cases = [
        ("EIO=4&transport=abc", 0, "Transport unknown", None),
        (
            "EIO=4&transport=polling&sid=abc",
            1,
            "Session ID unknown",
            None,
        ),
        (&mismatch, 3, "Bad request", Some("TRANSPORT_MISMATCH")),
        (
            "EIO=4&transport=websocket",
            3,
            "Bad request",
            Some("TRANSPORT_HANDSHAKE_ERROR"),
        ),
        (
            "EIO=3&transport=polling",
            5,
            "Unsupported protocol version",
            None,
        ),
    ];
    for (query, code, message, context) in cases {
        host.get(query).await;
        let (url, details) = heard.next().await;
        assert_eq!(url, host.target(query));
        assert_eq!(details, (code, message.to_owned(), context));
    }
}

/// The first request of a connection is served in another way than those behind it.
#[tokio::test]
async fn a_websocket_is_refused_alike_as_the_first_request_of_a_connection_and_behind_others() {
    let host = host().await;
    let upgrade = |query: &str| Request::get(&host.target(query)).upgrade();
    let usual = "EIO=4&transport=websocket";
    for request in [
        upgrade("EIO=3&transport=websocket"),
        upgrade("EIO=4&transport=abc"),
        upgrade("EIO=4&transport=webtransport"),
        upgrade(""),
        upgrade("EIO=4&transport=websocket&sid=unknown"),
        upgrade(usual).header("origin", "http://a\u{1f}b"),
        Request::get(&host.target(usual))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "8")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        let mut answers = Vec::new();
        for is_first in [true, false] {
            let mut stream = host.stream().await;
            if !is_first {
                let target = host.target("EIO=4&transport=polling");
                let handshake = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
                stream.write(handshake.as_bytes()).await;
                assert_eq!(Response::read(&mut stream).await.status, 200);
            }
            stream.write(&request.to_bytes()).await;
            let answer = Response::read(&mut stream).await;
            assert_eq!(answer.status, 400, "{request:?}");
            answers.push(answer.text().to_owned());
        }
        assert_eq!(answers[0], answers[1], "{request:?}");
    }
}

/// A client that is refused does not hold its connection.
#[tokio::test]
async fn a_refused_upgrade_ends_its_connection() {
    let host = host().await;
    let mut stream = host.stream().await;
    stream
        .write(
            &Request::get(&host.target("EIO=4&transport=abc"))
                .upgrade()
                .to_bytes(),
        )
        .await;

    let answer = Response::read(&mut stream).await;
    assert_eq!(answer.status, 400);
    assert_eq!(stream.read_to_end().await.len(), 0);
}

#[tokio::test]
async fn text_that_is_no_http_is_refused_and_the_server_lives() {
    let host = host().await;
    let mut stream = host.stream().await;
    stream.write(b"\x16\x03\x01\x02\x00nonsense\r\n\r\n").await;
    stream.read_to_end().await;

    host.joined().await.expect_alive().await;
}
