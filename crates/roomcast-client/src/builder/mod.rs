//! The options of a connection.

mod attempt;
mod of_socket;
mod per_message_deflate;
mod prepared;
mod reconnection;
mod transport_options;

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use roomcast_engineio::Transport;
use roomcast_socketio::client::{BufferLimits, Options};
use roomcast_socketio::{Limits, Parser};
use roomcast_websocket::deflate;

pub use attempt::Attempt;
pub(crate) use attempt::{AttemptFunction, Attempting};
pub use per_message_deflate::PerMessageDeflate;
pub use transport_options::TransportOptions;

use crate::client::Client;
use crate::connect::Tls;
use crate::engine::{self, Timestamps};
use crate::error::ConfigError;
use crate::manager::{Home, Manager};
use crate::socket::{Socket, SocketConfig};

/// The options of a connection, each with the default of the official client unless it says
/// otherwise. Mistakes are reported by the last call.
///
/// If the manager of the server exists already ([`Client`]), it stays as it is: only what is said of
/// the socket counts.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use roomcast_client::{Transport, value};
///
/// # async fn example() -> Result<(), roomcast_client::ConfigError> {
/// let socket = roomcast_client::builder("https://example.com/chat")
///     .transports([Transport::WebSocket])
///     .auth(value!({ "token": "secret" }))
///     .header("x-client", "bot")
///     .reconnection_delay(Duration::from_millis(200))
///     .connect()?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.1 to 6.16.
#[must_use = "nothing happens before `connect`, `build` or `manager`"]
#[derive(Clone, Debug)]
pub struct Builder {
    client: Client,
    url: String,
    path: String,
    has_trailing_slash: bool,
    is_shared: bool,
    query: Vec<(String, String)>,
    proxy: Option<String>,
    tls: Tls,
    engine: engine::Options,
    core: Options,
    socket: SocketConfig,
    max_waiting_handlers: usize,
    of_transports: Vec<(Transport, TransportOptions)>,
    attempts: Option<AttemptFunction>,
    mistake: Option<ConfigError>,
}

