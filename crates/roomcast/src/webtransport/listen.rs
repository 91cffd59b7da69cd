//! The listener for clients of WebTransport.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::Method;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};
use roomcast_webtransport::quic::{Failure, Guarded};
use tokio::net::ToSocketAddrs;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::certificate::{Certificate, CertificateError};
use super::http3::{Asked, Status};
use crate::engine::{Engine, Peer, Request, SessionTask, Transport};
use crate::http::head::RequestHead;
use crate::serve::Layer;
use crate::server::Server;

/// A bound UDP port whose clients are served by [`run`](Self::run).
///
/// Made by [`Server::listen_webtransport`](crate::Server::listen_webtransport).
///
/// # Example
///
/// ```no_run
/// use roomcast::webtransport::Certificate;
/// use roomcast::{Server, Transport};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let io = Server::builder().transports([Transport::WebTransport]).build();
/// let certificate = Certificate::self_signed(["localhost"])?;
/// let listening = io.listen_webtransport("127.0.0.1:0", certificate).await?;
/// println!("https://{}", listening.local_addr()?);
/// listening.run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nobody is served until `run`"]
pub struct Listening {
    door: Arc<Door>,
    layer: Layer,
    max_handshakes: usize,
}

/// Takes new clients until it is dropped.
#[derive(Debug)]
struct Door(Endpoint);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.set_server_config(None);
    }
}

impl Listening {
    pub(crate) async fn bind(
        layer: Layer,
        address: impl ToSocketAddrs,
        certificate: Certificate,
    ) -> io::Result<Self> {
        let config = layer.engine().config();
        if !config.transports.contains(&Transport::WebTransport) {
            let what = "webtransport is not among the transports of the server";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let quic = quic_config(&layer, certificate)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let endpoint = Endpoint::new(
            EndpointConfig::default(),
            Some(quic),
            bind_udp(address).await?,
            Arc::new(TokioRuntime),
        )?;
        Ok(Self {
            door: Arc::new(Door(endpoint)),
            layer,
            max_handshakes: MAX_HANDSHAKES,
        })
    }

    /// Returns the address that is listened on, with the port that the system chose for port 0.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::local_addr`]. Example: [`Listening`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.door.0.local_addr()
    }

    /// Sets how many clients may be between their first packet and the opening of their session at
    /// a time; one more is refused. Default: 512.
    ///
    /// From half of that number on a client must show first that it receives what is sent to its
    /// address.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn example(listening: roomcast::webtransport::Listening) -> std::io::Result<()> {
    /// listening.max_handshakes(64).run().await
    /// # }
    /// ```
    pub fn max_handshakes(mut self, count: usize) -> Self {
        self.max_handshakes = count;
        self
    }

    /// Returns a handle that replaces the certificate while clients are served.
    ///
    /// Example: [`Certificates`].
    #[must_use]
    pub fn certificates(&self) -> Certificates {
        Certificates {
            door: Arc::downgrade(&self.door),
            layer: self.layer.clone(),
        }
    }

    /// Serves until the server is closed, and its sessions have said goodbye: up to 5 s more.
    ///
    /// # Errors
    ///
    /// None at present.
    ///
    /// Example: [`Listening`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the taking of new clients. Sessions that are open live on until the
    /// server is closed; then the port is free.
    pub async fn run(self) -> io::Result<()> {
        let Self {
            door,
            layer,
            max_handshakes,
        } = self;
        let engine = Arc::clone(layer.engine());
        let handshakes = Arc::new(Semaphore::new(max_handshakes));
        let mut closing = pin!(engine.closing());
        loop {
            let incoming = tokio::select! {
                biased;
                () = &mut closing => break,
                incoming = door.0.accept() => incoming,
            };
            let Some(incoming) = incoming else { break };
            let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
                tracing::debug!("too many clients of WebTransport are in their handshake");
                incoming.refuse();
                continue;
            };
            if handshakes.available_permits() < max_handshakes / 2 && incoming.may_retry() {
                if let Err(error) = incoming.retry() {
                    tracing::debug!(%error, "a client of WebTransport could not be asked again");
                }
                continue;
            }
            let layer = layer.clone();
            engine.tasks().spawn(async move {
                let session = Box::pin(until_closing(layer, incoming)).await;
                drop(permit);
                if let Some(session) = session {
                    session.await;
                }
            });
        }
        let endpoint = door.0.clone();
        drop(door);
        if timeout(LAST_WORDS, endpoint.wait_idle()).await.is_err() {
            tracing::debug!("a client of WebTransport did not say goodbye");
        }
        endpoint.close(VarInt::from_u32(0), b"");
        Ok(())
    }
}

/// Replaces the certificate of a [`Listening`], for clients that come from then on.
///
/// # Example
///
/// ```no_run
/// use roomcast::webtransport::{Certificate, Listening};
///
/// # async fn example(listening: Listening) -> Result<(), Box<dyn std::error::Error>> {
/// let certificates = listening.certificates();
/// tokio::spawn(listening.run());
/// // … when its files have changed:
/// certificates.replace(Certificate::from_pem_files("fullchain.pem", "privkey.pem")?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Certificates {
    door: Weak<Door>,
    layer: Layer,
}

impl Certificates {
    /// Replaces the certificate. Sessions that are open keep theirs. Without effect once nobody is
    /// served any more. Example: [`Certificates`].
    ///
    /// # Errors
    ///
    /// If key and certificate do not belong together; the old one stays.
    pub fn replace(&self, certificate: Certificate) -> Result<(), CertificateError> {
        let quic = quic_config(&self.layer, certificate)?;
        if let Some(door) = self.door.upgrade() {
            door.0.set_server_config(Some(quic));
        }
        Ok(())
    }
}

