//! A chat with rooms, beside another route of the same HTTP server.
//!
//! Run `cargo run -p roomcast-examples --example chat`, and `npm ci && npm run dev` in
//! `examples/chat/web`. Open <http://localhost:5173> in two windows: join the same room in both, or
//! send to the id that the other one shows.

use axum::{Router, routing::get};
use roomcast::{Cors, Server, Socket, Value};

#[derive(serde::Deserialize)]
struct Message {
    room: String,
    message: Value,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let cors = Cors::origin("http://localhost:5173").methods(["GET", "POST"]).credentials();
    let io = Server::builder().cors(cors).build();

    io.on_connect(|socket: Socket| println!("User Connected {}", socket.id()));
    io.on("message", |io: Server, Message { room, message }: Message| {
        println!("To {room}: {message}");
        io.to(room).emit("received-message", message);
    });
    io.on("join-room", |socket: Socket, room: String| socket.join(room));
    io.on("leave-room", |socket: Socket, room: String| socket.leave(room));
    io.on("my-rooms", |socket: Socket| socket.rooms());
    io.on_disconnect(|socket: Socket| println!("User Disconnect {}", socket.id()));

    let routes = Router::new().route("/", get("Server is live"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, routes.layer(io.layer())).await
}
