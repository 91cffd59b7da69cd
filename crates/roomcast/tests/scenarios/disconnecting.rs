//! The end of a socket: its reasons, its handlers, its rooms. Spec: features 3.7, 3.8, 3.10, 3.13.

use roomcast::{DisconnectReason, Server, Socket};

use crate::support::{Host, answering, channel, echo_server, reasons};

#[tokio::test]
async fn disconnecting_handlers_see_the_rooms_and_disconnect_handlers_none() {
    let io = echo_server();
    let (teller, mut heard) = channel();
    let disconnected = teller.clone();
    io.on_connect(|socket: Socket| socket.join("room"));
    io.on_disconnecting(move |socket: Socket, reason: DisconnectReason| {
        teller.tell((
            "disconnecting",
            socket.rooms().len(),
            socket.is_connected(),
            reason.as_str(),
        ));
    });
    io.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
        socket.join("too-late");
        disconnected.tell((
            "disconnect",
            socket.rooms().len(),
            socket.is_connected(),
            reason.as_str(),
        ));
    });
    let host = Host::tcp(&io).await;

    drop(host.joined().await);
    assert_eq!(
        heard.next().await,
        ("disconnecting", 2, true, "transport close")
    );
    assert_eq!(
        heard.next().await,
        ("disconnect", 0, false, "transport close")
    );
    host.joined().await.expect_alive().await;
    assert_eq!(io.room_len("too-late"), 0);
}

#[tokio::test]
async fn a_client_that_leaves_is_a_client_namespace_disconnect() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("41").await;
    assert_eq!(reasons.next().await, "client namespace disconnect");
    assert_eq!(io.sockets_count(), 0);
}

#[tokio::test]
async fn a_close_frame_is_a_transport_close_and_is_answered() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send_frame(0x88, &[0x03, 0xe8]).await;
    client.expect_close(Some(1000)).await;
    assert_eq!(reasons.next().await, "transport close");
}

#[tokio::test]
async fn a_socket_that_the_server_disconnects_tells_its_client_and_the_connection_stays() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    io.on("bye", |socket: Socket| {
        socket.emit("last", ());
        socket.disconnect();
        socket.emit("too-late", ());
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["bye"]"#).await;
    client.expect(r#"42["last"]"#).await;
    client.expect("41").await;
    assert_eq!(reasons.next().await, "server namespace disconnect");
    client.join("/").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn disconnect_and_close_ends_all_namespaces_and_the_connection() {
    let io = echo_server();
    let (teller, mut gone) = channel();
    for namespace in [io.of("/"), io.of("/other")] {
        let teller = teller.clone();
        namespace.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
            teller.tell((socket.namespace().name().to_owned(), reason.as_str()));
        });
    }
    io.on("bye", |socket: Socket| socket.disconnect_and_close());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/other").await;

    client.send(r#"42["bye"]"#).await;
    let mut packets = [client.next_text().await, client.next_text().await];
    packets.sort();
    assert_eq!(packets, ["41", "41/other,"]);
    client.expect_closed().await;
    let mut told = [gone.next().await, gone.next().await];
    told.sort();
    assert_eq!(
        told.map(|(name, reason)| format!("{name} {reason}")),
        [
            "/ server namespace disconnect",
            "/other server namespace disconnect"
        ]
    );
}

#[tokio::test]
async fn a_disconnecting_handler_that_disconnects_sends_nothing_more() {
    let io = echo_server();
    io.on_disconnecting(|socket: Socket| socket.disconnect());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("41").await;
    // The next packet is the answer to the next CONNECT.
    client.join("/").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn handlers_that_run_on_after_the_disconnection_are_finished() {
    let io = echo_server();
    let gate = crate::support::gate();
    let (teller, mut ended) = channel();
    io.on("slow", {
        let gate = std::sync::Arc::clone(&gate);
        async move |socket: Socket| {
            crate::support::pass(&gate).await;
            teller.tell(socket.is_connected());
        }
    });
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send(r#"42["slow"]"#).await;
    client.expect_alive().await;
    drop(client);
    assert_eq!(reasons.next().await, "transport close");

    gate.add_permits(1);
    assert!(!ended.next().await);
}

#[tokio::test]
async fn every_reason_has_the_official_text() {
    let texts = [
        (DisconnectReason::TransportError, "transport error"),
        (DisconnectReason::TransportClose, "transport close"),
        (DisconnectReason::ForcedClose, "forced close"),
        (DisconnectReason::PingTimeout, "ping timeout"),
        (DisconnectReason::ParseError, "parse error"),
        (DisconnectReason::ServerShuttingDown, "server shutting down"),
        (DisconnectReason::ForcedServerClose, "forced server close"),
        (
            DisconnectReason::ClientNamespaceDisconnect,
            "client namespace disconnect",
        ),
        (
            DisconnectReason::ServerNamespaceDisconnect,
            "server namespace disconnect",
        ),
        (DisconnectReason::OutboxFull, "outbox full"),
    ];

    for (reason, text) in texts {
        assert_eq!(reason.to_string(), text);
    }
}

#[tokio::test]
async fn a_session_and_its_sockets_are_forgotten() {
    let io = Server::new();
    answering(&io);
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined().await;
    assert_eq!((io.engine().clients_count(), io.sockets().len()), (1, 1));

    drop(client);
    reasons.next().await;
    // Answered later than the handlers ran.
    host.joined().await.expect_alive().await;
    assert_eq!((io.engine().clients_count(), io.sockets().len()), (1, 1));
}
