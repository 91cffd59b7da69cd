//! The servers that `conformance/cluster` judges: three that share their sessions.
//!
//! Each listens on a free port; all are printed. `STAY=1` keeps every session at the server where it began; `MOVE=1`
//! lets it wait for its WebSocket as long as that takes.

use std::io;
use std::time::Duration;

use roomcast::cluster::{Encoding, Hub};
use roomcast::engine::ClusterEngine;
use roomcast::{DisconnectReason, Server, Socket, Spread, Value};

#[tokio::main]
async fn main() -> io::Result<()> {
    // What the official engine would have carried.
    let hub = Hub::encoding(Encoding::MessagePack);
    let mut ports = Vec::new();
    let mut serving = Vec::new();
    for name in ["red", "blue", "green"] {
        let bus = hub.bus();
        let mut shared = ClusterEngine::new(bus.clone());
        if std::env::var_os("STAY").is_some() {
            shared = shared.connection_delay(Duration::ZERO);
        } else if std::env::var_os("MOVE").is_some() {
            shared = shared.connection_delay(Duration::from_secs(60));
        }
        let io = Server::builder()
            .bus(bus)
            .cluster_engine(shared)
            .ping_interval(Duration::from_secs(1))
            .allow_eio3()
            .build();
        install(&io, name);
        let listening = io.listen("127.0.0.1:0").await?;
        ports.push(listening.local_addr()?.port().to_string());
        serving.push(tokio::spawn(listening.run()));
    }
    println!("ports {}", ports.join(" "));
    for server in serving {
        server.await??;
    }
    Ok(())
}

fn install(io: &Server, name: &'static str) {
    io.on("where", move || name);
    io.on("echo", |Spread(args): Spread<Value>| Spread(args));
    io.on("back", |socket: Socket, Spread(args): Spread<Value>| {
        socket.emit("back", Spread(args))
    });
    io.on("all", |io: Server, number: u64| io.emit("all", number));
    io.on("leave", |socket: Socket| socket.disconnect());
    io.on_disconnect(|io: Server, socket: Socket, reason: DisconnectReason| {
        io.emit("gone", (socket.id(), reason.as_str()));
    });
}
