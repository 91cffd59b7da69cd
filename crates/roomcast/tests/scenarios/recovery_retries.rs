//! Events that a client sends again because it has no answer. Spec: features N5.
//!
//! The packets are those of the official client with `retries: 3`: one event is on its way at a
//! time, and is sent again with the next acknowledgement id.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use roomcast::recovery::{Recovery, Retries};
use roomcast::{Server, Socket, SocketError, Spread, Value};

use crate::support::{
    Heard, Host, Session, WebSocket, answering, channel, errors, gate, idle, pass, reasons,
};

/// A server that tells which events its handlers get, and answers them with their count.
fn server(retries: Retries) -> (Server, Heard<String>) {
    let recovery = Recovery::new().deduplicate(retries);
    let io = Server::builder()
        .connection_state_recovery(recovery)
        .build();
    answering(&io);
    let (teller, heard) = channel();
    let count = Arc::new(AtomicU32::new(0));
    io.on("inc", move |Spread(args): Spread<Value>| {
        teller.tell(Value::Array(args).to_string());
        count.fetch_add(1, Ordering::Relaxed) + 1
    });
    (io, heard)
}

/// Reads the mark in front of an answer as the official client does, and then the answer.
async fn answer(client: &mut WebSocket, session: &mut Session) -> String {
    let mark = client.next_text().await;
    let name = mark
        .strip_prefix(r#"42[""#)
        .and_then(|rest| rest.strip_suffix(r#""]"#));
    session.offset = Some(name.expect("a mark is a name alone").to_owned());
    client.next_text().await
}

// N5: what is sent again is answered from the recorded answer, and handled once.

#[tokio::test]
async fn an_event_whose_answer_was_lost_is_answered_again_and_handled_once() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    assert_eq!(heard.next().await, r#"["a"]"#);
    // The answer is on its way, and does not arrive.
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    client.send(r#"421["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "431[1]");
    // The next one of the queue is equal and new.
    client.send(r#"422["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "432[2]");
    assert_eq!(heard.so_far().len(), 1);
}

#[tokio::test]
async fn an_event_that_equals_an_answered_one_is_new_after_a_return() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "430[1]");
    drop(client);
    reasons.next().await;

    // The client has the answer: the event of this id was emitted while it was away.
    let mut client = session.resume(&host).await;
    client.send(r#"421["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "431[2]");
    assert_eq!(heard.so_far().len(), 2);
}

#[tokio::test]
async fn an_event_that_equals_an_answered_one_is_new_though_a_volatile_one_came_between() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "430[1]");
    let mark = session.offset.clone();
    idle().await;
    // It ends in a text, so it carries an offset, which the client has from then on.
    io.volatile().emit("status", "connected");
    let status = session.next(&mut client).await;
    assert_eq!(status, r#"42["status","connected"]"#);
    assert!(session.offset > mark);
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    client.send(r#"421["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "431[2]");
    assert_eq!(heard.so_far().len(), 2);
}

#[tokio::test]
async fn what_a_client_sees_after_its_return_is_no_sign_that_it_had_the_answer() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    heard.next().await;
    // The answer does not arrive, and what comes next does.
    drop(client);
    reasons.next().await;
    io.emit("news", 1);
    let mut client = session.resume(&host).await;
    assert_eq!(session.next(&mut client).await, r#"42["news",1]"#);
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    client.send(r#"421["inc","a"]"#).await;
    assert_eq!(answer(&mut client, &mut session).await, "431[1]");
    assert!(heard.so_far().is_empty());
}

#[tokio::test]
async fn an_event_that_is_still_being_handled_is_answered_over_the_new_connection() {
    let (io, _heard) = server(Retries::of_clients(3));
    let (open, (teller, mut started)) = (gate(), channel());
    let gate = open.clone();
    io.on("slow", async move || {
        teller.tell(());
        pass(&gate).await;
        "done"
    });
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["slow"]"#).await;
    started.next().await;
    drop(client);
    reasons.next().await;
    let mut client = session.resume(&host).await;
    client.send(r#"421["slow"]"#).await;
    client.send(r#"42["echo"]"#).await;
    session.next(&mut client).await;

    open.add_permits(1);

    assert_eq!(answer(&mut client, &mut session).await, r#"431["done"]"#);
    assert!(started.so_far().is_empty());
}

#[tokio::test]
async fn an_event_that_is_sent_again_when_its_time_is_over_is_handled_once() {
    let (io, _heard) = server(Retries::of_clients(3));
    let (open, (teller, mut started)) = (gate(), channel());
    let gate = open.clone();
    io.on("slow", async move || {
        teller.tell(());
        pass(&gate).await;
        "done"
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["slow"]"#).await;
    started.next().await;
    client.send(r#"421["slow"]"#).await;
    client.send(r#"422["slow"]"#).await;
    client.send(r#"42["echo"]"#).await;
    session.next(&mut client).await;

    open.add_permits(1);

    assert_eq!(answer(&mut client, &mut session).await, r#"432["done"]"#);
    assert!(started.so_far().is_empty());
}

#[tokio::test]
async fn an_event_that_comes_when_the_client_must_have_given_up_is_new() {
    let (io, mut heard) = server(Retries::of_clients(1));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    heard.next().await;
    drop(client);
    reasons.next().await;

    // `retries: 1` makes two attempts, 0 and 1; this is another event.
    let mut client = session.resume(&host).await;
    client.send(r#"422["inc","a"]"#).await;
    assert_eq!(heard.next().await, r#"["a"]"#);
}

#[tokio::test]
async fn an_event_that_differs_in_one_byte_of_an_attachment_is_new() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client
        .send(r#"451-0["inc",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[1]).await;
    heard.next().await;
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    client
        .send(r#"451-1["inc",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[2]).await;
    heard.next().await;
    let mut session = session;
    assert_eq!(answer(&mut client, &mut session).await, "431[2]");
}

#[tokio::test]
async fn a_mark_moves_no_packet_and_loses_none() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    io.emit("first", 1);
    session.next(&mut client).await;
    client.send(r#"420["inc","a"]"#).await;
    heard.next().await;
    answer(&mut client, &mut session).await;
    drop(client);
    reasons.next().await;
    io.emit("second", 2);

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["second",2]"#);
}

#[tokio::test]
async fn events_without_an_acknowledgement_are_never_taken_for_others() {
    let (io, mut heard) = server(Retries::of_clients(3));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;

    for _ in 0..3 {
        client.send(r#"42["inc","a"]"#).await;
        heard.next().await;
    }
}

#[tokio::test]
async fn without_the_option_every_event_is_handled_and_no_mark_is_sent() {
    let io = Server::builder()
        .connection_state_recovery(Recovery::new())
        .build();
    io.on("inc", |_: Socket| 1);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;

    client.send(r#"420["inc"]"#).await;
    client.expect("430[1]").await;
    client.send(r#"421["inc"]"#).await;
    client.expect("431[1]").await;
}

fn last_text(_event: &str, args: &[Value]) -> Option<String> {
    args.last()?.as_str().map(str::to_owned)
}

#[tokio::test]
async fn with_ids_of_the_application_each_is_handled_once_in_whatever_order_it_comes() {
    let (io, mut heard) = server(Retries::by_id(last_text));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client.send(r#"420["inc","x","id-1"]"#).await;
    client.expect("430[1]").await;
    client.send(r#"421["inc","x","id-2"]"#).await;
    client.expect("431[2]").await;
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    client.send(r#"422["inc","x","id-1"]"#).await;
    client.expect("432[1]").await;
    client.send(r#"423["inc","x","id-2"]"#).await;
    client.expect("433[2]").await;
    // Without an id nothing is recognised.
    client.send(r#"424["inc",1]"#).await;
    client.expect("434[3]").await;
    client.send(r#"425["inc",1]"#).await;
    client.expect("435[4]").await;
    assert_eq!(heard.so_far().len(), 4);
}

#[tokio::test]
async fn a_hundred_ids_are_remembered_and_the_oldest_is_forgotten_for_one_more() {
    let (io, _heard) = server(Retries::by_id(last_text));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;
    for number in 0..100 {
        client
            .send(&format!(r#"42{number}["inc","id-{number}"]"#))
            .await;
        client.expect(&format!("43{number}[{}]", number + 1)).await;
    }

    client.send(r#"42100["inc","id-0"]"#).await;
    client.expect("43100[1]").await;
    client.send(r#"42101["inc","id-100"]"#).await;
    client.expect("43101[101]").await;
    client.send(r#"42102["inc","id-0"]"#).await;
    client.expect("43102[102]").await;
}

#[tokio::test]
async fn a_panic_of_the_function_that_finds_ids_is_reported_and_ends_its_socket_alone() {
    let (io, mut heard) = server(Retries::by_id(|_event, args| {
        args[0].as_str().map(str::to_owned)
    }));
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;

    client.send(r#"420["inc"]"#).await;

    let error = errors.next().await;
    assert!(
        matches!(&error, SocketError::Panic { event, .. } if &**event == "inc"),
        "{error:?}"
    );
    client.expect("41").await;
    Session::begin(&mut client).await;
    client.send(r#"420["inc","id"]"#).await;
    client.expect("430[1]").await;
    assert_eq!(heard.so_far(), [r#"["id"]"#]);
}

/// A server whose answers to `size` have that many bytes in all, six of which are not the text.
fn server_of_sizes(retries: Retries) -> (Server, Heard<usize>) {
    let (io, _) = server(retries);
    let (teller, heard) = channel();
    io.on("size", move |size: usize| {
        teller.tell(size);
        "x".repeat(size - 6)
    });
    (io, heard)
}

#[tokio::test]
async fn answers_are_remembered_up_to_their_bytes_and_one_byte_more_forgets_the_oldest() {
    let id = |_: &str, args: &[Value]| args.last()?.as_str().map(str::to_owned);
    let (io, mut heard) = server_of_sizes(Retries::by_id(id).max_answer_bytes(200));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;
    client.send(r#"420["size",100,"a"]"#).await;
    client.next_text().await;
    client.send(r#"421["size",100,"b"]"#).await;
    client.next_text().await;
    client.send(r#"422["size",100,"a"]"#).await;
    assert!(client.next_text().await.starts_with("432[\"xxx"));
    assert_eq!(heard.so_far(), [100, 100]);

    // With the last two there is one byte too many: the first of the three goes.
    client.send(r#"423["size",101,"c"]"#).await;
    client.next_text().await;
    client.send(r#"424["size",101,"c"]"#).await;
    client.next_text().await;
    assert_eq!(heard.so_far(), [101]);
    client.send(r#"425["size",99,"b"]"#).await;
    client.next_text().await;
    assert_eq!(heard.so_far(), [99]);
}

#[tokio::test]
async fn the_answers_of_a_session_take_a_mebibyte_and_a_larger_one_is_not_kept() {
    for (size, is_kept) in [(1024 * 1024, true), (1024 * 1024 + 1, false)] {
        let (io, mut heard) = server_of_sizes(Retries::of_clients(3));
        let host = Host::tcp(&io).await;
        let mut reasons = reasons(&io);
        let mut client = host.websocket().await;
        let session = Session::begin(&mut client).await;
        client.send(&format!(r#"420["size",{size}]"#)).await;
        heard.next().await;
        drop(client);
        reasons.next().await;

        let mut client = session.resume(&host).await;
        client.send(&format!(r#"421["size",{size}]"#)).await;
        let mut session = session;
        let answer = answer(&mut client, &mut session).await;
        assert!(answer.starts_with("431[\"xxx"));
        // Engine.IO puts a digit in front.
        assert_eq!(answer.len(), 1 + size);
        assert_eq!(heard.so_far().len(), usize::from(!is_kept));
    }
}
