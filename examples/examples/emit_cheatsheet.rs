//! Each way to emit, and acknowledgements in both directions.
//!
//! Run `cargo run -p roomcast-examples --example emit_cheatsheet` and connect two clients with
//! `socket.onAny(console.log)`. `emit("add", 1, 2, console.log)` prints 3; `emit("vote", "tea?",
//! console.log)` asks every client, which answers with `socket.on("question", (text, reply) => …)`.

use std::time::Duration;

use bytes::Bytes;
use roomcast::{Server, Socket, Value, value};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    let second = Duration::from_secs(1);

    io.on_connect(|io: Server, socket: Socket| {
        socket.emit("hello", (1, "two", value!({ "three": [4] }), Bytes::from_static(b"\x05")));
        socket.broadcast().emit("hello", "everyone but you");
        socket.to("game").emit("hello", "the room, but not you");
        socket.to("a").to("b").except("c").emit("hello", "two rooms, without a third");
        socket.volatile().emit("hello", "you, unless the connection is busy");
        io.to(socket.id()).emit("hello", "you, by id");
        io.to("game").emit("hello", "the room, and you if you are in it");
        io.of("/admin").emit("hello", "a namespace");
        io.emit("hello", "everyone");
    });

    io.on("client-data", |letter: char, number: u32, object: Value| {
        println!("{letter} {number} {object}")
    });
    io.on("add", |a: i64, b: i64| a + b); // what a handler returns is the acknowledgement
    io.on("name", async move |socket: Socket| {
        let name = socket.timeout(second).emit_with_ack::<String>("question", "your name?").await;
        name.unwrap_or_else(|error| error.to_string())
    });
    io.on("vote", async move |io: Server, question: String| {
        let votes = io.timeout(second).emit_with_ack::<Value>("question", question).await.ok()?;
        Some((votes.missing.len(), votes.into_values()))
    });

    io.serve("127.0.0.1:3000").await
}
