//! Seed 003: the server of the React page.

use axum::Router;
use axum::routing::get;
use roomcast::{Cors, Namespace, Server, Socket, Spread, Value};
use roomcast_conformance::arguments::{arguments, field, rooms};
use roomcast_conformance::log::{log, object};
use roomcast_conformance::program::{Loopback, server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let cors = Cors::origin("http://localhost:5173")
        .methods(["GET", "POST"])
        .credentials();
    let io = server().cors(cors).build();
    last_stage(&io);
    first_stage(&io.of("/everyone"));
    greeting(&io.of("/greeting"));

    let routes = Router::new().route("/", get("Server is live"));
    let loopback = Loopback::bind(8080).await?;
    println!("🚀 started on {}", loopback.port());
    loopback.serve(&io, routes).await
}

/// Last stage of the seed: to one socket or to one room.
fn last_stage(io: &Server) {
    log_visits(io);
    io.on("message", |io: Server, sent: Spread<Value>| {
        let [payload] = arguments(&sent);
        let (room, message) = (field(payload, "room"), field(payload, "message"));
        println!("Data {}", object(&[("room", room), ("message", message)]));
        io.to(rooms(room)).emit("received-message", message);
    });
    io.on("join-room", |socket: Socket, sent: Spread<Value>| {
        let [room] = arguments(&sent);
        socket.join(rooms(room));
    });
    io.on("leave-room", |socket: Socket, sent: Spread<Value>| {
        let [room] = arguments(&sent);
        socket.leave(rooms(room));
    });
    io.on("my-rooms", |socket: Socket| socket.rooms());
}

/// First stage of the seed: to everyone else.
fn first_stage(namespace: &Namespace) {
    log_visits(namespace);
    namespace.on("message", |socket: Socket, sent: Spread<Value>| {
        let [data] = arguments(&sent);
        log([data]);
        socket.broadcast().emit("received-message", data);
    });
}

/// The two events that the page of the seed listens to and its server never sends.
fn greeting(namespace: &Namespace) {
    namespace.on_connect(|socket: Socket| {
        socket.emit("welcome", format!("Welcome to the server {}", socket.id()));
        socket
            .broadcast()
            .emit("broadcast", format!("{} joined the server", socket.id()));
    });
}

fn log_visits(namespace: &Namespace) {
    namespace.on_connect(|socket: Socket| println!("User Connected {}", socket.id()));
    namespace.on_disconnect(|socket: Socket| println!("User Disconnect {}", socket.id()));
}
