//! `roomcast doctor` and servers that work, and that do not.

use std::thread;
use std::time::{Duration, Instant};

use roomcast::{Cors, Refusal, Server, Transport};

use super::program::{Ended, run};
use super::serving::Serving;
use super::stub::{answering, nobody, silent};

fn doctor(url: &str, options: &[&str]) -> Ended {
    let ended = run(&[&["doctor", url], options].concat(), "");
    assert_eq!(ended.error, "", "{ended:?}");
    ended
}

/// What was said of one thing: the verdict and what was seen, and the advice.
fn check<'e>(ended: &'e Ended, name: &str) -> (&'e str, &'e str, &'e str) {
    let mut lines = ended.out.lines();
    let found = lines.find(|line| line.get(5..).is_some_and(|rest| rest.starts_with(name)));
    let found = found.unwrap_or_else(|| panic!("no {name} in\n{}", ended.out));
    let advice = lines.next().and_then(|line| line.strip_prefix("     -> "));
    (
        found[..5].trim_end(),
        found[17..].trim_start(),
        advice.unwrap_or_default(),
    )
}

fn verdict<'e>(ended: &'e Ended, name: &str) -> &'e str {
    check(ended, name).0
}

#[test]
fn a_server_that_works_is_told_to() {
    let server = Serving::start(Server::builder());

    let ended = doctor(&server.url(), &[]);

    let words: Vec<_> = ended
        .out
        .lines()
        .map(|line| line.get(..17).unwrap_or(line))
        .collect();
    let expected = [
        "ok   connection  ",
        "ok   handshake   ",
        "ok   clock       ",
        "ok   cookies     ",
        "ok   keep-alive  ",
        "ok   polling     ",
        "ok   namespace   ",
        "ok   stickiness  ",
        "ok   websocket   ",
        "ok   upgrade     ",
        "ok   compression ",
        "ok   heartbeats  ",
        "skip cors        ",
        "",
        "12 ok, 0 warn, 0 ",
    ];
    assert_eq!(words, expected);
    assert_eq!(ended.code, 0);
}

#[test]
fn no_session_is_left_on_the_server() {
    let server = Serving::start(Server::builder().cors("https://page.example"));

    doctor(&server.url(), &["--origin", "https://page.example"]);

    let begun = Instant::now();
    while server.io.engine().clients_count() > 0 {
        // The server's task may be about to notice.
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "sessions are left"
        );
        thread::yield_now();
    }
}

#[test]
fn machines_get_an_object_for_each_check_and_the_counts() {
    let server = Serving::start(Server::builder());

    let ended = doctor(&server.url(), &["--json"]);

    let objects: Vec<serde_json::Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (objects[0]["check"].as_str(), objects[0]["verdict"].as_str()),
        (Some("connection"), Some("ok"))
    );
    assert_eq!(
        objects.last().unwrap(),
        &serde_json::json!({"ok": 12, "warn": 0, "FAIL": 0, "skip": 1})
    );
}

#[test]
fn a_ping_is_waited_for_by_websocket_and_by_polling() {
    let beats = || {
        Server::builder()
            .ping_interval(Duration::from_millis(200))
            .ping_timeout(Duration::from_secs(20))
    };
    let both = Serving::start(beats());
    let polling = Serving::start(beats().transports([Transport::Polling]));

    for server in [&both, &polling] {
        let ended = doctor(&server.url(), &["--patience", "30"]);
        let (verdict, seen, _) = check(&ended, "heartbeats");
        assert_eq!(verdict, "ok");
        assert!(
            seen.contains("a ping each 0.2 s, 20 s to answer; one came after"),
            "{seen}"
        );
    }
}

#[test]
fn heartbeats_that_are_too_rare_are_told() {
    let server = Serving::start(Server::builder().ping_interval(Duration::from_secs(90)));

    let ended = doctor(&server.url(), &[]);

    assert_eq!(verdict(&ended, "heartbeats"), "warn");
    assert_eq!(ended.code, 0, "a warning is no failure");
}

