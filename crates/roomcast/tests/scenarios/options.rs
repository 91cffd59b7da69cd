//! Options of the handshake. Spec: features 1.24, 1.27–1.32, 1.42, 1.43, 3.5 and 11, 18.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use roomcast::engine::{ConnectionError, Request as Head};
use roomcast::{Cookie, Handshake, Server};

use crate::support::{Host, Request, WebSocket, answering, channel, echo_server};

#[tokio::test]
async fn the_path_is_the_servers_choice_with_its_slash() {
    let io = Server::builder().path("/chat").build();
    let mut host = Host::tcp(&io).await;
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 404);

    host.path = "/chat/".to_owned();
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 200);
    host.path = "/chat".to_owned();
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 404);
}

#[tokio::test]
async fn the_slash_at_the_end_of_the_path_can_be_left_out() {
    let io = Server::builder().without_trailing_slash().build();
    let mut host = Host::tcp(&io).await;

    host.path = "/socket.io".to_owned();
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 200);
    host.path = "/socket.ioXYZ".to_owned();
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 404);
}

#[tokio::test]
async fn the_heartbeats_times_are_announced_in_milliseconds() {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(1500))
        .ping_timeout(Duration::from_secs(3))
        .build();
    let client = Host::tcp(&io).await.polling().await;

    assert!(
        client
            .handshake
            .text()
            .contains(r#""pingInterval":1500,"pingTimeout":3000,"#)
    );
}

#[tokio::test]
async fn the_cookie_comes_with_the_first_answer_only_and_not_with_a_101() {
    let io = Server::builder()
        .cookie(Cookie::new("io").expect("the name is valid"))
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut polling = host.polling().await;

    let expected = format!("io={}; Path=/; HttpOnly; SameSite=Lax", polling.sid);
    assert_eq!(polling.handshake.header("set-cookie"), Some(&*expected));
    polling.join("/").await;
    assert_eq!(polling.post("3").await.header("set-cookie"), None);
    assert_eq!(host.websocket().await.head.header("set-cookie"), None);
}

