use axum::body::to_bytes;
use axum::http::header::{AsHeaderName, CONTENT_LENGTH};
use axum::http::{Method, Request};
use roomcast::Server;
use tower_service::Service as _;

use super::*;

const BUILT: Assets = Assets::new(&[
    ("assets/favicon.svg", b"<svg/>"),
    ("assets/index-CZar3EyD.js", b"hello();"),
    ("index.html", b"<!doctype html>"),
]);
const NOTHING: Assets = Assets::new(&[]);

/// Asks the router with a Socket.IO server in front of it, as the program has it.
async fn ask(assets: &Assets, request: Request<Body>) -> Response {
    let mut app: Router = router(assets).layer(Server::new().layer());
    app.call(request).await.expect("a router is infallible")
}

async fn get_path(assets: &Assets, path: &str) -> Response {
    ask(assets, request(Method::GET, path)).await
}

fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

fn header(response: &Response, name: impl AsHeaderName) -> &str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test]
async fn the_root_is_the_page_and_is_asked_for_again_each_time() {
    let response = get_path(&BUILT, "/").await;

    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(header(&response, CACHE_CONTROL), "no-cache");
    assert_eq!(body(response).await, "<!doctype html>");
}

#[tokio::test]
async fn a_script_with_a_hash_in_its_name_is_kept_for_ever() {
    let response = get_path(&BUILT, "/assets/index-CZar3EyD.js").await;

    assert_eq!(
        header(&response, CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        header(&response, CACHE_CONTROL),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(body(response).await, "hello();");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let known = get_path(&BUILT, "/").await.headers()[ETAG].clone();
    let mut again = request(Method::GET, "/");
    again.headers_mut().insert(IF_NONE_MATCH, known.clone());

    let response = ask(&BUILT, again).await;

    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(response.headers()[ETAG], known);
    assert_eq!(body(response).await, "");
}

#[tokio::test]
async fn a_weak_tag_in_a_list_is_known_too() {
    let known = etag(b"<!doctype html>");
    let list = format!("\"other\", W/{}", known.to_str().unwrap());
    let mut again = request(Method::GET, "/");
    again
        .headers_mut()
        .insert(IF_NONE_MATCH, list.parse().unwrap());

    assert_eq!(ask(&BUILT, again).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn head_is_answered_with_the_headers_alone() {
    let response = ask(&BUILT, request(Method::HEAD, "/assets/index-CZar3EyD.js")).await;

    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, CONTENT_LENGTH), "8");
    assert_eq!(body(response).await, "");
}

#[tokio::test]
async fn the_page_may_load_from_its_own_server_only() {
    let response = get_path(&BUILT, "/").await;

    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:";
    assert_eq!(header(&response, CONTENT_SECURITY_POLICY), policy);
    assert_eq!(header(&response, X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    for path in [
        "/assets/other.js",
        "/index.html",
        "/assets/../index.html",
        "/favicon.ico",
    ] {
        assert_eq!(
            get_path(&BUILT, path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_page_that_was_not_built_is_said_to_be_missing() {
    let response = get_path(&NOTHING, "/").await;

    assert_eq!(header(&response, CACHE_CONTROL), "no-store");
    let text = body(response).await;
    assert!(text.contains("its web page was not built in") && text.contains("cargo xtask run"));
}

#[tokio::test]
async fn the_server_says_that_it_is_live_with_and_without_the_page() {
    for assets in [BUILT, NOTHING] {
        assert_eq!(
            body(get_path(&assets, "/live").await).await,
            "Server is live"
        );
    }
}

#[tokio::test]
async fn socket_io_answers_below_its_own_path() {
    let response = get_path(&BUILT, "/socket.io/?EIO=4&transport=polling").await;

    assert_eq!(response.status(), StatusCode::OK);
    assert!(body(response).await.starts_with(r#"0{"sid":""#));
}

#[test]
fn hashes_are_told_from_words_in_names() {
    for path in [
        "assets/index-C-Za8l_h.css",
        "a-mono-latin-wght-normal-CoA7y8X5.woff2",
    ] {
        assert!(has_hashed_name(path), "{path}");
    }
    for path in [
        "index.html",
        "assets/favicon.svg",
        "a-licences.md",
        "next-licence.txt",
        "CZar3EyD.js",
    ] {
        assert!(!has_hashed_name(path), "{path}");
    }
}
