//! Sockets for programs without an async runtime.

use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use roomcast::{Server, Socket as Peer};
use roomcast_client::blocking::{FlushError, Manager, Socket, WaitError};
use roomcast_client::{
    AckError, Builder, Client, ConfigError, ConnectError, DisconnectReason, EmitError, Event,
    NotConnected, NotFlushed, Refusal, SocketError, Transport, UrlError,
};
use tokio::runtime::Runtime;

use crate::support::{Notes, builder, notes, serve, soon};

/// A server with a runtime of its own.
struct Remote {
    runtime: Runtime,
    url: String,
}

impl Remote {
    fn new(io: &Server) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let url = runtime.block_on(serve(io));
        Self { runtime, url }
    }

    fn builder(&self) -> Builder {
        builder(&self.url)
    }

    fn connect(&self) -> Socket {
        let socket = self.builder().connect_blocking();
        socket.expect("a plain URL")
    }

    fn soon<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(soon(future))
    }

    fn next<T>(&self, notes: &mut Notes<T>) -> T {
        self.runtime.block_on(notes.next())
    }
}

fn adder() -> Server {
    let io = Server::new();
    io.on("add", |a: i64, b: i64| a + b);
    io.on("silent", || ());
    io
}

/// The outcome of calls that must not block forever.
fn in_time<T: Send + 'static>(calls: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, outcome) = mpsc::channel();
    // A test that has failed waits no more.
    std::thread::spawn(move || drop(sender.send(calls())));
    let outcome = outcome.recv_timeout(Duration::from_secs(20));
    outcome.expect("it happens in time")
}

/// It notes what it is sent, and who has left it.
fn noting() -> (Server, Notes<String>) {
    let (io, (note, noted)) = (adder(), notes());
    let left = note.clone();
    io.on("note", note);
    io.on_connect(move |peer: Peer| {
        let left = left.clone();
        peer.on_disconnect(move || left("gone".to_owned()));
    });
    (io, noted)
}

#[test]
fn a_program_without_a_runtime_emits_asks_listens_and_leaves() {
    let (io, mut noted) = noting();
    io.on("start", |peer: Peer| {
        peer.emit("news", "one");
        peer.emit("bye", ());
    });
    let remote = Remote::new(&io);
    let socket = remote.builder().build_blocking().expect("a plain URL");
    let (note, mut heard) = notes::<String>();
    socket.on("news", note);
    let mut events = socket.events();
    socket.connect();

    assert_eq!(socket.emit_with_ack("add", (1, 2)), Ok(3));
    assert!(socket.is_connected() && socket.id().is_some());
    socket.emit("start", ());
    let news = events.next().expect("the socket lives");
    assert_eq!(news.args().read(), Ok("one"));
    assert_eq!(
        events.next().map(|event| event.name().into_owned()),
        Some("bye".to_owned())
    );
    assert_eq!(remote.next(&mut heard), "one");
    socket.emit("note", "last");
    socket.disconnect();
    assert_eq!(socket.flushed(), Ok(()));
    assert_eq!(remote.next(&mut noted), "last");
    assert_eq!(remote.next(&mut noted), "gone");
}

#[test]
fn a_task_of_tokio_waits_as_often_as_it_likes() {
    let remote = Remote::new(&adder());
    let flavours = [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ];
    for mut flavour in flavours {
        let runtime = flavour.enable_all().build().expect("a runtime");

        let url = remote.url.clone();
        let all = in_time(move || {
            let task = runtime.spawn(async move {
                let socket = builder(&url).connect_blocking().expect("a plain URL");
                // More than tokio lets a task do before it has to yield.
                (0..300).all(|n| socket.emit_with_ack("add", (n, 1)) == Ok(n + 1))
            });
            runtime.block_on(task).expect("it does not panic")
        });
        assert!(all);
    }
}

