//! Pages of other origins. Spec: features 1.25, 1.26 and section 10, CVE-2020-28481.

use roomcast::{Cors, Server};

use crate::support::{Host, Request, Response, WebSocket, answering, echo_server};

const PAGE: &str = "http://page.example";

async fn ask(host: &Host, origin: &str) -> Response {
    host.request(Request::get(&host.target("EIO=4&transport=polling")).header("origin", origin))
        .await
}

fn websocket(host: &Host, origin: &str) -> Request {
    Request::get(&host.target("EIO=4&transport=websocket")).header("origin", origin)
}

#[tokio::test]
async fn by_default_polling_names_no_origin_and_a_websocket_is_open_to_all() {
    let host = Host::tcp(&echo_server()).await;

    let answer = ask(&host, PAGE).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("access-control-"))
    );
    let mut client = WebSocket::session(&host, websocket(&host, PAGE)).await;
    client.join("/").await;
}

#[tokio::test]
async fn a_preflight_without_the_cors_option_is_400_with_code_2() {
    let host = Host::tcp(&echo_server()).await;

    let request =
        Request::new("OPTIONS", &host.target("EIO=4&transport=polling")).header("origin", PAGE);
    let answer = host.request(request).await;
    assert_eq!(
        answer.summary(),
        (400, r#"{"code":2,"message":"Bad handshake method"}"#)
    );
}

#[tokio::test]
async fn a_preflight_with_the_cors_option_is_answered() {
    let io = Server::builder()
        .cors(Cors::origin(PAGE).credentials().methods(["GET", "POST"]))
        .build();
    let host = Host::tcp(&io).await;

    let request = Request::new("OPTIONS", &host.target("EIO=4&transport=polling"))
        .header("origin", PAGE)
        .header("access-control-request-headers", "x-own");
    let answer = host.request(request).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET,POST")
    );
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-own"));
}

#[tokio::test]
async fn every_answer_names_the_allowed_origin_errors_too() {
    let io = Server::builder().cors(PAGE).build();
    let host = Host::tcp(&io).await;

    assert_eq!(
        ask(&host, PAGE).await.header("access-control-allow-origin"),
        Some(PAGE)
    );
    let request =
        Request::get(&host.target("EIO=4&transport=polling&sid=abc")).header("origin", PAGE);
    let answer = host.request(request).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (400, Some(PAGE))
    );
}

#[tokio::test]
async fn a_list_echoes_the_origins_that_are_in_it() {
    let io = Server::builder()
        .cors(Cors::origins([PAGE, "http://other.example"]))
        .build();
    let host = Host::tcp(&io).await;

    assert_eq!(
        ask(&host, PAGE).await.header("access-control-allow-origin"),
        Some(PAGE)
    );
    assert_eq!(
        ask(&host, "http://evil.example")
            .await
            .header("access-control-allow-origin"),
        None
    );
}

#[tokio::test]
async fn a_checked_websocket_is_open_to_its_own_origin_and_to_those_of_cors() {
    let io = Server::builder()
        .cors(Cors::origins([PAGE]))
        .check_websocket_origin()
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;

    for origin in [PAGE, "http://localhost"] {
        WebSocket::session(&host, websocket(&host, origin))
            .await
            .join("/")
            .await;
    }
    let answer = host
        .request(websocket(&host, "http://evil.example").upgrade())
        .await;
    assert_eq!(answer.summary(), (400, "origin is not allowed"));
    // Who sends no origin is no page.
    host.joined().await.expect_alive().await;
}

#[tokio::test]
async fn a_checked_websocket_without_the_cors_option_is_open_to_its_own_origin_only() {
    let io = Server::builder().check_websocket_origin().build();
    let host = Host::tcp(&io).await;

    WebSocket::session(&host, websocket(&host, "http://localhost"))
        .await
        .join("/")
        .await;
    assert_eq!(
        host.request(websocket(&host, PAGE).upgrade()).await.status,
        400
    );
}

/// The check holds for the upgrade of a session, too.
#[tokio::test]
async fn a_checked_websocket_is_checked_when_it_upgrades_a_session() {
    let io = Server::builder().check_websocket_origin().build();
    let host = Host::tcp(&io).await;
    let polling = host.polling().await;

    let target = host.target(&format!("EIO=4&transport=websocket&sid={}", polling.sid));
    let answer = host
        .request(Request::get(&target).header("origin", PAGE).upgrade())
        .await;
    assert_eq!(answer.status, 400);
}
