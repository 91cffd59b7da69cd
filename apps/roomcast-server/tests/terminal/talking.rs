//! `roomcast connect` and a server that works.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use roomcast::{Ack, DisconnectCause, Parser, Server, ServerBuilder, Socket, Value};

use super::program::{Running, run};
use super::serving::Serving;

fn server() -> Serving {
    serving(Server::builder())
}

fn serving(builder: ServerBuilder) -> Serving {
    let serving = Serving::start(builder);
    let io = &serving.io;
    io.on_connect(|socket: Socket| socket.emit("welcome", ("hello", 1)));
    io.on("add", |a: i64, b: i64| a + b);
    io.on("pair", || (1, "two"));
    io.on("shout", |socket: Socket, text: String| {
        socket.emit("heard", text)
    });
    io.on("size", |bytes: Bytes| bytes.len());
    io.on("bytes", |socket: Socket| {
        socket.emit("file", Bytes::from_static(b"\x00\xff\x10"));
    });
    io.on("never", |ack: Ack| drop(ack));
    io.on("bye", |socket: Socket| socket.disconnect());
    io.on("ask", async |socket: Socket| {
        let answer = socket.emit_with_ack::<Value>("name?", "you").await;
        socket.emit("named", answer.map_err(|error| error.to_string()).unwrap());
    });
    serving
}

