//! What is known of a client from its first request and its CONNECT packet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderMap;
use roomcast_socketio::Value;
use serde::de::DeserializeOwned;

use crate::engine::Request;
use crate::error::ArgumentError;

/// The details of a socket's connection; cheap to clone.
///
/// # Example
///
/// ```
/// use roomcast::{Handshake, Server, Socket};
///
/// let io = Server::new();
/// io.on_connect(|socket: Socket, handshake: Handshake| {
///     if let Some(user) = handshake.query("userId") {
///         socket.join(user);
///     }
/// });
/// ```
///
/// Spec: features 3.5.
#[derive(Clone, Debug)]
pub struct Handshake(Arc<Details>);

#[derive(Debug)]
struct Details {
    request: Arc<Request>,
    auth: Value,
    issued: SystemTime,
}

impl Handshake {
    pub(crate) fn new(request: Arc<Request>, auth: Value) -> Self {
        Self(Arc::new(Details {
            request,
            auth,
            issued: SystemTime::now(),
        }))
    }

    /// The headers of the session's first request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.request.headers()
    }

    /// One header as text, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// A parameter of the query, percent-decoded; of a repeated one the last value.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.0.request.query(name)
    }

    /// All parameters of the query, each name once.
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.request.queries()
    }

    /// Path and query as they came.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.request.url()
    }

    /// The peer's address, where the HTTP server made it known: [`Server::serve`](crate::Server::serve)
    /// does, and `axum::serve` with connect info and the feature `axum`.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.request.address()
    }

    /// Whether the request carried an `Origin` header.
    #[must_use]
    pub fn is_cross_domain(&self) -> bool {
        self.headers().contains_key(http::header::ORIGIN)
    }

    /// Whether the connection to this server is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.request.is_secure()
    }

    /// When the socket was created.
    #[must_use]
    pub fn issued(&self) -> SystemTime {
        self.0.issued
    }

    /// [`issued`](Self::issued) as text that JavaScript's `Date` reads.
    #[must_use]
    pub fn time(&self) -> String {
        httpdate::fmt_http_date(self.0.issued)
    }

    /// The `auth` object of the client, `{}` if it sent none, read as a `T`.
    ///
    /// # Errors
    ///
    /// If the object is not a `T`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        self.0
            .auth
            .parse()
            .map_err(|error| ArgumentError::of::<T>(0, &error))
    }

    /// The `auth` object of the client as a value.
    #[must_use]
    pub fn auth_value(&self) -> &Value {
        &self.0.auth
    }
}
