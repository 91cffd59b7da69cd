//! A bot in a chat: a client that answers what is meant for it, and is there again after each break.
//!
//! Run `cargo run -p roomcast-examples --example chat`, and in a second terminal
//! `cargo run -p roomcast-examples --example bot`. A client of port 8080 that says
//! `emit("join-room", "lobby")` and `emit("message", { room: "lobby", message: "!add 1 2" })` reads the
//! answer. Stop the chat and start it again: the bot is back, in its room. Ctrl+C ends it.

use roomcast_client::{ConnectError, DisconnectReason, Socket, value};

const ROOM: &str = "lobby";

/// What the bot says to a message, if it is meant for it.
fn answer(message: &str) -> Option<String> {
    let mut words = message.strip_prefix('!')?.split_whitespace();
    Some(match words.next()? {
        "hello" => "hello, I can !add numbers".to_owned(),
        "add" => {
            let sum = words.map(str::parse::<i64>).sum::<Result<i64, _>>();
            sum.map_or_else(|_| "I can add numbers only".to_owned(), |sum| sum.to_string())
        }
        unknown => format!("I do not know {unknown}"),
    })
}

fn say(socket: &Socket, message: &str) {
    socket.emit("message", value!({ "room": ROOM, "message": message }));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = roomcast_client::builder("http://127.0.0.1:8080").build()?;

    // A new session is in no room; one that was recovered still is.
    socket.on_connect(|socket: Socket| {
        println!("here as {:?}", socket.id());
        if !socket.is_recovered() {
            socket.emit("join-room", ROOM);
            say(&socket, "hello, I am a bot");
        }
    });
    socket.on("received-message", |socket: Socket, message: String| {
        if let Some(answer) = answer(&message) {
            say(&socket, &answer);
        }
    });
    socket.on_connect_error(|error: ConnectError| println!("not yet: {error}"));
    socket.on_disconnect(|reason: DisconnectReason| println!("away: {reason}"));
    socket.connect();

    tokio::signal::ctrl_c().await?;
    say(&socket, "goodbye");
    socket.disconnect();
    Ok(socket.flushed().await?)
}
