//! Clients over WebTransport, with a certificate that is made at the start.
//!
//! Run `cargo run -p roomcast-examples --example webtransport`. It prints how a page connects: paste
//! it into the console of a page that has the client (`socket.io-client`), in Chromium, on
//! `http://localhost`. `ping` is answered with the transport in use.

use roomcast::webtransport::Certificate;
use roomcast::{Cors, Server, Socket, Transport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Server::builder()
        .transports([Transport::Polling, Transport::WebSocket, Transport::WebTransport])
        .cors(Cors::any())
        .build();
    io.on("ping", |socket: Socket| socket.conn().transport().as_str());

    // A public server reads the files of its authority instead: `Certificate::from_pem_files`.
    let certificate = Certificate::self_signed(["localhost"])?;
    println!(
        r#"const socket = io("http://localhost:3000", {{
  transportOptions: {{
    webtransport: {{
      serverCertificateHashes: [{{ algorithm: "sha-256", value: new Uint8Array({:?}) }}],
    }},
  }},
  transports: ["polling", "webtransport"],
}});
setTimeout(async () => console.log(await socket.emitWithAck("ping")), 1000);"#,
        certificate.sha256()
    );

    tokio::try_join!(io.serve("[::]:3000"), io.serve_webtransport("[::]:3000", certificate))?;
    Ok(())
}
