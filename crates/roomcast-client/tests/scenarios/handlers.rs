//! Who is called, with what, in which order, and what a failing handler does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use roomcast::{Server, Socket as Peer};
use roomcast_client::{
    Ack, ArgumentError, Manager, Reply, Socket, SocketError, Spread, Value, parallel,
};

use crate::stub::StubServer;
use crate::support::{builder, notes, serve};

/// A server that sends each of the events to a client that is ready for them.
fn sending(events: &'static [&'static str]) -> Server {
    let io = Server::new();
    io.on("ready", move |peer: Peer| {
        for event in events {
            peer.emit(event, ());
        }
    });
    io
}

/// What a client that `listen` has prepared says to these messages, and then.
async fn says<const N: usize>(messages: [&str; N], listen: impl FnOnce(&Socket)) -> Vec<String> {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    listen(&socket);
    socket.on("end", || "the end");
    for message in messages {
        server.say(message).await;
    }
    server.say(r#"4299["end"]"#).await;
    let mut said = Vec::new();
    loop {
        let next = server.hear().await;
        if next == r#"4399["the end"]"# {
            return said;
        }
        said.push(next);
    }
}

#[tokio::test]
async fn arguments_are_parameters_and_the_return_value_answers() {
    let said = says(
        [
            r#"421["tuple","a",1,true]"#,
            r#"422["context",7]"#,
            r#"423["refused",2,3]"#,
            r#"424["empty"]"#,
            r#"425["nothing"]"#,
            r#"42["unasked"]"#,
        ],
        |socket| {
            socket.on("tuple", |text: String, n: u8| (text, n));
            socket.on("context", |socket: Socket, n: u8, manager: Manager| {
                assert_eq!(socket.manager(), manager);
                n + 1
            });
            socket.on("refused", |a: u8, b: u8, c: Option<u8>| {
                c.ok_or_else(|| format!("no third number after {a}, {b}"))
            });
            socket.on("empty", || Reply(()));
            socket.on("nothing", || ());
            socket.on("unasked", || "nobody wants this");
        },
    );
    assert_eq!(
        said.await,
        [
            r#"431["a",1]"#,
            "432[8]",
            r#"433["no third number after 2, 3"]"#,
            "434[]"
        ]
    );
}

