//! Welcome, broadcast, rooms: who gets what.
//!
//! Run `cargo run -p roomcast-examples --example broadcast_and_rooms` and connect several clients with
//! `socket.onAny(console.log)`. Each is welcomed, the others read who has joined. Then
//! `emit("join-room", "devs")` in two of them and `emit("message", { room: "devs", text: "hi" })`.

use roomcast::{Server, Socket, Value};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Message {
    room: String,
    text: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();

    io.on_connect(|socket: Socket| {
        println!("User connected: {}", socket.id());
        socket.emit("welcome", format!("Welcome to the server {}", socket.id()));
        socket.broadcast().emit("broadcast", format!("{} joined the server", socket.id()));
    });

    io.on("join-room", |socket: Socket, room: String| socket.join(room));
    io.on("message", |socket: Socket, message: Message| {
        // Without the sender; `io.to(room)` includes a sender who is a member.
        socket.to(&message.room).emit("single-message", message);
    });

    io.on("say-hi", |io: Server| io.emit("event1", "Hi"));
    io.on("message-to-all", |io: Server, data: Value| io.emit("receive-message", data));
    io.on("message-to-others", |socket: Socket, data: Value| {
        socket.broadcast().emit("receive-message", data);
    });

    io.on_disconnect(|socket: Socket| println!("{} is disconnected", socket.id()));

    io.serve("127.0.0.1:3000").await
}
