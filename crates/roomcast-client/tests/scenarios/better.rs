//! Where the official client fails. More of that is in `offline.rs` (volatile events), `connecting.rs` (why
//! all transports failed, requests that hang), `handlers.rs` (panics) and `src/engine/tests.rs` (sessions
//! that are given up while they open).

use roomcast_client::{ConnectError, OpenError, Transport, TransportError};

use crate::support::{answering, builder, notes};

#[tokio::test]
async fn invalid_json_in_the_handshake_is_an_error_at_once() {
    let (url, _heads) = answering(&["0{\"sid\":"]).await;
    let socket = builder(&url)
        .without_timeout()
        .without_reconnection()
        .build()
        .expect("a plain URL");
    let (note, mut errors) = notes::<ConnectError>();
    socket.on_connect_error(note);
    socket.connect();

    let error = errors.next().await;
    let ConnectError::Open(OpenError::Engine(TransportError::Handshake(why))) = error else {
        panic!("{error:?}");
    };
    assert!(why.contains("EOF while parsing"), "{why}");
}

#[tokio::test]
async fn an_unknown_transport_name_is_an_error_value() {
    assert_eq!(Transport::parse("carrierpigeon"), None);
    assert_eq!(Transport::parse("Polling"), None);
    let none = builder("http://127.0.0.1:9")
        .transports([])
        .without_reconnection()
        .build()
        .expect("it is no mistake before it connects");
    let (note, mut errors) = notes::<ConnectError>();
    none.on_connect_error(note);
    none.connect();

    let error = ConnectError::Open(OpenError::Engine(TransportError::NoTransports));
    assert_eq!(errors.next().await, error);
    assert_eq!(error.to_string(), "No transports available");
}
