//! Sessions over WebTransport. Spec: features 6.1, 6.2.

mod flushing;
mod sessions;
mod stub;
mod trust;
mod wtransport_server;

use std::net::SocketAddr;

use roomcast::webtransport::Certificate;
use roomcast::{Server, ServerBuilder, Transport};
use roomcast_client::{Builder, Tls, TransportError};
use roomcast_client::{ConnectError, OpenError};

use crate::support::{builder, notes};

/// A server that has WebTransport, and sends events back.
fn server() -> Server {
    echoing(server_builder())
}

fn server_builder() -> ServerBuilder {
    Server::builder().transports([
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ])
}

fn echoing(builder: ServerBuilder) -> Server {
    let io = builder.build();
    io.on("echo", |value: roomcast::Value| value);
    io.on("bytes", |bytes: roomcast::Value, text: String| {
        (bytes, text)
    });
    io
}

/// Where a server listens, for TCP and UDP, and the hash of its certificate.
struct Served {
    address: SocketAddr,
    hash: [u8; 32],
}

impl Served {
    async fn new(io: &Server) -> Self {
        let certificate = Certificate::self_signed(["127.0.0.1"]).expect("they are names");
        Self::with(io, certificate).await
    }

    async fn with(io: &Server, certificate: Certificate) -> Self {
        let hash = certificate.sha256();
        // Whichever port TCP has is free for UDP but for a client that uses it by chance.
        let tcp = io.listen("127.0.0.1:0").await.expect("a port is free");
        let address = tcp.local_addr().expect("it is bound");
        let udp = io.listen_webtransport(address, certificate).await;
        tokio::spawn(tcp.run());
        tokio::spawn(udp.expect("the port is free").run());
        Self { address, hash }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Options of a client that knows the certificate by its hash.
    fn client(&self) -> Builder {
        let tls = Tls::default().with_server_certificate_hashes([self.hash]);
        builder(&self.url()).tls(tls)
    }
}

/// Why the client's first attempt fails.
async fn refused(builder: Builder) -> TransportError {
    let socket = builder.without_reconnection().build().expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();
    match errors.next().await {
        ConnectError::Open(OpenError::Engine(error)) => error,
        error => panic!("{error:?}"),
    }
}
