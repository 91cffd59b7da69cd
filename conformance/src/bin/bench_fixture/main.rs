//! The application of the load generator in `load`, on `PORT` of 127.0.0.1.
//!
//! `PING_INTERVAL` and `PING_TIMEOUT` are milliseconds, `MAX_OUTBOX` is bytes. With `COUNT_REASONS` set, the event
//! `stats` also tells why sockets were disconnected. With `READ_VALUES` set, what is passed on is read into a tree and
//! written anew; with `UNDER_AXUM` set, axum serves in place of the server's own listener. With `WATCH_TURNS` set, a task that
//! is always ready measures how long it waits for its turn, and the event `longest-turn` is answered with the longest.

mod turns;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roomcast::{DisconnectReason, OutboxPolicy, Raw, Reply, Server, Socket, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(serde::Deserialize)]
struct RoomMessage<V> {
    room: String,
    payload: V,
}

/// What the server holds, counted while the asking socket is connected.
#[derive(serde::Serialize)]
struct Stats {
    sessions: usize,
    sockets: usize,
    rooms: usize,
    reasons: BTreeMap<&'static str, u64>,
}

/// How often sockets were disconnected, by reason.
type Reasons = Arc<Mutex<BTreeMap<&'static str, u64>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let milliseconds = |name, default| Duration::from_millis(number(name, default));
    let outbox = usize::try_from(number("MAX_OUTBOX", 16 * 1024 * 1024)).unwrap_or(usize::MAX);
    let io = Server::builder()
        .ping_interval(milliseconds("PING_INTERVAL", 25_000))
        .ping_timeout(milliseconds("PING_TIMEOUT", 20_000))
        .max_http_buffer_size(10_000_000)
        .max_outbox(outbox, OutboxPolicy::Disconnect)
        .build();

    match std::env::var_os("READ_VALUES") {
        Some(_) => pass_on::<Value>(&io),
        None => pass_on::<Raw>(&io),
    }
    control(&io);
    if std::env::var_os("WATCH_TURNS").is_some() {
        turns::watch();
        io.on("longest-turn", || Reply(turns::longest()));
    }

    let port = u16::try_from(number("PORT", 42100)).expect("PORT is a port");
    let address = ("127.0.0.1", port);
    if std::env::var_os("UNDER_AXUM").is_some() {
        let listener = tokio::net::TcpListener::bind(address).await?;
        return axum::serve(listener, axum::Router::new().layer(io.layer())).await;
    }
    io.serve(address).await
}

/// The measured events.
fn pass_on<V: DeserializeOwned + Serialize + Send + Sync + 'static>(io: &Server) {
    io.on("echo", |value: V| Reply(value));
    io.on("broadcast", |io: Server, value: V| io.emit("b", value));
    io.on("join", |socket: Socket, room: String| {
        socket.join(room);
        Reply(())
    });
    io.on("room", |socket: Socket, message: RoomMessage<V>| {
        socket.to(message.room).emit("r", message.payload);
    });
    io.on("private", |io: Server, id: String, value: V| {
        io.to(id).emit("p", value)
    });
}

/// Events of the trials; the measured events above do not touch what they need.
fn control(io: &Server) {
    let reasons = Reasons::default();
    if std::env::var_os("COUNT_REASONS").is_some() {
        let reasons = Arc::clone(&reasons);
        io.on_disconnect(move |reason: DisconnectReason| {
            let mut reasons = reasons.lock().expect("no holder panics");
            *reasons.entry(reason.as_str()).or_default() += 1;
        });
    }
    io.on("leave", |socket: Socket, room: String| {
        socket.leave(room);
        Reply(())
    });
    io.on("everyone-joins", |io: Server, room: String| {
        io.sockets_join(room);
        Reply(())
    });
    io.on("everyone-leaves", |io: Server, room: String| {
        io.sockets_leave(room);
        Reply(())
    });
    io.on("stats", move |io: Server| {
        Reply(Stats {
            sessions: io.engine().clients_count(),
            sockets: io.sockets_count(),
            rooms: io.rooms().len(),
            reasons: reasons.lock().expect("no holder panics").clone(),
        })
    });
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| {
        text.parse().expect("the environment holds numbers")
    })
}
