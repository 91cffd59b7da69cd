//! Functions that are asked about every request. Spec: features 1.28, 1.32.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use roomcast::Server;
use roomcast::engine::{ConnectionError, Request as Head};

use crate::support::{Host, Request, WebSocket, answering, channel};

/// Adds the number of requests that were seen so far; refuses those with `x-banned`.
fn counting_server() -> Server {
    let count = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let io = Server::builder()
        .request_middleware(move |request: Arc<Head>| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            let is_banned = request.header("x-banned").is_some();
            async move {
                if is_banned {
                    return Err("banned".to_owned());
                }
                Ok(HeaderMap::from_iter([(
                    http::header::HeaderName::from_static("x-number"),
                    HeaderValue::from(number),
                )]))
            }
        })
        .build();
    answering(&io);
    io
}

#[tokio::test]
async fn every_request_is_asked_about_and_its_answer_has_the_added_headers() {
    let host = Host::tcp(&counting_server()).await;

    let polling = host.polling().await;
    assert_eq!(polling.handshake.header("x-number"), Some("1"));
    assert_eq!(polling.post("40").await.header("x-number"), Some("2"));
    assert_eq!(polling.get().await.header("x-number"), Some("3"));
    let mut upgrade = WebSocket::probe(&host, &polling.sid).await;
    assert_eq!(upgrade.head.header("x-number"), Some("4"));
    upgrade.send("2probe").await;
    upgrade.expect("3probe").await;
    let websocket = host.websocket().await;
    assert_eq!(websocket.head.header("x-number"), Some("5"));
    let refused = host.get("EIO=4&transport=polling&sid=abc").await;
    assert_eq!(
        (refused.status, refused.header("x-number")),
        (400, Some("6"))
    );
}

#[tokio::test]
async fn a_refused_request_of_a_session_is_code_3_and_the_session_lives() {
    let host = Host::tcp(&counting_server()).await;
    let mut polling = host.joined_polling().await;

    let request = Request::post(&polling.target(), "42[\"echo\"]").header("x-banned", "yes");
    assert_eq!(
        host.request(request).await.summary(),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
    polling.expect_alive().await;
}

#[tokio::test]
async fn a_refused_upgrade_is_400_before_it_becomes_a_websocket() {
    let host = Host::tcp(&counting_server()).await;

    let request = Request::get(&host.target("EIO=4&transport=websocket")).header("x-banned", "yes");
    let answer = host.request(request.upgrade()).await;
    assert_eq!(answer.summary(), (400, "Bad request"));
    host.joined().await.expect_alive().await;
}

#[tokio::test]
async fn middlewares_are_asked_in_their_order_until_one_refuses() {
    let (teller, mut calls) = channel();
    let call = |number: u8, is_good: bool| {
        let teller = teller.clone();
        move |_: Arc<Head>| {
            teller.tell(number);
            std::future::ready(if is_good {
                Ok(HeaderMap::new())
            } else {
                Err("no".to_owned())
            })
        }
    };
    let io = Server::builder()
        .request_middleware(call(1, true))
        .request_middleware(call(2, false))
        .request_middleware(call(3, true))
        .build();
    let host = Host::tcp(&io).await;

    assert_eq!(host.get("EIO=4&transport=polling").await.status, 400);
    assert_eq!(calls.so_far(), [1, 2]);
}

#[tokio::test]
async fn refusals_of_the_application_are_told_to_the_connection_error_hook() {
    let (teller, mut heard) = channel();
    let io = Server::builder()
        .request_middleware(
            async |request: Arc<Head>| match request.header("x-banned") {
                Some(_) => Err("banned".to_owned()),
                None => Ok(HeaderMap::new()),
            },
        )
        .allow_request(async |request| match request.query("key") {
            Some(_) => Err(Some("key is wrong".to_owned())),
            None => Ok(()),
        })
        .on_connection_error(move |error: &ConnectionError| {
            let refusal = &error.refusal;
            let message = refusal.message().to_owned();
            teller.tell((refusal.code().code(), message, refusal.context_name()));
        })
        .build();
    let host = Host::tcp(&io).await;

    let target = host.target("EIO=4&transport=polling");
    host.request(Request::get(&target).header("x-banned", "yes"))
        .await;
    let middleware = (3, "Bad request".to_owned(), Some("MIDDLEWARE_FAILURE"));
    assert_eq!(heard.next().await, middleware);
    host.request(Request::post(&target, "")).await;
    let method = (2, "Bad handshake method".to_owned(), None);
    assert_eq!(heard.next().await, method);
    host.get("EIO=4&transport=polling&key=bad").await;
    assert_eq!(heard.next().await, (4, "key is wrong".to_owned(), None));
}
