//! One to one: a room for each user, and a room for two.
//!
//! Run `cargo run -p roomcast-examples --example one_to_one`, connect a few clients to `/users` with
//! `{ query: { userId: "7" } }` and others with `"8"`. `emit("message", "8", "hi")` reaches every
//! device of user 8. On `/pair`, `emit("pair", peerId, console.log)` gives the room that two share.

use roomcast::{Handshake, Namespace, Server, Socket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();

    let users = io.of("/users");
    users.on_connect(|socket: Socket, handshake: Handshake| {
        socket.join(handshake.query("userId").unwrap_or("guests"));
        socket.emit("notification", "You have a new notification!");
    });
    users.on("message", |socket: Socket, user: String, message: String| {
        socket.to(user).emit("message", message);
    });

    let pairs = io.of("/pair");
    pairs.on("pair", |pairs: Namespace, socket: Socket, peer: String| {
        let peer = pairs.socket(peer).ok_or("No socket found")?;
        let room = format!("pair-{}-{}", socket.id(), peer.id());
        pairs.to([socket.id(), peer.id()]).sockets_join(&room);
        Ok::<_, &str>(room)
    });
    pairs.on("message", |socket: Socket, room: String, message: String| {
        socket.to(room).emit("message", (message, socket.id()));
    });

    io.serve("127.0.0.1:3000").await
}
