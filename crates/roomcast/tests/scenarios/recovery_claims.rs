//! A session between its client's CONNECT and the answer. Spec: features 2.38, 2.39, N9.

use std::time::Duration;

use roomcast::recovery::Recovery;
use roomcast::{Auth, Server, ServerBuilder, Socket, Value};

use crate::support::{Host, Session, WebSocket, answering, channel, gate, pass, reasons, within};

fn asking_again(recovery: Recovery) -> ServerBuilder {
    Server::builder().connection_state_recovery(recovery.run_middleware())
}

/// A session whose client is away, and its socket.
async fn away(io: &Server, host: &Host) -> (Session, Socket) {
    let mut reasons = reasons(io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client.expect_alive().await;
    let socket = io.sockets().remove(0);
    drop(client);
    reasons.next().await;
    (session, socket)
}

/// A client that asks for the session while the middleware thinks, which is told by `heard`.
async fn claim(host: &Host, session: &Session) -> WebSocket {
    let mut client = host.websocket().await;
    let slow = session
        .claim()
        .replace(r#"{"pid""#, r#"{"slow":true,"pid""#);
    client.send(&slow).await;
    client
}

#[tokio::test]
async fn what_is_emitted_to_the_old_socket_while_the_middleware_thinks_arrives() {
    let io = asking_again(Recovery::new()).build();
    answering(&io);
    let (open, (teller, mut heard)) = (gate(), channel());
    let gate = open.clone();
    io.middleware(async move |Auth(auth): Auth<Value>| {
        if auth["slow"] == true {
            teller.tell(());
            pass(&gate).await;
        }
        Ok::<(), roomcast::Refusal>(())
    });
    let host = Host::tcp(&io).await;
    let (mut session, socket) = away(&io, &host).await;
    assert!(socket.try_emit("event", 1).is_ok());
    let mut client = claim(&host, &session).await;
    heard.next().await;

    let emitted = socket.try_emit("event", 2);
    open.add_permits(1);

    assert!(emitted.is_ok(), "{emitted:?}");
    client.expect(&session.given_back()).await;
    assert_eq!(session.next(&mut client).await, r#"42["event",1]"#);
    assert_eq!(session.next(&mut client).await, r#"42["event",2]"#);
}

#[tokio::test]
async fn a_client_that_is_refused_finds_its_child_namespace_and_session_again() {
    let io = asking_again(Recovery::new())
        .cleanup_empty_child_namespaces()
        .build();
    let parent = io.of_pattern("^/game-1$").expect("the pattern is right");
    parent.middleware(|Auth(auth): Auth<Value>| match auth["refuse"] == true {
        true => Err("later"),
        false => Ok(()),
    });
    let (teller, mut heard) = channel();
    parent.on_disconnect(move |socket: Socket| teller.tell(socket.id()));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send("40/game-1,").await;
    let session = Session::connected(&client.next_text().await.replace("/game-1,", ""));
    drop(client);
    heard.next().await;
    let mut client = host.websocket().await;
    let claim = session.claim().replacen("40", "40/game-1,", 1);

    client
        .send(&claim.replace(r#"{"pid""#, r#"{"refuse":true,"pid""#))
        .await;
    client.expect(r#"44/game-1,{"message":"later"}"#).await;
    client.send(&claim).await;

    let given_back = session.given_back().replacen("40", "40/game-1,", 1);
    client.expect(&given_back).await;
}

#[tokio::test]
async fn a_client_that_is_let_in_too_late_is_over_a_limit_and_nobody_has_taken_over() {
    let io = asking_again(Recovery::new().max_packets(2)).build();
    answering(&io);
    let (open, (teller, mut heard)) = (gate(), channel());
    let gate = open.clone();
    io.middleware(async move |Auth(auth): Auth<Value>| {
        if auth["slow"] == true {
            teller.tell(());
            pass(&gate).await;
        }
        Ok::<(), roomcast::Refusal>(())
    });
    let host = Host::tcp(&io).await;
    let (session, _) = away(&io, &host).await;
    let mut client = claim(&host, &session).await;
    heard.next().await;
    for number in 0..3 {
        io.emit("event", number);
    }

    open.add_permits(1);

    let hung_up = async { while client.read().await.is_some() {} };
    within("the connection to end", hung_up).await;
    let counted = async {
        while count(&io, "limit") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    within("the end to be counted", counted).await;
    assert_eq!(count(&io, "taken-over"), 0);
}

fn count(io: &Server, name: &str) -> u64 {
    let counts = io.engine().disconnect_counts();
    let of_name = counts.into_iter().filter(|(cause, _)| *cause == name);
    of_name.map(|(_, count)| count).sum()
}
