//! What the seed programs share: the port, the two loopback addresses, the client bundle, the end.

use std::env;
use std::future::IntoFuture;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::Router;
use axum::http::StatusCode;
use axum::serve::ListenerExt;
use roomcast::{ClientBundle, Server, ServerBuilder};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The default options and the official client's bundle, if it was there at build time.
pub fn server() -> ServerBuilder {
    let Some(version) = roomcast_client_bundle::VERSION else {
        eprintln!("no client bundle: run `npm ci` in apps/client-bundle and build again");
        return Server::builder();
    };
    let files = roomcast_client_bundle::files().iter().copied();
    let bundle =
        ClientBundle::from_files(version, files).expect("the embedded files are the official ones");
    Server::builder().client_bundle(bundle)
}

/// The loopback addresses, bound: clients wait until [`serve`](Self::serve).
#[derive(Debug)]
pub struct Loopback {
    port: u16,
    listeners: Vec<TcpListener>,
    terminate: Signal,
    interrupt: Signal,
}

impl Loopback {
    /// Binds `PORT`, or else `default_port`, of both loopback addresses where the machine has both.
    ///
    /// # Errors
    ///
    /// If `PORT` is no port, or is taken on one of the addresses.
    pub async fn bind(default_port: u16) -> io::Result<Self> {
        let port = match env::var("PORT") {
            Ok(port) => port.parse().map_err(io::Error::other)?,
            Err(_) => default_port,
        };
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        match TcpListener::bind((IpAddr::from(Ipv6Addr::LOCALHOST), port)).await {
            Ok(second) => listeners.push(second),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => eprintln!("without ::1: {error}"),
        }
        Ok(Self {
            port,
            listeners,
            terminate,
            interrupt,
        })
    }

    /// The port of both addresses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves Socket.IO, and `routes` beside it, until the process is told to end.
    ///
    /// # Errors
    ///
    /// None at present.
    pub async fn serve(mut self, io: &Server, routes: Router) -> io::Result<()> {
        let app = routes
            .fallback(not_found)
            .method_not_allowed_fallback(not_found)
            .layer(io.layer());
        for listener in self.listeners {
            let listener = listener.tap_io(|stream| {
                // Without it small packets wait for others, and still arrive.
                let _ = stream.set_nodelay(true);
            });
            tokio::spawn(axum::serve(listener, app.clone()).into_future());
        }
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        io.close().await;
        Ok(())
    }
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "Not found")
}