impl Builder {
    pub(crate) fn new(client: Client, url: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
            path: "/socket.io".to_owned(),
            has_trailing_slash: true,
            is_shared: true,
            query: Vec::new(),
            proxy: None,
            tls: Tls::default(),
            engine: engine::Options {
                deflate: Some(deflate::Config::default()),
                ..engine::Options::default()
            },
            core: Options::default(),
            socket: SocketConfig::default(),
            max_waiting_handlers: 1000,
            of_transports: Vec::new(),
            attempts: None,
            mistake: None,
        }
    }

    /// Makes the socket and connects it.
    ///
    /// It returns at once. Listeners that must not miss anything are added between
    /// [`build`](Self::build) and [`Socket::connect`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an option that cannot be used, or outside of a tokio runtime.
    pub fn connect(self) -> Result<Socket, ConfigError> {
        let socket = self.build()?;
        socket.connect();
        Ok(socket)
    }

    /// Makes the socket, and leaves it to [`Socket::connect`] to connect it: `autoConnect: false`.
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    pub fn build(self) -> Result<Socket, ConfigError> {
        self.build_at(Home::here())
    }

    pub(crate) fn build_at(self, home: Result<Home, ConfigError>) -> Result<Socket, ConfigError> {
        let prepared = self.prepare(home)?;
        let (namespace, config) = (prepared.namespace.clone(), prepared.socket.clone());
        let manager = match prepared.is_shared {
            true => {
                let (client, key) = (prepared.client.clone(), prepared.key.clone());
                client.manager(key, &namespace, || prepared.manager())
            }
            false => prepared.manager(),
        };
        Ok(manager.socket_with(&namespace, config))
    }

    /// Makes a manager without sockets, which is not shared and not open. What was said of the socket
    /// counts for nothing.
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    pub fn manager(self) -> Result<Manager, ConfigError> {
        self.manager_at(Home::here())
    }

    pub(crate) fn manager_at(
        self,
        home: Result<Home, ConfigError>,
    ) -> Result<Manager, ConfigError> {
        Ok(self.prepare(home)?.manager())
    }

    /// The path at which the server listens. Slashes at its ends do not matter; `/` is the root.
    /// Default `/socket.io`.
    pub fn path(mut self, path: &str) -> Self {
        self.path = plain_path(path);
        self
    }

    /// Leaves out the slash behind the path.
    pub fn without_trailing_slash(mut self) -> Self {
        self.has_trailing_slash = false;
        self
    }

    /// Adds a parameter to the query of each request. It replaces one of the URL's. The names `EIO`,
    /// `transport` and `sid` are the protocol's own and have no effect.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers are written without a `&`"
    )]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header to each request: `extraHeaders`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => drop(self.engine.headers.append(name, value)),
            _ => self.blame(ConfigError::Header {
                name: name.to_owned(),
            }),
        }
        self
    }

    /// Options for one transport, which count there in place of those of the builder:
    /// `transportOptions`. Said twice of one transport, the last ones count.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use roomcast_client::{Transport, TransportOptions};
    ///
    /// # async fn example() -> Result<(), roomcast_client::ConfigError> {
    /// let polling = TransportOptions::default()
    ///     .header("x-carrier", "polling")
    ///     .request_timeout(Duration::from_secs(30));
    /// let socket = roomcast_client::builder("https://example.com")
    ///     .transport_options(Transport::Polling, polling)
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transport_options(mut self, transport: Transport, options: TransportOptions) -> Self {
        self.of_transports.retain(|(other, _)| *other != transport);
        self.of_transports.push((transport, options));
        self
    }

    /// A function that is asked before each attempt to open the connection for its address, headers and
    /// query: a server that is another one today, or a fresh token where the server wants it in a header
    /// or in the query. The attempt waits for it, within its [`timeout`](Self::timeout).
    ///
    /// What it returns counts for that attempt, in place of what the builder and the URL say. If it fails or
    /// panics, the attempt has failed, with [`TransportError::Attempt`](crate::TransportError::Attempt): the next
    /// one asks again.
    ///
    /// A token in the [`auth`](Self::auth_with) of a namespace is asked for by `auth_with`.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use roomcast_client::Attempt;
    ///
    /// async fn nearest_server() -> Result<String, std::io::Error> {
    ///     Ok("https://eu.example.com".to_owned())
    /// }
    ///
    /// # async fn example() -> Result<(), roomcast_client::ConfigError> {
    /// let socket = roomcast_client::builder("https://example.com")
    ///     .attempt_with(async || nearest_server().await.map(|url| Attempt::default().url(&url)))
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn attempt_with<F, E>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Attempt, E>> + Send + 'static,
        E: ToString,
    {
        self.attempts = Some(AttemptFunction::new(ask));
        self
    }

    /// The transports, of which the first opens the connection. Default: polling, then WebSocket.
    ///
    /// WebTransport needs the feature `webtransport`, and a server that has it on the UDP port of the
    /// URL, or 443 if the URL names none. It is always encrypted, whatever the URL's scheme.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.engine.transports = transports.into_iter().collect();
        let mut wanted = self.engine.transports.iter();
        if let Some(&transport) = wanted.find(|one| !engine::has_transport(**one)) {
            self.blame(ConfigError::Transport { transport });
        }
        self
    }

    /// Stays on the transport that opened the connection.
    pub fn without_upgrade(mut self) -> Self {
        self.engine.upgrades = false;
        self
    }

    /// Starts with WebSocket if the last session of the same [`Client`] could use it.
    pub fn remember_upgrade(mut self) -> Self {
        self.engine.remembers_upgrade = true;
        self
    }

    /// Tries the next transport if one cannot be opened. Without this, the failure of the first is
    /// that of the attempt.
    pub fn try_all_transports(mut self) -> Self {
        self.engine.tries_all = true;
        self
    }

    /// Opens a connection of its own, which is not shared with other namespaces.
    pub fn force_new(mut self) -> Self {
        self.is_shared = false;
        self
    }

    /// How packets become messages; the server must use the same. Default [`Parser::Text`].
    pub fn parser(mut self, parser: impl Into<Parser>) -> Self {
        self.core.parser = parser.into();
        self
    }

    /// Sends bytes as base64 text, over WebSocket, too. Over WebTransport bytes stay bytes.
    pub fn force_base64(mut self) -> Self {
        self.engine.forces_base64 = true;
        self
    }

    /// Adds a parameter with a fresh value to the requests of all transports. Default: to those of
    /// polling.
    pub fn timestamp_all_requests(mut self) -> Self {
        self.engine.timestamps = Timestamps::Always;
        self
    }

    /// Adds no parameter with a fresh value to any request.
    pub fn without_timestamps(mut self) -> Self {
        self.engine.timestamps = Timestamps::Never;
        self
    }

    /// The name of the parameter with a fresh value. Default `t`.
    pub fn timestamp_param(mut self, name: &str) -> Self {
        name.clone_into(&mut self.engine.timestamp_param);
        self
    }

    /// The WebSocket subprotocols to ask for. Default: none.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.engine.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// How WebSocket messages are compressed. Default: [`PerMessageDeflate::default`].
    pub fn per_message_deflate(mut self, settings: PerMessageDeflate) -> Self {
        self.engine.deflate = Some(settings.into_config());
        self
    }

    /// Does not offer to compress WebSocket messages. Default: it is offered, and messages from 1 KiB
    /// on are compressed if the server agrees.
    pub fn without_compression(mut self) -> Self {
        self.engine.deflate = None;
        self
    }

    /// Keeps the cookies that the server sets, and sends them back: `withCredentials`. One that is
    /// `Secure` is sent back where the connection is encrypted, and nowhere else.
    pub fn keep_cookies(mut self) -> Self {
        self.engine.keeps_cookies = true;
        self
    }

    /// Goes through this HTTP proxy, a URL which may hold a user and a password. Default: none.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// Whom to trust and how to show who one is. Default: the roots of the system.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// How long a request of polling may take. Default: any time; a lost connection is noticed by the
    /// heartbeat.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.engine.request_timeout = Some(timeout);
        self
    }

    /// The largest message, or polling body, that is taken, in bytes. Default 100 MiB.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.engine.max_message_bytes = bytes;
        self
    }

    /// Limits on each packet of the server.
    pub fn packet_limits(mut self, limits: Limits) -> Self {
        self.core.limits = limits;
        self
    }

    /// Limits on what a server sends to a namespace before it has confirmed it. Default 10,000 packets
    /// and 10,000,000 bytes.
    pub fn receive_buffer(mut self, limits: BufferLimits) -> Self {
        self.core.receive_buffer = limits;
        self
    }

    /// How many bytes of events may wait while the connection takes less than is emitted; one event
    /// larger than that still leaves if no other waits. [`when_full`](Self::when_full) says what happens
    /// to more.
    ///
    /// Acknowledgements and the protocol's own packets are never left out. Acknowledgements may take as
    /// many bytes again; then the connection is closed. Default 100,000,000.
    pub fn max_outbox(mut self, bytes: usize) -> Self {
        self.core.max_outbox = bytes;
        self
    }

    /// The most handlers of the connection that may wait at a time. Default 1000; at least 1.
    ///
    /// At the limit further events are kept, in order, until one has ended. Acknowledgements and the
    /// heartbeat go on, so a handler may await an answer. When the events take more than 1 MiB of memory,
    /// nothing more is read from the server: neither acknowledgements nor the heartbeat, so handlers that
    /// never end let the connection time out. What is kept when a socket is disconnected is handed to the
    /// handlers at once.
    pub fn max_waiting_handlers(mut self, count: usize) -> Self {
        self.max_waiting_handlers = count.max(1);
        self
    }

    fn blame(&mut self, mistake: ConfigError) {
        self.mistake.get_or_insert(mistake);
    }
}

/// A path with a slash in front of it and none behind it: nothing for the root.
fn plain_path(path: &str) -> String {
    match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}
