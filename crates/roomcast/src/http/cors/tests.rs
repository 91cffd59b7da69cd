//! The expected headers were recorded from the npm package cors 2.8.6, in its order.

use std::task::{Context, Poll, Waker};

use http::Request;

use super::*;

const PAGE: &str = "http://a.example";

/// The answer, in lines; `Vary` is not last because a header keeps the place it first had.
fn judge(cors: &Cors, request: &RequestHead) -> String {
    let (first_line, headers) = match ready(cors.answer(request)) {
        CorsAnswer::Continue(headers) => ("continue".to_owned(), headers),
        CorsAnswer::Preflight(status, headers) => (status.as_str().to_owned(), headers),
        CorsAnswer::Refused => ("refused".to_owned(), HeaderMap::new()),
    };
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("an ASCII value")));
    std::iter::once(first_line)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The value of a future that does not wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

fn head(builder: http::request::Builder) -> RequestHead {
    RequestHead::of(&builder.body(()).expect("a request").into_parts().0)
}

fn get(origin: &str) -> RequestHead {
    head(Request::get("/socket.io/").header("Origin", origin))
}

fn get_without_origin() -> RequestHead {
    head(Request::get("/socket.io/"))
}

fn preflight() -> RequestHead {
    head(
        Request::options("/socket.io/")
            .header("Origin", PAGE)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "x-one,content-type"),
    )
}

#[test]
fn any_origin_is_a_star_without_vary() {
    for cors in [Cors::any(), Cors::origin("*")] {
        assert_eq!(
            judge(&cors, &get(PAGE)),
            "continue\naccess-control-allow-origin: *"
        );
    }
    assert_eq!(
        judge(&Cors::any(), &preflight()),
        "204\n\
         access-control-allow-origin: *\n\
         access-control-allow-methods: GET,HEAD,PUT,PATCH,POST,DELETE\n\
         vary: Access-Control-Request-Headers\n\
         access-control-allow-headers: x-one,content-type\n\
         content-length: 0"
    );
}

#[test]
fn one_origin_is_named_whoever_asks() {
    let cors = Cors::origin("http://localhost:5173");

    for request in [get(PAGE), get_without_origin()] {
        assert_eq!(
            judge(&cors, &request),
            "continue\naccess-control-allow-origin: http://localhost:5173\nvary: Origin"
        );
    }
}

#[test]
fn preflight_answers_with_methods_credentials_and_the_headers_it_asks_for() {
    let cors = Cors::origin("http://localhost:5173")
        .methods(["GET", "POST"])
        .credentials();

    assert_eq!(
        judge(&cors, &preflight()),
        "204\n\
         access-control-allow-origin: http://localhost:5173\n\
         vary: Origin, Access-Control-Request-Headers\n\
         access-control-allow-credentials: true\n\
         access-control-allow-methods: GET,POST\n\
         access-control-allow-headers: x-one,content-type\n\
         content-length: 0"
    );
}

#[test]
fn preflight_that_asks_for_no_headers_is_allowed_none() {
    let request = head(Request::options("/socket.io/").header("Origin", PAGE));

    assert_eq!(
        judge(&Cors::origin(PAGE), &request),
        "204\n\
         access-control-allow-origin: http://a.example\n\
         vary: Origin, Access-Control-Request-Headers\n\
         access-control-allow-methods: GET,HEAD,PUT,PATCH,POST,DELETE\n\
         content-length: 0"
    );
}

#[test]
fn listed_origin_is_echoed() {
    let cors = Cors::origins([PAGE, "http://b.example"]).credentials();

    assert_eq!(
        judge(&cors, &get("http://b.example")),
        "continue\n\
         access-control-allow-origin: http://b.example\n\
         vary: Origin\n\
         access-control-allow-credentials: true"
    );
}

#[test]
fn unlisted_origin_gets_no_allow_origin() {
    let cors = Cors::origins([PAGE, "http://b.example"]).credentials();

    assert_eq!(
        judge(&cors, &get("http://evil.example")),
        "continue\nvary: Origin\naccess-control-allow-credentials: true"
    );
    assert_eq!(
        judge(&Cors::origins([PAGE]), &get_without_origin()),
        "continue\nvary: Origin"
    );
    assert_eq!(
        judge(&Cors::origins(["*"]), &get(PAGE)),
        "continue\nvary: Origin"
    );
}

#[test]
fn list_may_mix_texts_and_patterns() {
    let pattern = CorsOrigin::pattern(r"\.example$").expect("a pattern");
    let cors = Cors::origins(["http://b.test".into(), pattern]);

    assert_eq!(
        judge(&cors, &get("http://x.example")),
        "continue\naccess-control-allow-origin: http://x.example\nvary: Origin"
    );
}

#[test]
fn origin_that_matches_the_pattern_is_echoed() {
    let cors = Cors::pattern(r"\.example$").expect("a pattern");

    assert_eq!(
        judge(&cors, &get(PAGE)),
        "continue\naccess-control-allow-origin: http://a.example\nvary: Origin"
    );
    assert_eq!(
        judge(&cors, &get("http://a.example.org")),
        "continue\nvary: Origin"
    );
}

#[test]
fn mirror_echoes_whoever_asks() {
    assert_eq!(
        judge(&Cors::mirror(), &get(PAGE)),
        "continue\naccess-control-allow-origin: http://a.example\nvary: Origin"
    );
    assert_eq!(
        judge(&Cors::mirror(), &get_without_origin()),
        "continue\nvary: Origin"
    );
}