#[tokio::test]
async fn functions_and_async_closures_are_handlers_too() {
    async fn joined(first: String, Spread(rest): Spread<u8>) -> Result<String, String> {
        tokio::task::yield_now().await;
        Ok(format!("{first} {rest:?}"))
    }

    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    socket.on("function", joined);
    socket.on("closure", async |n: i32| n - 3);
    socket.on("aside", parallel(async |text: String| text.repeat(2)));
    server.say(r#"421["function","a",1,2]"#).await;
    assert_eq!(server.hear().await, r#"431["a [1, 2]"]"#);
    server.say(r#"422["closure",1]"#).await;
    assert_eq!(server.hear().await, "432[-2]");
    server.say(r#"423["aside","b"]"#).await;
    assert_eq!(server.hear().await, r#"433["bb"]"#);
}

#[tokio::test]
async fn binary_parts_are_parameters_and_answers() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    socket.on("echo", |bytes: Bytes, value: Value| (value, bytes));
    let header =
        r#"452-1["echo",{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":1}}]"#;
    server.say(header).await;
    server.say_bytes(b"\0").await;
    server.say_bytes(b"\xff\xff").await;

    let header = r#"462-1[{"a":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]"#;
    assert_eq!(server.hear().await, header);
    assert_eq!(server.hear().await, "2 bytes");
    assert_eq!(server.hear().await, "1 bytes");
}

#[tokio::test]
async fn a_handler_whose_parameters_cannot_be_read_is_reported_and_the_next_called() {
    let (note, mut errors) = notes::<SocketError>();
    let said = says([r#"421["question","text"]"#], |socket| {
        socket.on_error(note);
        socket.on("question", |_: u8| "never");
        socket.on(
            "question",
            |number: Result<u8, ArgumentError>| match number {
                Ok(_) => "a number",
                Err(_) => "no number",
            },
        );
    });
    assert_eq!(said.await, [r#"431["no number"]"#]);

    let SocketError::Argument { event, error } = errors.next().await else {
        panic!("the argument is no number");
    };
    assert_eq!((&*event, error.index), ("question", 0));
    assert_eq!(error.expected, "u8");
}

#[tokio::test]
async fn the_first_of_several_answers_counts() {
    let said = says([r#"421["question"]"#], |socket| {
        socket.on("question", || ());
        socket.on("question", |ack: Option<Ack>| {
            ack.expect("the server waits").send("first");
        });
        socket.on("question", async || "second");
        socket.on_any(|_: String, ack: Ack| drop(ack));
    });
    assert_eq!(said.await, [r#"431["first"]"#]);
}

#[tokio::test]
async fn handlers_are_called_in_order_those_of_any_event_first() {
    let io = sending(&["a", "a", "end"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let noting = |name: &'static str| {
        let note = note.clone();
        move || note(name.to_owned())
    };
    let noting_any = |name: &'static str| {
        let note = note.clone();
        move |event: String| note(format!("{name} {event}"))
    };
    socket.on("a", noting("first a"));
    socket.once("a", noting("once a"));
    let removed = socket.on("a", noting("removed"));
    socket.on("b", noting("removed by name"));
    socket.on_any(noting_any("any"));
    socket.prepend_any(noting_any("before any"));
    socket.on_any_outgoing(noting_any("outgoing"));
    socket.on("end", noting("end"));
    socket.off_handler(removed);
    socket.off("b");
    socket.emit("ready", ());
    socket.connect();

    let expected = [
        "outgoing ready",
        "before any a",
        "any a",
        "first a",
        "once a",
        "before any a",
        "any a",
        "first a",
        "before any end",
        "any end",
        "end",
    ];
    for line in expected {
        assert_eq!(noted.next().await, line);
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_reported_and_the_connection_lives() {
    let io = sending(&["bad", "bad later", "good"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut errors) = notes();
    let (note_good, mut good) = notes();
    socket.on("bad", || panic!("on purpose"));
    socket.on("bad later", async || {
        tokio::task::yield_now().await;
        if socket_is_there() {
            panic!("later");
        }
    });
    socket.on_error(move |socket: Socket, error: SocketError| {
        note((socket.is_connected(), error.to_string()));
    });
    socket.on_error(|| panic!("the handler of errors, too"));
    socket.on("good", move |socket: Socket| {
        note_good(socket.is_connected())
    });
    socket.emit("ready", ());
    socket.connect();

    assert!(good.next().await);
    for text in [
        r#"handler of "bad" panicked: on purpose"#,
        r#"handler of "bad later" panicked: later"#,
    ] {
        assert_eq!(errors.next().await, (true, text.to_owned()));
    }
    assert!(socket.is_connected());
}

/// What the compiler does not see through.
fn socket_is_there() -> bool {
    std::hint::black_box(true)
}

#[tokio::test]
async fn a_handler_that_waits_does_not_hold_up_the_next() {
    let io = sending(&["slow", "quick"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let (release, released) = tokio::sync::watch::channel(false);
    let note_slow = note.clone();
    socket.on("slow", async move || {
        note_slow("slow starts");
        let mut released = released;
        let wait = released.wait_for(|released| *released).await;
        wait.expect("it is released");
        note_slow("slow ends");
    });
    socket.on("quick", move || note("quick"));
    socket.emit("ready", ());
    socket.connect();

    assert_eq!(noted.next().await, "slow starts");
    assert_eq!(noted.next().await, "quick");
    release.send(true).expect("somebody waits");
    assert_eq!(noted.next().await, "slow ends");
}

#[tokio::test]
async fn a_handler_may_call_anything() {
    let io = sending(&["go"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    socket.on("go", move |socket: Socket| {
        socket.on("late", || ());
        socket.off("go");
        socket.emit("more", ());
        socket
            .manager()
            .change_settings(|settings| settings.reconnection = false);
        socket.disconnect();
        note((socket.is_connected(), socket.is_active()));
    });
    socket.emit("ready", ());
    socket.connect();

    assert_eq!(noted.next().await, (false, false));
}

#[tokio::test]
async fn the_names_of_the_official_client_mean_its_hooks() {
    let url = serve(&Server::new()).await;
    let socket = builder(&url).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let noting = |name: &'static str| {
        let note = note.clone();
        move || note(name)
    };
    socket.on("connect", noting("connect"));
    socket.on("disconnect", noting("disconnect"));
    let refused = builder(&format!("{url}/none"))
        .build()
        .expect("a plain URL");
    refused.on("connect_error", noting("connect_error"));
    socket.connect();
    assert_eq!(noted.next().await, "connect");
    socket.disconnect();
    assert_eq!(noted.next().await, "disconnect");
    refused.connect();
    assert_eq!(noted.next().await, "connect_error");
}

#[tokio::test]
async fn events_wait_in_order_while_as_many_handlers_wait_as_may() {
    let (mut server, socket) =
        StubServer::with_client(|builder| builder.max_waiting_handlers(2)).await;
    let (note, mut noted) = notes();
    socket.on("ask", async move |socket: Socket, n: u8| {
        note(n);
        socket
            .emit_with_ack::<u8>("wait", n)
            .await
            .expect("it is answered")
    });
    for (id, n) in [(11, 1), (12, 2), (13, 3)] {
        server.say(&format!(r#"42{id}["ask",{n}]"#)).await;
    }
    assert_eq!(server.hear().await, r#"420["wait",1]"#);
    assert_eq!(server.hear().await, r#"421["wait",2]"#);
    server.say("2").await;
    assert_eq!(server.hear().await, "3");

    server.say("431[8]").await;
    let mut next = [server.hear().await, server.hear().await];
    next.sort();
    assert_eq!(next, [r#"422["wait",3]"#, "4312[8]"]);
    assert_eq!((noted.next().await, noted.next().await), (1, 2));
    assert_eq!(noted.next().await, 3);
}

#[tokio::test]
async fn events_that_wait_are_handled_before_a_disconnection() {
    let (mut server, socket) =
        StubServer::with_client(|builder| builder.max_waiting_handlers(1)).await;
    let (note, mut noted) = notes();
    let (note_end, wait) = (note.clone(), Arc::new(tokio::sync::Notify::new()));
    let waiting = Arc::clone(&wait);
    socket.on("n", async move |n: u8| {
        note(n);
        waiting.notified().await;
    });
    socket.on_disconnect(move || note_end(9));
    for n in 1..=3 {
        server.say(&format!(r#"42["n",{n}]"#)).await;
    }
    server.say("41").await;

    for n in [1, 2, 3, 9] {
        assert_eq!(noted.next().await, n);
    }
    wait.notify_waiters();
}

#[tokio::test]
async fn a_server_that_sends_more_than_may_wait_is_not_read() {
    let (mut server, socket) =
        StubServer::with_client(|builder| builder.max_waiting_handlers(1)).await;
    let wait = Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = Arc::clone(&wait);
    let (note, mut noted) = notes();
    socket.on("n", async move |n: usize, _: String| {
        let permit = waiting.acquire().await.expect("it is open");
        note(n);
        permit.forget();
    });
    let (count, sent) = (1000, Arc::new(AtomicUsize::new(0)));
    let (filler, counter) = ("x".repeat(60_000), Arc::clone(&sent));
    let sending = tokio::spawn(async move {
        for n in 0..count {
            server.say(&format!(r#"42["n",{n},"{filler}"]"#)).await;
            counter.store(n + 1, Ordering::Relaxed);
        }
        // Its end would hand all that waits to the handlers at once.
        server
    });
    // It is stuck once the buffers of the system are full, too.
    let mut before = 0;
    loop {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let now = sent.load(Ordering::Relaxed);
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    assert!(before < count, "all was read");
    wait.add_permits(count);

    for n in 0..count {
        assert_eq!(noted.next().await, n);
    }
    drop(sending.await.expect("all is read"));
}
