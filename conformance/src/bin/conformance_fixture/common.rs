//! The common app: what every Socket.IO server of the fixture does in every namespace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roomcast::{
    Ack, ArgumentError, Auth, DisconnectReason, Namespace, Refusal, Server, Socket, SocketError,
    Spread, Value, value,
};

use crate::describe::{describe, handshake, whoami};
use crate::selection::{Cast, OneOrMany, Selection};

/// What happened to each socket of one server, by socket id.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<HashMap<String, Vec<Value>>>>);

impl Journal {
    fn record(&self, socket: &Socket, entry: Value) {
        let mut entries = self.0.lock().expect("no holder of the lock panics");
        entries
            .entry(socket.id().to_string())
            .or_default()
            .push(entry);
    }

    fn of(&self, id: &str) -> Vec<Value> {
        self.0
            .lock()
            .expect("no holder of the lock panics")
            .get(id)
            .cloned()
            .unwrap_or_default()
    }
}

/// Events that have a handler; `on_any` reports all others.
const KNOWN: &[&str] = &[
    "message",
    "message-with-ack",
    "whoami",
    "handshake",
    "describe",
    "join",
    "leave",
    "cast",
    "cast-ack",
    "fetch-sockets",
    "sockets-join",
    "sockets-leave",
    "sockets-disconnect",
    "set-data",
    "ask",
    "burst",
    "send-binary",
    "ordered",
    "kick",
    "close-conn",
    "log",
    "volatile",
    "later",
    "slow-ack",
    "stats",
    "room-sizes",
    "middleware-blocked",
];

#[derive(serde::Deserialize)]
struct Token {
    token: Option<Value>,
    delay: Option<u64>,
}

/// Installs the app in all namespaces of the fixture.
pub(crate) fn install(io: &Server) {
    let journal = Journal::default();
    app(io, &journal);
    app(&io.of("/custom"), &journal);
    app(&io.of("/unicode-ñ-日本"), &journal);
    let auth = io.of("/auth");
    auth.middleware(first_step);
    auth.middleware(|socket: Socket| -> Result<(), Refusal> {
        let mut steps: Vec<String> = socket.data().get("steps").unwrap_or_default();
        steps.push("second".to_owned());
        socket.data().set("steps", steps);
        Ok(())
    });
    app(&auth, &journal);
    app(
        &io.of_pattern("^/dyn-[A-Za-z0-9_]+$")
            .expect("the pattern is right"),
        &journal,
    );
    let gate = io.of_fn(async |name: String, auth: Value| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        name.starts_with("/gate-") && auth["pass"] == Value::Bool(true)
    });
    app(&gate, &journal);
}

