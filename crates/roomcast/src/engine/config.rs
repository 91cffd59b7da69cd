//! The settings of an Engine.IO server, filled by the builders.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use roomcast_engineio::{Config as Times, Refusal, Revision, Transport};
use roomcast_websocket::deflate;

use super::mailbox::OutboxLimits;
use super::read_buffer;
use super::relay::ClusterEngine;
use super::request::Request;
use crate::{ClientBundle, Cookie, Cors, HttpCompression};

/// What the handshake asks the application: `Err` refuses, perhaps with a text for the client.
pub(crate) type AllowRequest = dyn Fn(Arc<Request>) -> Pin<Box<dyn Future<Output = Result<(), Option<String>>> + Send>>
    + Send
    + Sync;
/// Makes a session id, or fails.
pub(crate) type GenerateId = dyn Fn(Arc<Request>) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>>
    + Send
    + Sync;
/// Looks at a request before anything else does: headers for its answer, or a refusal.
pub(crate) type RequestMiddleware = dyn Fn(Arc<Request>) -> Pin<Box<dyn Future<Output = Result<HeaderMap, String>> + Send>>
    + Send
    + Sync;
pub(crate) type HeadersHook = dyn Fn(&mut HeaderMap, &Request) + Send + Sync;
pub(crate) type ErrorHook = dyn Fn(&ConnectionError) + Send + Sync;

/// A request that was refused before it reached a session.
///
/// # Example
///
/// ```
/// use roomcast::Server;
///
/// let io = Server::builder()
///     .on_connection_error(|error| {
///         let (code, text) = (error.refusal.code().code(), error.refusal.message());
///         eprintln!("{} refused: {code} {text}", error.request.url());
///     })
///     .build();
/// ```
///
/// Spec: features 1.32.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionError {
    /// The request.
    pub request: Arc<Request>,
    /// Why it was refused; [`Refusal::code`] and [`Refusal::message`] are what the client gets.
    pub refusal: Refusal,
}

/// Whose WebSockets are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OriginCheck {
    /// Everybody's, as the official server does.
    #[default]
    None,
    /// Those of the same origin and of the origins that CORS lets pass.
    Cors,
}

pub(crate) struct Config {
    /// With its slash at the end, unless that was turned off.
    pub(crate) path: String,
    pub(crate) transports: Vec<Transport>,
    pub(crate) allows_upgrades: bool,
    /// Whether clients of revision 3 are let in.
    pub(crate) allows_eio3: bool,
    pub(crate) times: Arc<Times>,
    pub(crate) max_message_bytes: usize,
    pub(crate) max_fragments: usize,
    /// Of one request.
    pub(crate) max_head_bytes: usize,
    /// At least 1.
    pub(crate) read_buffer_bytes: usize,
    pub(crate) deflate: Option<deflate::Config>,
    pub(crate) http_compression: HttpCompression,
    pub(crate) cors: Option<Cors>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) origin_check: OriginCheck,
    pub(crate) initial_packet: Option<Bytes>,
    pub(crate) middleware: Vec<Box<RequestMiddleware>>,
    pub(crate) allow_request: Option<Box<AllowRequest>>,
    pub(crate) generate_id: Option<Box<GenerateId>>,
    pub(crate) initial_headers: Option<Box<HeadersHook>>,
    pub(crate) headers: Option<Box<HeadersHook>>,
    pub(crate) connection_error: Option<Box<ErrorHook>>,
    pub(crate) outbox: OutboxLimits,
    pub(crate) client_bundle: Option<ClientBundle>,
    /// How sessions are shared with other servers; the server takes it.
    pub(crate) cluster_engine: Option<ClusterEngine>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/engine.io/".to_owned(),
            transports: vec![Transport::Polling, Transport::WebSocket],
            allows_upgrades: true,
            allows_eio3: false,
            times: Arc::default(),
            max_message_bytes: 1_000_000,
            max_fragments: 4096,
            max_head_bytes: 16 * 1024,
            read_buffer_bytes: read_buffer::DEFAULT_LEN,
            deflate: None,
            http_compression: HttpCompression::default(),
            cors: None,
            cookie: None,
            origin_check: OriginCheck::default(),
            initial_packet: None,
            middleware: Vec::new(),
            allow_request: None,
            generate_id: None,
            initial_headers: None,
            headers: None,
            connection_error: None,
            outbox: OutboxLimits::default(),
            client_bundle: None,
            cluster_engine: None,
        }
    }
}

impl Config {
    /// The part of `path` behind the server's own, or `None` if the path is not this server's.
    pub(crate) fn strip_path<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.path.as_str())?;
        (self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Whether `path` is this server's.
    pub(crate) fn serves(&self, path: &str) -> bool {
        self.strip_path(path).is_some()
    }

    /// Whether all requests are looked at, or what answers them.
    pub(crate) fn looks_at_requests(&self) -> bool {
        self.cors.is_some()
            || !self.middleware.is_empty()
            || self.headers.is_some()
            || self.connection_error.is_some()
    }

    /// Whether somebody is asked about a handshake, or makes something for it.
    pub(crate) fn asks_about_handshakes(&self) -> bool {
        self.cors.is_some()
            || !self.middleware.is_empty()
            || self.allow_request.is_some()
            || self.generate_id.is_some()
    }

    /// Whether clients of this revision are served.
    pub(crate) fn allows(&self, revision: Revision) -> bool {
        revision == Revision::Four || self.allows_eio3
    }

    /// The transports to which a session on `transport` may upgrade.
    pub(crate) fn upgrades(&self, transport: Transport) -> Vec<Transport> {
        let upgrades = if self.allows_upgrades {
            transport.upgrades()
        } else {
            &[]
        };
        upgrades
            .iter()
            .copied()
            .filter(|upgrade| self.transports.contains(upgrade))
            .collect()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
