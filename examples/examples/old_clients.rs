//! Clients of Socket.IO 2 beside those of version 3 and 4.
//!
//! Run `cargo run -p roomcast-examples --example old_clients`. Then `npm install socket.io-client@2` and,
//! in `node`, `require("socket.io-client")("http://localhost:3000/chat?name=Ada")`: it is greeted as
//! version 4 is with `auth: { name: "Ada" }`, and hears what both send.

use roomcast::{Auth, Handshake, Server, Socket};

#[derive(serde::Deserialize)]
struct Guest {
    name: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().allow_eio3().build();

    let chat = io.of("/chat");
    chat.on_connect(|socket: Socket, Auth(guest): Auth<Guest>, handshake: Handshake| {
        let revision = handshake.revision().number();
        socket.emit("welcome", format!("{}, you speak revision {revision}", guest.name));
    });
    chat.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));

    io.serve("127.0.0.1:3000").await
}
