//! Waiting until a socket is connected.

use roomcast::{Refusal, Server};
use roomcast_client::{ConnectError, ManagerEvent, NotConnected, OpenError, Socket};
use tokio::runtime::{self, Runtime};

use crate::support::{
    answering, builder, connections, manager_events, nowhere, serve, serve_on, soon,
};

/// A server whose namespace `/private` refuses everybody.
fn guarded() -> Server {
    let io = Server::new();
    io.of("/private")
        .middleware(|| Err::<(), _>(Refusal::new("not you")));
    io
}

async fn outcome(socket: &Socket) -> Result<(), NotConnected> {
    soon(socket.connected()).await
}

#[tokio::test]
async fn who_waits_is_told_when_the_socket_is_connected() {
    let url = serve(&Server::new()).await;
    let socket = builder(&url).connect().expect("a plain URL");

    assert_eq!(outcome(&socket).await, Ok(()));
    assert!(socket.is_connected());
    assert_eq!(outcome(&socket).await, Ok(()));
}

#[tokio::test]
async fn who_waits_while_the_server_is_away_is_told_when_it_is_back() {
    let io = Server::new();
    let url = nowhere().await;
    let socket = builder(&url).connect().expect("a plain URL");
    let (waiting, address) = (socket.connected(), url.trim_start_matches("http://"));

    serve_on(&io, address).await;
    assert_eq!(soon(waiting).await, Ok(()));
}

#[tokio::test]
async fn a_refusal_ends_the_wait_with_its_message_also_afterwards() {
    let url = format!("{}/private", serve(&guarded()).await);
    let socket = builder(&url).connect().expect("a plain URL");

    let refused = NotConnected::Failed(ConnectError::Refused {
        message: "not you".to_owned(),
        data: None,
    });
    assert_eq!(outcome(&socket).await, Err(refused.clone()));
    assert_eq!(outcome(&socket).await, Err(refused));
    socket.disconnect();
    assert_eq!(outcome(&socket).await, Err(NotConnected::Disconnected));
}

#[tokio::test]
async fn the_last_attempt_ends_the_wait_with_its_error() {
    let url = nowhere().await;
    for builder in [
        builder(&url).without_reconnection(),
        builder(&url).reconnection_attempts(2),
    ] {
        let socket = builder.connect().expect("a plain URL");
        let failure = outcome(&socket).await;
        let Err(NotConnected::Failed(ConnectError::Open(OpenError::Engine(_)))) = failure else {
            panic!("{failure:?}");
        };
    }
}

#[tokio::test]
async fn an_old_server_ends_the_wait() {
    let open = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
    let (url, _heads) = answering(Vec::leak(vec![open, "40", "ok"])).await;
    let socket = builder(&url).connect().expect("a plain URL");

    let old = NotConnected::Failed(ConnectError::OldServer);
    assert_eq!(outcome(&socket).await, Err(old));
}

#[tokio::test]
async fn nobody_waits_for_a_socket_that_nobody_connects() {
    let url = serve(&Server::new()).await;
    let socket = builder(&url).build().expect("a plain URL");
    assert_eq!(outcome(&socket).await, Err(NotConnected::Disconnected));

    socket.connect();
    assert_eq!(outcome(&socket).await, Ok(()));
    socket.disconnect();
    assert_eq!(outcome(&socket).await, Err(NotConnected::Disconnected));
}

#[tokio::test]
async fn who_disconnects_ends_the_wait_of_others() {
    let url = nowhere().await;
    let socket = builder(&url).connect().expect("a plain URL");
    let waiting = tokio::spawn({
        let socket = socket.clone();
        async move { socket.connected().await }
    });
    tokio::task::yield_now().await;

    socket.disconnect();
    let ended = soon(waiting).await.expect("no panic");
    assert_eq!(ended, Err(NotConnected::Disconnected));
}

fn runtime() -> Runtime {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("there is room")
}

/// A socket that waited for its next attempt when its runtime ended, and where a server is to be.
fn stranded() -> (Socket, String) {
    runtime().block_on(async {
        let url = nowhere().await;
        let socket = builder(&url).build().expect("a plain URL");
        let mut events = manager_events(&socket.manager());
        socket.connect();
        while !matches!(events.next().await, ManagerEvent::Error(_)) {}
        (socket, url)
    })
}

#[test]
fn who_connects_or_emits_takes_a_manager_to_his_runtime_that_waited_when_its_own_ended() {
    let revive: [fn(&Socket); 2] = [Socket::connect, |socket| socket.emit("event", ())];
    for revive in revive {
        let (socket, url) = stranded();
        let mut connected = connections(&socket);
        runtime().block_on(async {
            serve_on(&Server::new(), url.trim_start_matches("http://")).await;
            revive(&socket);
            connected.next().await;
        });
    }
}
