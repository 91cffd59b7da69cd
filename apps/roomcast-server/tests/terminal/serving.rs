//! Servers of ours on free ports.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use roomcast::webtransport::Certificate;
use roomcast::{Server, ServerBuilder};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// A server that runs until it is dropped.
pub(crate) struct Serving {
    runtime: Runtime,
    pub(crate) io: Server,
    pub(crate) port: u16,
}

impl Serving {
    pub(crate) fn start(builder: ServerBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let io = runtime.block_on(async { builder.build() });
        let port = runtime.block_on(serve(&io));
        Self { runtime, io, port }
    }

    /// Serves on this port, too.
    pub(crate) fn also_on(&self, port: u16) {
        let listening = self.io.listen((Ipv4Addr::LOCALHOST, port));
        let listening = self.runtime.block_on(listening).unwrap();
        self.runtime.spawn(listening.run());
    }

    /// Serves WebTransport on the same port, with a certificate that nobody has signed.
    pub(crate) fn also_by_webtransport(&self) {
        let certificate = Certificate::self_signed(["127.0.0.1"]).unwrap();
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let listening = self.io.listen_webtransport(address, certificate);
        let listening = self.runtime.block_on(listening).unwrap();
        self.runtime.spawn(listening.run());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A second server behind a balancer that sends each connection to the next one.
    pub(crate) fn balanced_with(&self, other: ServerBuilder) -> u16 {
        self.runtime.block_on(async {
            let other = other.build();
            let ports = [self.port, serve(&other).await];
            let next = AtomicUsize::new(0);
            front(move |stream| {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                relay(stream, ports[turn % ports.len()])
            })
            .await
        })
    }

    /// The same server behind TLS, and its certificate in PEM.
    pub(crate) fn with_tls(&self) -> (u16, String) {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64_STANDARD.encode(certified.cert.der())
        );
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key);
        let (acceptor, port) = (TlsAcceptor::from(Arc::new(config.unwrap())), self.port);
        let front = front(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let stream = acceptor.accept(stream).await?;
                relay(stream, port).await
            }
        });
        (self.runtime.block_on(front), pem)
    }
}

/// Serves on a free port below those that systems take for outgoing connections.
async fn serve(io: &Server) -> u16 {
    loop {
        let port = next_port();
        if let Ok(listening) = io.listen((Ipv4Addr::LOCALHOST, port)).await {
            tokio::spawn(listening.run());
            return port;
        }
    }
}

/// Calls `handle` for each connection.
async fn front<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        let port = next_port();
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(handle(stream));
                }
            });
            return port;
        }
    }
}

async fn relay(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    port: u16,
) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

/// A port that no other test of this run takes.
pub(crate) fn next_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(FIRST_PORT);
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(port < 32_000, "there is no free port");
    port
}

const FIRST_PORT: u16 = 26_100;
