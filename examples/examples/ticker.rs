//! Prices for clients that read at their own pace: who is slow gets the latest price of each name, and
//! a history only as fast as it reads it.
//!
//! Run `cargo run -p roomcast-examples --example ticker`. A client sees `price` ten times a second;
//! `emit("history", 100000)` brings as many `entry` events. One that reads nothing is told why it is
//! disconnected, if it ever reads again, and the log of this program says so at once.

use std::time::Duration;

use roomcast::{DisconnectCause, EmitError, OutboxPolicy, Server, Socket};

const NAMES: [&str; 3] = ["EUR", "GBP", "JPY"];

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder()
        .max_outbox(256 * 1024, OutboxPolicy::Disconnect)
        .explain_disconnects("disconnect-cause")
        .build();

    // Awaited, so a slow client slows down its own history and nothing else.
    io.on("history", async |socket: Socket, count: u32| {
        for number in 0..count {
            socket.emit_async("entry", (number, price(number))).await?;
        }
        Ok::<_, EmitError>(count)
    });
    io.on_disconnect(|socket: Socket, cause: DisconnectCause| {
        println!("{} is gone ({}): {cause}", socket.id(), cause.as_str());
    });

    tokio::spawn(tick(io.clone()));
    io.serve("127.0.0.1:3000").await
}

async fn tick(io: Server) {
    for number in 0.. {
        for name in NAMES {
            // One price of each name waits for a client, however slow it is.
            io.coalesce(name).emit("price", (name, price(number)));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn price(number: u32) -> f64 {
    1.0 + f64::from(number % 1000) / 1000.0
}
