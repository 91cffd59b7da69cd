//! A chat whose events are types: one struct each, checked by Rust here and by TypeScript in the page.
//!
//! Run `cargo run -p roomcast-examples --example typed_events -- events.ts` to write the file for a
//! page, and without an argument to serve. In the client of `examples/README.md`,
//! `await socket.emitWithAck("send-message", "lobby", "hi")` then answers `{ messageId: 1 }`, and a
//! second client in the room `lobby` sees `message`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use roomcast::typescript::{Export, TypeScript};
use roomcast::{Event, Server, Socket, SocketId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a message is known by.
#[derive(Clone, Copy, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    message_id: u64,
}

/// Joins a room.
#[derive(Event, TypeScript)]
#[event(name = "join-room")]
struct JoinRoom {
    room: String,
}

/// Sends a message to everybody else in the room.
#[derive(Event, TypeScript)]
#[event(name = "send-message", reply = Receipt)]
struct SendMessage {
    room: String,
    text: String,
}

/// Somebody has sent a message.
#[derive(Event, TypeScript)]
#[event(name = "message")]
struct Message {
    from: SocketId,
    text: String,
    receipt: Receipt,
}

fn events() -> Export {
    Export::new()
        .client_to_server::<JoinRoom>()
        .client_to_server::<SendMessage>()
        .server_to_client::<Message>()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    if let Some(path) = std::env::args().nth(1) {
        return events().write(path);
    }
    let io = Server::new();
    let sent = Arc::new(AtomicU64::new(0));

    io.on_event(|socket: Socket, JoinRoom { room }: JoinRoom| socket.join(room));
    io.on_event(move |socket: Socket, SendMessage { room, text }: SendMessage| {
        let receipt = Receipt { message_id: sent.fetch_add(1, Ordering::Relaxed) + 1 };
        socket.to(room).emit_event(&Message { from: socket.id(), text, receipt });
        receipt
    });

    io.serve("127.0.0.1:3000").await
}
