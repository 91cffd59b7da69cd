//! Seed 004: each way to emit, and acknowledgements.

use std::time::Duration;

use axum::Router;
use roomcast::{Ack, Cors, DisconnectReason, Namespace, Server, Socket, Spread, Value};
use roomcast_conformance::arguments::{arguments, field, rooms};
use roomcast_conformance::log::log;
use roomcast_conformance::program::{Loopback, server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = server().cors(Cors::origin("http://localhost:5173")).build();
    lines_of_the_seed(&io);
    operators(&io);
    values(&io);
    questions(&io);
    io.of("/io-emit")
        .on_connect(|namespace: Namespace| namespace.emit("message", "hello world"));
    io.of("/broadcast-emit")
        .on_connect(|socket: Socket| socket.broadcast().emit("message", "hello world"));
    callback(&io.of("/callback"));
    volatile(&io.of("/volatile"));
    reasons(&io.of("/reasons"));
    Loopback::bind(8080).await?.serve(&io, Router::new()).await
}

fn lines_of_the_seed(io: &Server) {
    io.on_connect(|socket: Socket| println!("Connected to client with id: {}", socket.id()));
    io.on("message", |sent: Spread<Value>| log(arguments::<1>(&sent)));
    io.on("client-data", |sent: Spread<Value>| {
        log(arguments::<3>(&sent))
    });
    io.on("send-message", |socket: Socket, sent: Spread<Value>| {
        let [message, client_id] = arguments(&sent);
        socket
            .to(rooms(client_id))
            .emit("received-message", message);
    });
    io.on("join-room", |socket: Socket, sent: Spread<Value>| {
        let [room] = arguments(&sent);
        socket.join(rooms(room));
    });
    io.on(
        "send-message-to-ourgroup",
        |socket: Socket, message: Value| {
            socket.to("ourgroup").emit("received-message", message);
        },
    );
}

fn operators(io: &Server) {
    io.on(
        "operator",
        |io: Server, socket: Socket, sent: Spread<Value>| {
            let [name, room] = arguments(&sent);
            let room = rooms(room);
            match name.and_then(Value::as_str) {
                Some("socket.emit") => socket.emit("operated", name),
                Some("socket.broadcast") => socket.broadcast().emit("operated", name),
                Some("socket.to") => socket.to(room).emit("operated", name),
                Some("socket.in") => socket.r#in(room).emit("operated", name),
                Some("socket.except") => socket.except(room).emit("operated", name),
                Some("io.to") => io.to(room).emit("operated", name),
                Some("io.in") => io.r#in(room).emit("operated", name),
                Some("io.except") => io.except(room).emit("operated", name),
                Some("io.emit") => io.emit("operated", name),
                _ => {}
            }
        },
    );
    io.on("send-to-rooms", |io: Server, sent: Spread<Value>| {
        let [choice] = arguments(&sent);
        let to = rooms(field(choice, "to"));
        let except = rooms(field(choice, "except"));
        io.to(to)
            .except(except)
            .emit("received-message", "to rooms");
    });
}

fn values(io: &Server) {
    io.on("echo", |values: Spread<Value>| values);
    io.on("kinds", |socket: Socket, Spread(values): Spread<Value>| {
        socket.emit("kinds", values.iter().map(kind).collect::<Vec<_>>());
    });
    io.on("several", |socket: Socket| socket.emit("several", "first"));
    io.on("several", |socket: Socket| socket.emit("several", "second"));
    io.on("count-up", |socket: Socket, number: Value| {
        socket.emit("counted", number)
    });
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Binary(_) => "binary",
    }
}

fn questions(io: &Server) {
    io.on("ask-me", async |socket: Socket, sent: Spread<Value>| {
        let [question, milliseconds] = arguments(&sent);
        let question = socket
            .timeout(delay(milliseconds))
            .emit_with_ack("question", question);
        match question.await {
            Ok(answer) => (None, Some(answer)),
            Err(error) => (Some(error.to_string()), None::<Value>),
        }
    });
    io.on("ask-group", async |io: Server, sent: Spread<Value>| {
        let [group, question, milliseconds] = arguments(&sent);
        let group = io.to(rooms(group)).timeout(delay(milliseconds));
        let answers = group
            .emit_with_ack::<Value>("question", question)
            .await
            .ok()?;
        let error = (!answers.missing.is_empty()).then_some("operation has timed out");
        Some((error, answers.into_values()))
    });
}

/// A timer's delay as JavaScript reads it: 1 ms for what is no 31-bit number.
fn delay(milliseconds: Option<&Value>) -> Duration {
    let milliseconds = milliseconds.and_then(Value::as_u64);
    let milliseconds = milliseconds.filter(|delay| (1..1 << 31).contains(delay));
    Duration::from_millis(milliseconds.unwrap_or(1))
}

fn callback(namespace: &Namespace) {
    namespace.on(
        "send-message",
        |socket: Socket, message: Value, callback: Option<Ack>| match callback {
            Some(callback) => callback.send("message received"),
            None => socket.emit("no-callback", message),
        },
    );
    // `Ack::send` takes the callback away: a second call does not compile.
    namespace.on("call-twice", |callback: Ack| callback.send("first"));
}

fn volatile(namespace: &Namespace) {
    namespace.on_connect(|socket: Socket| {
        socket.volatile().emit("volatile", "at connection");
        socket.emit("reliable", "at connection");
    });
    namespace.on("volatile", |socket: Socket| {
        socket.volatile().emit("volatile", "later")
    });
}

fn reasons(namespace: &Namespace) {
    namespace.on("kick", |socket: Socket| socket.disconnect());
    namespace.on("kick-all", |socket: Socket| socket.disconnect_and_close());
    namespace.on_disconnect(
        |namespace: Namespace, socket: Socket, reason: DisconnectReason| {
            namespace.emit("left", (socket.id(), reason.as_str()));
        },
    );
}
