//! The HTTP request behind a session.

use std::net::{Ipv4Addr, SocketAddr};

use http::request::Parts;
use http::{Extensions, HeaderMap, Method};
use roomcast_engineio::{Query, Revision};

use crate::http::head::RequestHead;

/// The peer of a connection, as the HTTP server sees it.
///
/// [`Server::serve`](crate::Server::serve) adds it to each request. Behind another HTTP server put
/// it into the request's extensions yourself, or turn on the feature `axum` and serve with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// # Example
///
/// What a TLS acceptor knows is handed on with each request:
///
/// ```
/// use std::net::SocketAddr;
/// use roomcast::Peer;
///
/// fn with_peer<B>(mut request: http::Request<B>, address: SocketAddr) -> http::Request<B> {
///     request.extensions_mut().insert(Peer::secure(address));
///     request
/// }
/// ```
///
/// Spec: features 3.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

impl Peer {
    /// Describes the peer of an unencrypted connection.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Peer;
    ///
    /// let peer = Peer::new(([192, 0, 2, 7], 50_000).into());
    /// assert!(!peer.is_secure);
    /// ```
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            is_secure: false,
        }
    }

    /// Describes the peer of a TLS connection.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Peer;
    ///
    /// let peer = Peer::secure(([192, 0, 2, 7], 50_000).into());
    /// assert_eq!(peer.address.port(), 50_000);
    /// assert!(peer.is_secure);
    /// ```
    #[must_use]
    pub fn secure(address: SocketAddr) -> Self {
        Self {
            address,
            is_secure: true,
        }
    }
}

/// The head of an HTTP request: of a handshake, or of any later request of its session.
///
/// # Example
///
/// ```
/// use roomcast::engine::{Engine, Message, Socket};
///
/// let engine = Engine::new(|socket: &Socket| {
///     let request = socket.request();
///     println!("{} {} from {:?}", request.method(), request.url(), request.address());
///     println!("{} headers, encrypted: {}", request.headers().len(), request.is_secure());
///     println!("{:?} with revision {:?}", request.header("user-agent"), request.query("EIO"));
///     for (name, value) in request.queries() {
///         println!("{name} = {value}");
///     }
///     |socket: &Socket, message: Message<'_>| socket.send(message)
/// });
/// ```
///
/// Spec: features 1.31, 3.5.
#[derive(Clone, Debug)]
pub struct Request {
    head: RequestHead,
    peer: KnownPeer,
}

/// What is known of the peer, as a session keeps it.
///
/// Cost: a `Peer` is 36 bytes, for the sake of IPv6.
#[derive(Clone, Debug)]
enum KnownPeer {
    Nothing,
    V4 {
        ip: Ipv4Addr,
        port: u16,
        is_secure: bool,
    },
    V6(Box<Peer>),
}

impl From<Option<Peer>> for KnownPeer {
    fn from(peer: Option<Peer>) -> Self {
        match peer {
            None => Self::Nothing,
            Some(Peer {
                address: SocketAddr::V4(address),
                is_secure,
            }) => Self::V4 {
                ip: *address.ip(),
                port: address.port(),
                is_secure,
            },
            Some(peer) => Self::V6(Box::new(peer)),
        }
    }
}

impl Request {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            head: RequestHead::of(parts),
            peer: peer(&parts.extensions).into(),
        }
    }

    pub(crate) fn with_peer(head: RequestHead, peer: Peer) -> Self {
        Self {
            head,
            peer: Some(peer).into(),
        }
    }

    /// The first request of a session on another server, as that server describes it.
    pub(crate) fn described(url: &str, headers: &[(&str, &str)], peer: Option<Peer>) -> Self {
        let headers = headers.iter();
        let headers = || {
            let headers = headers.clone();
            headers.map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        };
        Self {
            head: RequestHead::new(&Method::GET, "", url, headers),
            peer: peer.into(),
        }
    }

    pub(crate) fn head(&self) -> &RequestHead {
        &self.head
    }

    /// Returns the method. Example: [`Request`].
    #[must_use]
    pub fn method(&self) -> &Method {
        self.head.method()
    }

    /// Returns the headers. The first call makes the map, which lives as long as the request; for a
    /// header or two [`header`](Self::header) costs less. Example: [`Request`].
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// Returns one header as text, if it is there and readable. Example: [`Request`].
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header_text(name)
    }

    /// Returns path and query as they came. Example: [`Request`].
    #[must_use]
    pub fn url(&self) -> String {
        self.head.target().to_owned()
    }

    /// Returns a parameter of the query, decoded; of a repeated one the last value. Example:
    /// [`Request`].
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.head.parameter(name)
    }

    /// Walks over the parameters of the query, each name once with its last value. Example:
    /// [`Request`].
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.head.parameters();
        let is_last = |index: usize, key: &String| {
            !parameters[index + 1..]
                .iter()
                .any(|(later, _)| later == key)
        };
        let last = parameters
            .iter()
            .enumerate()
            .filter(move |(index, (key, _))| is_last(*index, key));
        last.map(|(_, (key, value))| (key.as_str(), value.as_str()))
    }

    /// The revision that a handshake asks for.
    pub(crate) fn revision(&self) -> Revision {
        // WebTransport, whose handshake is a CONNECT, exists in revision 4 alone; its query is empty.
        match *self.method() {
            Method::CONNECT => Revision::Four,
            _ => Query::parse(self.head.query()).revision(),
        }
    }

    /// Returns the peer's address, where the HTTP server made it known; see [`Peer`]. Example:
    /// [`Request`].
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.peer {
            KnownPeer::Nothing => None,
            KnownPeer::V4 { ip, port, .. } => Some(SocketAddr::from((*ip, *port))),
            KnownPeer::V6(peer) => Some(peer.address),
        }
    }

    /// Tells whether the connection to this server is encrypted; see [`Peer`]. Example:
    /// [`Request`].
    #[must_use]
    pub fn is_secure(&self) -> bool {
        match &self.peer {
            KnownPeer::Nothing => false,
            KnownPeer::V4 { is_secure, .. } => *is_secure,
            KnownPeer::V6(peer) => peer.is_secure,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_comes_back_as_it_was() {
        for address in ["192.0.2.7:50000", "[2001:db8::7]:50001", "[fe80::1%3]:1"] {
            let address = address.parse().expect("an address");
            for peer in [Peer::new(address), Peer::secure(address)] {
                let request = Request::described("/", &[], Some(peer));

                assert_eq!(request.address(), Some(address));
                assert_eq!(request.is_secure(), peer.is_secure);
            }
        }
        let request = Request::described("/", &[], None);
        assert_eq!((request.address(), request.is_secure()), (None, false));
    }
}
