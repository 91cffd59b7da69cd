//! Options of an Engine.IO server, and of the Socket.IO server above it.

mod hooks;
mod limits;
mod per_message_deflate;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roomcast_engineio::Transport;

pub use per_message_deflate::PerMessageDeflate;

use super::config::{Config, OriginCheck};
use super::connection::Connection;
use super::relay::ClusterEngine;
use super::server::Engine;
use super::socket::Socket;
use crate::{Cookie, Cors, HttpCompression};

/// Options of a server. The same for [`Engine`] (`Builder<Bare>`) and for
/// [`Server`](crate::Server) ([`ServerBuilder`](crate::ServerBuilder)), which has some more.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Cors, Server};
///
/// let io = Server::builder()
///     .cors(Cors::origin("http://localhost:5173").credentials())
///     .ping_interval(Duration::from_secs(10))
///     .build();
/// ```
///
/// Spec: features, section 1.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<Kind> {
    pub(crate) config: Config,
    pub(crate) kind: Kind,
}

/// The options of an [`Engine`] on its own, behind the type of its [`Builder`].
///
/// # Example
///
/// ```
/// use roomcast::engine::{Bare, Builder, Engine};
///
/// let builder: Builder<Bare> = Engine::builder();
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Bare {}

impl Default for Builder<Bare> {
    fn default() -> Self {
        Self {
            config: Config::default(),
            kind: Bare {},
        }
    }
}

impl Builder<Bare> {
    /// Makes the engine; `accept` is called for each new session.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::builder().path("/echo").build(move |_: &Socket| echo);
    /// ```
    pub fn build<C: Connection>(
        self,
        accept: impl Fn(&Socket) -> C + Send + Sync + 'static,
    ) -> Engine {
        Engine::with_connections(self.config, accept)
    }
}

impl<Kind> Builder<Kind> {
    /// Sets the path of all requests; a slash is added at its end unless
    /// [`without_trailing_slash`](Self::without_trailing_slash) is called afterwards.
    /// Default: `/socket.io/`, of a bare engine `/engine.io/`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().path("/live").build(); // clients ask for /live/
    /// ```
    ///
    /// Spec: features 1.43.
    pub fn path(mut self, path: &str) -> Self {
        self.config.path = format!("{}/", path.trim_end_matches('/'));
        self
    }

    /// Serves the path without a slash at its end: `/socket.io`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().path("/live").without_trailing_slash().build();
    /// ```
    ///
    /// Spec: features 1.42.
    pub fn without_trailing_slash(mut self) -> Self {
        self.config
            .path
            .truncate(self.config.path.trim_end_matches('/').len());
        self
    }