async fn first_step(
    socket: Socket,
    Auth(Token { token, delay }): Auth<Token>,
) -> Result<(), Refusal> {
    if let Some(delay) = delay {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    match token {
        None => Err("missing token".into()),
        Some(token) if token == "secret" => {
            socket.data().set("steps", ["first"]);
            Ok(())
        }
        Some(_) => {
            let data = value!({ "code": 401, "hint": "token" });
            Err(Refusal::new("unauthorized").with_data(data))
        }
    }
}

fn app(namespace: &Namespace, journal: &Journal) {
    lifecycle(namespace, journal);
    messages(namespace);
    rooms(namespace);
    broadcasts(namespace);
    streams(namespace);
    let entries = journal.clone();
    namespace.on("log", move |id: String| entries.of(&id));
    namespace.on("stats", |io: Server, namespace: Namespace| {
        let mut namespaces = io.namespaces();
        namespaces.sort();
        let namespaces: Vec<Value> = namespaces.iter().map(|name| Value::from(&**name)).collect();
        value!({
            "engine": io.engine().clients_count(),
            "sockets": namespace.sockets_count(),
            "rooms": namespace.rooms().len(),
            "namespaces": namespaces,
        })
    });
}

fn lifecycle(namespace: &Namespace, journal: &Journal) {
    let entries = journal.clone();
    namespace.on_connect(move |socket: Socket| {
        entries.record(&socket, value!(["connect"]));
        socket.emit("auth", socket.handshake().auth_value());
    });
    let entries = journal.clone();
    namespace.on_disconnecting(move |socket: Socket, reason: DisconnectReason| {
        entries.record(
            &socket,
            value!(["disconnecting", reason.as_str(), sorted_rooms(&socket)]),
        );
    });
    let entries = journal.clone();
    namespace.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
        entries.record(
            &socket,
            value!(["disconnect", reason.as_str(), sorted_rooms(&socket)]),
        );
    });
    namespace.event_middleware(|event: Value| {
        if event == "middleware-blocked" {
            Err("blocked by middleware")
        } else {
            Ok(())
        }
    });
    namespace.on("middleware-blocked", |socket: Socket| {
        socket.emit("must-not-happen", ())
    });
    let entries = journal.clone();
    namespace.on_error(move |socket: Socket, error: SocketError| match &error {
        SocketError::Packet(_) => entries.record(&socket, value!(["error", error.to_string()])),
        SocketError::Refused(refusal) => {
            entries.record(&socket, value!(["error", refusal.message()]));
            socket.emit("middleware-error", refusal.message());
        }
        _ => {}
    });
    namespace.on_any(
        |socket: Socket, event: Value, ack: Option<Ack>, Spread(args): Spread<Value>| {
            if !event.as_str().is_some_and(|event| KNOWN.contains(&event)) {
                let mut report = vec![event, Value::Bool(ack.is_some())];
                report.extend(args);
                socket.emit("unhandled", Spread(report));
            }
        },
    );
}

fn messages(namespace: &Namespace) {
    namespace.on("message", |socket: Socket, args: Spread<Value>| {
        socket.emit("message-back", args)
    });
    namespace.on("message-with-ack", |args: Spread<Value>| args);
    namespace.on("whoami", |socket: Socket| whoami(&socket));
    namespace.on("handshake", |socket: Socket| handshake(&socket));
    namespace.on("describe", |Spread(args): Spread<Value>| describe(&args));
    namespace.on("set-data", |socket: Socket, value: Value| {
        socket.data().set("custom", value);
        true
    });
    namespace.on(
        "ask",
        async |socket: Socket, cast: Cast| -> Result<Value, ()> {
            let answer = match cast.timeout {
                Some(timeout) => {
                    socket
                        .timeout(timeout)
                        .emit_for_answer(&cast.event, Spread(cast.args))
                        .await
                }
                None => socket.emit_for_answer(&cast.event, Spread(cast.args)).await,
            };
            match answer {
                Ok(answer) => Ok(value!({ "timedOut": false, "args": answer.values() })),
                Err(roomcast::AckError::Timeout) => Ok(value!({ "timedOut": true, "args": [] })),
                Err(_) => Err(()),
            }
        },
    );
    namespace.on(
        "volatile",
        |socket: Socket, event: String, args: Spread<Value>| {
            socket.volatile().emit(&event, args);
        },
    );
    namespace.on(
        "later",
        async |socket: Socket, milliseconds: u64, event: String| {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            socket.emit(&event, "late");
        },
    );
    namespace.on("slow-ack", async |milliseconds: u64| {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        "slow"
    });
    namespace.on(
        "kick",
        |socket: Socket, close: Result<bool, ArgumentError>| {
            if close == Ok(true) {
                socket.disconnect_and_close()
            } else {
                socket.disconnect()
            }
        },
    );
    namespace.on("close-conn", |socket: Socket| socket.conn().close());
}

