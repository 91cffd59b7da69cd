//! Clients that misbehave on WebSockets of another library, and libraries that do. Spec: features
//! 1.45, 1.20, N8.

use http::Method;

use crate::support::{Channels, accept, echo_server};

#[tokio::test]
async fn carrying_outside_of_a_runtime_panics_before_a_session_begins() {
    let io = echo_server();
    let accepted = accept(&io, Method::GET, "EIO=4&transport=websocket").await;
    let (socket, _client, _received) = Channels::new();

    let elsewhere = std::thread::spawn(move || accepted.carry(socket));
    assert!(elsewhere.join().is_err());
    assert_eq!(io.engine().clients_count(), 0);
}