#[test]
fn disabled_origin_sends_nothing_and_lets_the_preflight_go_on() {
    assert_eq!(
        judge(&Cors::origin(CorsOrigin::disabled()), &preflight()),
        "continue"
    );
    assert_eq!(
        judge(&Cors::origin("").credentials(), &get(PAGE)),
        "continue"
    );
}

#[test]
fn function_decides_for_each_request() {
    let cors = Cors::dynamic(async |origin: Option<String>| match origin.as_deref() {
        Some("http://text.example") => CorsOrigin::from("http://text.example"),
        Some("http://off.example") => CorsOrigin::disabled(),
        Some("http://bad.example") => CorsOrigin::refused(),
        Some(_) => CorsOrigin::list([PAGE]),
        None => CorsOrigin::mirror(),
    });

    assert_eq!(
        judge(&cors, &get("http://text.example")),
        "continue\naccess-control-allow-origin: http://text.example\nvary: Origin"
    );
    assert_eq!(judge(&cors, &get("http://off.example")), "continue");
    assert_eq!(judge(&cors, &get("http://bad.example")), "refused");
    assert_eq!(
        judge(&cors, &get("http://other.example")),
        "continue\nvary: Origin"
    );
    assert_eq!(
        judge(&cors, &get_without_origin()),
        "continue\nvary: Origin"
    );
}

#[test]
fn function_may_be_an_fn_item_that_answers_with_a_text() {
    async fn only_the_page(_origin: Option<String>) -> &'static str {
        PAGE
    }

    assert_eq!(
        judge(&Cors::dynamic(only_the_page), &get("http://b.example")),
        "continue\naccess-control-allow-origin: http://a.example\nvary: Origin"
    );
}

#[test]
fn every_option_has_its_header() {
    let cors = Cors::origin(PAGE)
        .methods(["PUT"])
        .allowed_headers(["X-One", "X-Two"])
        .exposed_headers(["X-Three", "X-Four"])
        .credentials()
        .max_age(Duration::from_millis(600_900))
        .options_success_status(StatusCode::OK);

    assert_eq!(
        judge(&cors, &preflight()),
        "200\n\
         access-control-allow-origin: http://a.example\n\
         vary: Origin\n\
         access-control-allow-credentials: true\n\
         access-control-allow-methods: PUT\n\
         access-control-allow-headers: X-One,X-Two\n\
         access-control-max-age: 600\n\
         access-control-expose-headers: X-Three,X-Four\n\
         content-length: 0"
    );
    assert_eq!(
        judge(&cors, &get(PAGE)),
        "continue\n\
         access-control-allow-origin: http://a.example\n\
         vary: Origin\n\
         access-control-allow-credentials: true\n\
         access-control-expose-headers: X-Three,X-Four"
    );
}

#[test]
fn preflight_continue_sets_the_headers_and_goes_on() {
    assert_eq!(
        judge(&Cors::origin(PAGE).preflight_continue(), &preflight()),
        "continue\n\
         access-control-allow-origin: http://a.example\n\
         vary: Origin, Access-Control-Request-Headers\n\
         access-control-allow-methods: GET,HEAD,PUT,PATCH,POST,DELETE\n\
         access-control-allow-headers: x-one,content-type"
    );
}

#[test]
fn empty_lists_send_no_header_and_a_max_age_of_zero_does() {
    let nothing: [&str; 0] = [];
    let cors = Cors::origin(PAGE)
        .methods(nothing)
        .allowed_headers(nothing)
        .exposed_headers(nothing)
        .max_age(Duration::ZERO);

    assert_eq!(
        judge(&cors, &preflight()),
        "204\n\
         access-control-allow-origin: http://a.example\n\
         vary: Origin\n\
         access-control-max-age: 0\n\
         content-length: 0"
    );
}

#[test]
#[should_panic(expected = "\"X-One\\r\\nX: y\" cannot stand in a header")]
fn header_name_with_a_line_break_panics_where_it_is_configured() {
    let _ = Cors::any().allowed_headers(["X-One\r\nX: y"]);
}

#[test]
fn websocket_check_follows_the_same_rules() {
    let allows = |cors: Cors, request: RequestHead| ready(cors.allows_origin(&request));

    assert!(allows(Cors::any(), get(PAGE)));
    assert!(allows(Cors::origin(PAGE), get(PAGE)));
    assert!(!allows(Cors::origin(PAGE), get("http://evil.example")));
    assert!(allows(Cors::origins([PAGE]), get(PAGE)));
    assert!(!allows(Cors::origins([PAGE]), get("null")));
    assert!(allows(Cors::origins([PAGE]), get_without_origin()));
    assert!(!allows(
        Cors::dynamic(async |_| CorsOrigin::refused()),
        get(PAGE)
    ));
}

#[test]
fn same_origin_is_the_host_that_is_asked() {
    let request = |origin: &str, host: &str| {
        head(
            Request::get("/socket.io/")
                .header("Origin", origin)
                .header("Host", host),
        )
    };
    let http2 = head(
        Request::get("https://chat.example/socket.io/").header("Origin", "https://chat.example"),
    );

    assert!(is_same_origin(&request(
        "http://localhost:3000",
        "localhost:3000"
    )));
    assert!(is_same_origin(&request(
        "https://Chat.example",
        "chat.example"
    )));
    assert!(is_same_origin(&http2));
    assert!(!is_same_origin(&request(
        "http://localhost:5173",
        "localhost:3000"
    )));
    assert!(!is_same_origin(&request(
        "http://chat.example.org",
        "chat.example"
    )));
    assert!(!is_same_origin(&request("null", "null")));
    assert!(!is_same_origin(&get_without_origin()));
}
