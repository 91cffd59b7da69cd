//! A served server.

use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use roomcast::engine::Engine;
use roomcast::{Layer, Listening, Server};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;

use super::{Polling, Request, Response, Stream, WebSocket, within};

/// A server that listens, and its path.
#[derive(Clone)]
pub(crate) struct Host {
    open: Arc<dyn Fn() -> Opening + Send + Sync>,
    pub(crate) path: String,
}

type Opening = std::pin::Pin<Box<dyn Future<Output = Stream> + Send>>;

impl Host {
    /// Serves `io` on a port of the loopback interface.
    pub(crate) async fn tcp(io: &Server) -> Self {
        let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
        Self::listening(listening, "/socket.io/")
    }

    /// Serves an engine on a port of the loopback interface.
    pub(crate) async fn engine(engine: &Engine, path: &str) -> Self {
        Self::listening(
            engine.listen("127.0.0.1:0").await.expect("a port is free"),
            path,
        )
    }

    fn listening(listening: Listening, path: &str) -> Self {
        let address = listening.local_addr().expect("it is bound");
        tokio::spawn(listening.run());
        Self::connecting(path, move || async move {
            let stream = TcpStream::connect(address)
                .await
                .expect("the server listens");
            stream.set_nodelay(true).expect("the connection is open");
            Stream::new(stream)
        })
    }

    /// Serves `io` on a port of the loopback interface to clients that hang up by a reset.
    pub(crate) async fn resetting(io: &Server) -> Self {
        let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
        let address = listening.local_addr().expect("it is bound");
        tokio::spawn(listening.run());
        Self::connecting("/socket.io/", move || async move {
            let stream = TcpStream::connect(address)
                .await
                .expect("the server listens");
            stream.set_zero_linger().expect("the connection is open");
            Stream::new(stream)
        })
    }

    /// Serves `io` in memory: with the clock paused, time passes only while nobody has anything to do.
    pub(crate) fn memory(io: &Server) -> Self {
        Self::memory_layer(io.layer(), "/socket.io/")
    }

    pub(crate) fn memory_layer(layer: Layer, path: &str) -> Self {
        Self::carried_layer(layer, path, |far| far)
    }

    /// Serves `io` in memory over what `carry` makes of the server's end of each connection.
    pub(crate) fn carried<C>(
        io: &Server,
        carry: impl Fn(DuplexStream) -> C + Send + Sync + 'static,
    ) -> Self
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::carried_layer(io.layer(), "/socket.io/", carry)
    }

    fn carried_layer<C>(
        layer: Layer,
        path: &str,
        carry: impl Fn(DuplexStream) -> C + Send + Sync + 'static,
    ) -> Self
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::carried_router(axum::Router::new().layer(layer), path, carry)
    }

    /// Serves `service` in memory over what `carry` makes of the server's end of each connection.
    pub(crate) fn carried_router<C>(
        service: axum::Router,
        path: &str,
        carry: impl Fn(DuplexStream) -> C + Send + Sync + 'static,
    ) -> Self
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::connecting(path, move || {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let far = carry(far);
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                // A client that hangs up is no fault of the server.
                let _ = builder
                    .serve_connection_with_upgrades(TokioIo::new(far), service)
                    .await;
            });
            std::future::ready(Stream::new(near))
        })
    }

    /// A server that is reached by `open`.
    pub(crate) fn connecting<F>(path: &str, open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Stream> + Send + 'static,
    {
        Self {
            open: Arc::new(move || Box::pin(open())),
            path: path.to_owned(),
        }
    }

    /// A new connection.
    pub(crate) async fn stream(&self) -> Stream {
        within("a connection", (self.open)()).await
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn request(&self, request: Request) -> Response {
        let mut stream = self.stream().await;
        stream.write(&request.to_bytes()).await;
        Response::read(&mut stream).await
    }

    /// `GET` on the server's path.
    pub(crate) async fn get(&self, query: &str) -> Response {
        self.request(Request::get(&self.target(query))).await
    }

    /// `GET` with the headers of a WebSocket; the answer is that of a refusal.
    pub(crate) async fn refused_upgrade(&self, query: &str) -> Response {
        self.request(Request::get(&self.target(query)).upgrade())
            .await
    }

    pub(crate) fn target(&self, query: &str) -> String {
        format!("{}?{query}", self.path)
    }

    /// A session over WebSocket; its open packet has been read.
    pub(crate) async fn websocket(&self) -> WebSocket {
        WebSocket::session(
            self,
            Request::get(&self.target("EIO=4&transport=websocket")),
        )
        .await
    }

    /// A WebSocket client of the main namespace.
    pub(crate) async fn joined(&self) -> WebSocket {
        let mut client = self.websocket().await;
        client.join("/").await;
        client
    }

    /// A session over polling; its open packet has been read.
    pub(crate) async fn polling(&self) -> Polling {
        Polling::open(self).await
    }

    /// A polling client of the main namespace.
    pub(crate) async fn joined_polling(&self) -> Polling {
        let mut client = self.polling().await;
        client.join("/").await;
        client
    }
}
