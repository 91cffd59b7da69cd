//! Servers that outlive what drives their sessions, and runtimes that outlive their servers.
//! Spec: features 1.54, 2.1.

use std::time::Duration;

use roomcast::Socket;

use crate::support::{
    DEADLINE, Host, Request, answering, channel, echo_server, expect_tasks, reasons, runtime, tasks,
};

#[test]
fn clients_of_a_runtime_that_ends_are_gone() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let first = runtime();
    let clients = first.block_on(async {
        let host = Host::tcp(&io).await;
        (host.joined().await, host.joined_polling().await)
    });
    let second = runtime();
    let host = second.block_on(Host::tcp(&io));
    assert_eq!(io.sockets_count(), 2);

    first.shutdown_timeout(DEADLINE);

    assert_eq!(reasons.so_far(), ["transport close", "transport close"]);
    assert_eq!(io.sockets_count(), 0);
    assert_eq!(io.engine().clients_count(), 0);
    second.block_on(async {
        let refused = host.request(Request::get(&clients.1.target())).await;
        let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
        assert_eq!(refused.summary(), (400, unknown));
        host.joined().await.expect_alive().await;
    });
}

#[test]
fn nothing_waits_for_clients_of_a_runtime_that_ends() {
    let io = echo_server();
    let (teller, mut waiting) = channel();
    let first = runtime();
    let second = runtime();
    let host = first.block_on(Host::tcp(&io));
    let clients = first.block_on(async {
        [
            host.joined().await,
            host.joined().await,
            host.joined().await,
        ]
    });
    let (mut other, id) = second.block_on(async {
        let mut other = Host::tcp(&io).await.websocket().await;
        let id = other.join("/").await;
        (other, id)
    });
    let all = io.clone();
    io.on_disconnect(move |_: Socket| {
        all.emit("left", ());
        let ending = all
            .sockets()
            .into_iter()
            .filter(|socket| socket.id().as_str() != id);
        let waiting = ending.map(|socket| socket.conn().pending_packets());
        teller.tell(waiting.sum::<usize>());
    });

    first.shutdown_timeout(DEADLINE);

    assert_eq!(waiting.so_far(), [0, 0, 0]);
    second.block_on(async {
        for _ in &clients {
            other.expect(r#"42["left"]"#).await;
        }
        other.expect_alive().await;
    });
}

#[tokio::test]
async fn a_server_that_is_dropped_leaves_no_task() {
    let before = tasks();
    let io = roomcast::Server::builder()
        .ping_interval(Duration::from_secs(3600))
        .build();
    answering(&io);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);

    for _ in 0..2 {
        let mut client = host.joined().await;
        client.expect_alive().await;
        drop(client);
        reasons.next().await;
    }
    drop((io, host));

    expect_tasks(before).await;
}
