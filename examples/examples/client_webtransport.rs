//! A client over WebTransport that knows its server by the hash of the certificate.
//!
//! Run `cargo run -p roomcast-examples --example client_webtransport`. The server is in the same
//! program, so that it needs no certificate of an authority; for a public one leave out `tls`.

use roomcast::webtransport::Certificate;
use roomcast_client::{Tls, Transport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = roomcast::Server::builder()
        .transports([Transport::Polling, Transport::WebTransport])
        .build();
    io.on("ping", |socket: roomcast::Socket| socket.conn().transport().as_str());
    let certificate = Certificate::self_signed(["localhost"])?;
    let hash = certificate.sha256();
    tokio::spawn(io.listen("[::]:3000").await?.run());
    tokio::spawn(io.listen_webtransport("[::]:3000", certificate).await?.run());

    let socket = roomcast_client::builder("http://localhost:3000")
        .transports([Transport::WebTransport]) // or as an upgrade: polling first
        .tls(Tls::default().with_server_certificate_hashes([hash]))
        .connect()?;
    let transport: String = socket.emit_with_ack("ping", ()).await?;
    println!("pinged over {transport}");
    socket.disconnect();
    Ok(socket.flushed().await?)
}
