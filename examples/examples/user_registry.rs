//! A map from user to socket id, and a message that is sent from outside of a handler.
//!
//! Run `cargo run -p roomcast-examples --example user_registry`, `emit("register", "ada")` from a
//! client, then `curl -d hello localhost:3000/users/ada/messages`: the client gets `message`.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::{Router, http::StatusCode, routing::post};
use parking_lot::Mutex;
use roomcast::{Server, Socket, SocketId};

static USERS: LazyLock<Mutex<HashMap<String, SocketId>>> = LazyLock::new(Mutex::default);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();

    io.on("register", |socket: Socket, user: String| {
        println!("User {user} registered with socket ID {}", socket.id());
        USERS.lock().insert(user, socket.id());
    });
    io.on_disconnect(|socket: Socket| USERS.lock().retain(|_, id| *id != socket.id()));

    let routes = Router::new().route("/users/{user}/messages", post(send_message));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, routes.layer(io.layer()).with_state(io)).await
}

async fn send_message(
    State(io): State<Server>,
    Path(user): Path<String>,
    message: String,
) -> Result<String, StatusCode> {
    let users = USERS.lock();
    let id = users.get(&user).ok_or(StatusCode::NOT_FOUND)?;
    io.to(id).emit("message", message);
    Ok(format!("Message sent to user {user}\n"))
}
