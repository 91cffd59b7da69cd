//! One server behind several listeners, threads and runtimes. Spec: features 1.54, 2.1.

use crate::support::{Host, Request, echo_server, runtime};

/// What needs sticky sessions, or a cluster engine, where each thread is a process of its own.
#[tokio::test]
async fn a_session_is_reached_over_every_listener_of_its_server_in_whatever_runtime() {
    let io = echo_server();
    let here = Host::tcp(&io).await;
    let runtime = runtime();
    let there = runtime.spawn({
        let io = io.clone();
        async move { Host::tcp(&io).await }
    });
    let there = there.await.expect("it does not panic");

    let mut client = here.joined_polling().await;
    client.host = there.clone();
    client.expect_alive().await;
    let other = there.joined_polling().await;
    other.send(r#"42["echo","there"]"#).await;
    let polled = here.request(Request::get(&other.target())).await;
    assert_eq!(polled.text(), r#"42["echo","there"]"#);
    assert_eq!(io.sockets_count(), 2);
    runtime.shutdown_background();
}

#[tokio::test]
async fn the_engine_of_a_server_speaks_socket_io_where_it_is_served_by_itself() {
    let io = echo_server();
    let host = Host::engine(io.engine(), "/socket.io/").await;

    host.joined().await.expect_alive().await;
    host.joined_polling().await.expect_alive().await;
}
