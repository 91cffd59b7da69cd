//! Socket.IO beside the routes of an axum application; a route notifies a user.
//!
//! Run `cargo run -p roomcast-examples --example axum`. Connect a client with
//! `{ auth: { user: "ada" } }`, then send it a notification:
//! `curl localhost:3000/users/ada/notifications -H content-type:application/json -d '{"text":"hi"}'`

use axum::extract::{Path, State};
use axum::{Json, Router, http::StatusCode, routing::get, routing::post};
use roomcast::{Auth, Server, Socket, Value};

#[derive(serde::Deserialize)]
struct Login {
    user: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.on_connect(|socket: Socket, Auth(login): Auth<Login>| socket.join(login.user));

    let app = Router::new()
        .route("/", get("Server is live"))
        .route("/users/{user}/notifications", post(notify))
        .layer(io.layer())
        .with_state(io);
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await
}

async fn notify(
    State(io): State<Server>,
    Path(user): Path<String>,
    Json(notification): Json<Value>,
) -> (StatusCode, String) {
    match io.room_len(&user) {
        0 => (StatusCode::NOT_FOUND, format!("{user} is not here\n")),
        devices => {
            io.to(user).emit("notification", notification);
            (StatusCode::OK, format!("sent to {devices} devices\n"))
        }
    }
}
