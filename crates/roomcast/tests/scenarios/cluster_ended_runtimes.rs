//! Clusters of servers of which a runtime has ended, that on which they came to the cluster.
//! Spec: features 1.54, 2.1 and 4.12.

use std::time::Duration;

use roomcast::Server;
use roomcast::cluster::{Cluster, Hub};

use crate::support::{DEADLINE, Host, Shared, answering, runtime, together, within};

/// Two servers of one cluster.
fn two() -> [Server; 2] {
    let hub = Hub::new();
    [(); 2].map(|()| {
        let cluster = Cluster::new(hub.bus()).request_timeout(Duration::from_secs(2));
        let io = Server::builder().cluster(cluster).build();
        answering(&io);
        io
    })
}

#[test]
fn servers_hear_each_other_after_the_first_runtime_of_one_has_ended() {
    let [a, b] = two();
    let (first, second) = (runtime(), runtime());
    let _early = first.block_on(async {
        within("the bus", a.ready()).await.unwrap();
        Host::tcp(&a).await.joined().await
    });
    let (mut on_a, mut on_b) = second.block_on(async {
        within("the bus", b.ready()).await.unwrap();
        together(&[a.clone(), b.clone()]).await;
        (
            Host::tcp(&a).await.joined().await,
            Host::tcp(&b).await.joined().await,
        )
    });

    first.shutdown_timeout(DEADLINE);

    second.block_on(async {
        a.emit("from a", ());
        on_a.expect(r#"42["from a"]"#).await;
        on_b.expect(r#"42["from a"]"#).await;
        b.emit("from b", ());
        on_b.expect(r#"42["from b"]"#).await;
        on_a.expect(r#"42["from b"]"#).await;
        // Each hears the other once.
        a.emit("end", ());
        on_b.expect(r#"42["end"]"#).await;
        b.emit("end", ());
        on_a.expect(r#"42["end"]"#).await;
        let fetched = within("all servers", a.fetch_sockets()).await.unwrap();
        assert_eq!((fetched.len(), fetched.is_complete()), (2, true));
        drop((on_a, on_b));
        within("the end of the server", a.close()).await;
    });
}

#[test]
fn a_server_that_closes_after_its_only_runtime_has_ended_says_so() {
    let [a, b] = two();
    let (first, second) = (runtime(), runtime());
    first.block_on(within("the bus", a.ready())).unwrap();
    second.block_on(async {
        within("the bus", b.ready()).await.unwrap();
        together(&[a.clone(), b.clone()]).await;
    });

    first.shutdown_timeout(DEADLINE);

    second.block_on(within("the end of the server", a.close()));
    assert_eq!(b.other_nodes(), []);
}

#[test]
fn servers_serve_each_others_sessions_after_the_first_runtime_of_one_has_ended() {
    let nodes = Shared::new(2);
    let (first, second) = (runtime(), runtime());
    let ready = async |index: usize| {
        let io = &nodes.servers[index];
        within("the bus", io.ready()).await.expect("it opens");
    };
    first.block_on(ready(0));
    second.block_on(ready(1));

    first.shutdown_timeout(DEADLINE);

    second.block_on(async {
        let owner = nodes.joined().await;
        let client = &mut nodes.at(1, &owner);
        client.send(r#"421["alive"]"#).await;
        client.expect(r#"431["yes"]"#).await;
        nodes.servers[0].emit("news", 1);
        client.expect(r#"42["news",1]"#).await;
        within("the end of the server", nodes.servers[0].close()).await;
    });
}