#[tokio::test]
async fn a_refused_request_gets_403_over_polling_and_400_over_websocket() {
    let io = Server::builder()
        .allow_request(async |request| match request.query("key") {
            Some("good") => Ok(()),
            Some("bad") => Err(Some("key is wrong".to_owned())),
            _ => Err(None),
        })
        .build();
    let host = Host::tcp(&io).await;

    let answer = host.get("EIO=4&transport=polling&key=bad").await;
    assert_eq!(
        answer.summary(),
        (403, r#"{"code":4,"message":"key is wrong"}"#)
    );
    let answer = host.get("EIO=4&transport=polling").await;
    assert_eq!(
        answer.summary(),
        (403, r#"{"code":4,"message":"Forbidden"}"#)
    );
    let answer = host
        .refused_upgrade("EIO=4&transport=websocket&key=bad")
        .await;
    assert_eq!(answer.summary(), (400, "key is wrong"));
    assert_eq!(
        host.get("EIO=4&transport=polling&key=good").await.status,
        200
    );
}

#[tokio::test]
async fn allow_request_is_asked_once_for_each_session() {
    let (teller, mut asked) = channel();
    let io = Server::builder()
        .allow_request(move |request| {
            teller.tell(request.url());
            std::future::ready(Ok(()))
        })
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;

    host.joined_polling().await.expect_alive().await;
    assert_eq!(asked.so_far(), ["/socket.io/?EIO=4&transport=polling"]);
}

#[tokio::test]
async fn the_initial_packet_comes_right_behind_the_handshake() {
    let io = Server::builder().initial_packet("hello").build();
    let host = Host::tcp(&io).await;

    host.polling().await.expect("4hello").await;
    host.websocket().await.expect("4hello").await;
}

#[tokio::test]
async fn session_ids_come_from_the_applications_generator() {
    let io = Server::builder()
        .generate_id(async |request: Arc<Head>| {
            request
                .query("name")
                .map(str::to_owned)
                .ok_or_else(|| "no name".to_owned())
        })
        .build();
    let host = Host::tcp(&io).await;

    let request =
        |name: &str| Request::get(&host.target(&format!("EIO=4&transport=websocket&name={name}")));
    assert_eq!(WebSocket::session(&host, request("ada")).await.sid, "ada");
    let mut client = WebSocket::session(&host, request("grace")).await;
    assert_ne!(client.join("/").await, "grace");
}

#[tokio::test]
async fn a_generator_that_fails_is_code_3_and_told_to_the_hook() {
    let (teller, mut errors) = channel();
    let io = Server::builder()
        .generate_id(async |_| Err("out of ids".to_owned()))
        .on_connection_error(move |error: &ConnectionError| {
            teller.tell((error.refusal.code().code(), error.refusal.context_name()));
        })
        .build();
    let host = Host::tcp(&io).await;

    let answer = host.get("EIO=4&transport=polling").await;
    assert_eq!(
        answer.summary(),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
    assert_eq!(errors.next().await, (3, Some("ID_GENERATION_ERROR")));
    assert_eq!(
        host.refused_upgrade("EIO=4&transport=websocket")
            .await
            .status,
        400
    );
    assert_eq!(errors.next().await, (3, Some("ID_GENERATION_ERROR")));
}

/// Two sessions must never share an id: the second client is refused and the first stays.
#[tokio::test]
async fn an_id_that_is_in_use_is_refused_and_its_session_lives() {
    let io = Server::builder()
        .generate_id(async |_| Ok("always-the-same".to_owned()))
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut first = host.joined().await;

    let answer = host.get("EIO=4&transport=polling").await;
    assert_eq!(
        answer.summary(),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
    first.expect_alive().await;
    assert_eq!(io.engine().clients_count(), 1);
}

#[tokio::test]
async fn header_hooks_change_the_first_answer_and_every_answer() {
    let io = Server::builder()
        .on_initial_headers(|headers: &mut HeaderMap, request: &Head| {
            headers.insert(
                "x-first",
                HeaderValue::from_str(request.query("transport").unwrap_or("?"))
                    .expect("it is visible"),
            );
        })
        .on_headers(|headers: &mut HeaderMap, _: &Head| {
            headers.insert("x-every", HeaderValue::from_static("yes"));
        })
        .build();
    let host = Host::tcp(&io).await;

    let polling = host.polling().await;
    assert_eq!(polling.handshake.header("x-first"), Some("polling"));
    assert_eq!(polling.handshake.header("x-every"), Some("yes"));
    let answer = polling.post("3").await;
    assert_eq!(
        (answer.header("x-first"), answer.header("x-every")),
        (None, Some("yes"))
    );
    let upgrade = WebSocket::probe(&host, &polling.sid).await;
    assert_eq!(
        (
            upgrade.head.header("x-first"),
            upgrade.head.header("x-every")
        ),
        (None, Some("yes"))
    );
    let websocket = host.websocket().await;
    assert_eq!(websocket.head.header("x-first"), Some("websocket"));
    assert_eq!(websocket.head.header("x-every"), Some("yes"));
}

#[tokio::test]
async fn the_handshake_tells_what_the_first_request_was() {
    let io = echo_server();
    let (teller, mut handshakes) = channel();
    io.on_connect(move |handshake: Handshake| teller.tell(handshake));
    let host = Host::tcp(&io).await;
    let target = host.target("EIO=4&transport=websocket&user=ada%20l&list=1&list=2");
    let request = Request::get(&target)
        .header("origin", "http://page.example")
        .header("x-own", "value");
    let mut client = WebSocket::session(&host, request).await;
    client.send(r#"40{"token":"t"}"#).await;

    let handshake = handshakes.next().await;
    assert_eq!(handshake.url(), target);
    assert_eq!(handshake.query("user"), Some("ada l"));
    assert_eq!(handshake.header("x-own"), Some("value"));
    assert!(handshake.is_cross_domain() && !handshake.is_secure());
    assert!(
        handshake
            .address()
            .expect("the listener tells it")
            .ip()
            .is_loopback()
    );
    assert_eq!(handshake.auth_value().to_string(), r#"{"token":"t"}"#);
    assert!(handshake.time().ends_with(" GMT"));
    assert_eq!(
        handshake
            .queries()
            .filter(|(name, _)| *name == "list")
            .count(),
        1
    );
}

/// CVE-2024-47764.
#[test]
fn a_cookies_name_path_and_domain_hold_no_illegal_characters() {
    assert!(Cookie::new("a=b; Path=/evil").is_err());
    assert!(Cookie::new("name\r\nset-cookie: x").is_err());
    let cookie = || Cookie::new("io").expect("the name is valid");
    assert!(cookie().domain("example.com; Secure").is_err());
    assert!(cookie().path("/; HttpOnly=").is_err());
}

#[tokio::test]
async fn session_ids_and_socket_ids_are_random_and_differ() {
    let host = Host::tcp(&echo_server()).await;
    let mut ids = std::collections::HashSet::new();

    for _ in 0..50 {
        let mut client = host.websocket().await;
        assert!(ids.insert(client.sid.clone()));
        assert!(ids.insert(client.join("/").await));
    }
    assert!(ids.iter().all(|id| id.len() == 20));
}
