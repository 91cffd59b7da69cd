//! Listeners of the server's own.

use std::future::{Future as _, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs};
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::front::Connection;
use super::layer::Layer;
use crate::engine::Engine;

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
        let listener = bind(address).await?;
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
        let connections = TaskTracker::new();
        let listener = Arc::new(Mutex::new(Some(self.listener)));
        // Cost: in the task that awaits this, which may be the main thread, each new connection
        // would be a wake-up across threads.
        let accepting = tokio::spawn(accept(
            Arc::clone(&listener),
            Arc::new(self.layer),
            connections.clone(),
        ));
        let door = Door {
            listener,
            accepting: accepting.abort_handle(),
        };
        if let Err(error) = accepting.await {
            match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down, and this future with it.
                Err(_) => std::future::pending().await,
            }
        }
        drop(door);
        connections.close();
        // Invariant: each of them ends `LAST_ANSWERS` after the closing at the latest.
        connections.wait().await;
        Ok(())
    }
}

/// Closes the listener when it is dropped, without waiting for the task that accepts.
struct Door {
    listener: Arc<Mutex<Option<TcpListener>>>,
    accepting: AbortHandle,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.abort();
        drop(self.listener.lock().take());
    }
}

/// Accepts until the server is closed.
async fn accept(
    listener: Arc<Mutex<Option<TcpListener>>>,
    layer: Arc<Layer>,
    connections: TaskTracker,
) {
    let mut closing = pin!(layer.engine().closing());
    let start = |stream: TcpStream, address| {
        if !INHERITS_NODELAY && let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets may be delayed");
        }
        let connection = Connection::new(Arc::clone(&layer), stream, address, connections.token());
        // Both wait for it: the listener, and the `close` of the server.
        tokio::spawn(layer.engine().tasks().track_future(connection));
    };
    let mut poll_accept = |cx: &mut Context<'_>| {
        if closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        // Lock order: a leaf.
        let listener = listener.lock();
        let Some(listener) = &*listener else {
            return Poll::Ready(None);
        };
        loop {
            match ready!(listener.poll_accept(cx)) {
                Ok((stream, address)) => start(stream, address),
                Err(error) => return Poll::Ready(Some(error)),
            }
        }
    };
    // Out of files, or the client has left: others may still get in.
    while let Some(error) = poll_fn(&mut poll_accept).await {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Binds a listener whose connections send small packets at once.
async fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut failure = io::ErrorKind::InvalidInput.into();
    for address in tokio::net::lookup_host(address).await? {
        match bind_to(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As tokio does: on Windows the option would let others take the port.
    if cfg!(not(windows)) {
        socket.set_reuseaddr(true)?;
    }
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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

/// After a failed accept, so that a full table of files does not burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that wait to be accepted, as tokio and the standard library have it.
const BACKLOG: u32 = 1024;

/// Whether accepted connections have the listener's `TCP_NODELAY`: one system call less for each.
const INHERITS_NODELAY: bool = cfg!(target_os = "linux");
