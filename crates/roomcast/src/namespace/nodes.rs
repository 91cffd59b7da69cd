//! What a namespace knows of the other servers of its cluster.

use std::collections::HashSet;

use super::Namespace;
use crate::cluster::{BusError, ClusterStats, NodeId};
use crate::error::EmitError;
use crate::id::SocketId;

impl Namespace {
    /// Returns the id under which other servers know this one in this namespace; none without a
    /// bus, and of a parent.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert_eq!(io.node_id(), None);
    /// ```
    ///
    /// Spec: cluster, section 1.
    #[must_use]
    pub fn node_id(&self) -> Option<NodeId> {
        self.link().map(|link| link.id().clone())
    }

    /// Returns the other servers that are known now, by the ids under which a result names them as
    /// missing. A bus that counts without names knows none.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// println!("{} other servers", io.other_nodes().len());
    /// ```
    ///
    /// Spec: features 4.12.
    #[must_use]
    pub fn other_nodes(&self) -> Vec<NodeId> {
        self.link().map(|link| link.nodes()).unwrap_or_default()
    }

    /// Counts the servers of the cluster, this one included.
    ///
    /// # Errors
    ///
    /// [`BusError`] if the bus has to ask its broker and cannot.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), roomcast::cluster::BusError> {
    /// # let io = roomcast::Server::new();
    /// assert_eq!(io.server_count().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, so dropping the future loses nothing.
    ///
    /// Spec: features 4.12.
    pub async fn server_count(&self) -> Result<usize, BusError> {
        match self.link() {
            Some(link) => link.count_nodes().await,
            None => Ok(1),
        }
    }

    /// Returns what this namespace has exchanged with the other servers. Example: [`ClusterStats`].
    #[must_use]
    pub fn cluster_stats(&self) -> ClusterStats {
        self.link().map(|link| link.stats()).unwrap_or_default()
    }

    /// Returns the ids of all connected sockets, in a cluster those of all servers.
    ///
    /// JavaScript's `allSockets` is deprecated there: [`fetch_sockets`](Self::fetch_sockets) gives
    /// more, and says which servers did not answer.
    ///
    /// # Errors
    ///
    /// As [`fetch_sockets`](Self::fetch_sockets).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// println!("{} are online", io.all_sockets().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, so dropping the future loses nothing.
    ///
    /// Spec: features 2.37.
    pub async fn all_sockets(&self) -> Result<HashSet<SocketId>, EmitError> {
        self.everyone().all_sockets().await
    }
}
