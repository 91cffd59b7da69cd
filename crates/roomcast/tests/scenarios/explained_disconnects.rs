//! What was behind a disconnection: for handlers, logs, counts and, on request, the client. Spec: features N9, 3.7.

use std::time::Duration;

use roomcast::{
    DisconnectCause, DisconnectReason, OutboxPolicy, Parser, Server, ServerBuilder, Socket,
};

use crate::support::{Heard, Host, WebSocket, answering, channel, idle, socket};

/// A server that tells its clients why, and what it told the disconnect handlers.
fn explaining(builder: ServerBuilder) -> (Server, Heard<(&'static str, DisconnectCause)>) {
    let io = builder.explain_disconnects("why").build();
    (io.clone(), causes(&io))
}

fn causes(io: &Server) -> Heard<(&'static str, DisconnectCause)> {
    let (teller, heard) = channel();
    answering(io);
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason.as_str(), cause));
    });
    heard
}

/// The causes that were counted, with their counts.
fn counts(io: &Server) -> Vec<(&'static str, u64)> {
    let mut counts = io.engine().disconnect_counts();
    counts.retain(|(_, count)| *count > 0);
    counts
}

/// The payload of the close frame that comes next, and the end of the connection.
async fn close_frame(client: &mut WebSocket) -> Vec<u8> {
    let (first, payload) = client.read().await.expect("the server says goodbye");
    assert_eq!(first, 0x88, "a close frame");
    assert!(client.read().await.is_none(), "the connection ends");
    payload
}

#[tokio::test]
async fn an_oversized_message_is_named_with_its_limit_to_handlers_and_client() {
    let (io, mut causes) = explaining(Server::builder().max_http_buffer_size(100));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(&"x".repeat(101)).await;

    let told = r#"42["why",{"cause":"oversize","message":"a message was larger than 100 bytes"}]"#;
    client.expect(told).await;
    assert_eq!(close_frame(&mut client).await, b"\x03\xf1oversize");
    let cause = DisconnectCause::Oversize { max_bytes: 100 };
    assert_eq!(causes.next().await, ("transport error", cause));
    assert_eq!(counts(&io), [("oversize", 1)]);
}

