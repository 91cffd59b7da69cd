//! Three servers of one cluster, with a client each.

use std::time::Duration;

use roomcast::cluster::{Cluster, Hub, LocalBus};
use roomcast::{Server, ServerBuilder, Socket};

use super::{Host, WebSocket, answering, idle, within};

/// Servers `a`, `b` and `c`, with one client each.
pub(crate) struct Three {
    pub(crate) servers: [Server; 3],
    pub(crate) buses: [LocalBus; 3],
    pub(crate) clients: [WebSocket; 3],
    pub(crate) sockets: [Socket; 3],
}

impl Three {
    pub(crate) async fn new() -> Self {
        Self::on(&Hub::new()).await
    }

    pub(crate) async fn on(hub: &Hub) -> Self {
        Self::built(hub, |builder| builder).await
    }

    pub(crate) async fn built(hub: &Hub, build: impl Fn(ServerBuilder) -> ServerBuilder) -> Self {
        let buses = [hub.bus(), hub.bus(), hub.bus()];
        let servers = buses.clone().map(|bus| {
            let cluster = Cluster::new(bus).request_timeout(Duration::from_secs(2));
            let io = build(Server::builder().cluster(cluster)).build();
            answering(&io);
            io
        });
        together(&servers).await;
        let mut clients = Vec::new();
        let mut sockets = Vec::new();
        for io in &servers {
            let mut client = Host::memory(io).websocket().await;
            let id = client.join("/").await;
            sockets.push(io.socket(id).expect("the client has joined"));
            clients.push(client);
        }
        let (Ok(clients), Ok(sockets)) = (clients.try_into(), sockets.try_into()) else {
            panic!("three clients");
        };
        Self {
            servers,
            buses,
            clients,
            sockets,
        }
    }

    /// Which of the clients have got this event, and nothing else; each has read all that its own
    /// server was told before.
    pub(crate) async fn got(&mut self, event: &str) -> String {
        idle().await;
        let mut names = String::new();
        for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
            self.servers[index].local().emit("end", ());
            loop {
                let packet = self.clients[index].next_text().await;
                if packet == r#"42["end"]"# {
                    break;
                }
                assert_eq!(packet, format!(r#"42["{event}"]"#));
                names += name;
            }
        }
        names
    }
}

/// Waits until each of the servers knows all others.
pub(crate) async fn together(servers: &[Server]) {
    for io in servers {
        within("the bus", io.ready()).await.expect("it is open");
        within("the other servers", async {
            while io.other_nodes().len() + 1 < servers.len() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
