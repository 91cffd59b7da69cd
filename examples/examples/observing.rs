//! A server that can be watched: metrics for Prometheus, spans of events in the log, and the events of
//! each connection.
//!
//! Run `cargo run -p roomcast-examples --example observing`, connect a client, and look at
//! <http://127.0.0.1:3000/metrics>. A line that a handler logs shows its event and socket.

use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use roomcast::engine::Message;
use roomcast::{Server, Socket};
use tracing_subscriber::layer::SubscriberExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let subscriber = tracing_subscriber::registry().with(tracing_subscriber::fmt::layer());
    tracing::subscriber::set_global_default(subscriber)?;
    // Before the first client: each series is looked up once.
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    roomcast::metrics::describe();

    let io = Server::new();
    io.on("message", async |_text: String| {
        tracing::info!("stored"); // logged inside of the span event{event="message" …}
        "stored"
    });
    io.on_connect(|socket: Socket| {
        let conn = socket.conn();
        conn.on_upgrade(|transport| println!("it came over to {}", transport.as_str()));
        conn.on_drain(|| println!("everything has left"));
        // A message below Socket.IO, which knows when it was handed to the transport.
        let departure = conn.send_noted(Message::Text(r#"2["welcome"]"#.into()));
        tokio::spawn(async move { println!("the welcome has left: {}", departure.await.is_ok()) });
    });

    let app = axum::Router::new()
        .route("/metrics", get(async move || prometheus.render()))
        .layer(io.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
