//! Seed 002: welcome, broadcast, rooms.

use axum::Router;
use roomcast::{Server, Socket, Spread, Value};
use roomcast_conformance::arguments::{arguments, field, room, rooms, text};
use roomcast_conformance::log::{log, printed};
use roomcast_conformance::program::{Loopback, server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = server().build();
    lines_of_the_seed(&io);
    remarks_of_the_seed(&io);
    Loopback::bind(3000).await?.serve(&io, Router::new()).await
}

fn lines_of_the_seed(io: &Server) {
    io.on_connect(|socket: Socket| {
        println!("User connected");
        println!("id :- {}", socket.id());
        socket.emit("welcome", format!("Welcome to the server {}", socket.id()));
        socket
            .broadcast()
            .emit("broadcast", format!("{} joined the server", socket.id()));
    });
    io.on("message", |socket: Socket, sent: Spread<Value>| {
        let [data] = arguments(&sent);
        log([data]);
        socket
            .to(rooms(field(data, "room")))
            .emit("single-message", data);
    });
    io.on("join-room", |socket: Socket, sent: Spread<Value>| {
        let [room] = arguments(&sent);
        socket.join(rooms(room));
        println!("User joined the room {}", printed(room));
    });
    io.on("btn", |sent: Spread<Value>| log(arguments::<1>(&sent)));
    io.on_disconnect(|socket: Socket| println!("{} is disconnected", socket.id()));
}

/// What the seed has as a remark or as a sketch, and what it leaves open.
fn remarks_of_the_seed(io: &Server) {
    io.on("say-hi", |io: Server| io.emit("event1", "Hi"));
    io.on("message-to-all", |io: Server, data: Value| {
        io.emit("recieve-message", data)
    });
    io.on("message-to-others", |socket: Socket, data: Value| {
        socket.broadcast().emit("recieve-message", data);
    });
    io.on("message-to-room", |io: Server, sent: Spread<Value>| {
        let [data] = arguments(&sent);
        io.to(rooms(field(data, "room")))
            .emit("single-message", data);
    });
    // Only members may write into a room.
    io.on("member-message", |socket: Socket, sent: Spread<Value>| {
        let [data] = arguments(&sent);
        let room = room(field(data, "room"));
        if !socket.is_in(&room) {
            return "not a member";
        }
        socket.to(room).emit("single-message", data);
        "sent"
    });
    io.on("try-emit", |socket: Socket, sent: Spread<Value>| {
        let [name] = arguments(&sent);
        match socket.try_emit(&text(name), "tried") {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        }
    });
}
