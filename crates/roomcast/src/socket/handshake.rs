//! What is known of a client from its first request and its CONNECT packet.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use roomcast_socketio::{Map, Value};
use serde::de::DeserializeOwned;

use crate::engine::{Request, Revision};
use crate::error::ArgumentError;
use crate::http::head::Header;

/// The details of a socket's connection; cheap to clone.
///
/// # Example
///
/// ```
/// use roomcast::{Handshake, Server, Socket};
///
/// let io = Server::new();
/// io.on_connect(|socket: Socket, handshake: Handshake| {
///     if let Some(user) = handshake.query("user") {
///         socket.join(format!("user:{user}"));
///     }
///     println!("{:?} asked for {}", handshake.address(), handshake.url());
///     println!("encrypted: {}, joined at {}", handshake.is_secure(), handshake.time());
///     println!("from another site: {}", handshake.is_cross_domain());
/// });
/// ```
///
/// Spec: features 3.5.
#[derive(Clone, Debug)]
pub struct Handshake {
    request: Arc<Request>,
    /// Cost: nothing where the client sent none, which is mostly so.
    auth: Option<Arc<Value>>,
    /// Milliseconds since 1970.
    issued: u64,
}

impl Handshake {
    pub(crate) fn new(request: Arc<Request>, auth: Value) -> Self {
        Self {
            request,
            auth: (auth != *NO_AUTH).then(|| Arc::new(auth)),
            issued: milliseconds(SystemTime::now()),
        }
    }

    /// That of a socket on another server.
    pub(crate) fn described(request: Request, auth: Value, issued: SystemTime) -> Self {
        Self {
            request: Arc::new(request),
            auth: (!auth.is_null() && auth != *NO_AUTH).then(|| Arc::new(auth)),
            issued: milliseconds(issued),
        }
    }

    /// Returns the headers of the session's first request.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::new();
    /// io.on("languages", |handshake: Handshake| {
    ///     handshake.headers().get_all("accept-language").iter().count()
    /// });
    /// ```
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// Returns one header as text, if it is there and readable.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::new();
    /// io.on("browser", |handshake: Handshake| handshake.header("user-agent").map(str::to_owned));
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// Returns a parameter of the query, percent-decoded; of a repeated one the last value.
    /// Example: [`Handshake`].
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.request.query(name)
    }

    /// Walks over the parameters of the query, each name once with its last value.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::new();
    /// io.on_connect(|handshake: Handshake| {
    ///     for (name, value) in handshake.queries() {
    ///         println!("{name} = {value}"); // EIO = 4, transport = websocket …
    ///     }
    /// });
    /// ```
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.request.queries()
    }

    /// Returns the revision of Engine.IO that the client speaks; 4 unless
    /// [`allow_eio3`](crate::engine::Builder::allow_eio3) lets older clients in.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::builder().allow_eio3().build();
    /// io.on("is-old", |handshake: Handshake| handshake.revision().number() == 3);
    /// ```
    ///
    /// Spec: features 1.46.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.request.revision()
    }

    /// Returns path and query as they came. Example: [`Handshake`].
    #[must_use]
    pub fn url(&self) -> String {
        self.request.url()
    }

    /// Returns the peer's address, where the HTTP server made it known:
    /// [`Server::serve`](crate::Server::serve) does, and `axum::serve` with connect info and the
    /// feature `axum`. Behind a proxy it is the proxy's. Example: [`Handshake`].
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.request.address()
    }

    /// Tells whether the request carried an `Origin` header: `xdomain` in JavaScript. Example:
    /// [`Handshake`].
    #[must_use]
    pub fn is_cross_domain(&self) -> bool {
        self.request.head().has(Header::ORIGIN)
    }

    /// Tells whether the connection to this server is encrypted; see
    /// [`Peer::secure`](crate::Peer::secure). Example: [`Handshake`].
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.request.is_secure()
    }

    /// Returns when the socket was created, to the millisecond.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::new();
    /// io.on("seconds-online", |handshake: Handshake| {
    ///     handshake.issued().elapsed().map_or(0, |online| online.as_secs())
    /// });
    /// ```
    #[must_use]
    pub fn issued(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.issued)
    }

    /// Returns [`issued`](Self::issued) as text that JavaScript's `Date` reads. Example:
    /// [`Handshake`].
    #[must_use]
    pub fn time(&self) -> String {
        httpdate::fmt_http_date(self.issued())
    }

    /// Reads the `auth` object of the client as a `T`; it is `{}` if the client sent none.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] if the object is not a `T`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{ArgumentError, Handshake, Server};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login { token: String }
    ///
    /// let io = Server::new();
    /// io.middleware(|handshake: Handshake| -> Result<(), ArgumentError> {
    ///     let login: Login = handshake.auth()?;
    ///     println!("{} characters of secret", login.token.len());
    ///     Ok(())
    /// });
    /// ```
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        self.auth_value()
            .parse()
            .map_err(|error| ArgumentError::auth::<T>(&error))
    }

    /// Returns the `auth` object of the client as a value.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Handshake, Server};
    ///
    /// let io = Server::new();
    /// io.on("my-name", |handshake: Handshake| handshake.auth_value()["name"].clone());
    /// ```
    #[must_use]
    pub fn auth_value(&self) -> &Value {
        self.auth.as_deref().unwrap_or(&NO_AUTH)
    }
}

/// Since 1970; a clock that stands before it is taken to stand there.
fn milliseconds(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

static NO_AUTH: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));