fn rooms(namespace: &Namespace) {
    namespace.on("join", |socket: Socket, OneOrMany(rooms): OneOrMany| {
        socket.join(rooms);
        sorted_rooms(&socket)
    });
    namespace.on("leave", |socket: Socket, OneOrMany(rooms): OneOrMany| {
        socket.leave(rooms);
        sorted_rooms(&socket)
    });
    namespace.on(
        "room-sizes",
        |namespace: Namespace, OneOrMany(rooms): OneOrMany| {
            rooms
                .iter()
                .map(|room| namespace.room_len(room))
                .collect::<Vec<_>>()
        },
    );
    namespace.on("sockets-join", |socket: Socket, selection: Selection| {
        selection.of(&socket).sockets_join(selection.targets());
        true
    });
    namespace.on("sockets-leave", |socket: Socket, selection: Selection| {
        selection.of(&socket).sockets_leave(selection.targets());
        true
    });
    namespace.on(
        "sockets-disconnect",
        |socket: Socket, selection: Selection, ack: Ack| {
            ack.send(true);
            let sockets = selection.of(&socket);
            if selection.closes() {
                sockets.disconnect_sockets_and_close()
            } else {
                sockets.disconnect_sockets()
            }
        },
    );
    namespace.on(
        "fetch-sockets",
        async |socket: Socket, selection: Selection| {
            let mut sockets = selection
                .of(&socket)
                .fetch_sockets()
                .await
                .unwrap_or_default();
            sockets.sort_by_key(roomcast::RemoteSocket::id);
            let described = sockets.iter().map(|socket| {
                let mut rooms = socket.rooms();
                rooms.sort();
                let rooms: Vec<Value> = rooms.iter().map(|room| Value::from(&**room)).collect();
                value!({ "id": socket.id().as_str(), "rooms": rooms, "data": socket.data() })
            });
            described.collect::<Vec<_>>()
        },
    );
}

fn broadcasts(namespace: &Namespace) {
    namespace.on("cast", |socket: Socket, cast: Cast| {
        let mut sockets = cast.selection.of(&socket);
        if cast.volatile {
            sockets = sockets.volatile();
        }
        sockets.emit(&cast.event, Spread(cast.args));
        true
    });
    namespace.on("cast-ack", async |socket: Socket, cast: Cast| {
        let timeout = cast.timeout.unwrap_or_default();
        let sockets = cast.selection.of(&socket).timeout(timeout);
        let answers = sockets
            .emit_with_ack::<Value>(&cast.event, Spread(cast.args))
            .await;
        answers
            .map(|answers| (!answers.missing.is_empty(), answers.into_values()))
            .map_err(|_| ())
    });
}

fn streams(namespace: &Namespace) {
    #[derive(serde::Deserialize)]
    struct Burst {
        #[serde(default)]
        event: String,
        count: usize,
        size: Option<usize>,
    }

    namespace.on("burst", |socket: Socket, burst: Burst| {
        for index in 0..burst.count {
            match burst.size {
                Some(size) if size > 0 => socket.emit(&burst.event, (index, pattern(index, size))),
                _ => socket.emit(&burst.event, index),
            }
        }
    });
    namespace.on("send-binary", |socket: Socket, burst: Burst| {
        let size = burst.size.unwrap_or_default();
        let parts: Vec<Bytes> = (0..burst.count).map(|index| pattern(index, size)).collect();
        socket.emit("binary", parts);
    });
    namespace.on("ordered", |socket: Socket, count: usize| {
        for index in 0..count {
            if index % 3 == 1 {
                socket.emit("ordered", (index, pattern(index, 1)));
            } else {
                socket.emit("ordered", index);
            }
        }
    });
}

/// `size` bytes, byte k being (k + `index`) mod 256.
fn pattern(index: usize, size: usize) -> Bytes {
    (0..size).map(|k| ((k + index) & 255) as u8).collect()
}

pub(crate) fn sorted_rooms(socket: &Socket) -> Vec<Value> {
    let mut rooms = socket.rooms();
    rooms.sort();
    rooms.iter().map(|room| Value::from(&**room)).collect()
}
