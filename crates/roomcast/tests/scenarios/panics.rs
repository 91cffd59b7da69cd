//! Panics in the application's code, which harm one socket at most. Spec: features 3.9, 3.15.

use roomcast::SocketError;

use crate::support::{Host, answering, echo_server, errors};

/// What an application should not do.
fn bug(message: &str) {
    panic!("{message}");
}

#[tokio::test]
async fn a_panicking_handler_closes_its_socket_only_and_is_told_to_on_error() {
    let io = echo_server();
    answering(&io.of("/other"));
    io.on("bad", |number: u32| {
        assert_eq!(number, 0, "a bug of the application")
    });
    let mut errors = errors(&io);
    let mut reasons = crate::support::reasons(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;
    client.join("/other").await;

    client.send(r#"42["bad",1]"#).await;
    client.expect("41").await;
    let SocketError::Panic { event, message } = errors.next().await else {
        panic!("it is a panic")
    };
    assert_eq!(&*event, "bad");
    assert!(message.contains("a bug of the application"), "{message}");
    assert_eq!(reasons.next().await, "server namespace disconnect");
    client.send(r#"42/other,1["alive"]"#).await;
    client.expect(r#"43/other,1["yes"]"#).await;
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn a_handler_that_panics_after_it_has_waited_closes_its_socket_only() {
    let io = echo_server();
    io.on("bad", async || {
        tokio::task::yield_now().await;
        bug("later");
    });
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    client.send(r#"42["bad"]"#).await;
    client.expect("41").await;
    assert_eq!(
        errors.next().await.to_string(),
        r#"handler of "bad" panicked: later"#
    );
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn a_panic_in_the_handler_of_an_event_named_on_error_is_told_to_on_error() {
    let io = echo_server();
    io.on("on_error", || bug("now"));
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["on_error"]"#).await;
    client.expect("41").await;
    assert_eq!(
        errors.next().await.to_string(),
        r#"handler of "on_error" panicked: now"#
    );
}

#[tokio::test]
async fn a_handler_that_can_only_panic_is_a_handler() {
    let io = echo_server();
    io.on("now", || panic!("not written yet"));
    io.on("later", async |_: u32| panic!("not written yet"));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["now"]"#).await;
    client.expect("41").await;
    client.join("/").await;
    client.send(r#"42["later",1]"#).await;
    client.expect("41").await;
}

#[tokio::test]
async fn panics_in_every_kind_of_handler_are_contained() {
    let io = echo_server();
    for name in [
        "/connect",
        "/any",
        "/disconnecting",
        "/disconnect",
        "/outgoing",
        "/error",
    ] {
        answering(&io.of(name));
    }
    io.of("/connect").on_connect(|| bug("connect"));
    io.of("/any").on_any(|| bug("any"));
    io.of("/disconnecting")
        .on_disconnecting(|| bug("disconnecting"));
    io.of("/disconnect").on_disconnect(|| bug("disconnect"));
    io.of("/outgoing").on_any_outgoing(|| bug("outgoing"));
    io.of("/error").on_error(|| bug("error"));
    io.of("/error").on("bad", || bug("first"));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.join("/connect").await;
    client.expect("41/connect,").await;
    client.join("/any").await;
    client.send(r#"42/any,["alive"]"#).await;
    client.expect("41/any,").await;
    for name in ["/disconnecting", "/disconnect"] {
        client.join(name).await;
        client.send(&format!("41{name},")).await;
    }
    client.join("/outgoing").await;
    client.send(r#"42/outgoing,["echo"]"#).await;
    client.expect(r#"42/outgoing,["echo"]"#).await;
    client.join("/error").await;
    client.send(r#"42/error,["bad"]"#).await;
    client.expect("41/error,").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_panicking_room_hook_harms_nobody() {
    let io = echo_server();
    io.on_room(|_| bug("a room hook"));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.expect_alive().await;
    client.send("41").await;
    client.join("/").await;
    client.expect_alive().await;
}
