//! Listeners of the server's own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use tower_layer::Layer as _;
use tower_service::Service as _;

use super::layer::{Layer, NotFound, Service};
use crate::engine::{Engine, Peer, Shared};

/// A bound listener whose clients are served by [`run`](Self::run).
///
/// Made by [`Server::listen`](crate::Server::listen), which returns once the port is open.
///
/// # Example
///
/// ```no_run
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let io = roomcast::Server::new();
///     let listening = io.listen("127.0.0.1:0").await?;
///     println!("http://{}", listening.local_addr()?);
///     listening.run().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "nobody is served until `run`"]
pub struct Listening {
    listener: TcpListener,
    layer: Layer,
}

impl Listening {
    pub(crate) async fn bind(layer: Layer, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, layer })
    }

    /// Returns the address that is listened on, with the port that the system chose for port 0.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::local_addr`]. Example: [`Listening`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the server is closed, and its connections have got their last answers: up to
    /// 5 s more. Other paths than the server's are answered 404.
    ///
    /// A connection whose first request head is not there 30 s after it was accepted is closed.
    ///
    /// # Errors
    ///
    /// None at present: a connection that cannot be accepted is logged, and accepting goes on after
    /// 50 ms.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let io = roomcast::Server::new();
    /// let running = tokio::spawn(io.listen("127.0.0.1:0").await?.run());
    ///
    /// io.close().await;
    /// running.await?
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener. Connections that are open live on until the server
    /// is closed.
    pub async fn run(self) -> io::Result<()> {
        let service = self.layer.layer(NotFound);
        let engine = self.layer.engine();
        let connections = TaskTracker::new();
        let closing = engine.closing();
        tokio::pin!(closing);
        loop {
            tokio::select! {
                () = &mut closing => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        let connection = serve_connection(engine, service.clone(), stream, address);
                        // Both wait for it: this listener, and the `close` of the server.
                        connections.spawn(engine.tasks().track_future(connection));
                    }
                    // Out of files, or the client has left: others may still get in.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        connections.close();
        // Invariant: each of them ends `LAST_ANSWERS` after the closing at the latest.
        connections.wait().await;
        Ok(())
    }
}

fn serve_connection(
    engine: &Arc<Shared>,
    service: Service<NotFound>,
    stream: TcpStream,
    address: SocketAddr,
) -> impl Future<Output = ()> + Send + use<> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small packets may be delayed");
    }
    let requested = Arc::new(Notify::new());
    let service = {
        let requested = Arc::clone(&requested);
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            requested.notify_one();
            request.extensions_mut().insert(Peer::new(address));
            service.clone().call(request)
        })
    };
    let closing = engine.closing();
    async move {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        // A client that does not finish its request head is let go after 30 s, the default of both.
        builder.http1().timer(TokioTimer::new());
        builder.http2().timer(TokioTimer::new());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::pin!(connection, closing);
        let result = tokio::select! {
            result = &mut connection => result,
            // hyper has no timer while it tells HTTP/1 from HTTP/2.
            () = silence(&requested) => {
                return tracing::debug!(%address, "a connection asked for nothing");
            }
            () = &mut closing => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(LAST_ANSWERS, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "an HTTP connection ended");
        }
    }
}

/// Ends if no request comes in time.
async fn silence(requested: &Notify) {
    if tokio::time::timeout(FIRST_REQUEST, requested.notified())
        .await
        .is_ok()
    {
        std::future::pending().await
    }
}

impl Engine {
    /// Listens on `address` and serves until [`close`](Self::close). Paths other than the engine's
    /// are answered 404.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// #[tokio::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    ///     Engine::new(move |_: &Socket| echo).serve("127.0.0.1:3000").await
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener. Connections that are open live on until
    /// [`close`](Self::close).
    pub async fn serve(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.listen(address).await?.run().await
    }

    /// Listens on `address`; the clients are served by [`Listening::run`].
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::engine::Engine;
    /// # async fn example(engine: Engine) -> std::io::Result<()> {
    /// let listening = engine.listen("127.0.0.1:0").await?; // any free port
    /// println!("http://{}", listening.local_addr()?);
    /// listening.run().await
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Listening> {
        Listening::bind(self.layer(), address).await
    }

    /// Makes a tower layer that adds this engine to another HTTP service.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::engine::Engine;
    /// # fn example(engine: Engine) {
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", axum::routing::get("Server is live"))
    ///     .layer(engine.layer());
    /// # }
    /// ```
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer::new(self.shared(), None)
    }
}

/// From the acceptance of a connection to the head of its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(30);

/// What connections get to finish their answers when the server is closed.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// After a failed accept, so that a full table of files does not burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