#[test]
fn a_blocking_call_in_a_handler_fails_at_once_and_sends_nothing() {
    let (io, mut noted) = noting();
    let (answer, mut answers) = notes::<String>();
    io.on("go", async move |peer: Peer| {
        let told = peer.emit_with_ack::<String>("try", ()).await;
        answer(told.expect("the client answers"));
    });
    let remote = Remote::new(&io);
    let socket = remote.connect();
    let (note, mut outcomes) = notes();
    socket.on("try", move |socket: Socket, manager: Manager| {
        assert_eq!(socket.manager(), manager);
        let mut events = socket.events();
        note((
            socket.emit_with_ack::<()>("note", "never"),
            socket.emit_when_room("note", "never"),
            socket.flushed(),
            events.next_timeout(Duration::MAX).map(|_| ()),
        ));
        assert!(events.next().is_none());
        socket.emit("note", "after");
        "answered"
    });
    socket.emit("go", ());

    assert_eq!(remote.next(&mut answers), "answered");
    let in_handler = || EmitError::InHandler;
    let outcome = (
        Err(AckError::Emit(in_handler())),
        Err(in_handler()),
        Err(FlushError::Wait(WaitError::InHandler)),
        Err(WaitError::InHandler),
    );
    assert_eq!(remote.next(&mut outcomes), outcome);
    assert_eq!(remote.next(&mut noted), "after");
    assert_eq!(socket.emit_with_ack("add", (1, 1)), Ok(2));
}

#[test]
fn an_async_handler_waits_and_a_thread_blocks() {
    let io = adder();
    let (answer, mut answers) = notes::<i64>();
    io.on("go", async move |peer: Peer| {
        for event in ["task", "thread"] {
            let told = peer.emit_with_ack(event, ()).await;
            answer(told.expect("the client answers"));
        }
    });
    let remote = Remote::new(&io);
    let socket = remote.connect();
    socket.on("task", async |socket: roomcast_client::Socket| {
        socket.emit_with_ack::<i64>("add", (1, 2)).await
    });
    socket.on("thread", |socket: Socket, ack: roomcast_client::Ack| {
        std::thread::spawn(move || ack.send(socket.emit_with_ack::<i64>("add", (3, 4)).ok()));
    });
    socket.emit("go", ());

    assert_eq!(remote.next(&mut answers), 3);
    assert_eq!(remote.next(&mut answers), 7);
}

#[test]
fn the_last_handle_closes_the_connection_and_ends_the_events() {
    let (io, mut noted) = noting();
    let remote = Remote::new(&io);
    let socket = remote.connect();
    let (ended, mut ends) = notes::<usize>();
    let mut events = socket.events();
    let reader = std::thread::spawn(move || ended(events.by_ref().count()));
    let (manager, clone) = (socket.manager(), socket.clone());
    let other = manager.socket("/");
    assert_eq!(other, socket);
    drop((socket, manager, clone));
    assert_eq!(other.emit_with_ack("add", (1, 2)), Ok(3));
    other.emit("note", "before the end");
    drop(other);

    assert_eq!(remote.next(&mut noted), "before the end");
    assert_eq!(remote.next(&mut noted), "gone");
    assert_eq!(remote.next(&mut ends), 0);
    reader.join().expect("it has ended");
}

#[test]
fn a_thread_waits_until_it_is_connected_or_will_not_be() {
    let io = Server::new();
    io.of("/private")
        .middleware(|| Err::<(), _>(roomcast::Refusal::new("not you")));
    let remote = Remote::new(&io);

    in_time(move || {
        let socket = remote.connect();
        assert_eq!(socket.connected(), Ok(()));
        let manager = socket.manager();
        let private = manager.socket("/private");
        assert_eq!(private.connected(), Err(NotConnected::Disconnected.into()));
        private.connect();
        let refused = ConnectError::Refused {
            message: "not you".to_owned(),
            data: None,
        };
        assert_eq!(
            private.connected(),
            Err(NotConnected::Failed(refused).into())
        );
        let away = builder("http://127.0.0.1:9").connect_blocking();
        let waited = away
            .expect("a plain URL")
            .connected_timeout(Duration::from_millis(1));
        assert_eq!(waited, Err(WaitError::TimedOut.into()));
    });
}

#[test]
fn a_wait_ends_with_its_time() {
    let remote = Remote::new(&adder());
    let moment = Duration::from_millis(20);
    let socket = remote.connect();

    let answer = socket.timeout(moment).emit_with_ack::<()>("none", ());
    assert_eq!(answer, Err(AckError::TimedOut));
    let next = socket.events().next_timeout(moment);
    assert_eq!(next.map(|_| ()), Err(WaitError::TimedOut));
    assert!(socket.events().try_next().is_none());
    let silent = builder("http://127.0.0.1:9")
        .send_buffer(roomcast_client::BufferLimits {
            max_packets: 2,
            max_bytes: 1000,
        })
        .build_blocking()
        .expect("a plain URL");
    silent.emit("kept", ());
    assert_eq!(silent.flushed(), Err(NotFlushed.into()));
    silent.connect();
    let flushed = silent.flushed_timeout(moment);
    assert_eq!(flushed, Err(WaitError::TimedOut.into()));
    silent.emit("kept", ());
    let emitted = silent.timeout(moment).emit_when_room("no room", ());
    assert_eq!(emitted, Err(EmitError::NoRoom));
}

