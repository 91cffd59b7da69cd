//! A client that comes back while its old connection still seems open. Spec: features N4.

use roomcast::recovery::Recovery;
use roomcast::{DisconnectReason, Server, Socket};

use crate::support::{Frame, Host, Session, answering, channel, gate, pass};

fn server() -> Server {
    let io = Server::builder()
        .connection_state_recovery(Recovery::new())
        .build();
    answering(&io);
    io
}

// N4: the old socket is disconnected first, and its session goes on over the new connection.

#[tokio::test]
async fn the_old_socket_is_disconnected_before_the_new_one_connects() {
    let io = server();
    let (teller, mut heard) = channel();
    let (disconnecting, disconnected) = (teller.clone(), teller.clone());
    io.on_connect(move |socket: Socket| {
        if !socket.is_recovered() {
            socket.join("red");
        }
        teller.tell(format!("connected, {} rooms", socket.rooms().len()));
    });
    io.on_disconnecting(move |socket: Socket, reason: DisconnectReason| {
        disconnecting.tell(format!("{reason}, {} rooms", socket.rooms().len()));
    });
    io.on_disconnect(move |reason: DisconnectReason| disconnected.tell(reason.to_string()));
    let host = Host::tcp(&io).await;
    let mut old = host.websocket().await;
    let mut session = Session::begin(&mut old).await;
    // Sent to the old connection, where nobody reads any more.
    io.to("red").emit("lost", 1);

    let mut new = session.resume(&host).await;

    assert_eq!(session.next(&mut new).await, r#"42["lost",1]"#);
    for step in [
        "connected, 2 rooms",
        "taken over, 2 rooms",
        "taken over",
        "connected, 2 rooms",
    ] {
        assert_eq!(heard.next().await, step);
    }
    assert_eq!(io.sockets_count(), 1);
    new.expect_alive().await;
}

#[tokio::test]
async fn the_old_connection_is_closed_with_all_its_namespaces() {
    let io = server();
    io.of("/chess");
    let host = Host::tcp(&io).await;
    let mut old = host.websocket().await;
    let session = Session::begin(&mut old).await;
    old.send("40/chess,").await;
    let other = Session::connected(&old.next_text().await.replace("/chess,", ""));

    let mut new = session.resume(&host).await;

    assert_eq!(old.next().await, Frame::Close(None));
    new.send(&other.claim().replacen("40", "40/chess,", 1))
        .await;
    new.expect(&other.given_back().replacen("40", "40/chess,", 1))
        .await;
    assert_eq!(io.engine().clients_count(), 1);
}

#[tokio::test]
async fn what_a_handler_of_the_old_socket_emits_later_reaches_the_new_one() {
    let io = server();
    let (open, (teller, mut heard)) = (gate(), channel());
    let gate = open.clone();
    io.on("work", async move |socket: Socket| {
        teller.tell(());
        pass(&gate).await;
        socket.emit("done", 1);
    });
    let host = Host::tcp(&io).await;
    let mut old = host.websocket().await;
    let mut session = Session::begin(&mut old).await;
    old.send(r#"42["work"]"#).await;
    heard.next().await;
    let mut new = session.resume(&host).await;

    open.add_permits(1);

    assert_eq!(session.next(&mut new).await, r#"42["done",1]"#);
}

#[tokio::test]
async fn the_old_connection_was_taken_over_in_its_hook_and_in_the_counts() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_connect(move |socket: Socket| {
        let teller = teller.clone();
        socket
            .conn()
            .on_close(move |_, cause| teller.tell(cause.as_str()));
    });
    let host = Host::tcp(&io).await;
    let mut old = host.websocket().await;
    let session = Session::begin(&mut old).await;

    let mut new = session.resume(&host).await;

    assert_eq!(heard.next().await, "taken-over");
    new.expect_alive().await;
    let mut counts = io.engine().disconnect_counts();
    counts.retain(|(_, count)| *count > 0);
    assert_eq!(counts, [("taken-over", 1)]);
}

#[tokio::test]
async fn who_claims_a_place_that_is_not_in_the_session_disconnects_nobody() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    let guess = Session {
        offset: Some("guessed".to_owned()),
        ..session
    };

    guess.fail_to_resume(&host).await;

    client.expect_alive().await;
}

#[tokio::test]
async fn a_claim_from_a_place_that_is_kept_no_longer_disconnects_nobody_and_ends_no_session() {
    let io = Server::builder()
        .connection_state_recovery(Recovery::new().max_packets(2))
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    let without_offset = session.clone();
    for number in 0..3 {
        io.emit("event", number);
        session.next(&mut client).await;
    }

    without_offset.fail_to_resume(&host).await;

    client.expect_alive().await;
    session.resume(&host).await;
}
