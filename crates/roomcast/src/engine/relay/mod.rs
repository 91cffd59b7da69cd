//! Sessions that every server of a cluster can serve, without sticky sessions.
//!
//! A request that names a session which is not here asks the other servers who has it
//! (`exchange.rs`, over the bus by `driver.rs`, which `driving.rs` starts); then its packets are
//! forwarded (`requests.rs` for polls and POSTs, `line.rs` for WebSockets). What a session does for
//! requests that reach others is `session/relayed.rs`; `delayed.rs` keeps a new one back, so that
//! another server can take it over.

mod delayed;
mod driver;
mod driving;
mod exchange;
mod line;
mod outbox;
mod packets;
mod reading;
mod requests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(super) use delayed::Delayed;
pub(crate) use exchange::{Exchange, Exchanging};
pub(super) use line::{Line, Promise};
pub(super) use packets::{drained, packet_from, packet_of, received};
use roomcast_cluster::engine::{EngineBus, RelayOptions};

/// How a server shares its sessions with others, so that any of them can serve each request: its
/// bus, times and limits.
///
/// The messages are those of the official `@socket.io/cluster-engine`.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::Server;
/// use roomcast::cluster::Hub;
/// use roomcast::engine::ClusterEngine;
///
/// let hub = Hub::new();
/// let bus = hub.bus();
/// let shared = ClusterEngine::new(bus.clone()).response_timeout(Duration::from_millis(500));
/// # let _ = || {
/// let io = Server::builder().bus(bus).cluster_engine(shared).build();
/// # };
/// ```
///
/// Spec: features 1.54, N12.
#[derive(Clone)]
#[must_use = "give it to `Builder::cluster_engine`"]
pub struct ClusterEngine {
    bus: Arc<dyn EngineBus>,
    options: RelayOptions,
    noop_interval: Duration,
    connection_delay: Duration,
    max_queued_bytes: usize,
}

impl ClusterEngine {
    /// Shares sessions over this bus. Example: [`ClusterEngine`].
    pub fn new(bus: impl EngineBus) -> Self {
        Self {
            bus: Arc::new(bus),
            options: RelayOptions::default(),
            noop_interval: Duration::from_millis(200),
            connection_delay: Duration::from_millis(300),
            max_queued_bytes: 64 << 20,
        }
    }

    /// Sets how long the other servers may take to say whose a session is. Default: 1 s.
    ///
    /// Nobody says that he does not have it: so long waits a request with an id that is unknown or
    /// out of date, before it is answered 400 with code 1.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::{cluster::Hub, engine::ClusterEngine};
    ///
    /// let shared = ClusterEngine::new(Hub::new().bus())
    ///     .response_timeout(Duration::from_millis(300))
    ///     .noop_interval(Duration::from_millis(100))
    ///     .connection_delay(Duration::from_millis(100))
    ///     .max_pending(1000)
    ///     .max_carried(10_000)
    ///     .max_queued_bytes(16 << 20);
    /// ```
    ///
    /// Spec: cluster, section 14.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.options.response_timeout = timeout;
        self
    }

    /// Sets how often a poll that waits is ended while its client upgrades at another server.
    /// Default: 200 ms. Example: [`response_timeout`](Self::response_timeout).
    pub fn noop_interval(mut self, interval: Duration) -> Self {
        self.noop_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Sets how long the application is not told of a session that begins with polling. Default:
    /// 300 ms.
    ///
    /// If its client opens a WebSocket at another server meanwhile the session moves there; later it
    /// stays, and each packet is forwarded. Every connection that begins with polling and is not
    /// upgraded takes that much longer. Example: [`response_timeout`](Self::response_timeout).
    pub fn connection_delay(mut self, delay: Duration) -> Self {
        self.connection_delay = delay;
        self
    }

    /// Sets the most questions to other servers that wait for an answer. Default: 10,000. A request
    /// beyond is answered as one of an unknown session. Example:
    /// [`response_timeout`](Self::response_timeout).
    pub fn max_pending(mut self, count: usize) -> Self {
        self.options.max_pending = count;
        self
    }

    /// Sets the most polls and WebSockets of other servers' sessions. Default: 100,000. A request
    /// beyond is answered as one of an unknown session. Example:
    /// [`response_timeout`](Self::response_timeout).
    pub fn max_carried(mut self, count: usize) -> Self {
        self.options.max_carried = count;
        self
    }

    /// Sets about how many bytes may wait for the bus. Default: 64 MiB. Beyond, the session ends
    /// whose packets find no room. Example: [`response_timeout`](Self::response_timeout).
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }
}

impl<B: EngineBus> From<B> for ClusterEngine {
    fn from(bus: B) -> Self {
        Self::new(bus)
    }
}

impl fmt::Debug for ClusterEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterEngine")
            .field("options", &self.options)
            .field("noop_interval", &self.noop_interval)
            .field("connection_delay", &self.connection_delay)
            .field("max_queued_bytes", &self.max_queued_bytes)
            .finish_non_exhaustive()
    }
}
