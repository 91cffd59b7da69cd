//! Servers that form a cluster: what a server publishes, what it does for others, and whom it asks.

mod apply;
mod describe;
mod driver;
mod inquiry;
mod link;
mod outbox;
mod packet;
mod reply;
mod responses;
mod room_ledger;
mod server_side;
mod stats;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use describe::{handshake_of, rooms_of};
pub(crate) use inquiry::Inquiry;
pub(crate) use link::Link;
pub(crate) use packet::answer_of;
pub(crate) use reply::ServerReply;
/// The messages and the bus of [`ClusterEngine`](crate::engine::ClusterEngine): sessions that every
/// server can serve.
pub use roomcast_cluster::engine;
pub use roomcast_cluster::{
    Body, Bus, BusError, BusFuture, Counting, DecodeError, Encoding, Extras, Flags, Hub, IdForm,
    Inbox, LocalBus, Message, NodeId, Options, Port, Profile, PublishError, RequestId, Response,
    RoomChange, RoomInterest, SocketDescription,
};
pub use server_side::ServerAnswers;
pub(crate) use server_side::event_packet;
pub use stats::ClusterStats;
use tokio_util::task::TaskTracker;

/// How a server takes part in a cluster: its bus, and the limits of what waits for it.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::Server;
/// use roomcast::cluster::{Cluster, Hub};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let hub = Hub::new();
/// let cluster = Cluster::new(hub.bus())
///     .request_timeout(Duration::from_secs(2))
///     .max_queued_bytes(16 << 20);
/// let io = Server::builder().cluster(cluster).build();
/// # }
/// ```
///
/// Spec: features 4.12, 4.13.
#[derive(Clone)]
#[must_use = "give it to `ServerBuilder::cluster`"]
pub struct Cluster {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) request_timeout: Duration,
    pub(crate) max_queued_messages: usize,
    pub(crate) max_queued_bytes: usize,
    pub(crate) max_queued_age: Duration,
    /// The tasks of the server's links, those of deleted namespaces too.
    pub(crate) drivers: TaskTracker,
}

impl Cluster {
    /// Takes part over this bus. Example: [`Cluster`].
    pub fn new(bus: impl Bus) -> Self {
        Self {
            bus: Arc::new(bus),
            request_timeout: Duration::from_secs(5),
            max_queued_messages: 10_000,
            max_queued_bytes: 64 << 20,
            max_queued_age: Duration::from_secs(30),
            drivers: TaskTracker::new(),
        }
    }

    /// Sets how long the other servers may take to answer a request that has no timeout of its own.
    /// Default: 5 s.
    ///
    /// It also limits how long a broadcast waits for the acknowledgements of other servers' sockets,
    /// where neither the emit nor the server sets a timeout: another server does not say that a
    /// socket is gone. Example: [`Cluster`].
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the most messages of one namespace that wait for the bus. Default: 10,000.
    ///
    /// At the limit the oldest is dropped and counted ([`ClusterStats::dropped_full`]). Sockets of
    /// this server have it all the same. Example: [`max_queued_bytes`](Self::max_queued_bytes).
    pub fn max_queued_messages(mut self, count: usize) -> Self {
        self.max_queued_messages = count.max(1);
        self
    }

    /// Sets about how many bytes the messages of one namespace may take that wait for the bus.
    /// Default: 64 MiB. The policy is that of [`max_queued_messages`](Self::max_queued_messages).
    ///
    /// The answers to other servers' requests have a limit of the same size; one that finds no room
    /// is not sent and counted ([`ClusterStats::failed`]), and who asked misses it.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::cluster::{Cluster, Hub};
    ///
    /// let cluster = Cluster::new(Hub::new().bus())
    ///     .max_queued_messages(1000)
    ///     .max_queued_bytes(1 << 20);
    /// ```
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// Sets how long a message may wait for a bus that is away. Default: 30 s. What is older is
    /// dropped and counted ([`ClusterStats::dropped_old`]) when the bus is back.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::cluster::{Cluster, Hub};
    ///
    /// let cluster = Cluster::new(Hub::new().bus()).max_queued_age(Duration::from_secs(5));
    /// ```
    pub fn max_queued_age(mut self, age: Duration) -> Self {
        self.max_queued_age = age;
        self
    }

    /// What one server holds of it: a user may give the same to several.
    pub(crate) fn of_one_server(mut self) -> Arc<Self> {
        self.drivers = TaskTracker::new();
        Arc::new(self)
    }

    /// Waits until every link has sent what was to be published and has ended its subscriptions.
    pub(crate) async fn closed(&self) {
        self.drivers.close();
        self.drivers.wait().await;
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("request_timeout", &self.request_timeout)
            .field("max_queued_messages", &self.max_queued_messages)
            .field("max_queued_bytes", &self.max_queued_bytes)
            .field("max_queued_age", &self.max_queued_age)
            .finish_non_exhaustive()
    }
}

/// Now, as tokio's clock says: tests may pause it.
fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