#[tokio::test]
async fn a_parse_error_is_named_with_what_is_wrong() {
    let (io, mut causes) = explaining(Server::builder());
    let host = Host::tcp(&io).await;
    // Engine.IO first, then Socket.IO.
    for (packet, reason, detail) in [
        (
            "9",
            "parse error",
            "'9' is no packet type, expected '0' to '6' or 'b'",
        ),
        ("42[", "forced close", "invalid payload"),
    ] {
        let mut client = host.joined().await;
        client.send(packet).await;

        let told = format!(r#"42["why",{{"cause":"parse-error","message":"{detail}"}}]"#);
        client.expect(&told).await;
        assert_eq!(close_frame(&mut client).await, b"\x03\xf0parse-error");
        let cause = DisconnectCause::Parse(detail.into());
        assert_eq!(causes.next().await, (reason, cause));
    }
    assert_eq!(counts(&io), [("parse-error", 2)]);
}

#[tokio::test]
async fn a_broken_rule_is_named_and_each_socket_of_the_client_is_told() {
    let (io, mut causes) = explaining(Server::builder());
    io.of("/other");
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/other").await;

    client.send("40").await;

    let mut told = [client.next_text().await, client.next_text().await];
    told.sort();
    let explanation = r#"{"cause":"protocol","message":"namespace / is already joined"}"#;
    let expected = [
        format!(r#"42/other,["why",{explanation}]"#),
        format!(r#"42["why",{explanation}]"#),
    ];
    assert_eq!(told, expected);
    let cause = DisconnectCause::Protocol("namespace / is already joined".into());
    assert_eq!(causes.next().await, ("forced server close", cause));
    assert_eq!(close_frame(&mut client).await, b"\x03\xf0protocol");
}

#[tokio::test]
async fn a_limit_is_named() {
    let (io, mut causes) = explaining(Server::builder().max_attachments(1).max_namespaces(1));
    io.of("/other");
    let host = Host::tcp(&io).await;
    for (packet, reason, detail) in [
        (r#"452-["x"]"#, "forced close", "too many attachments"),
        ("40/other,", "forced server close", "more than 1 namespaces"),
    ] {
        let mut client = host.joined().await;
        client.send(packet).await;

        let (found, cause) = causes.next().await;
        assert_eq!(found, reason);
        let DisconnectCause::Limit(limit) = cause else {
            panic!("{cause:?} is no limit");
        };
        assert!(limit.contains(detail), "{limit}");
        let told = format!(r#"42["why",{{"cause":"limit","message":"{limit}"}}]"#);
        client.expect(&told).await;
        assert_eq!(close_frame(&mut client).await, b"\x03\xf0limit");
    }
    assert_eq!(counts(&io), [("limit", 2)]);
}

#[tokio::test]
async fn a_limit_of_the_other_parser_is_named_as_well() {
    let builder = Server::builder().parser(Parser::MessagePack);
    let (io, mut causes) = explaining(builder.max_elements(4));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send_binary(b"\x82\xa4type\x00\xa3nsp\xa1/").await;
    client.next().await;

    // {type: 2, data: ["x", [1, 2, 3]], nsp: "/"}
    client
        .send_binary(b"\x83\xa4type\x02\xa4data\x92\xa1x\x93\x01\x02\x03\xa3nsp\xa1/")
        .await;

    let (_, cause) = causes.next().await;
    assert_eq!(cause.as_str(), "limit");
    client.next().await;
    assert_eq!(close_frame(&mut client).await, b"\x03\xf0limit");
    assert_eq!(counts(&io), [("limit", 1)]);
}

#[tokio::test]
async fn a_slow_reader_is_told_if_it_reads_again_in_time() {
    let builder = Server::builder().max_outbox(1_000_000, OutboxPolicy::Disconnect);
    let (io, mut causes) = explaining(builder);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let text = "x".repeat(60_000);

    while socket.try_emit("big", &text).is_ok() {
        tokio::task::yield_now().await;
    }
    let (reason, cause) = causes.next().await;
    assert_eq!(reason, "outbox full");
    let DisconnectCause::SlowReader { pending_bytes } = cause else {
        panic!("{cause:?} is no slow reader");
    };
    assert!(pending_bytes > 1_000_000, "{pending_bytes}");

    let mut packet = client.next_text().await;
    while packet.starts_with(r#"42["big","#) {
        packet = client.next_text().await;
    }
    let detail = format!("the client read too slowly: {pending_bytes} bytes waited for it");
    let told = format!(r#"42["why",{{"cause":"slow-reader","message":"{detail}"}}]"#);
    assert_eq!(packet, told);
    assert_eq!(close_frame(&mut client).await, b"\x03\xf0slow-reader");
    assert_eq!(counts(&io), [("slow-reader", 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_is_told_over_both_transports() {
    let (io, mut causes) = explaining(Server::builder());
    let host = Host::memory(&io);
    let mut websocket = host.joined().await;
    let polling = host.joined_polling().await;
    let getting = polling.start_get();
    idle().await;

    let server = io.clone();
    let closing = tokio::spawn(async move { server.close().await });
    let told = r#"42["why",{"cause":"shutdown","message":"the server is shutting down"}]"#;
    websocket.expect(told).await;
    assert_eq!(close_frame(&mut websocket).await, b"\x03\xe9shutdown");
    let answer = getting.answer().await;
    assert_eq!(answer.summary(), (200, &*format!("{told}\x1e1")));
    for _ in 0..2 {
        let told = ("server shutting down", DisconnectCause::Shutdown);
        assert_eq!(causes.next().await, told);
    }
    closing.await.expect("the server ends");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_heartbeat_is_told_all_the_same() {
    let (io, mut causes) = explaining(Server::builder());
    let host = Host::memory(&io);
    let mut client = host.joined().await;

    client.expect("2").await;
    let told = r#"42["why",{"cause":"heartbeat-timeout","message":"a heartbeat was not answered in time"}]"#;
    client.expect(told).await;
    assert_eq!(close_frame(&mut client).await, b"\x03\xf0heartbeat-timeout");
    let told = ("ping timeout", DisconnectCause::HeartbeatTimeout);
    assert_eq!(causes.next().await, told);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_joins_nothing_is_told_whether_it_was_refused() {
    let (io, _) = explaining(Server::builder().connect_timeout(Duration::from_secs(3)));
    io.middleware(|| Err::<(), _>("no"));
    let host = Host::memory(&io);

    let mut idler = host.websocket().await;
    assert_eq!(close_frame(&mut idler).await, b"\x03\xf0connect-timeout");

    let mut refused = host.websocket().await;
    refused.send("40").await;
    refused.expect(r#"44{"message":"no"}"#).await;
    assert_eq!(close_frame(&mut refused).await, b"\x03\xf0refused");
    assert_eq!(counts(&io), [("connect-timeout", 1), ("refused", 1)]);
}

#[tokio::test]
async fn a_panic_names_the_event_and_the_connection_stays() {
    let (io, mut causes) = explaining(Server::builder());
    io.on("boom", || -> () { panic!("on purpose") });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["boom"]"#).await;

    let told = r#"42["why",{"cause":"panic","message":"a handler of \"boom\" failed"}]"#;
    client.expect(told).await;
    client.expect("41").await;
    let cause = DisconnectCause::Panic {
        event: "boom".into(),
    };
    assert_eq!(causes.next().await, ("server namespace disconnect", cause));
    client.join("/").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn the_application_and_the_client_are_told_apart() {
    let (io, mut causes) = explaining(Server::builder());
    io.on("bye", |socket: Socket| socket.disconnect_and_close());
    let host = Host::tcp(&io).await;

    let mut client = host.joined().await;
    client.send(r#"42["bye"]"#).await;
    let told = r#"42["why",{"cause":"application","message":"the application closed it"}]"#;
    client.expect(told).await;
    client.expect("41").await;
    assert_eq!(close_frame(&mut client).await, b"\x03\xe8application");
    let cause = DisconnectCause::Application;
    assert_eq!(causes.next().await, ("server namespace disconnect", cause));

    let mut client = host.joined().await;
    client.send("41").await;
    let left = ("client namespace disconnect", DisconnectCause::Client);
    assert_eq!(causes.next().await, left);

    let mut closing = host.joined().await;
    closing.send_frame(0x88, &[0x03, 0xe8]).await;
    closing.expect_close(Some(1000)).await;
    let closed = ("transport close", DisconnectCause::Client);
    assert_eq!(causes.next().await, closed);

    drop(host.joined().await);
    let lost = ("transport close", DisconnectCause::ConnectionLost);
    assert_eq!(causes.next().await, lost);
}

/// A probe that fails says nothing of the session, which lives on.
#[tokio::test(start_paused = true)]
async fn a_broken_probe_is_not_blamed_for_a_later_end() {
    let (io, mut causes) = explaining(Server::builder());
    let host = Host::memory(&io);
    let client = host.joined_polling().await;
    let mut probe = WebSocket::probe(&host, &client.sid).await;
    probe.send("9").await;
    probe.expect_closed().await;

    client.send("1").await;
    let closed = ("transport close", DisconnectCause::Client);
    assert_eq!(causes.next().await, closed);
}

#[tokio::test]
async fn without_the_option_the_client_gets_the_official_bytes() {
    let io = Server::new();
    let mut causes = causes(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("42[").await;
    client.expect_closed().await;
    let cause = DisconnectCause::Parse("invalid payload".into());
    assert_eq!(causes.next().await, ("forced close", cause));
}

#[test]
#[should_panic = r#""disconnect" is a reserved event name"#]
fn an_explanation_cannot_be_a_reserved_event() {
    drop(Server::builder().explain_disconnects("disconnect"));
}
