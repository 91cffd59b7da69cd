//! `roomcast connect` and servers that do not work: what is told, and the exit code.

use roomcast::{Refusal, Server, Transport};

use super::program::{Ended, run};
use super::serving::Serving;
use super::stub::{answering, nobody, silent};

fn connect(url: &str, options: &[&str]) -> Ended {
    let ended = run(&[&["connect", url], options].concat(), "");
    assert!(
        !ended.lines("connect-error").is_empty() || ended.code == 2,
        "{ended:?}"
    );
    ended
}

/// The port in a URL of the loopback.
fn host(url: &str) -> &str {
    url.trim_start_matches("http://")
}

#[test]
fn a_port_where_nobody_listens() {
    let url = nobody();

    let ended = connect(&url, &[]);

    let expected = format!(
        "roomcast: nothing listens at {}: connection refused\n",
        host(&url)
    );
    assert!(ended.error.starts_with(&expected), "{ended:?}");
    assert_eq!(ended.code, 1);
}

#[test]
fn a_path_where_no_socket_io_server_is() {
    let server = Serving::start(Server::builder());

    let ended = connect(&server.url(), &["--path", "/ws"]);

    assert!(
        ended.error.contains("knows no /ws/ (status 404)"),
        "{ended:?}"
    );
    assert!(
        ended.error.contains("--path says where it does"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_namespace_that_is_unknown_and_one_that_is_the_servers_path() {
    let server = Serving::start(Server::builder());

    let unknown = connect(&server.url(), &["--namespace", "nope"]);
    let path = connect(&format!("{}/socket.io/", server.url()), &[]);

    assert_eq!(
        unknown.lines("connect-error"),
        ["connect-error Invalid namespace"]
    );
    assert!(
        unknown.error.contains("namespace /nope: Invalid namespace"),
        "{unknown:?}"
    );
    assert!(
        path.error
            .contains("the path of a Socket.IO URL is the namespace"),
        "{path:?}"
    );
    assert_eq!((unknown.code, path.code), (1, 1));
}

#[test]
fn a_middleware_that_refuses_is_quoted_with_its_data() {
    let server = Serving::start(Server::builder());
    server.io.middleware(async || {
        Err::<(), _>(Refusal::new("who are you?").with_data(roomcast::value!({ "code": 401 })))
    });

    let ended = connect(&server.url(), &[]);

    assert_eq!(
        ended.lines("connect-error"),
        [r#"connect-error who are you? {"code":401}"#]
    );
    assert!(ended.error.contains("it may want --auth"), "{ended:?}");
    assert_eq!(ended.code, 1);
}

#[test]
fn a_server_of_socket_io_2() {
    // Recorded from socket.io 2.5.1, which takes EIO=4 for its own.
    let url = answering(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 104\r\n\
          Connection: close\r\n\r\n\
          97:0{\"sid\":\"ALG-sY8SAreKGSpUAAAA\",\"upgrades\":[\"websocket\"],\
          \"pingInterval\":25000,\"pingTimeout\":20000}2:40",
    );

    let ended = connect(&url, &[]);

    assert!(
        ended.error.contains("speaks Socket.IO 2 (Engine.IO 3)"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_server_without_the_transport() {
    let polling = Serving::start(Server::builder().transports([Transport::Polling]));
    let websocket = Serving::start(Server::builder().transports([Transport::WebSocket]));

    let no_websocket = connect(&polling.url(), &["--transport", "websocket"]);
    let no_polling = connect(&websocket.url(), &[]);

    let advice = "the server's option `transports` leaves WebSocket out";
    assert!(no_websocket.error.contains(advice), "{no_websocket:?}");
    assert!(
        no_polling.error.contains("try --transport websocket"),
        "{no_polling:?}"
    );
    assert_eq!((no_websocket.code, no_polling.code), (1, 1));
}

#[test]
fn a_listener_that_says_nothing() {
    let ended = connect(&silent(), &["--timeout", "0.3"]);

    assert!(
        ended
            .error
            .contains("does not answer: nothing came in 0.3 s"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_listener_that_does_not_speak_http() {
    let url = answering(b"220 mail.example.com ESMTP\r\n");

    let ended = connect(&url, &[]);

    assert!(ended.error.contains("does not speak HTTP"), "{ended:?}");
    assert_eq!(ended.code, 1);
}

#[test]
fn a_web_server_that_answers_with_a_page() {
    let url = answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\nConnection: close\r\n\r\n\
          <!doctype html>\n<p>A page</p",
    );

    let ended = connect(&url, &[]);

    assert!(
        ended
            .error
            .contains("is no Socket.IO handshake: <!doctype html> <p>A page"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_server_that_refuses_the_handshake_is_quoted() {
    let url = answering(
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 30\r\nConnection: close\r\n\r\n\
          {\"code\":4,\"message\":\"no way!\"}",
    );

    let ended = connect(&url, &[]);

    assert!(
        ended
            .error
            .contains("refuses the handshake: no way! (code 4, status 403)"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let url = answering(
        b"HTTP/1.1 301 Moved\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\
          Connection: close\r\n\r\n",
    );

    let ended = connect(&url, &[]);

    assert!(
        ended
            .error
            .contains("redirects /socket.io/ to https://example.com/"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_certificate_of_a_stranger_is_refused_unless_it_is_wanted() {
    let server = Serving::start(Server::builder());
    let (port, pem) = server.with_tls();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let url = format!("https://localhost:{port}");
    let root = file.path().to_str().unwrap();

    let strange = connect(&url, &[]);
    let trusted = run(&["connect", &url, "--cacert", root], "");
    let anyone = run(&["connect", &url, "--insecure"], "");

    assert!(
        strange.error.contains("--insecure takes any certificate"),
        "{strange:?}"
    );
    assert_eq!(
        (strange.code, trusted.code, anyone.code),
        (1, 0, 0),
        "{trusted:?} {anyone:?}"
    );
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let server = Serving::start(Server::builder());
    let (port, _) = server.with_tls();

    let no_tls = connect(&format!("https://127.0.0.1:{}", server.port), &[]);
    let tls = connect(&format!("http://127.0.0.1:{port}"), &[]);

    assert!(
        no_tls
            .error
            .contains("does not speak TLS at this port: write http://"),
        "{no_tls:?}"
    );
    assert!(tls.error.contains("https://"), "{tls:?}");
}

#[test]
fn a_server_with_another_parser() {
    let server = Serving::start(Server::builder());

    let ended = run(&["connect", &server.url(), "--parser", "msgpack"], "");

    assert!(
        ended.error.contains("do both sides use the same parser?"),
        "{ended:?}"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn a_command_line_that_cannot_be_is_exit_code_2() {
    let url = connect("localhost:3000", &[]);
    let auth = connect("http://localhost", &["--auth", "secret"]);
    let timeout = connect("http://localhost", &["--timeout", "-1"]);

    assert!(url.error.contains("write http://HOST:PORT"), "{url:?}");
    assert!(auth.error.contains("--auth is no JSON object"), "{auth:?}");
    assert_eq!((url.code, auth.code, timeout.code), (2, 2, 2));
}
