//! The end of a socket: its reasons, its handlers, its rooms. Spec: features 3.7, 3.8, 3.10, 3.13.

use std::sync::Arc;

use roomcast::{DisconnectReason, Server, Socket};

use crate::support::{Host, Teller, answering, channel, echo_server, gate, idle, pass, reasons};

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

/// 11, 17.
#[tokio::test]
async fn everything_that_was_sent_leaves_before_a_close() {
    let io = echo_server();
    io.on("bye", |socket: Socket| {
        for number in 0..1000 {
            socket.emit("count", number);
        }
        socket.disconnect_and_close();
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["bye"]"#).await;
    for number in 0..1000 {
        client.expect(&format!(r#"42["count",{number}]"#)).await;
    }
    client.expect("41").await;
    client.expect_closed().await;
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
    let gate = gate();
    let (teller, mut ended) = channel();
    io.on("slow", {
        let gate = Arc::clone(&gate);
        async move |socket: Socket| {
            pass(&gate).await;
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

#[tokio::test(start_paused = true)]
async fn a_client_that_is_let_in_while_its_connection_closes_is_told_to_no_connect_handler() {
    let io = echo_server();
    let gate = gate();
    let (teller, mut connected) = channel();
    io.of("/slow").middleware({
        let gate = Arc::clone(&gate);
        async move || {
            pass(&gate).await;
            Ok::<_, String>(())
        }
    });
    io.of("/slow").on_connect(move || teller.tell(()));
    io.on("close", |socket: Socket| socket.conn().close());
    let client = Host::memory(&io).joined_polling().await;
    client.send("40/slow,").await;
    client.send(r#"42["close"]"#).await;

    // Nobody polls: the session cannot end yet.
    gate.add_permits(1);
    idle().await;
    assert_eq!(connected.so_far(), []);
    assert_eq!(io.of("/slow").sockets_count(), 0);
    assert_eq!(io.engine().clients_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_another_thread_disconnects_may_join_again_at_once() {
    let io = echo_server();
    let (teller, mut joined) = channel();
    io.on_connect(move |socket: Socket| teller.tell(socket));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    for _ in 0..300 {
        client.join("/").await;
        let socket = joined.next().await;
        let disconnecting = std::thread::spawn(move || {
            socket.emit("last", ());
            socket.disconnect();
        });
        client.expect(r#"42["last"]"#).await;
        client.expect("41").await;
        drop(disconnecting);
    }
    client.join("/").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_socket_that_is_disconnected_and_then_closed_is_told_both() {
    let io = echo_server();
    io.on("bye", |socket: Socket| {
        // Not in the session's task.
        drop(tokio::spawn(async move {
            socket.emit("last", ());
            socket.disconnect();
            socket.conn().close();
        }));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["bye"]"#).await;
    client.expect(r#"42["last"]"#).await;
    client.expect("41").await;
    client.expect_closed().await;
}

/// Says so when it is dropped.
struct Dropped(Teller<&'static str>, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.tell(self.1);
    }
}

#[tokio::test]
async fn a_socket_whose_handler_owns_it_is_forgotten_with_its_handlers() {
    let io = echo_server();
    let (teller, mut dropped) = channel();
    io.on_connect({
        let owning = owning_handlers(&teller);
        move |socket: Socket| owning(&socket, "connected")
    });
    io.of("/refused").middleware({
        let owning = owning_handlers(&teller);
        move |socket: Socket| {
            owning(&socket, "refused");
            Err::<(), _>("no")
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("40/refused,").await;
    client.expect(r#"44/refused,{"message":"no"}"#).await;
    assert_eq!(dropped.next().await, "refused");
    client.send("41").await;
    assert_eq!(dropped.next().await, "connected");
}

#[tokio::test]
async fn a_handler_that_is_added_to_a_disconnected_socket_is_dropped() {
    let io = echo_server();
    let (teller, mut dropped) = channel();
    let owning = owning_handlers(&teller);
    let (keep, mut kept) = channel();
    io.on_connect(move |socket: Socket| keep.tell(socket));
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    let socket = kept.next().await;
    client.send("41").await;
    reasons.next().await;
    // Answered later than the socket was forgotten.
    client.join("/").await;

    owning(&socket, "late");
    assert_eq!(dropped.so_far(), ["late"]);
}

#[tokio::test]
async fn work_that_a_handler_starts_after_the_session_has_ended_is_dropped() {
    let io = echo_server();
    let (teller, mut dropped) = channel();
    let (calling, mut called) = channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = Arc::new(std::sync::Mutex::new(may_go_on));
    io.on_any_outgoing(move |socket: Socket| {
        let work = Dropped(teller.clone(), "work");
        calling.tell(());
        may_go_on
            .lock()
            .expect("one call")
            .recv()
            .expect("the test goes on");
        async move {
            let _kept = (socket, work);
            std::future::pending::<()>().await;
        }
    });
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined().await;
    let socket = io.sockets().remove(0);
    let emitting = std::thread::spawn(move || socket.emit("event", ()));
    called.next().await;
    drop(client);
    reasons.next().await;
    // Answered later than the session's task has ended.
    host.websocket().await;

    go_on.send(()).expect("the handler waits");
    assert_eq!(dropped.next().await, "work");
    emitting.join().expect("it does not panic");
}

/// Gives a socket a handler that owns the socket.
fn owning_handlers(
    teller: &Teller<&'static str>,
) -> impl Fn(&Socket, &'static str) + Clone + Send + Sync + 'static {
    let teller = teller.clone();
    move |socket, name| {
        let dropped = Arc::new(Dropped(teller.clone(), name));
        let me = socket.clone();
        socket.on("event", move || me.emit("event", dropped.1));
    }
}
