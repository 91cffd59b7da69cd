//! What was emitted to a room before a socket joined it. Spec: features N6.

use std::time::Duration;

use roomcast::recovery::{History, Recovery};
use roomcast::{Server, Socket, value};

#[cfg(feature = "redb")]
use crate::support::within;
use crate::support::{Host, Session, answering, reasons};

fn server(recovery: Recovery) -> Server {
    let io = Server::builder()
        .connection_state_recovery(recovery)
        .build();
    answering(&io);
    io.on("join", |socket: Socket, room: String, count: usize| {
        socket.join_with_history(&room, History::last(count))
    });
    io.on("more", |socket: Socket, room: String, count: usize| {
        socket.send_history(&room, History::last(count))
    });
    io.on("enter", |socket: Socket, room: String| socket.join(room));
    io
}

// N6: room history and replay with limits, on join or on request.

#[tokio::test]
async fn who_joins_gets_the_last_events_of_the_room_in_order_and_then_what_is_new() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    for number in 1..=5 {
        io.to("red").emit("news", number);
        io.to("blue").emit("news", "of another room");
        io.emit("news", "for everyone");
    }
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;

    client.send(r#"420["join","red",3]"#).await;
    for number in 3..=5 {
        assert_eq!(
            session.next(&mut client).await,
            format!(r#"42["news",{number}]"#)
        );
    }
    client.expect("430[3]").await;
    io.to("red").emit("news", 6);
    assert_eq!(session.next(&mut client).await, r#"42["news",6]"#);
}

#[tokio::test]
async fn who_asks_gets_the_history_again_and_of_rooms_it_is_not_in() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    io.to("red")
        .emit("file", ("a", bytes::Bytes::from_static(b"\x01")));
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;

    for id in 0..2 {
        client.send(&format!(r#"42{id}["more","red",10]"#)).await;
        assert_eq!(
            session.next(&mut client).await,
            r#"451-["file","a",{"_placeholder":true,"num":0}]"#
        );
        client.expect_binary(b"\x01").await;
        client.expect(&format!("43{id}[1]")).await;
    }
    client.send(r#"422["more","green",10]"#).await;
    client.expect("432[0]").await;
}

#[tokio::test]
async fn who_is_in_the_room_already_gets_no_history_by_joining() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    io.to("red").emit("news", 1);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"420["join","red",10]"#).await;
    session.next(&mut client).await;
    client.expect("430[1]").await;

    client.send(r#"421["join","red",10]"#).await;
    client.expect("431[0]").await;
}

#[tokio::test]
async fn events_that_left_the_socket_out_are_not_in_its_history() {
    let io = server(Recovery::new());
    io.on("post", |socket: Socket, text: String| {
        socket.to("red").emit("post", text);
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["post","my own"]"#).await;
    client.expect_alive().await;
    io.to("red").emit("post", "another's");

    client.send(r#"420["join","red",10]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["post","another's"]"#);
    client.expect("430[1]").await;
}

#[tokio::test]
async fn history_moves_no_client_back_so_nothing_comes_twice_after_a_cut() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    io.to("red").emit("news", 1);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    io.emit("between", ());
    session.next(&mut client).await;
    client.send(r#"420["join","red",10]"#).await;
    session.next(&mut client).await;
    client.expect("430[1]").await;
    drop(client);
    reasons.next().await;
    io.emit("missed", ());

    let mut client = session.resume(&host).await;
    assert_eq!(session.next(&mut client).await, r#"42["missed"]"#);
    client.expect_alive().await;
}

#[tokio::test]
async fn history_that_did_not_arrive_is_missed_like_anything_else() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    for number in 1..=3 {
        io.to("red").emit("news", number);
    }
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["join","red",10]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["news",1]"#);
    // The other two are lost on their way.
    drop(client);
    reasons.next().await;

    let mut client = session.resume(&host).await;
    assert_eq!(session.next(&mut client).await, r#"42["news",2]"#);
    assert_eq!(session.next(&mut client).await, r#"42["news",3]"#);
    client.expect_alive().await;
}

/// A client that has received nothing, since all that it was sent was lost, enters the room `red`
/// behind what these packets say.
async fn cut_before_history(io: &Server, host: &Host, packets: &[&str]) -> Session {
    let mut reasons = reasons(io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    for number in 1..=2 {
        io.to("red").emit("news", number);
    }
    io.emit("between", ());
    for packet in packets {
        client.send(packet).await;
    }
    client.send(r#"427["alive"]"#).await;
    while client.next_text().await != r#"437["yes"]"# {}
    io.to("red").emit("news", 3);
    drop(client);
    assert_eq!(reasons.next().await, "transport close");
    session
}

#[tokio::test]
async fn history_that_was_lost_with_the_connection_comes_once_and_in_its_place() {
    for packets in [
        &[r#"42["join","red",10]"#] as &[&str],
        // What is in the history is no reason to get it twice, however the client came into the room.
        &[r#"42["enter","red"]"#, r#"42["more","red",10]"#],
        &[r#"42["more","red",10]"#, r#"42["enter","red"]"#],
    ] {
        let io = server(Recovery::new());
        let host = Host::tcp(&io).await;
        let mut session = cut_before_history(&io, &host, packets).await;
        let mut ends = reasons(&io);

        let mut client = session.resume(&host).await;
        assert_eq!(session.next(&mut client).await, r#"42["between"]"#);
        assert_eq!(session.next(&mut client).await, r#"42["news",1]"#);
        // The connection breaks again, in the middle of it.
        drop(client);
        ends.next().await;
        let mut client = session.resume(&host).await;
        assert_eq!(session.next(&mut client).await, r#"42["news",2]"#);
        assert_eq!(session.next(&mut client).await, r#"42["news",3]"#);
        client.expect_alive().await;
    }
}

#[tokio::test]
async fn what_was_lost_and_is_not_in_the_history_comes_all_the_same() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let packets = [r#"42["enter","red"]"#, r#"42["more","red",1]"#];
    let mut session = cut_before_history(&io, &host, &packets).await;

    let mut client = session.resume(&host).await;

    for packet in [r#"42["news",1]"#, r#"42["between"]"#, r#"42["news",2]"#] {
        assert_eq!(session.next(&mut client).await, packet);
    }
    assert_eq!(session.next(&mut client).await, r#"42["news",3]"#);
    client.expect_alive().await;
}

#[cfg(feature = "redb")]
#[tokio::test]
async fn history_that_was_lost_comes_once_from_the_file_too() {
    use roomcast::recovery::{LogError, RedbLog};

    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("log.redb");
    let on_file = || {
        let log = RedbLog::open(&path).expect("the file is a log or new");
        server(Recovery::new().log(log))
    };
    let io = on_file();
    let host = Host::tcp(&io).await;
    let packets = [r#"42["join","red",10]"#];
    let mut session = cut_before_history(&io, &host, &packets).await;
    drop(host);
    io.close().await;
    drop(io);
    let closed = async {
        while matches!(RedbLog::open(&path), Err(LogError::InUse { .. })) {
            tokio::task::yield_now().await;
        }
    };
    within("the file to be closed", closed).await;
    let io = on_file();
    let host = Host::tcp(&io).await;

    let mut client = session.resume(&host).await;

    for packet in [r#"42["between"]"#, r#"42["news",1]"#, r#"42["news",2]"#] {
        assert_eq!(session.next(&mut client).await, packet);
    }
    assert_eq!(session.next(&mut client).await, r#"42["news",3]"#);
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn history_goes_back_so_many_seconds_and_no_further() {
    let io = server(Recovery::new().max_age(Duration::from_secs(60)));
    for number in 0..4 {
        io.to("red").emit("news", number);
        tokio::time::advance(Duration::from_secs(10)).await;
    }

    let within = |seconds| {
        let past = io.history("red", History::within(Duration::from_secs(seconds)));
        past.iter()
            .map(|event| event.args()[0].clone())
            .collect::<Vec<_>>()
    };
    assert!(within(9).is_empty());
    assert_eq!(within(10), [value!(3)]);
    assert_eq!(within(29), [value!(2), value!(3)]);
    assert_eq!(within(100), [value!(0), value!(1), value!(2), value!(3)]);
    let last = io.history("red", History::within(Duration::from_secs(100)).at_most(1));
    assert_eq!(
        (last[0].event(), last[0].age()),
        ("news", Duration::from_secs(10))
    );
    assert_eq!(last.len(), 1);
}

#[tokio::test]
async fn without_recovery_a_room_has_no_history() {
    let io = Server::new();
    io.on("join", |socket: Socket| {
        socket.join_with_history("red", History::last(10))
            + socket.send_history("red", History::last(10))
    });
    io.to("red").emit("news", 1);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"420["join"]"#).await;
    client.expect("430[0]").await;
    assert_eq!(io.room_len("red"), 1);
    assert!(io.history("red", History::last(10)).is_empty());
}
