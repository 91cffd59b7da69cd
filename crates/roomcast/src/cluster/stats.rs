//! What has become of a namespace's messages.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what a namespace has exchanged with the other servers, since it was made.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use roomcast::{Server, cluster::Hub};
///
/// let io = Server::builder().bus(Hub::new().bus()).build();
/// let stats = io.cluster_stats();
/// assert_eq!((stats.received, stats.malformed), (0, 0));
/// println!("{} sent, {} waiting", stats.published, stats.queued);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterStats {
    /// Messages that the bus has taken.
    pub published: u64,
    /// Messages that wait for it.
    pub queued: u64,
    /// Messages that were dropped because too much waited.
    pub dropped_full: u64,
    /// Messages that were dropped because they had waited too long.
    pub dropped_old: u64,
    /// Messages that the bus refused or the end of the namespace came before, answers that it did not
    /// take, and answers of which too many were awaited.
    pub failed: u64,
    /// Messages that came from other servers.
    pub received: u64,
    /// Payloads from the bus that were no messages, or could not be carried out.
    pub malformed: u64,
    /// Events of other servers that no socket of this one got, because too much waited for the log of
    /// [recovery](crate::recovery).
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) published: AtomicU64,
    pub(super) dropped_full: AtomicU64,
    pub(super) dropped_old: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Counters {
    pub(super) fn snapshot(&self, queued: usize) -> ClusterStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ClusterStats {
            published: read(&self.published),
            queued: queued as u64,
            dropped_full: read(&self.dropped_full),
            dropped_old: read(&self.dropped_old),
            failed: read(&self.failed),
            received: read(&self.received),
            malformed: read(&self.malformed),
            refused: read(&self.refused),
        }
    }
}

pub(super) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}
