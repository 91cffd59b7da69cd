//! Recovery where the official server fails: positions that hold. Spec: features N1, N2, N3.

use roomcast::recovery::Recovery;
use roomcast::{Server, ServerBuilder, Socket};

use crate::support::{Host, Session, answering, reasons};

fn server(recovery: Recovery) -> Server {
    let builder: ServerBuilder = Server::builder().connection_state_recovery(recovery);
    let io = builder.build();
    answering(&io);
    io.on("join", |socket: Socket, room: String| socket.join(room));
    io
}

// N1: recovery when nothing was received yet. The official client leaves `offset` out of its CONNECT then.

#[tokio::test]
async fn a_client_that_has_received_nothing_gets_everything_since_it_connected() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    io.emit("before", 1);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    assert_eq!(session.offset, None);
    drop(client);
    reasons.next().await;
    io.emit("missed", 1);

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
    client.expect_alive().await;
}

#[tokio::test]
async fn a_client_that_is_cut_twice_before_it_receives_anything_stands_where_it_began() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    drop(client);
    reasons.next().await;
    io.emit("missed", 1);
    // What is sent to this connection does not arrive.
    drop(session.resume(&host).await);
    reasons.next().await;

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
}

// N2: a volatile event never breaks recovery, though the client takes a text at its end for its offset.

#[tokio::test]
async fn volatile_events_that_end_in_a_text_carry_the_offset_of_now() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    for emit in [
        |io: &Server| io.volatile().emit("status", "connected"),
        |io: &Server| io.sockets()[0].volatile().emit("status", "connected"),
    ] {
        client.expect_alive().await;
        emit(&io);
        assert_eq!(
            session.next(&mut client).await,
            r#"42["status","connected"]"#
        );
    }
    // The name of the event is a text at its end, too.
    client.expect_alive().await;
    io.volatile().emit("tick", ());
    assert_eq!(session.next(&mut client).await, r#"42["tick"]"#);
    drop(client);
    reasons.next().await;
    io.emit("missed", 1);

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
    client.expect_alive().await;
}

#[tokio::test]
async fn volatile_events_that_end_in_something_else_stay_as_they_are() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    Session::begin(&mut client).await;

    for (args, packet) in [
        (roomcast::value!(1), r#"42["v",1]"#),
        (roomcast::value!({ "text": "a" }), r#"42["v",{"text":"a"}]"#),
        (roomcast::value!(["a"]), r#"42["v",["a"]]"#),
        (roomcast::Value::Null, r#"42["v",null]"#),
    ] {
        client.expect_alive().await;
        io.volatile().emit("v", args);
        client.expect(packet).await;
    }
}

#[tokio::test]
async fn a_volatile_event_in_front_of_a_missed_one_does_not_hide_it() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.expect_alive().await;
    io.volatile().emit("status", "a");
    session.next(&mut client).await;
    let before = session.clone();
    io.emit("lost", 1);
    client.next_text().await;
    drop(client);
    reasons.next().await;

    let mut client = before.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["lost",1]"#);
}

// N3: a quiet connection keeps its position, however much others have received meanwhile.

#[tokio::test]
async fn a_quiet_client_comes_back_though_its_last_packet_is_long_forgotten() {
    let io = server(Recovery::new().max_packets(10));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["echo",0]"#).await;
    session.next(&mut client).await;
    for number in 0..1000 {
        io.to("others").emit("noise", number);
    }
    drop(client);
    reasons.next().await;
    io.emit("missed", 1);

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
    client.expect_alive().await;
}

#[tokio::test]
async fn a_quiet_client_that_has_received_nothing_comes_back_too() {
    let io = server(Recovery::new().max_packets(10));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    for number in 0..1000 {
        io.to("others").emit("noise", number);
    }
    drop(client);
    reasons.next().await;

    session.resume(&host).await.expect_alive().await;
}

#[tokio::test]
async fn a_client_for_which_a_forgotten_packet_was_begins_a_new_session() {
    let io = server(Recovery::new().max_packets(10));
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let session = Session::begin(&mut client).await;
    io.emit("lost", 1);
    for number in 0..1000 {
        io.to("others").emit("noise", number);
    }
    drop(client);
    reasons.next().await;

    session.fail_to_resume(&host).await;
}

#[tokio::test]
async fn packets_from_before_a_client_joined_a_room_are_not_replayed_if_nothing_else_was_lost() {
    let io = server(Recovery::new());
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    io.to("red").emit("before", 1);
    client.send(r#"42["join","red"]"#).await;
    client.expect_alive().await;
    drop(client);
    reasons.next().await;
    io.to("red").emit("missed", 1);

    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
}
