//! Several servers as one: what reaches the clients of the others, and what comes back. Spec:
//! features 2.26, 2.30, 2.34–2.37, 4.12, N19 and 11, 36 and 37; cluster, sections 5 and 15.

use std::time::Duration;

use roomcast::cluster::{Cluster, Hub, LocalBus};
use roomcast::{Server, ServerBuilder, Socket};

use crate::support::{Host, WebSocket, answering, idle, within};

/// Servers `a`, `b` and `c`, with one client each.
struct Three {
    servers: [Server; 3],
    buses: [LocalBus; 3],
    clients: [WebSocket; 3],
    sockets: [Socket; 3],
}

impl Three {
    async fn new() -> Self {
        Self::on(&Hub::new()).await
    }

    async fn on(hub: &Hub) -> Self {
        Self::built(hub, |builder| builder).await
    }

    async fn built(hub: &Hub, build: impl Fn(ServerBuilder) -> ServerBuilder) -> Self {
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
    async fn got(&mut self, event: &str) -> String {
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
async fn together(servers: &[Server]) {
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

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_the_clients_of_all_servers() {
    let mut three = Three::new().await;

    three.servers[0].emit("all", ());
    assert_eq!(three.got("all").await, "abc");
    three.sockets[1].broadcast().emit("others", ());
    assert_eq!(three.got("others").await, "ac");
}
