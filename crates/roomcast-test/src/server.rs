//! A server that is reached in memory.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::panic::Location;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use roomcast::{Layer, Peer, Server};
use tokio::io::DuplexStream;
use tower_layer::Layer as _;

use crate::builder::ClientBuilder;
use crate::client::TestClient;

/// A server that is reached in memory, without a port.
///
/// It serves the [`Server`] that it was made of, which goes on to be used as ever: a test emits
/// through it, or looks at its rooms.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let io = roomcast::Server::new();
/// let server = roomcast_test::TestServer::new(&io);
/// let mut client = server.connect("/").await;
///
/// io.emit("news", "it works");
/// client.expect("news", "it works").await;
/// assert_eq!(io.sockets_count(), 1);
/// # }
/// ```
#[derive(Clone)]
pub struct TestServer {
    layer: Layer,
    path: String,
    patience: Duration,
}

impl TestServer {
    /// Serves `io`.
    #[must_use]
    pub fn new(io: &Server) -> Self {
        Self {
            layer: io.layer(),
            path: "/socket.io/".to_owned(),
            patience: PATIENCE,
        }
    }

    /// Sets the path that clients ask for. Default: `/socket.io/`.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let io = roomcast::Server::builder().path("/rt/").build();
    /// let server = roomcast_test::TestServer::new(&io).with_path("/rt/");
    /// assert!(server.connect("/").await.is_connected());
    /// # }
    /// ```
    #[must_use]
    pub fn with_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Sets how long clients wait for what they expect before they panic. Default: 10 minutes, which
    /// cost nothing on a paused clock. Set less for tests on a clock that runs.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let io = roomcast::Server::new();
    /// let server = roomcast_test::TestServer::new(&io).with_patience(Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects a client to a namespace. Example: [`TestServer`].
    ///
    /// # Panics
    ///
    /// If the client is refused; see [`ClientBuilder::connect_refused`].
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> impl Future<Output = TestClient> + Send + use<> {
        let caller = Location::caller();
        self.client().connect_at(namespace, caller)
    }

    /// Describes a client before it connects: its credentials, headers and address.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use roomcast::{Auth, Refusal, Value, value};
    /// let io = roomcast::Server::new();
    /// io.middleware(|Auth(auth): Auth<Value>| match auth["token"] == "secret" {
    ///     true => Ok(()),
    ///     false => Err(Refusal::new("unauthorized")),
    /// });
    /// let server = roomcast_test::TestServer::new(&io);
    ///
    /// server.client().auth(value!({"token": "secret"})).connect("/").await;
    /// let refused = server.client().connect_refused("/").await;
    /// assert_eq!(refused.message, "unauthorized");
    /// # }
    /// ```
    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::new(self.clone())
    }

    /// Waits, with the clock paused, until nobody has anything left to do at this moment: what
    /// clients have sent is handled, what handlers have sent has arrived. It moves the clock by a
    /// millisecond. Example: [`TestClient::disconnect`].
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Opens a connection and gives the client's end of it.
    pub(crate) fn open(&self, address: SocketAddr) -> DuplexStream {
        let (near, far) = tokio::io::duplex(SOCKET_BUFFER);
        let service = TowerToHyperService::new(self.layer.layer(Outside));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer::new(address));
            service.call(request)
        });
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            // A client that hangs up is no fault of the server.
            let _ = builder
                .serve_connection_with_upgrades(TokioIo::new(far), service)
                .await;
        });
        near
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What lies outside of the server's path: nothing.
#[derive(Clone, Copy)]
struct Outside;

impl tower_service::Service<Request<Incoming>> for Outside {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Incoming>) -> Self::Future {
        let mut answer = Response::new(Empty::new());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(answer))
    }
}

/// Longer than any heartbeat: who waits for nothing sees the connection end first.
const PATIENCE: Duration = Duration::from_secs(600);

/// What one end of a connection may have written that the other has not read, in bytes: about what
/// a TCP socket holds.
const SOCKET_BUFFER: usize = 64 * 1024;