#[test]
fn events_are_lines_and_acknowledgements_are_waited_for() {
    let server = server();

    let ended = run(&["connect", &server.url()], "? add 1 2\n? pair\n");

    assert_eq!(ended.lines("event"), [r#"event welcome "hello" 1"#]);
    assert_eq!(
        ended.lines("ack"),
        ["ack add #1 3", r#"ack pair #2 1 "two""#]
    );
    assert_eq!(ended.lines("open"), ["open polling"]);
    assert!(
        ended.lines("connect")[0].starts_with("connect / "),
        "{ended:?}"
    );
    assert_eq!(ended.lines("disconnect"), [] as [&str; 0]);
    assert_eq!((ended.code, &*ended.error), (0, ""));
}

#[test]
fn a_script_waits_for_an_event_and_an_early_one_counts_once() {
    let server = server();
    let script = "/wait welcome\nshout \"a\"\n/wait heard\nshout \"b\"\n/wait heard\n";

    let ended = run(&["connect", &server.url()], script);

    let events = [
        r#"event welcome "hello" 1"#,
        r#"event heard "a""#,
        r#"event heard "b""#,
    ];
    assert_eq!(ended.lines("event"), events);
    assert_eq!((ended.code, &*ended.error), (0, ""));
}

#[test]
fn an_event_of_the_server_is_answered_by_its_number() {
    let server = server();
    let mut program = Running::start(&["connect", &server.url()]);

    program.type_line("ask");
    assert_eq!(program.line("event name?"), r#"event name? #1 "you""#);
    program.type_line(r#"=1 {"name":"Ada"}"#);

    assert_eq!(program.line("event named"), r#"event named {"name":"Ada"}"#);
    assert_eq!(program.end().code, 0);
}

#[test]
fn bytes_are_sent_from_digits_and_files_and_shown_as_digits() {
    let server = server();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [7; 1000]).unwrap();
    let script = format!(
        "? size 0x00ff\n? size @{}\nbytes\n/wait file\n",
        file.path().display()
    );

    let ended = run(&["connect", &server.url()], &script);

    assert_eq!(ended.lines("ack"), ["ack size #1 2", "ack size #2 1000"]);
    assert!(
        ended.lines("event").contains(&"event file 0x00ff10"),
        "{ended:?}"
    );
}

#[test]
fn machines_get_an_object_for_each_line() {
    let server = server();
    let lines = [
        "--send",
        "/wait welcome",
        "--send",
        "bytes",
        "--send",
        "/wait file",
    ];

    let ended = run(
        &[&["connect", &server.url(), "--json"], &lines[..]].concat(),
        "",
    );

    let objects: Vec<serde_json::Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let file = serde_json::json!({"type": "event", "event": "file", "args": [{"base64": "AP8Q"}]});
    let welcome = serde_json::json!({"type": "event", "event": "welcome", "args": ["hello", 1]});
    assert!(
        objects.contains(&file) && objects.contains(&welcome),
        "{objects:?}"
    );
    assert_eq!(
        (
            objects[0]["type"].as_str(),
            objects[0]["transport"].as_str()
        ),
        (Some("open"), Some("polling"))
    );
    assert_eq!(objects[1]["namespace"], "/");
}

#[test]
fn namespace_auth_header_query_and_transport_reach_the_server() {
    let server = server();
    server.io.of("/admin").on("me?", |socket: Socket| {
        let shake = socket.handshake();
        let transport = socket.conn().transport().as_str();
        let texts = [shake.header("x-team"), shake.query("room"), Some(transport)];
        (
            shake.auth_value().clone(),
            texts.map(|text| text.unwrap_or("-").to_owned()),
        )
    });
    let url = format!("{}/admin", server.url());
    let options = [
        "--auth",
        r#"{"token":"t"}"#,
        "--header",
        "X-Team: red",
        "--query",
        "room=7",
    ];
    let connect = ["connect", &url, "--transport", "websocket"];

    let ended = run(&[&connect[..], &options[..]].concat(), "? me?\n");

    assert_eq!(
        ended.lines("ack"),
        [r#"ack me? #1 {"token":"t"} ["red","7","websocket"]"#]
    );
    assert_eq!(ended.lines("open"), ["open websocket"]);
}

#[test]
fn another_path_and_parser_are_used_if_the_server_has_them() {
    let server = serving(Server::builder().path("/live").parser(Parser::MessagePack));
    let options = ["--path", "/live", "--parser", "msgpack"];

    let ended = run(
        &[&["connect", &server.url()], &options[..]].concat(),
        "? add 1 2\n",
    );

    assert_eq!(ended.lines("ack"), ["ack add #1 3"]);
    assert_eq!(ended.code, 0);
}

#[test]
fn a_cut_connection_is_opened_again_and_what_was_typed_meanwhile_leaves() {
    let server = server();
    let mut program = Running::start(&["connect", &server.url(), "--transport", "websocket"]);
    program.line("connect ");

    program.type_line("/drop");
    program.line("disconnect ");
    program.type_line("? add 3 4");

    assert_eq!(program.line("reconnect-attempt"), "reconnect-attempt 1");
    program.line("reconnect 1");
    program.line("connect / ");
    assert_eq!(program.line("ack"), "ack add #1 7");
    assert_eq!(program.end().code, 0);
}

#[test]
fn without_reconnection_a_lost_connection_is_the_end() {
    let server = server();

    let ended = run(
        &["connect", &server.url(), "--no-reconnect"],
        "/drop\n/wait more\n",
    );

    assert_eq!(ended.code, 1);
    assert!(
        ended.error.contains("roomcast: the connection is lost: "),
        "{ended:?}"
    );
}

#[test]
fn with_retry_a_server_that_comes_later_is_waited_for() {
    let (server, url) = (server(), super::stub::nobody());
    let mut program = Running::start(&["connect", &url, "--retry", "--transport", "websocket"]);
    program.line("connect-error ");

    server.also_on(url.rsplit_once(':').unwrap().1.parse().unwrap());

    program.line("connect / ");
    program.type_line("? add 1 2");
    program.line("ack add #1 3");
    assert_eq!(program.end().code, 0);
}

#[test]
fn a_namespace_is_left_and_joined_again() {
    let server = server();
    let script = "/wait welcome\n/disconnect\n/connect\n/wait welcome\n? add 1 1\n";

    let ended = run(
        &["connect", &server.url(), "--transport", "websocket"],
        script,
    );

    assert_eq!(ended.lines("connect").len(), 2, "{ended:?}");
    assert_eq!(
        ended.lines("disconnect"),
        ["disconnect io client disconnect"]
    );
    assert_eq!(ended.lines("ack"), ["ack add #1 2"]);
    assert_eq!(ended.code, 0);
}

#[test]
fn events_that_are_switched_off_are_not_shown() {
    let server = server();
    let script = "/off heard\nshout \"a\"\n/wait heard\n/on heard\nshout \"b\"\n/wait heard\n";

    let ended = run(&["connect", &server.url()], script);

    assert_eq!(
        ended.lines("event"),
        [r#"event welcome "hello" 1"#, r#"event heard "b""#]
    );
}

#[test]
fn verbose_output_shows_what_is_sent_and_timestamps_come_first() {
    let server = server();
    let script = "/wait welcome\n? add 1 2\nshout \"a\"\n";

    let ended = run(&["connect", &server.url(), "-v", "-t"], script);

    let (times, texts): (Vec<_>, Vec<_>) = ended
        .out
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .unzip();
    assert!(times.iter().all(|time| time.ends_with('Z')), "{ended:?}");
    assert!(texts.contains(&"sent add #1 1 2"), "{ended:?}");
    assert!(texts.contains(&r#"sent shout "a""#), "{ended:?}");
}

#[test]
fn a_volatile_event_that_cannot_leave_is_shown_as_dropped() {
    let server = server();
    let script = "/wait welcome\n/disconnect\n~ shout \"a\"\n";

    let ended = run(&["connect", &server.url()], script);

    assert_eq!(ended.lines("dropped"), [r#"dropped shout "a""#]);
    assert_eq!((ended.code, &*ended.error), (0, ""));
}

#[test]
fn what_was_not_done_is_told_and_is_exit_code_3() {
    let server = server();
    let script = "shout a\n? never\n/wait nothing\n=9 1\n\"connect\" 1\n/what\n";

    let ended = run(&["connect", &server.url(), "--timeout", "0.5"], script);

    assert_eq!(
        ended.lines("no-ack"),
        ["no-ack never #1 operation has timed out"]
    );
    let told: Vec<_> = ended.error.lines().collect();
    assert!(
        told[0].starts_with("roomcast: \"a\" is no JSON"),
        "{told:?}"
    );
    assert_eq!(told[1], "roomcast: /wait: nothing did not come");
    assert_eq!(told[2], "roomcast: no event #9 waits for an answer");
    assert!(told[3].starts_with("roomcast: connect: "), "{told:?}");
    assert!(
        told[4].starts_with("roomcast: \"/what\" is no command"),
        "{told:?}"
    );
    assert_eq!((told.len(), ended.code), (5, 3));
}

#[test]
fn a_server_that_disconnects_the_socket_ends_it() {
    let server = server();

    let ended = run(&["connect", &server.url(), "--keep-open"], "bye\n");

    assert_eq!(
        ended.lines("disconnect"),
        ["disconnect io server disconnect"]
    );
    assert_eq!(
        ended.error,
        "roomcast: the connection is lost: io server disconnect\n"
    );
    assert_eq!(ended.code, 1);
}

#[test]
fn ctrl_c_ends_it_and_says_goodbye_to_the_server() {
    let server = server();
    let (sender, gone) = std::sync::mpsc::channel();
    server.io.on_disconnect(move |cause: DisconnectCause| {
        // The test may have ended.
        let _ = sender.send(cause.to_string());
    });
    let mut program = Running::start(&["connect", &server.url(), "--keep-open"]);
    program.line("event welcome");

    let id = program.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "INT", &id])
            .status()
            .unwrap()
            .success()
    );

    assert_eq!(program.end().code, 0);
    let cause = gone.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(cause, "the client left");
}