#[test]
fn namespaces_share_a_connection_but_not_with_async_sockets() {
    let io = adder();
    io.of("/admin").on("name?", || "admin");
    let remote = Remote::new(&io);
    let client = Client::new();
    let url = &remote.url;
    let socket = client.connect_blocking(url).expect("a plain URL");
    let admin = client.connect_blocking(&format!("{url}/admin"));
    let admin = admin.expect("a plain URL");

    assert_eq!(admin.manager(), socket.manager());
    assert_eq!(admin.emit_with_ack("name?", ()), Ok("admin".to_owned()));
    let apart = remote.runtime.block_on(async {
        let apart = client
            .connect(&format!("{url}/admin"))
            .expect("a plain URL");
        soon(apart.emit_with_ack::<String>("name?", ()))
            .await
            .expect("an answer");
        apart
    });
    assert_ne!(apart.manager(), *admin.manager());
}

#[test]
fn a_connection_stays_on_its_thread_whoever_connects() {
    let remote = Remote::new(&adder());
    let socket = remote.builder().build_blocking().expect("a plain URL");

    let answer = in_time(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            socket.manager().open();
            socket.connect();
            socket.emit_with_ack("add", (1, 2))
        })
    });
    assert_eq!(answer, Ok(3));
}

#[test]
fn only_handlers_of_blocking_sockets_are_given_one() {
    let remote = Remote::new(&adder());
    let (note, mut errors) = notes::<SocketError>();
    let socket = remote.runtime.block_on(async {
        let socket = remote.builder().build().expect("a plain URL");
        socket.on_error(note);
        socket.on_connect(|_: Socket| ());
        socket.connect();
        socket
    });

    let SocketError::Argument { event, error } = remote.next(&mut errors) else {
        panic!("the parameter cannot be given");
    };
    assert_eq!(&*event, "on_connect");
    assert!(
        error
            .to_string()
            .contains("only handlers of a blocking socket")
    );
    let answer = socket.emit_with_ack("add", (1, 2));
    assert_eq!(remote.soon(answer), Ok(3));
}

#[test]
fn options_count_and_refusals_and_ends_are_told() {
    let io = adder();
    io.of("/closed").middleware(|| Err::<(), _>("not you"));
    let remote = Remote::new(&io);
    let socket = remote
        .builder()
        .transports([Transport::WebSocket])
        .build_blocking()
        .expect("a plain URL");
    let dropped = socket.volatile().try_emit("add", (1, 2));
    assert_eq!(dropped, Err(Refusal::Dropped.into()));
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    let closed = socket.manager().socket("closed");
    let (note, mut refusals) = notes::<ConnectError>();
    closed.on_connect_error(note);
    socket.connect();
    closed.connect();

    assert_eq!(socket.emit_with_ack("add", (1, 2)), Ok(3));
    assert_eq!(socket.transport(), Some(Transport::WebSocket));
    let ConnectError::Refused { message, .. } = remote.next(&mut refusals) else {
        panic!("the server refuses it");
    };
    assert_eq!(&*message, "not you");
    socket.disconnect();
    let reason = remote.next(&mut reasons);
    assert_eq!(reason, DisconnectReason::IoClientDisconnect);
}

#[derive(Event, Clone, Debug, PartialEq)]
#[event(name = "twice", reply = String)]
struct Twice {
    text: String,
}

#[test]
fn typed_events_are_asked_and_answered() {
    let io = Server::new();
    io.on_event(async |peer: Peer, twice: Twice| {
        let told = peer.emit_event_with_ack(&twice).await;
        told.map(|text| format!("{text}{text}"))
    });
    let remote = Remote::new(&io);
    let socket = remote.connect();
    socket.on_event(|socket: Socket, twice: Twice| {
        assert!(socket.is_connected());
        twice.text + "!"
    });

    let twice = Twice {
        text: "a".to_owned(),
    };
    let answer = socket.emit_event_with_ack(&twice);
    assert_eq!(answer, Ok("a!a!".to_owned()));
}

#[test]
fn mistakes_are_told_without_a_connection() {
    let mistake = roomcast_client::blocking::connect("ftp://example.com");

    assert_eq!(mistake.err(), Some(ConfigError::Url(UrlError::Scheme)));
}
