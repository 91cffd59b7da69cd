//! Clients that come back to a server that was killed, or restarted, or whose file is damaged.
//! Spec: features 2.38 and section 8.
#![cfg(feature = "redb")]

#[path = "support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the other scenarios")]
mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use roomcast::recovery::{History, LogError, Recovery, RedbLog};
use roomcast::{Server, Socket, Value};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use support::{Frame, Host, Session, Stream, answering, reasons, within};

/// A server whose log is in this file.
fn server(path: &Path) -> Server {
    let log = RedbLog::open(path).expect("the file is a log or new");
    let recovery = Recovery::new().log(log);
    let io = Server::builder()
        .connection_state_recovery(recovery)
        .build();
    answering(&io);
    io.on("join", |socket: Socket, room: String| {
        socket.join(room);
        true
    });
    io.on("name", |socket: Socket, name: String| {
        socket.data().set("name", name);
        true
    });
    io.on("who", |socket: Socket| {
        let rooms: Vec<String> = socket.rooms().iter().map(|room| room.to_string()).collect();
        (
            socket.is_recovered(),
            rooms[1..].to_vec(),
            socket.data().to_value(),
        )
    });
    io
}

/// Ends the server and waits until its file is closed.
async fn end(io: Server, path: &Path) {
    io.close().await;
    drop(io);
    let closed = async {
        while matches!(RedbLog::open(path), Err(LogError::InUse { .. })) {
            tokio::task::yield_now().await;
        }
    };
    within("the file to be closed", closed).await;
}

// The server is killed while 100 clients receive numbered messages.

const CLIENTS: usize = 100;
const KILLS: usize = 5;
/// How many numbers each client takes before the server is killed.
const BEFORE_KILL: u64 = 200;

/// The process that is killed. Only the test below starts it with a file; without one there is nothing to
/// do.
#[test]
fn the_process_that_is_killed() {
    let Ok(path) = std::env::var("ROOMCAST_TEST_LOG") else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let io = server(Path::new(&path));
        io.on_connect(|socket: Socket| {
            if !socket.is_recovered() {
                socket.join("numbers");
            }
        });
        let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
        println!(
            "port {}",
            listening.local_addr().expect("it is bound").port()
        );
        tokio::spawn(listening.run());
        let mut line = String::new();
        let go = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line));
        go.await
            .expect("it does not panic")
            .expect("somebody says go");
        count(&io).await;
    });
}

/// Emits numbers for ever, from where the log says that an earlier process has come. So few are on their
/// way at a time that a client which comes back finds all of them.
async fn count(io: &Server) {
    let past = io.history("numbers", History::last(1));
    let last = past.first().map_or(0, |event| match &event.args()[0] {
        Value::Number(number) => number.as_u64().expect("numbers are counted up"),
        other => panic!("{other} is no number"),
    });
    for number in last + 1.. {
        io.to("numbers").emit("number", number);
        // A volatile event and one without a number in between.
        if number % 7 == 0 {
            io.to("numbers").volatile().emit("volatile", "text");
            io.to("others").emit("other", ());
        }
        if number % 100 == 0 {
            io.logged().await.expect("the log is written");
            let asked = io.to("numbers").emit_with_ack::<()>("ready", ());
            asked.await.expect("it waits without a limit");
        }
    }
}

/// A server in a process of its own, which ends with the test.
struct Victim(Child);

impl Victim {
    /// Starts the process and gives its port.
    fn start(path: &Path) -> (Self, u16) {
        let program = std::env::current_exe().expect("a test has a program");
        let mut child = Command::new(program)
            .args(["--exact", "the_process_that_is_killed", "--nocapture"])
            .env("ROOMCAST_TEST_LOG", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("it is text");
            line.split_once("port ")?.1.parse().ok()
        });
        (Self(child), port.expect("it tells its port"))
    }

    fn go(&mut self) {
        use std::io::Write as _;

        let input = self.0.stdin.as_mut().expect("it is piped");
        input.write_all(b"go\n").expect("it lives");
    }

    fn kill(mut self) {
        self.0.kill().expect("it lives");
        self.0.wait().expect("it is dead");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // Dead already, unless the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn host(port: u16) -> Host {
    Host::connecting("/socket.io/", move || async move {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        Stream::new(stream.expect("the server listens"))
    })
}

