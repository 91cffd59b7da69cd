//! Namespaces that are deleted while their server goes on. Spec: features 2.41.

use std::sync::Arc;

use roomcast::{DisconnectReason, Server};

use crate::support::{Host, answering, channel, echo_server, gate, pass};

const UNKNOWN: &str = r#"44/match,{"message":"Invalid namespace"}"#;

#[tokio::test]
async fn a_deleted_namespace_sends_its_sockets_away_and_lets_nobody_in() {
    let io = echo_server();
    let (teller, mut gone) = channel();
    let deleted = io.of("/match");
    deleted.on_disconnect(move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/match").await;
    deleted.emit("last", 1);

    assert!(io.delete_namespace("/match"));
    client.expect(r#"42/match,["last",1]"#).await;
    client.expect("41/match,").await;
    assert_eq!(gone.next().await, "server namespace disconnect");
    client.send("40/match,").await;
    client.expect(UNKNOWN).await;
    client.expect_alive().await;
    assert_eq!((deleted.sockets_count(), deleted.rooms().len()), (0, 0));
}

#[tokio::test]
async fn a_client_on_its_way_into_a_deleted_namespace_is_refused() {
    let io = echo_server();
    let gate = gate();
    let (teller, mut asked) = channel();
    io.of("/match").middleware({
        let gate = Arc::clone(&gate);
        async move || {
            teller.tell(());
            pass(&gate).await;
            Ok::<_, String>(())
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send("40/match,").await;
    asked.next().await;

    io.delete_namespace("/match");
    gate.add_permits(1);
    client.expect(UNKNOWN).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_namespace_that_is_made_again_has_none_of_the_old_handlers() {
    let io = Server::new();
    io.of("/match").on("alive", || "old");
    io.delete_namespace("match");
    answering(&io.of("/match"));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/match").await;

    client.send(r#"42/match,1["alive"]"#).await;
    client.expect(r#"43/match,1["yes"]"#).await;
}

#[tokio::test]
async fn a_deleted_child_is_made_anew_for_the_next_client() {
    let io = Server::builder().max_child_namespaces(1).build();
    let parent = io.of_pattern("^/room-").expect("the pattern is valid");
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/room-1").await;

    assert!(io.delete_namespace("/room-1"));
    client.expect("41/room-1,").await;
    // The place that the deleted one took is free.
    client.join("/room-2").await;
    parent.emit("all", ());
    client.expect(r#"42/room-2,["all"]"#).await;
    assert_eq!(parent.sockets_count(), 1);
}

#[test]
fn the_main_namespace_and_unknown_ones_cannot_be_deleted() {
    let io = Server::new();

    assert!(!io.delete_namespace("/"));
    assert!(!io.delete_namespace("/unknown"));
    assert_eq!(io.namespaces().len(), 1);
}
