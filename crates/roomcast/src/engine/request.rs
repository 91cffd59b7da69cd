//! The HTTP request behind a session.

use std::net::SocketAddr;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri};

/// The peer of a connection, as the HTTP server sees it.
///
/// [`Server::serve`](crate::Server::serve) adds it to each request. Behind another HTTP server put it
/// into the request's extensions yourself, or turn on the feature `axum` and serve with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

impl Peer {
    /// A peer of an unencrypted connection.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            is_secure: false,
        }
    }

    /// A peer of a TLS connection.
    #[must_use]
    pub fn secure(address: SocketAddr) -> Self {
        Self {
            address,
            is_secure: true,
        }
    }
}

/// The head of an HTTP request: of a handshake, or of any later request of its session.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    peer: Option<Peer>,
}

impl Request {
    pub(crate) fn new(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            peer: peer(&parts.extensions),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// One header as text, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Path and query as they came.
    #[must_use]
    pub fn url(&self) -> String {
        self.uri
            .path_and_query()
            .map_or_else(|| self.uri.path().to_owned(), ToString::to_string)
    }

    /// A parameter of the query, decoded; of a repeated one the last value.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().rev();
        values
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The parameters of the query, each name once with its last value.
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_last = |index: usize, key: &String| {
            !self.query[index + 1..]
                .iter()
                .any(|(later, _)| later == key)
        };
        let last = self
            .query
            .iter()
            .enumerate()
            .filter(move |(index, (key, _))| is_last(*index, key));
        last.map(|(_, (key, value))| (key.as_str(), value.as_str()))
    }

    /// The peer's address, where the HTTP server made it known.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.peer.map(|peer| peer.address)
    }

    /// Whether the connection to this server is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.peer.is_some_and(|peer| peer.is_secure)
    }
}

fn peer(extensions: &Extensions) -> Option<Peer> {
    let peer = extensions.get::<Peer>().copied();
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| {
        let info = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>()?;
        Some(Peer::new(info.0))
    });
    peer
}
