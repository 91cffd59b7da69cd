//! The server that `conformance/recovery` judges: it forgets little, and recognises what is sent again.
//!
//! It listens on `PORT`, or a free port, and prints it. `LOG` names the file in which it keeps what
//! clients miss; without it that is in memory.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use roomcast::recovery::{History, Recovery, RedbLog, Retries};
use roomcast::{DisconnectReason, Server, Socket};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut recovery = Recovery::new()
        .max_packets(500)
        .deduplicate(Retries::of_clients(3));
    if let Ok(path) = std::env::var("LOG") {
        recovery = recovery.log(RedbLog::open(path).map_err(io::Error::other)?);
    }
    let io = Server::builder()
        .connection_state_recovery(recovery)
        .build();
    install(&io);
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(io::Error::other)?,
        Err(_) => 0,
    };
    let listening = io.listen(("127.0.0.1", port)).await?;
    println!("port {}", listening.local_addr()?.port());
    listening.run().await
}

fn install(io: &Server) {
    let handled = Arc::new(AtomicU64::new(0));
    io.on("join", |socket: Socket, room: String, count: usize| {
        socket.join_with_history(&room, History::last(count))
    });
    // A number for each event that is handled, told to everyone, too.
    io.on("count", move |io: Server, text: String| {
        let number = handled.fetch_add(1, Ordering::Relaxed) + 1;
        io.emit("counted", (number, text));
        number
    });
    io.on("say", |io: Server, room: String, number: u64| {
        io.to(room).emit("said", number);
    });
    io.on("flicker", |socket: Socket| {
        socket.volatile().emit("status", "connected");
    });
    // Numbers for a room without end, from where the log says that an earlier process has come. So few
    // are on their way at a time that a client which comes back finds all of them.
    io.on("run", async |io: Server, room: String| {
        let past = io.history(&room, History::last(1));
        let last = past.first().and_then(|event| event.args()[0].as_u64());
        for number in last.unwrap_or(0) + 1.. {
            io.to(room.as_str()).emit("said", number);
            if number % 50 != 0 {
                continue;
            }
            let asked = io.to(room.as_str()).emit_with_ack::<()>("ready", ());
            if asked.await.is_err() || io.logged().await.is_err() {
                return;
            }
        }
    });
    io.on_disconnect(|io: Server, socket: Socket, reason: DisconnectReason| {
        io.emit("gone", (socket.id(), reason.as_str()));
    });
}
