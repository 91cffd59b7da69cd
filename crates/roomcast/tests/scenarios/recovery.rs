//! Connection state recovery as the official server has it. Spec: features 2.7, 2.38, 2.39 and
//! section 11, 32.

use std::time::Duration;

use roomcast::recovery::Recovery;
use roomcast::{Server, ServerBuilder, Socket, Value, value};

use crate::support::{Host, Session, WebSocket, answering, channel, gate, idle, pass, reasons};

fn recovering(recovery: Recovery) -> ServerBuilder {
    Server::builder().connection_state_recovery(recovery)
}

/// A server with the defaults, and the handlers of most tests here.
fn server() -> Server {
    let io = recovering(Recovery::new()).build();
    answering(&io);
    io.on("join", |socket: Socket, room: String| socket.join(room));
    io
}

/// A client with one event received, whose connection is cut when the server knows it.
async fn cut_after_one_event(io: &Server, host: &Host) -> Session {
    let mut reasons = reasons(io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["echo",0]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["echo",0]"#);
    drop(client);
    assert_eq!(reasons.next().await, "transport close");
    session
}

#[tokio::test]
async fn connect_tells_a_private_id_of_20_characters_that_is_not_the_public_one() {
    let host = Host::tcp(&server()).await;
    let mut client = host.websocket().await;

    let session = Session::begin(&mut client).await;

    let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert_eq!(session.pid.len(), 20);
    assert!(session.pid.chars().all(is_base64url));
    assert_ne!(session.pid, session.id);
}

#[tokio::test]
async fn without_recovery_there_is_neither_private_id_nor_offset() {
    let io = Server::new();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send(r#"40{"pid":"abc","offset":"def"}"#).await;
    assert!(!client.next_text().await.contains("pid"));
    client.send(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",1]"#).await;
}

#[tokio::test]
async fn events_end_in_an_offset_and_acknowledgements_and_asking_events_do_not() {
    let io = server();
    io.on("ask", async |socket: Socket| {
        // It goes unanswered.
        let _ = socket.emit_for_answer("question", "a").await;
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;

    client.send(r#"42["echo","a"]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["echo","a"]"#);
    let first = session.offset.clone();
    client.send(r#"42["echo"]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["echo"]"#);
    assert_ne!(session.offset, first);
    client.send(r#"420["alive"]"#).await;
    client.expect(r#"430["yes"]"#).await;
    client.send(r#"42["ask"]"#).await;
    client.expect(r#"420["question","a"]"#).await;
}

#[tokio::test]
async fn what_was_missed_comes_in_order_before_anything_new() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_connect(move |socket: Socket| {
        let name: Option<String> = socket.data().get("name");
        let rooms: Vec<String> = socket.rooms().iter().map(|room| room.to_string()).collect();
        teller.tell((socket.is_recovered(), name, rooms));
        socket.emit("new", ());
    });
    io.on("name", |socket: Socket, name: String| {
        socket.data().set("name", name)
    });
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    session.next(&mut client).await;
    let _ = heard.next().await;
    client.send(r#"42["join","red"]"#).await;
    client.send(r#"42["name","Ada"]"#).await;
    client.expect_alive().await;
    let socket = io.socket(&session.id).expect("it is connected");
    drop(client);
    reasons.next().await;

    io.to("red").emit("missed", 1);
    io.to(session.id.as_str()).emit("missed", 2);
    io.to("blue").emit("missed", "for others");
    io.to("red")
        .except(session.id.as_str())
        .emit("missed", "for others");
    io.except("red").emit("missed", "for others");
    io.volatile().emit("missed", "at once or never");
    io.emit("missed", (3, bytes::Bytes::from_static(b"\x01\x02")));
    socket.emit("missed", 4);

    let mut client = session.resume(&host).await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
    assert_eq!(session.next(&mut client).await, r#"42["missed",2]"#);
    assert_eq!(
        session.next(&mut client).await,
        r#"451-["missed",3,{"_placeholder":true,"num":0}]"#
    );
    client.expect_binary(b"\x01\x02").await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",4]"#);
    assert_eq!(session.next(&mut client).await, r#"42["new"]"#);
    let rooms = vec![session.id.clone(), "red".to_owned()];
    assert_eq!(heard.next().await, (true, Some("Ada".to_owned()), rooms));
    client.expect_alive().await;
}

#[tokio::test]
async fn a_client_that_comes_back_twice_gets_each_event_once() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut session = cut_after_one_event(&io, &host).await;
    reasons.next().await;
    for round in 1..=3 {
        io.emit("missed", round);
        let mut client = session.resume(&host).await;
        assert_eq!(
            session.next(&mut client).await,
            format!(r#"42["missed",{round}]"#)
        );
        client.expect_alive().await;
        drop(client);
        reasons.next().await;
    }
}

#[tokio::test]
async fn a_foreign_offset_or_private_id_begins_a_new_session() {
    let io = server();
    let host = Host::tcp(&io).await;
    io.emit("before", ());
    let session = cut_after_one_event(&io, &host).await;
    let offset = session.offset.clone().expect("an event was received");
    let foreign = |pid: &str, offset: &str| Session {
        id: session.id.clone(),
        pid: pid.to_owned(),
        offset: Some(offset.to_owned()),
    };
    let future = format!("{}zz", &offset[..12]);

    for claim in [
        foreign("xxxxxxxxxxxxxxxxxxxx", &offset),
        foreign("short", &offset),
        foreign("", &offset),
        foreign(&session.pid, "unknown"),
        foreign(&session.pid, ""),
        foreign(&session.pid, &offset[1..]),
        foreign(&session.pid, &format!("AAAAAA{}", &offset[6..])),
    ] {
        let mut client = host.websocket().await;
        client.send(&claim.claim()).await;
        let new = Session::connected(&client.next_text().await);
        assert_ne!(new.id, session.id, "{claim:?}");
        client.expect_alive().await;
    }
    // One that was never given, and one from before the session.
    for offset in [future, format!("{}--------", &offset[..6])] {
        let claim = foreign(&session.pid, &offset);
        claim.fail_to_resume(&host).await;
    }
    // Whoever asked, the session is there for who asks rightly.
    session.resume(&host).await.expect_alive().await;
}

#[tokio::test]
async fn an_offset_that_is_too_old_begins_a_new_session_and_leaves_the_old_one() {
    let io = recovering(Recovery::new().max_packets(2)).build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    let mut early = session.clone();
    for number in 0..5 {
        let event = format!(r#"42["echo",{number}]"#);
        client.send(&event).await;
        assert_eq!(session.next(&mut client).await, event);
        if number == 0 {
            early = session.clone();
        }
    }
    drop(client);
    reasons.next().await;
    io.emit("missed", 1);

    early.fail_to_resume(&host).await;
    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
}

#[tokio::test]
async fn auth_that_holds_no_texts_begins_a_new_session() {
    let host = Host::tcp(&server()).await;

    for auth in [
        r#"{"pid":1,"offset":2}"#,
        r#"{"pid":null}"#,
        r#"{"pid":["a"],"offset":{}}"#,
        r#"{"pid":"xxxxxxxxxxxxxxxxxxxx","offset":7}"#,
        r#"{"offset":"x"}"#,
    ] {
        let mut client = host.websocket().await;
        client.send(&format!("40{auth}")).await;
        Session::connected(&client.next_text().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_kept_for_the_time_of_the_option_and_no_longer() {
    let io =
        recovering(Recovery::new().max_disconnection_duration(Duration::from_secs(10))).build();
    answering(&io);
    let host = Host::memory(&io);
    for (away, comes_back) in [(9_990, true), (10_010, false)] {
        let session = cut_after_one_event(&io, &host).await;
        tokio::time::advance(Duration::from_millis(away)).await;

        if comes_back {
            drop(session.resume(&host).await);
        } else {
            session.fail_to_resume(&host).await;
        }
        idle().await;
    }
}

#[tokio::test]
async fn a_session_is_given_back_to_one_of_two_who_ask() {
    let io = server();
    let host = Host::tcp(&io).await;
    let session = cut_after_one_event(&io, &host).await;

    // The second takes the session over, as who comes last is the client that lives.
    let mut first = session.resume(&host).await;
    let mut second = session.resume(&host).await;

    second.expect_alive().await;
    assert_eq!(first.next().await, crate::support::Frame::Close(None));
    assert_eq!(io.sockets_count(), 1);
}

/// What ends the connection of a client, and whether its session is kept.
async fn ends(
    how: impl AsyncFnOnce(&Server, &mut WebSocket, &str),
    reason: &str,
) -> (Host, Session) {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    how(&io, &mut client, &session.id).await;
    assert_eq!(reasons.next().await, reason);
    (host, session)
}

#[tokio::test]
async fn a_lost_transport_and_a_forced_close_can_be_recovered_from() {
    let (host, session) = ends(
        async |_, client, _| client.send_frame(0x88, &[]).await,
        "transport close",
    )
    .await;
    session.resume(&host).await;

    let (host, session) = ends(
        async |_, client, _| client.send("2").await,
        "transport error",
    )
    .await;
    session.resume(&host).await;

    let (host, session) = ends(
        async |io, _, id| io.socket(id).expect("it is connected").conn().close(),
        "forced close",
    )
    .await;
    session.resume(&host).await;

    let (host, session) = ends(
        async |_, client, _| client.send("40").await,
        "forced server close",
    )
    .await;
    session.resume(&host).await;
}

#[tokio::test]
async fn who_leaves_or_is_disconnected_or_breaks_the_rules_begins_a_new_session() {
    let (host, session) = ends(async |_, client, _| client.send("9").await, "parse error").await;
    session.fail_to_resume(&host).await;

    let (host, session) = ends(
        async |_, client, _| client.send("41").await,
        "client namespace disconnect",
    )
    .await;
    session.fail_to_resume(&host).await;

    let (host, session) = ends(
        async |io, _, id| io.socket(id).expect("it is connected").disconnect(),
        "server namespace disconnect",
    )
    .await;
    session.fail_to_resume(&host).await;

    let (host, session) = ends(
        async |io, _, id| {
            let socket = io.socket(id).expect("it is connected");
            socket.disconnect_and_close();
        },
        "server namespace disconnect",
    )
    .await;
    session.fail_to_resume(&host).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_heartbeat_can_come_back() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;

    assert_eq!(reasons.next().await, "ping timeout");
    session.resume(&host).await;
}

#[tokio::test]
async fn middleware_is_skipped_and_its_typed_data_kept() {
    let io = server();
    let (teller, mut heard) = channel();
    io.middleware(move |socket: Socket| {
        teller.tell("asked");
        socket.data().insert(7_u8);
        Ok::<(), roomcast::Refusal>(())
    });
    io.on("typed", |socket: Socket| {
        socket.data().typed::<u8>().map(|n| *n)
    });
    let host = Host::tcp(&io).await;
    let session = cut_after_one_event(&io, &host).await;
    assert_eq!(heard.so_far(), ["asked"]);

    let mut client = session.resume(&host).await;

    client.send(r#"421["typed"]"#).await;
    client.expect("431[7]").await;
    assert_eq!(heard.so_far(), [""; 0]);
}

#[tokio::test]
async fn middleware_that_is_asked_again_may_refuse_and_the_session_stays() {
    let io = recovering(Recovery::new().run_middleware()).build();
    answering(&io);
    io.middleware(
        |auth: roomcast::Auth<Value>| match auth.0["refuse"] == true {
            true => Err("not now"),
            false => Ok(()),
        },
    );
    let host = Host::tcp(&io).await;
    let mut session = cut_after_one_event(&io, &host).await;
    io.emit("missed", 1);
    let mut client = host.websocket().await;

    let refused = session
        .claim()
        .replace(r#"{"pid""#, r#"{"refuse":true,"pid""#);
    client.send(&refused).await;
    client.expect(r#"44{"message":"not now"}"#).await;
    let mut client = session.resume(&host).await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
}

#[tokio::test]
async fn what_comes_while_the_middleware_thinks_is_missed_and_then_sent_once() {
    let io = recovering(Recovery::new().run_middleware()).build();
    answering(&io);
    let (open, (teller, mut heard)) = (gate(), channel());
    let gate = open.clone();
    io.middleware(async move || {
        teller.tell(());
        pass(&gate).await;
        Ok::<(), roomcast::Refusal>(())
    });
    let host = Host::tcp(&io).await;
    open.add_permits(1);
    let mut session = cut_after_one_event(&io, &host).await;
    heard.next().await;
    io.emit("missed", 1);
    let mut client = host.websocket().await;
    client.send(&session.claim()).await;
    heard.next().await;

    io.emit("missed", 2);
    open.add_permits(1);

    client.expect(&session.given_back()).await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
    assert_eq!(session.next(&mut client).await, r#"42["missed",2]"#);
    client.expect_alive().await;
}

#[tokio::test]
async fn offsets_are_not_shown_to_those_who_watch_what_is_sent() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_any_outgoing(
        move |event: String, roomcast::Spread(args): roomcast::Spread<Value>| {
            teller.tell((event, Value::Array(args)));
        },
    );
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;

    io.emit("all", (1, "a"));
    io.sockets()[0].emit("one", ());
    io.volatile().emit("volatile", "v");
    assert_eq!(heard.next().await, ("all".to_owned(), value!([1, "a"])));
    assert_eq!(heard.next().await, ("one".to_owned(), value!([])));
    assert_eq!(heard.next().await, ("volatile".to_owned(), value!(["v"])));
}

#[tokio::test]
async fn namespaces_of_one_connection_come_back_each_with_its_own_session() {
    let io = server();
    let chess = io.of("/chess");
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    client.send("40/chess,").await;
    let answer = client.next_text().await;
    let other = Session::connected(&answer.replace("/chess,", ""));
    drop(client);
    reasons.next().await;
    chess.emit("moved", "e4");

    let mut client = session.resume(&host).await;
    // The private id of one namespace is nothing in another.
    client
        .send(&session.claim().replacen("40", "40/chess,", 1))
        .await;
    let wrong = client.next_text().await;
    assert!(
        !wrong.contains(&session.id) && !wrong.contains(&other.id),
        "{wrong}"
    );
    let mut client = host.websocket().await;
    client
        .send(&other.claim().replacen("40", "40/chess,", 1))
        .await;
    client
        .expect(&other.given_back().replacen("40", "40/chess,", 1))
        .await;
    assert!(
        client
            .next_text()
            .await
            .starts_with(r#"42/chess,["moved","e4",""#)
    );
}

#[tokio::test]
async fn a_packet_beyond_the_bounds_ends_sessions_that_have_missed_it() {
    let io = recovering(Recovery::new().max_packets(3)).build();
    answering(&io);
    let host = Host::tcp(&io).await;
    for (missed, comes_back) in [(3, true), (4, false)] {
        let mut session = cut_after_one_event(&io, &host).await;
        for number in 0..missed {
            io.emit("missed", number);
        }

        if comes_back {
            let mut client = session.resume(&host).await;
            assert_eq!(session.next(&mut client).await, r#"42["missed",0]"#);
        } else {
            session.fail_to_resume(&host).await;
        }
    }
}

#[tokio::test]
async fn bytes_and_sessions_are_bounded_too() {
    let recovery = Recovery::new().max_bytes(20_000).max_sessions(2);
    let io = recovering(recovery).build();
    answering(&io);
    let host = Host::tcp(&io).await;

    let session = cut_after_one_event(&io, &host).await;
    io.emit("missed", "x".repeat(30_000));
    session.fail_to_resume(&host).await;

    let oldest = cut_after_one_event(&io, &host).await;
    let second = cut_after_one_event(&io, &host).await;
    let third = cut_after_one_event(&io, &host).await;
    let _second = second.resume(&host).await;
    let _third = third.resume(&host).await;
    oldest.fail_to_resume(&host).await;
}

#[tokio::test(start_paused = true)]
async fn packets_are_kept_for_the_age_of_the_option_and_no_longer() {
    let recovery = Recovery::new().max_age(Duration::from_secs(5));
    let io = recovering(recovery).build();
    answering(&io);
    let host = Host::memory(&io);
    for (age, comes_back) in [(4_990, true), (5_010, false)] {
        let mut session = cut_after_one_event(&io, &host).await;
        io.emit("missed", 1);
        tokio::time::advance(Duration::from_millis(age)).await;

        if comes_back {
            let mut client = session.resume(&host).await;
            assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
        } else {
            session.fail_to_resume(&host).await;
        }
    }
}

#[tokio::test]
async fn an_emit_to_a_socket_that_is_gone_for_good_is_an_error() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    let socket = io.socket(&session.id).expect("it is connected");
    client.send("41").await;
    reasons.next().await;

    assert_eq!(
        socket.try_emit("late", ()),
        Err(roomcast::EmitError::Disconnected)
    );
}

#[tokio::test]
async fn the_handle_of_the_old_socket_reaches_the_client_that_has_come_back() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    let old = io.socket(&session.id).expect("it is connected");
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    old.emit("late", 1);
    old.leave(session.id.as_str());

    assert_eq!(session.next(&mut client).await, r#"42["late",1]"#);
    assert!(old.rooms().is_empty());
    assert_eq!(io.room_len(&session.id), 1);
}

#[tokio::test(start_paused = true)]
async fn an_empty_child_namespace_stays_as_long_as_somebody_may_come_back() {
    let recovery = Recovery::new().max_disconnection_duration(Duration::from_secs(10));
    let io = recovering(recovery)
        .cleanup_empty_child_namespaces()
        .build();
    let parent = io
        .of_pattern("^/game-[0-9]+$")
        .expect("the pattern is right");
    let mut reasons = {
        let (teller, heard) = channel();
        parent.on_disconnect(move |socket: Socket| teller.tell(socket.id()));
        heard
    };
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    client.send("40/game-1,").await;
    let session = Session::connected(&client.next_text().await.replace("/game-1,", ""));
    drop(client);
    reasons.next().await;
    assert!(io.namespaces().iter().any(|name| &**name == "/game-1"));

    let mut client = host.websocket().await;
    client
        .send(&session.claim().replacen("40", "40/game-1,", 1))
        .await;
    client
        .expect(&session.given_back().replacen("40", "40/game-1,", 1))
        .await;
    drop(client);
    reasons.next().await;
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert!(!io.namespaces().iter().any(|name| &**name == "/game-1"));
}
