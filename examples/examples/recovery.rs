//! A chat whose clients lose nothing: not by a bad connection, and not by a restart of the server.
//!
//! `cargo run --example recovery`, and kill it as you like. A client for it:
//!
//! ```js
//! const socket = io("http://127.0.0.1:3000", { retries: 3, ackTimeout: 10_000 });
//! socket.emit("join", "lobby", (count) => console.log(count, "messages from before"));
//! socket.on("chat", (name, text) => console.log(`${name}: ${text}`));
//! socket.emit("chat", "lobby", "hello", (stored) => console.log("stored:", stored));
//! ```

use std::error::Error;
use std::time::Duration;

use roomcast::recovery::{History, Recovery, RedbLog, Retries};
use roomcast::{Server, Socket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let recovery = Recovery::new()
        .max_disconnection_duration(Duration::from_secs(300))
        // The history of rooms goes back so far.
        .max_age(Duration::from_secs(24 * 3600))
        // What clients send again for want of an answer is answered, and handled once.
        .deduplicate(Retries::of_clients(3))
        .log(RedbLog::open("chat.redb")?);
    let io = Server::builder().cors("*").connection_state_recovery(recovery).build();

    io.on_connect(|socket: Socket| {
        // Who comes back is in its rooms, and gets what it has missed.
        println!("{} is here, recovered: {}", socket.id(), socket.is_recovered());
    });
    io.on("join", |socket: Socket, room: String| {
        socket.join_with_history(&room, History::last(100))
    });
    io.on("chat", async |io: Server, socket: Socket, room: String, text: String| {
        io.to(room).emit("chat", (socket.id(), text));
        // The sender learns that it is stored when it is on disk.
        io.logged().await.is_ok()
    });

    io.serve("127.0.0.1:3000").await?;
    Ok(())
}