/// A client that takes numbers, and comes back whenever the server does.
async fn take_numbers(mut port: watch::Receiver<u16>, has_enough: mpsc::UnboundedSender<()>) {
    let (mut last, mut taken) = (0, 0);
    let first = *port.borrow_and_update();
    let mut client = host(first).websocket().await;
    let mut session = Session::begin(&mut client).await;
    has_enough.send(()).expect("the test waits");
    loop {
        match client.next().await {
            Frame::Text(ping) if ping == "2" => client.send("3").await,
            Frame::Text(event) if event.ends_with(r#"["ready"]"#) => {
                let id = event.strip_prefix("42").expect("it is an event");
                let id = id.trim_end_matches(r#"["ready"]"#);
                client.send(&format!("43{id}[]")).await;
            }
            Frame::Text(event) => {
                let event = session.note(&event);
                if event == r#"42["volatile","text"]"# {
                    continue;
                }
                // Nothing is missing, nothing comes twice, and the order is kept.
                last += 1;
                assert_eq!(event, format!(r#"42["number",{last}]"#));
                taken += 1;
                if taken == BEFORE_KILL {
                    has_enough.send(()).expect("the test waits");
                }
            }
            _ => {
                if port.changed().await.is_err() {
                    return;
                }
                let next = *port.borrow_and_update();
                client = session.resume(&host(next)).await;
                taken = 0;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_and_nothing_comes_twice_when_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let (mut victim, port) = Victim::start(&path);
    let (port, ports) = watch::channel(port);
    let (teller, mut enough) = mpsc::unbounded_channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(take_numbers(ports.clone(), teller.clone())))
        .collect();
    drop((ports, teller));
    let mut all_have_enough = async || {
        for _ in 0..CLIENTS {
            let next = within("a client", enough.recv()).await;
            next.expect("clients find no mistake");
        }
    };
    // They are connected.
    all_have_enough().await;

    victim.go();
    for _ in 0..KILLS {
        all_have_enough().await;
        victim.kill();
        let (next, next_port) = Victim::start(&path);
        victim = next;
        // Numbers go on while the clients return.
        victim.go();
        port.send(next_port).expect("the clients wait");
    }
    all_have_enough().await;
    drop(port);
    victim.kill();
    for client in clients {
        client.await.expect("a client has found no mistake");
    }
}

// The server is stopped as it should be, and started again.

#[tokio::test]
async fn a_session_outlives_a_restart_with_its_rooms_and_values() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["join","red"]"#).await;
    client.expect("430[true]").await;
    client.send(r#"421["name","Ada"]"#).await;
    client.expect("431[true]").await;
    drop(client);
    reasons.next().await;
    io.to("red")
        .emit("missed", (1, bytes::Bytes::from_static(b"\x01")));
    io.to("blue").emit("missed", "for others");
    end(io, &path).await;

    let io = server(&path);
    io.to("red").emit("missed", 2);
    let host = Host::tcp(&io).await;
    let mut client = session.resume(&host).await;
    assert_eq!(
        session.next(&mut client).await,
        r#"451-["missed",1,{"_placeholder":true,"num":0}]"#
    );
    client.expect_binary(b"\x01").await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",2]"#);
    client.send(r#"422["who"]"#).await;
    client.expect(r#"432[true,["red"],{"name":"Ada"}]"#).await;
}

#[tokio::test]
async fn closing_the_server_keeps_the_sessions_of_those_who_are_connected() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    let hang_up = async move { while client.next().await != Frame::End {} };
    tokio::join!(end(io, &path), hang_up);

    let io = server(&path);
    let mut client = session.resume(&Host::tcp(&io).await).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_session_that_had_typed_values_meets_the_middleware_again() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let guarded = || {
        let io = server(&path);
        io.middleware(|socket: Socket| {
            socket.data().insert(7_u8);
            Ok::<(), roomcast::Refusal>(())
        });
        io.on("typed", |socket: Socket| {
            socket.data().typed::<u8>().map(|n| *n)
        });
        io
    };
    let io = guarded();
    let host = Host::tcp(&io).await;
    let session = Session::begin(&mut host.websocket().await).await;
    end(io, &path).await;

    let io = guarded();
    let mut client = session.resume(&Host::tcp(&io).await).await;
    client.send(r#"420["typed"]"#).await;
    client.expect("430[7]").await;
}

#[tokio::test]
async fn who_left_before_the_restart_does_not_come_back() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client.send("41").await;
    reasons.next().await;
    drop(client);
    end(io, &path).await;

    let io = server(&path);
    session.fail_to_resume(&Host::tcp(&io).await).await;
}

#[tokio::test]
async fn the_bounds_hold_in_the_file() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let bounded = || {
        let log = RedbLog::open(&path).expect("the file is a log or new");
        let recovery = Recovery::new().max_packets(5).log(log);
        Server::builder()
            .connection_state_recovery(recovery)
            .build()
    };
    let io = bounded();
    for number in 0..100 {
        io.to("red").emit("news", number);
    }
    io.logged().await.expect("the log is written");
    end(io, &path).await;

    let unbounded = server(&path);
    let past = unbounded.history("red", History::last(1000));
    let numbers: Vec<_> = past.iter().map(|event| event.args()[0].clone()).collect();
    assert_eq!(numbers, (95..100).map(Value::from).collect::<Vec<_>>());
    end(unbounded, &path).await;

    let io = bounded();
    io.to("red").emit("news", 100);
    assert_eq!(io.history("red", History::last(1000)).len(), 5);
}

// What leaves waits for the disk, and keeps its order.

#[tokio::test]
async fn events_answers_and_the_disconnection_keep_their_order() {
    let folder = tempfile::tempdir().expect("there is room");
    let io = server(&folder.path().join("messages.redb"));
    io.on("all", |socket: Socket| {
        socket.emit("one", ());
        socket.namespace().emit("two", ());
        socket.emit("three", bytes::Bytes::from_static(b"\x03"));
        "answer"
    });
    io.on("bye", |socket: Socket| {
        socket.emit("last", ());
        socket.disconnect();
        socket.emit("too late", ());
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;

    for _ in 0..20 {
        client.send(r#"427["all"]"#).await;
        assert_eq!(session.next(&mut client).await, r#"42["one"]"#);
        assert_eq!(session.next(&mut client).await, r#"42["two"]"#);
        session.next(&mut client).await;
        client.expect_binary(b"\x03").await;
        client.expect(r#"437["answer"]"#).await;
    }
    client.send(r#"42["bye"]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["last"]"#);
    client.expect("41").await;
}

#[tokio::test]
async fn a_client_that_is_cut_while_its_events_wait_for_the_disk_gets_them_on_its_return() {
    let folder = tempfile::tempdir().expect("there is room");
    let io = server(&folder.path().join("messages.redb"));
    io.on("flood", |socket: Socket| {
        for number in 0..500 {
            socket.namespace().emit("number", number);
        }
        socket.conn().close();
    });
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["flood"]"#).await;
    assert_eq!(reasons.next().await, "forced close");
    drop(client);

    let mut client = session.resume(&host).await;
    for number in 0..500 {
        assert_eq!(
            session.next(&mut client).await,
            format!(r#"42["number",{number}]"#)
        );
    }
    client.expect_alive().await;
}

#[tokio::test]
async fn a_broadcast_with_acknowledgements_comes_behind_what_was_emitted_before() {
    let folder = tempfile::tempdir().expect("there is room");
    let io = server(&folder.path().join("messages.redb"));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;

    io.emit("first", ());
    let vote = async {
        let jury = io.timeout(Duration::from_secs(30));
        jury.emit_with_ack::<u8>("vote", ())
            .await
            .expect("it is encoded")
    };
    let answer = async {
        assert_eq!(session.next(&mut client).await, r#"42["first"]"#);
        client.expect(r#"420["vote"]"#).await;
        client.send("430[7]").await;
    };
    let (votes, ()) = tokio::join!(vote, answer);
    assert_eq!(votes.into_values(), [7]);
}

// A file that is not as it should be.

fn open_error(path: &Path) -> LogError {
    RedbLog::open(path).expect_err("the file cannot be used")
}

#[test]
fn a_file_that_is_open_is_in_use() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let _open = RedbLog::open(&path).expect("the file is new");

    assert_eq!(open_error(&path), LogError::InUse { path });
}

#[test]
fn a_file_that_is_no_log_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("notes.txt");
    for content in ["x".to_owned(), "these are my notes\n".repeat(10_000)] {
        std::fs::write(&path, &content).expect("there is room");

        let error = open_error(&path);

        assert!(matches!(error, LogError::Corrupt { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("is no log of messages, or damaged"),
            "{error}"
        );
        assert_eq!(
            std::fs::read_to_string(&path).expect("it is there"),
            content
        );
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("missing").join("messages.redb");

    let error = open_error(&path);

    assert!(matches!(error, LogError::Open { .. }), "{error:?}");
    assert!(
        error.to_string().contains("missing/messages.redb"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_was_cut_off_or_overwritten_is_an_error_or_whole() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    for number in 0..500 {
        io.to("red").emit("news", (number, "x".repeat(100)));
    }
    io.logged().await.expect("the log is written");
    end(io, &path).await;
    let whole = std::fs::read(&path).expect("it is there");
    let mut errors = 0;
    for damage in 0..40 {
        let mut bytes = whole.clone();
        let at = whole.len() * damage / 40;
        if damage % 2 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at..]
                .iter_mut()
                .take(5000)
                .for_each(|byte| *byte ^= 0x55);
        }
        let path = folder.path().join(format!("damaged-{damage}.redb"));
        std::fs::write(&path, bytes).expect("there is room");

        match RedbLog::open(&path) {
            Err(error) => {
                assert!(matches!(error, LogError::Corrupt { .. }), "{error:?}");
                errors += 1;
            }
            Ok(log) => drop(log),
        }
    }
    assert!(errors > 0);
}