/// Serves a client up to the opening of its session, unless the server is closed before.
async fn until_closing(layer: Layer, incoming: Incoming) -> Option<SessionTask> {
    let closing = layer.engine().closing();
    tokio::select! {
        biased;
        () = closing => None,
        session = open(layer, incoming) => session,
    }
}

async fn open(layer: Layer, incoming: Incoming) -> Option<SessionTask> {
    let address = incoming.remote_address();
    let limit = layer.engine().times().upgrade_timeout;
    let asking = async {
        let guarded = Guarded::new(incoming.await?);
        let asked = Asked::read(&guarded).await?;
        Ok((guarded, asked))
    };
    let (guarded, asked) = in_time(limit, asking).await?;
    let request = Arc::new(request(&asked, address));
    let engine = layer.engine();
    if !engine.config().serves(request.head().path()) {
        in_time(limit, asked.refuse(Status::NotFound)).await?;
        return None;
    }
    if engine.admit_webtransport(&request).await.is_err() {
        in_time(limit, asked.refuse(Status::Forbidden)).await?;
        return None;
    }
    let streams = in_time(limit, asked.accept(guarded)).await?;
    engine.begin_webtransport(&request, streams).await
}

fn request(asked: &Asked, address: SocketAddr) -> Request {
    let part = |name| asked.field(name).unwrap_or_default();
    let (authority, target) = (part(":authority"), part(":path"));
    let head = RequestHead::new(&Method::CONNECT, authority, target, || asked.headers());
    Request::with_peer(head, Peer::secure(address))
}

/// The result, unless it is a failure or comes too late.
async fn in_time<T>(limit: Duration, step: impl Future<Output = Result<T, Failure>>) -> Option<T> {
    match timeout(limit, step).await {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(failure)) => tracing::debug!(%failure, "a client of WebTransport got no session"),
        Err(_) => tracing::debug!("a client of WebTransport was too slow to get a session"),
    }
    None
}

fn quic_config(layer: &Layer, certificate: Certificate) -> Result<ServerConfig, CertificateError> {
    let crypto = QuicServerConfig::try_from(certificate.into_tls()?)
        .map_err(|error| CertificateError::Unusable(error.to_string()))?;
    let times = layer.engine().times();
    let mut transport = TransportConfig::default();
    // The heartbeat finds a client that is gone first.
    let idle = times.ping_interval.saturating_add(times.ping_timeout);
    let idle = idle.saturating_add(IDLE_MARGIN).try_into();
    transport
        .max_idle_timeout(Some(idle.unwrap_or_else(|_| VarInt::MAX.into())))
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_BIDI_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(MAX_UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(WINDOW_BYTES))
        .receive_window(VarInt::from_u32(WINDOW_BYTES))
        .send_window(u64::from(WINDOW_BYTES))
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES));
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

async fn bind_udp(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
    let mut failure = io::ErrorKind::InvalidInput.into();
    for address in tokio::net::lookup_host(address).await? {
        match UdpSocket::bind(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl Engine {
    /// Listens for clients of WebTransport on a UDP port; they are served by [`Listening::run`].
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, if the certificate cannot be used, or if
    /// [`Transport::WebTransport`] is not among the engine's transports.
    ///
    /// Example: [`Listening`].
    pub async fn listen_webtransport(
        &self,
        address: impl ToSocketAddrs,
        certificate: Certificate,
    ) -> io::Result<Listening> {
        Listening::bind(self.layer(), address, certificate).await
    }
}

impl Server {
    /// Listens for clients of WebTransport on a UDP port and serves them until
    /// [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, if the certificate cannot be used, or if
    /// [`Transport::WebTransport`] is not among the server's transports.
    ///
    /// Example: [`webtransport`](crate::webtransport).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the taking of new clients. Sessions that are open live on until
    /// [`close`](Self::close).
    ///
    /// Spec: features 1.8, 1.10.
    pub async fn serve_webtransport(
        &self,
        address: impl ToSocketAddrs,
        certificate: Certificate,
    ) -> io::Result<()> {
        let listening = self.listen_webtransport(address, certificate).await?;
        listening.run().await
    }

    /// Listens for clients of WebTransport on a UDP port; they are served by [`Listening::run`].
    ///
    /// # Errors
    ///
    /// As [`serve_webtransport`](Self::serve_webtransport). Example: [`Listening`].
    ///
    /// Spec: features 1.8, 1.10.
    pub async fn listen_webtransport(
        &self,
        address: impl ToSocketAddrs,
        certificate: Certificate,
    ) -> io::Result<Listening> {
        Listening::bind(self.layer(), address, certificate).await
    }
}

/// Clients between their first packet and their session.
const MAX_HANDSHAKES: usize = 512;

/// What clients get to say goodbye when the server is closed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How much longer than the heartbeat a silent connection is kept.
const IDLE_MARGIN: Duration = Duration::from_secs(10);

/// The request's and the session's own; the others wait unread.
const MAX_BIDI_STREAMS: u32 = 4;

/// Control, two for header compression, and some that only test whether servers ignore them.
const MAX_UNI_STREAMS: u32 = 8;

/// Bytes on their way in each direction that the other side has not taken.
const WINDOW_BYTES: u32 = 1024 * 1024;

/// Clients need to know that datagrams are taken; nobody reads them.
const DATAGRAM_BYTES: usize = 4096;
