//! The application of the official client's own tests, on `PORT` + 9.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roomcast::recovery::Recovery;
use roomcast::{Handshake, Refusal, Server, Socket, Value, value};

use crate::describe;

const BYTES: Bytes = Bytes::from_static(b"asdfasdf");
/// Dates are sent as JavaScript's `JSON.stringify` writes them.
const DATE: &str = "2026-01-02T03:04:05.678Z";

pub(crate) fn server() -> Server {
    let io = Server::builder()
        .ping_interval(Duration::from_secs(2))
        .connection_state_recovery(Recovery::new())
        .allow_request(async |_| {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        })
        .build();
    io.middleware(|handshake: Handshake| match handshake.query("fail") {
        Some(fail) if !fail.is_empty() => Err("Auth failed (main namespace)"),
        _ => Ok(()),
    });
    for name in ["/timeout_socket", "/valid", "/asd"] {
        io.of(name);
    }
    io.of("/foo").on("getId", |socket: Socket| socket.id());
    io.of("/abc")
        .on_connect(|socket: Socket| socket.emit("handshake", describe::handshake(&socket)));
    io.of("/no")
        .middleware(|| -> Result<(), Refusal> { Err("Auth failed (custom namespace)".into()) });
    text_events(&io);
    binary_events(&io);
    io
}

fn text_events(io: &Server) {
    io.on("hi", |socket: Socket| socket.emit("hi", ()));
    io.on("echo", |value: Value| value);
    io.on("ack", async |socket: Socket| {
        let answer = socket.emit_with_ack::<(Value, Value)>("ack", ()).await;
        if answer.is_ok_and(|(number, object)| number == 5 && !object["test"].is_null()) {
            socket.emit("got it", ());
        }
    });
    io.on("getAckDate", || DATE);
    io.on("getDate", |socket: Socket| socket.emit("takeDate", DATE));
    io.on("getDateObj", |socket: Socket| {
        socket.emit("takeDateObj", value!({ "date": DATE }))
    });
    io.on("getUtf8", |socket: Socket| {
        for text in [
            "てすと",
            "Я Б Г Д Ж Й",
            "Ä ä Ü ü ß",
            "utf8 — string",
            "utf8 — string",
        ] {
            socket.emit("takeUtf8", text);
        }
    });
    io.on("false", |socket: Socket| socket.emit("false", false));
    io.on("getHandshake", |socket: Socket| {
        describe::handshake(&socket)
    });
    io.on("getId", |socket: Socket| socket.id());
}

fn binary_events(io: &Server) {
    io.on("doge", |socket: Socket| socket.emit("doge", BYTES));
    io.on("getbin", |socket: Socket| socket.emit("takebin", BYTES));
    io.on("buffa", |socket: Socket, _: Bytes| {
        socket.emit("buffack", ())
    });
    io.on("blob", |socket: Socket, _: Bytes| socket.emit("back", ()));
    io.on("jsonbuff", |socket: Socket, value: Value| {
        if is_greeting(&value) {
            socket.emit("jsonbuff-ack", ());
        }
    });
    io.on("jsonblob", |socket: Socket, value: Value| {
        if is_greeting(&value) {
            socket.emit("jsonblob-ack", ());
        }
    });
    // The steps that a socket has taken, each allowed only after the one before.
    io.on_connect(|socket: Socket| {
        let seen: Arc<Mutex<HashSet<&str>>> = Arc::default();
        let step = move |event: &'static str, after: Option<&'static str>| {
            let mut seen = seen.lock().expect("no holder of the lock panics");
            let is_due = after.is_none_or(|after| seen.contains(after));
            if is_due {
                seen.insert(event);
            }
            is_due
        };
        let steps = step.clone();
        socket.on("abuff1", move |_: Bytes| {
            steps("abuff1", None);
        });
        let steps = step.clone();
        socket.on("abuff2", move |socket: Socket| {
            if steps("abuff2", Some("abuff1")) {
                socket.emit("abuff2-ack", ());
            }
        });
        let steps = step.clone();
        socket.on("blob1", move |_: Bytes| {
            steps("blob1", None);
        });
        let steps = step.clone();
        socket.on("blob2", move |text: String| {
            if text == "second" {
                steps("blob2", Some("blob1"));
            }
        });
        socket.on("blob3", move |socket: Socket, _: Bytes| {
            if step("blob3", Some("blob2")) {
                socket.emit("blob3-ack", ());
            }
        });
    });
}

fn is_greeting(value: &Value) -> bool {
    value["hello"] == "lol" && value["message"].as_bytes().is_some() && value["goodbye"] == "gotcha"
}
