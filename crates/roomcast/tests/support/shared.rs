//! Servers that share their sessions.

use roomcast::Server;
use roomcast::cluster::{Encoding, Hub, LocalBus};
use roomcast::engine::{Builder, ClusterEngine};

use super::{Host, Polling, answering};

/// Servers on one bus, any of which can be asked for each session, without sticky sessions.
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) buses: Vec<LocalBus>,
    pub(crate) servers: Vec<Server>,
    pub(crate) hosts: Vec<Host>,
}

impl Shared {
    pub(crate) fn new(count: usize) -> Self {
        Self::with(count, |builder| builder)
    }

    /// Each server gets these options, and the handlers of [`answering`].
    pub(crate) fn with(
        count: usize,
        options: impl Fn(Builder<roomcast::SocketIo>) -> Builder<roomcast::SocketIo>,
    ) -> Self {
        Self::sharing(count, ClusterEngine::new, options)
    }

    /// The same, with these options of sharing too.
    pub(crate) fn sharing(
        count: usize,
        share: impl Fn(LocalBus) -> ClusterEngine,
        options: impl Fn(Builder<roomcast::SocketIo>) -> Builder<roomcast::SocketIo>,
    ) -> Self {
        // What the official engine would have carried.
        let hub = Hub::encoding(Encoding::MessagePack);
        let buses: Vec<_> = (0..count).map(|_| hub.bus()).collect();
        let build = |bus: &LocalBus| {
            let io = options(Server::builder().cluster_engine(share(bus.clone()))).build();
            answering(&io);
            io
        };
        let servers: Vec<_> = buses.iter().map(build).collect();
        let hosts = servers.iter().map(Host::memory).collect();
        Self {
            hub,
            buses,
            servers,
            hosts,
        }
    }

    /// A session that was opened at the first server.
    pub(crate) async fn polling(&self) -> Polling {
        for io in &self.servers {
            io.ready().await.expect("the bus opens");
        }
        self.hosts[0].polling().await
    }

    /// A client of the main namespace at the first server, where it stays.
    pub(crate) async fn joined(&self) -> Polling {
        let mut client = self.polling().await;
        client.join("/").await;
        client
    }

    /// The same client, whose next requests reach this server.
    pub(crate) fn at(&self, index: usize, client: &Polling) -> Polling {
        client.at(&self.hosts[index])
    }

    /// The open sessions of each server.
    pub(crate) fn sessions(&self) -> Vec<usize> {
        let servers = self.servers.iter();
        servers.map(|io| io.engine().clients_count()).collect()
    }
}
