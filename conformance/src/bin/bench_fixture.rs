//! The application of the load generator in `bench`, on `PORT` of 127.0.0.1.

use std::time::Duration;

use roomcast::{Raw, Reply, Server, Socket};

#[derive(serde::Deserialize)]
struct RoomMessage {
    room: String,
    payload: Raw,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let milliseconds = |name, default| Duration::from_millis(number(name, default));
    let io = Server::builder()
        .ping_interval(milliseconds("PING_INTERVAL", 25_000))
        .ping_timeout(milliseconds("PING_TIMEOUT", 20_000))
        .max_http_buffer_size(10_000_000)
        .build();

    io.on("echo", |value: Raw| value);
    io.on("broadcast", |io: Server, value: Raw| io.emit("b", value));
    io.on("join", |socket: Socket, room: String| {
        socket.join(room);
        Reply(())
    });
    io.on("room", |socket: Socket, message: RoomMessage| {
        socket.to(message.room).emit("r", message.payload);
    });
    io.on("private", |io: Server, id: String, value: Raw| {
        io.to(id).emit("p", value)
    });

    io.serve((
        "127.0.0.1",
        u16::try_from(number("PORT", 42100)).expect("PORT is a port"),
    ))
    .await
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| {
        text.parse().expect("the environment holds numbers")
    })
}