#[test]
fn a_balancer_that_is_not_sticky_fails() {
    let server = Serving::start(Server::builder());
    let port = server.balanced_with(Server::builder());

    let ended = doctor(&format!("http://127.0.0.1:{port}"), &["--connections", "4"]);

    let (verdict, seen, advice) = check(&ended, "stickiness");
    assert_eq!(
        (verdict, seen),
        (
            "FAIL",
            "2 of 4 connections reached a server that does not know the session"
        )
    );
    assert!(advice.contains("make the balancer sticky"), "{advice}");
    let (verdict, _, advice) = check(&ended, "upgrade");
    assert_eq!(verdict, "FAIL");
    assert!(
        advice.contains("several processes without sticky sessions"),
        "{advice}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn one_transport_only_is_a_warning() {
    let polling = Serving::start(Server::builder().transports([Transport::Polling]));
    let websocket = Serving::start(Server::builder().transports([Transport::WebSocket]));

    let polling = doctor(&polling.url(), &[]);
    let websocket = doctor(&websocket.url(), &[]);

    assert_eq!(
        (verdict(&polling, "websocket"), verdict(&polling, "upgrade")),
        ("warn", "warn")
    );
    assert!(
        check(&polling, "websocket")
            .2
            .contains("`transports` leaves WebSocket out"),
        "{polling:?}"
    );
    let (verdict, _, advice) = check(&websocket, "handshake");
    assert_eq!(
        (verdict, advice),
        (
            "warn",
            "clients connect with `transports: [\"websocket\"]` only"
        )
    );
    assert_eq!((polling.code, websocket.code), (0, 0));
}

#[test]
fn pages_of_an_origin_are_let_in_or_not() {
    let server =
        Serving::start(Server::builder().cors(Cors::origin("https://page.example").credentials()));
    let ask = |origin| doctor(&server.url(), &["--origin", origin]);

    let (page, other) = (ask("https://page.example"), ask("https://other.example"));

    let (verdict, seen, _) = check(&page, "cors");
    assert_eq!(
        (verdict, seen),
        (
            "ok",
            "pages of https://page.example are let in, with cookies"
        )
    );
    let (verdict, _, advice) = check(&other, "cors");
    assert_eq!(verdict, "FAIL");
    assert!(
        advice.contains(".cors(\"https://other.example\")"),
        "{advice}"
    );
    assert_eq!((page.code, other.code), (0, 1));
}

#[test]
fn a_mirror_of_all_origins_is_told() {
    let server = Serving::start(Server::builder().cors(Cors::mirror().credentials()));

    let ended = doctor(&server.url(), &["--origin", "https://page.example"]);

    assert!(
        check(&ended, "cors")
            .2
            .contains("any page can act for its visitors"),
        "{ended:?}"
    );
    assert_eq!(verdict(&ended, "cors"), "warn");
}

#[test]
fn compression_and_cookies_are_shown() {
    let cookie = roomcast::Cookie::new("io").unwrap().readable_by_scripts();
    let server = Serving::start(Server::builder().per_message_deflate().cookie(cookie));

    let ended = doctor(&server.url(), &[]);

    assert!(
        check(&ended, "compression")
            .1
            .starts_with("agreed for WebSocket: permessage-deflate"),
        "{ended:?}"
    );
    let (verdict, seen, _) = check(&ended, "cookies");
    assert_eq!(
        (verdict, seen),
        (
            "warn",
            "the handshake sets io: io can be read by scripts (no HttpOnly)"
        )
    );
}

#[test]
fn a_namespace_that_refuses_fails_and_auth_opens_it() {
    let server = Serving::start(Server::builder());
    server.io.middleware(
        async |roomcast::Auth(auth): roomcast::Auth<roomcast::Value>| match auth["token"].as_str() {
            Some("secret") => Ok(()),
            _ => Err(Refusal::new("who are you?")),
        },
    );

    let stranger = doctor(&server.url(), &[]);
    let friend = doctor(&server.url(), &["--auth", r#"{"token":"secret"}"#]);

    let (verdict, seen, _) = check(&stranger, "namespace");
    assert_eq!(
        (verdict, seen),
        ("FAIL", "/ refuses the client: who are you?")
    );
    assert_eq!((stranger.code, friend.code), (1, 0), "{friend:?}");
}

#[test]
fn an_encrypted_server_is_examined_if_it_is_trusted() {
    let server = Serving::start(Server::builder());
    let (port, _) = server.with_tls();
    let url = format!("https://localhost:{port}");

    let strange = doctor(&url, &[]);
    let taken = doctor(&url, &["--insecure"]);

    assert!(
        check(&strange, "connection")
            .2
            .contains("--insecure takes any certificate"),
        "{strange:?}"
    );
    assert!(
        check(&taken, "connection").1.starts_with("TCP and TLS in "),
        "{taken:?}"
    );
    assert_eq!((strange.code, taken.code), (1, 0), "{taken:?}");
}

#[test]
fn nobody_and_another_path_fail_where_they_are_noticed() {
    let server = Serving::start(Server::builder());

    let none = doctor(&nobody(), &[]);
    let path = doctor(&server.url(), &["--path", "/ws"]);

    assert_eq!(verdict(&none, "connection"), "FAIL");
    assert!(
        none.out.ends_with("0 ok, 0 warn, 1 FAIL, 0 skip\n"),
        "{none:?}"
    );
    assert!(
        check(&path, "handshake")
            .1
            .contains("knows no /ws/ (status 404)"),
        "{path:?}"
    );
    assert_eq!((none.code, path.code), (1, 1));
}

#[test]
fn a_listener_that_says_nothing_is_not_waited_for_longer_than_told() {
    let ended = doctor(&silent(), &["--timeout", "0.3"]);

    assert!(
        check(&ended, "handshake").1.contains("does not answer"),
        "{ended:?}"
    );
    assert_eq!((verdict(&ended, "connection"), ended.code), ("ok", 1));
}

#[test]
fn garbage_and_refusals_are_quoted() {
    let garbage = doctor(&answering(b"220 mail.example.com ESMTP\r\n"), &[]);
    let refusal = doctor(
        &answering(
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 35\r\nConnection: close\r\n\r\n\
              {\"code\":3,\"message\":\"Bad request\"}\n",
        ),
        &[],
    );

    assert!(
        check(&garbage, "handshake")
            .1
            .contains("does not speak HTTP"),
        "{garbage:?}"
    );
    assert!(
        check(&refusal, "handshake")
            .1
            .contains("Bad request (code 3, status 400)"),
        "{refusal:?}"
    );
    assert_eq!((garbage.code, refusal.code), (1, 1));
}

#[test]
fn a_server_that_closes_each_connection_and_forgets_its_session() {
    let body = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 64\r\n\
                 Connection: close\r\n\r\n\
                 0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":9000}";

    let ended = doctor(&answering(body), &["--patience", "0"]);

    assert_eq!(
        check(&ended, "keep-alive").1,
        "the connection is closed after one request (Connection: close)"
    );
    assert!(
        check(&ended, "clock").1.contains("behind this machine's"),
        "{ended:?}"
    );
    assert_eq!(
        (verdict(&ended, "keep-alive"), verdict(&ended, "clock")),
        ("warn", "warn")
    );
    assert_eq!((verdict(&ended, "polling"), ended.code), ("FAIL", 1));
}

#[test]
fn webtransport_is_opened_where_it_is_offered() {
    let server = Serving::start(Server::builder().transports([
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ]));
    server.also_by_webtransport();

    let ended = doctor(&server.url(), &[]);
    let (verdict, seen, _) = check(&ended, "quic");
    assert_eq!(verdict, "warn");
    assert!(seen.contains("UnknownIssuer"), "{seen}");

    let ended = doctor(&server.url(), &["--insecure"]);
    let (verdict, seen, _) = check(&ended, "quic");
    assert_eq!(verdict, "ok");
    assert!(seen.starts_with("WebTransport opens in "), "{seen}");
}
