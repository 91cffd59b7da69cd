//! The program from outside: what it prints, serves, and how it ends.

mod support;

use std::net::TcpListener;

use support::{Program, roomcast};

#[test]
fn it_prints_where_it_is_and_answers_there() {
    let program = Program::start();

    let url = format!("http://127.0.0.1:{}/", program.port);
    assert!(program.banner.contains(&url), "{}", program.banner);
    assert_eq!(program.get("/live").body, "Server is live");
}

#[test]
fn the_root_is_an_html_page_under_its_policy() {
    let program = Program::start();

    let page = program.get("/");

    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'self';")
    );
    assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
}

#[test]
fn what_is_not_built_in_is_said_and_what_is_gets_served() {
    let program = Program::start();

    let bundle = program.get("/socket.io/socket.io.min.js");

    let is_missing = program.banner.contains("not built in");
    let lacks_bundle = is_missing && program.banner.contains("client bundle");
    assert_eq!(bundle.status, if lacks_bundle { 400 } else { 200 });
}

#[test]
fn a_client_gets_a_handshake_by_polling() {
    let program = Program::start();

    let handshake = program.get("/socket.io/?EIO=4&transport=polling");

    assert_eq!(handshake.status, 200);
    assert!(
        handshake.body.starts_with(r#"0{"sid":""#),
        "{}",
        handshake.body
    );
}

#[test]
fn a_signal_ends_it_quietly_and_with_success() {
    for signal in ["INT", "TERM"] {
        let program = Program::start();
        program.get("/socket.io/?EIO=4&transport=polling");

        let (status, error) = program.end_by(signal);

        assert_eq!((status.code(), error.as_str()), (Some(0), ""), "{signal}");
    }
}

#[test]
fn a_taken_port_is_one_line_and_failure() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();

    let output = roomcast(&["--port", &address.port().to_string()])
        .output()
        .unwrap();

    let expected = format!(
        "roomcast: {address} is taken by another program: choose another port with --port\n"
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}

#[test]
fn a_host_of_another_machine_is_one_line_and_failure() {
    let output = roomcast(&["--host", "192.0.2.1"]).output().unwrap();

    let expected =
        "roomcast: 192.0.2.1 is no address of this machine: choose another with --host\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = roomcast(&["--version"]).output().unwrap();

    let expected = format!("roomcast {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
