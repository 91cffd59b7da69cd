//! The application that `conformance/server` judges: twelve servers on `PORT` + 0 to 11.
//!
//! What each does is written in `conformance/server/README.md`.

mod client_app;
mod common;
mod describe;
mod selection;
mod servers;

use std::io;

use roomcast::engine::Engine;
use roomcast::{Listening, Server};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// A server of the fixture, whichever layer it is of.
enum Served {
    SocketIo(Server),
    Engine(Engine),
}

impl Served {
    async fn listen(&self, host: &str, port: u16) -> io::Result<Listening> {
        match self {
            Self::SocketIo(io) => io.listen((host, port)).await,
            Self::Engine(engine) => engine.listen((host, port)).await,
        }
    }

    async fn close(&self) {
        match self {
            Self::SocketIo(io) => io.close().await,
            Self::Engine(engine) => engine.close().await,
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let base: u16 = variable("PORT", "24100")
        .parse()
        .map_err(io::Error::other)?;
    let host = variable("HOST", "127.0.0.1");
    let servers = servers::all();
    let mut running = JoinSet::new();
    for (offset, server) in (0..).zip(&servers) {
        running.spawn(server.listen(&host, base + offset).await?.run());
    }
    println!("fixture ready on {host}:{base}-{}", base + 11);

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    for server in &servers {
        server.close().await;
    }
    Ok(())
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
