//! A page whose client connects over WebTransport, with a certificate that is made at the start.

use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use bytes::Bytes;
use roomcast::webtransport::Certificate;
use roomcast::{Ack, DisconnectReason, Server, Socket, Spread, Transport, Value};
use roomcast_conformance::program::{Loopback, server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = server()
        .transports([
            Transport::Polling,
            Transport::WebSocket,
            Transport::WebTransport,
        ])
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(1000))
        .upgrade_timeout(Duration::from_secs(2))
        .build();
    answer(&io);

    let loopback = Loopback::bind(3000).await?;
    let certificate = Certificate::self_signed(["localhost"])?;
    let hash = hex(&certificate.sha256());
    let address = (Ipv6Addr::UNSPECIFIED, loopback.port());
    let listening = io.listen_webtransport(address, certificate).await?;
    let running = tokio::spawn(listening.run());
    let page = include_str!("../pages/webtransport.html").replace("{hash}", &hash);
    let sessions = io.clone();
    let routes = Router::new().route("/", get(Html(page))).route(
        "/sessions",
        get(async move || sessions.engine().clients_count().to_string()),
    );
    println!("Server running on port {}", loopback.port());
    loopback.serve(&io, routes).await?;
    running.await??;
    Ok(())
}

fn answer(io: &Server) {
    io.on_connect(|socket: Socket| {
        println!("connected over {}", socket.conn().transport().as_str());
    });
    io.on_disconnect(|reason: DisconnectReason| println!("disconnected: {reason}"));
    io.on("echo", |socket: Socket, args: Spread<Value>| {
        socket.emit("echo", args)
    });
    io.on("reply", |args: Spread<Value>, ack: Ack| ack.send(args));
    io.on("transport", |socket: Socket| {
        socket.conn().transport().as_str()
    });
    io.on("ask", async |socket: Socket, question: Value| {
        let answer: Result<Value, _> = socket.emit_with_ack("question", question).await;
        answer.map_or(Value::Null, |answer| answer)
    });
    io.on("burst", |socket: Socket, count: u32| {
        for number in 0..count {
            socket.emit("burst", number);
        }
        socket.disconnect_and_close();
    });
    io.on("empty", |socket: Socket| {
        socket.emit("empty", (Bytes::new(), "behind"))
    });
    io.on("leave", |socket: Socket| socket.conn().close());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a text takes everything
        text
    })
}
