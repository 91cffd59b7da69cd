//! Namespaces that share a connection.

use roomcast::Server;
use roomcast_client::{Client, SocketConfig, value};

use crate::support::{Asks, connections, serve};

async fn server() -> String {
    let io = Server::new();
    io.of("/a");
    serve(&io).await
}

#[tokio::test]
async fn namespaces_share_a_manager_and_a_taken_one_opens_another() {
    let url = server().await;
    let client = Client::new();
    let builder = |path: &str| client.builder(&format!("{url}{path}"));
    let root = builder("").build().expect("a plain URL");
    let a = builder("/a").build().expect("a plain URL");
    let again = builder("/a").build().expect("a plain URL");
    let alone = builder("/b").force_new().build().expect("a plain URL");

    assert_eq!(root.manager(), a.manager());
    assert_ne!(root.manager(), again.manager());
    assert_ne!(root.manager(), alone.manager());
    assert_eq!((root.namespace(), a.namespace()), ("/", "/a"));
    assert_ne!(
        Client::new()
            .builder(&url)
            .build()
            .expect("a plain URL")
            .manager(),
        root.manager()
    );
}

#[tokio::test]
async fn a_manager_has_one_socket_for_each_namespace() {
    let url = server().await;
    let manager = Client::new().builder(&url).manager().expect("a plain URL");
    let a = manager.socket_with("a", SocketConfig::default().retries(1));
    assert_eq!(manager.socket("/a"), a);

    let root = manager.socket("/");
    let (mut of_a, mut of_root) = (connections(&a), connections(&root));
    a.connect();
    root.connect();
    assert_ne!(of_a.next().await, of_root.next().await);
    a.disconnect();
    assert!(root.is_connected() && manager.is_open());
    root.disconnect();
    assert!(!manager.is_open());
}

#[tokio::test]
async fn what_an_auth_function_of_a_known_namespace_has_captured_may_use_its_socket() {
    let manager = Client::new()
        .builder("http://127.0.0.1:9")
        .manager()
        .expect("a plain URL");
    let known = manager.socket("/a");
    let (asks, mut dropped) = Asks::new(&known);
    let config = SocketConfig::default().auth_with(move || {
        let _kept = &asks;
        async { Ok::<_, String>(value!({})) }
    });

    assert_eq!(manager.socket_with("/a", config), known);
    assert!(!dropped.next().await);
}
