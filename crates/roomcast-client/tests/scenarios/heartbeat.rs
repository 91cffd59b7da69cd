//! A server that is silent for too long.

use std::time::Duration;

use roomcast_client::DisconnectReason;

use crate::stub::StubServer;
use crate::support::notes;

/// Lets the clock jump, as timers see it, while nothing else happens.
async fn jump(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// The server of the test allows for 25 s + 20 s of silence.
#[tokio::test]
async fn a_server_that_was_silent_for_too_long_is_left_and_connected_to_again() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    jump(44).await;
    assert!(socket.is_connected());
    server.say("2").await;
    assert_eq!(server.hear().await, "3");
    jump(44).await;
    assert!(socket.is_connected());

    jump(2).await;
    assert_eq!(reasons.next().await, DisconnectReason::PingTimeout);
    socket.emit("after", ());
    let mut server = server.again().await;
    assert_eq!(server.hear().await, r#"42["after"]"#);
}

#[tokio::test]
async fn what_is_emitted_when_the_time_is_over_goes_over_the_next_connection() {
    let (server, socket) = StubServer::with_client(|builder| builder).await;
    let (note, mut reasons) = notes::<DisconnectReason>();
    socket.on_disconnect(note);
    tokio::time::pause();
    // The manager's task has not seen the jump yet.
    let mut jump = Box::pin(tokio::time::advance(Duration::from_secs(60)));
    let _ = futures_util::poll!(&mut jump);
    socket.emit("kept", ());
    assert!(socket.volatile().try_emit("dropped", ()).is_err());
    jump.await;
    tokio::time::resume();

    assert_eq!(reasons.next().await, DisconnectReason::PingTimeout);
    let mut server = server.again().await;
    assert_eq!(server.hear().await, r#"42["kept"]"#);
}