    /// Sets the transports that clients may use. Default: polling and WebSocket. WebTransport also
    /// needs the feature `webtransport` and a listener of its own (`serve_webtransport`).
    ///
    /// A request for another one is answered 400 with code 0.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Transport};
    ///
    /// let io = Server::builder().transports([Transport::WebSocket]).build();
    /// ```
    ///
    /// Spec: features 1.13, 1.34.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.config.transports = transports.into_iter().collect();
        self
    }

    /// Keeps sessions on the transport that they were opened with: clients are told of no upgrade.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().without_upgrades().build();
    /// ```
    ///
    /// Spec: features 1.14.
    pub fn without_upgrades(mut self) -> Self {
        self.config.allows_upgrades = false;
        self
    }

    /// Lets in clients of Engine.IO 3, too: those of Socket.IO 1.x and 2.x. Default: they are
    /// refused, 400 with code 5.
    ///
    /// Such a client uses its secret session id as its public one, so everyone who learns the id
    /// of its socket can poll in its name until it is on a WebSocket. Give the ids of its sockets
    /// to no other client, or [let it use WebSockets alone](Self::transports). The guide's page
    /// *Old clients* says more.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().allow_eio3().build();
    /// ```
    ///
    /// Spec: features 1.46.
    pub fn allow_eio3(mut self) -> Self {
        self.config.allows_eio3 = true;
        self
    }

    /// Sets how long a client may take to finish an upgrade. Default: 10 s. Then its WebSocket is
    /// closed, and the session goes on by polling. A client of WebTransport gets as much time for its
    /// request, and again for its first packet.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().upgrade_timeout(Duration::from_secs(5)).build();
    /// ```
    ///
    /// Spec: features 1.15.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config.times).upgrade_timeout = timeout;
        self
    }

    /// Sets the time between two heartbeats. Default: 25 s.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .ping_interval(Duration::from_secs(10))
    ///     .ping_timeout(Duration::from_secs(5))
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.16, 1.17.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        Arc::make_mut(&mut self.config.times).ping_interval = interval;
        self
    }

    /// Sets how long a client may take to answer a heartbeat. Default: 20 s. Then it is closed with
    /// the reason `ping timeout`. Example: [`ping_interval`](Self::ping_interval).
    ///
    /// Spec: features 1.16.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config.times).ping_timeout = timeout;
        self
    }

    /// Sets how long a session that the server closes waits for the client's next poll, which is
    /// told so. Default: 30 s. A WebSocket need not wait.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().close_timeout(Duration::from_secs(5)).build();
    /// ```
    ///
    /// Spec: features, section 11, 15.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config.times).close_timeout = timeout;
        self
    }

    /// Offers permessage-deflate on WebSockets, for messages of at least 1024 bytes. Default: off.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().per_message_deflate().build();
    /// ```
    ///
    /// Spec: features 1.22.
    pub fn per_message_deflate(self) -> Self {
        self.per_message_deflate_with(PerMessageDeflate::default())
    }

    /// Offers permessage-deflate with these settings.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{PerMessageDeflate, Server};
    ///
    /// let settings = PerMessageDeflate::default().threshold(4096);
    /// let io = Server::builder().per_message_deflate_with(settings).build();
    /// ```
    ///
    /// Spec: features 1.22.
    pub fn per_message_deflate_with(mut self, settings: PerMessageDeflate) -> Self {
        self.config.deflate = Some(settings.into_config());
        self
    }

    /// Sets how answers to polls are compressed. Default: gzip, deflate or br, from 1024 bytes.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{HttpCompression, Server};
    ///
    /// let io = Server::builder().http_compression(HttpCompression::off()).build();
    /// ```
    ///
    /// Spec: features 1.23.
    pub fn http_compression(mut self, compression: HttpCompression) -> Self {
        self.config.http_compression = compression;
        self
    }

    /// Sets whom browsers let connect from other origins. Default: nobody over polling, and
    /// everybody over WebSocket; see [`check_websocket_origin`](Self::check_websocket_origin).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, Server};
    ///
    /// let io = Server::builder().cors("https://app.example").build();
    ///
    /// let io = Server::builder()
    ///     .cors(Cors::origins(["https://app.example", "https://admin.example"]).credentials())
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.25, 1.26.
    pub fn cors(mut self, cors: impl Into<Cors>) -> Self {
        self.config.cors = Some(cors.into());
        self
    }

    /// Refuses WebSockets and WebTransport from other origins than the server's own and those that
    /// [`cors`](Self::cors) lets pass.
    ///
    /// The official server accepts a WebSocket from any origin, and so does this one by default:
    /// a page of a stranger can then connect with the cookies of its visitor. Turn this on where
    /// cookies authenticate. A client that sends no `Origin` is no page and is let in.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().cors("https://app.example").check_websocket_origin().build();
    /// ```
    ///
    /// Spec: features 1.26.
    pub fn check_websocket_origin(mut self) -> Self {
        self.config.origin_check = OriginCheck::Cors;
        self
    }

    /// Sets a cookie with the session's id in the answer to the handshake, for sticky load
    /// balancers. Default: none. A session that opens with a WebSocket gets none.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cookie, Server};
    ///
    /// let io = Server::builder().cookie(Cookie::default()).build();
    /// ```
    ///
    /// Spec: features 1.24.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.config.cookie = Some(cookie);
        self
    }

    /// Sends this text message to every client right after the handshake. Default: none.
    ///
    /// The clients of Socket.IO read it as a Socket.IO packet.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::builder().initial_packet("welcome").build(move |_: &Socket| echo);
    /// ```
    ///
    /// Spec: features 1.29.
    pub fn initial_packet(mut self, text: impl Into<String>) -> Self {
        self.config.initial_packet = Some(Bytes::from(text.into()));
        self
    }

    /// Shares the sessions with the other servers on a bus, so that each of them can serve every
    /// request and no load balancer has to keep a client at one server. Default: a request whose
    /// session is not here is refused at once, 400 with code 1.
    ///
    /// It costs a question to all servers for each request that reaches another one than its
    /// session's, a second for one whose session nobody has, and 300 ms at the begin of a session
    /// that stays on polling: [`ClusterEngine`] sets them. The bus of the namespaces
    /// (`ServerBuilder::bus`) is another thing; both may be the same. Ids that
    /// [`generate_id`](Self::generate_id) makes must have 20 characters.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use roomcast::{Server, cluster::Hub};
    ///
    /// let hub = Hub::new();
    /// let server = || {
    ///     let bus = hub.bus();
    ///     Server::builder().bus(bus.clone()).cluster_engine(bus).build()
    /// };
    /// let (red, blue) = (server(), server()); // behind one round-robin load balancer
    /// # }
    /// ```
    ///
    /// Spec: features 1.54, N12.
    pub fn cluster_engine(mut self, cluster_engine: impl Into<ClusterEngine>) -> Self {
        self.config.cluster_engine = Some(cluster_engine.into());
        self
    }
}

impl<Kind> fmt::Debug for Builder<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
