//! Sessions over WebTransport. Spec: features 1.8 and 11, 14.

use std::time::Duration;

use roomcast::webtransport::Certificate;
use roomcast::{DisconnectCause, DisconnectReason, OutboxPolicy, Server, Transport};
use wtransport::tls::Sha256Digest;

use crate::support::webtransport::{Quic, certificate, expect_closed, listen, text};
use crate::support::{answering, channel, reasons, tasks, within};

fn builder() -> roomcast::ServerBuilder {
    Server::builder().transports([
        Transport::Polling,
        Transport::WebSocket,
        Transport::WebTransport,
    ])
}

fn server() -> Server {
    let io = builder().build();
    answering(&io);
    io
}

#[tokio::test]
async fn a_session_begins_with_its_open_packet() {
    let io = server();
    let quic = Quic::of(&io).await;

    let mut client = quic.begin(b"\x010").await;
    let (first, open) = client.next().await;
    let open = String::from_utf8(open).expect("it is text");
    let rest = open.split_at(r#"0{"sid":"12345678901234567890"#.len()).1;
    assert_eq!(usize::from(first), open.len());
    assert_eq!(
        rest,
        r#"","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
    assert_eq!(io.engine().clients_count(), 1);
}

#[tokio::test]
async fn the_initial_packet_follows_the_open_packet() {
    let io = builder().initial_packet("hello").build();
    let quic = Quic::of(&io).await;

    let mut client = quic.session().await;
    client.expect_bytes(b"\x064hello").await;
}

#[tokio::test]
async fn events_and_their_answers_are_frames_with_their_length() {
    let quic = Quic::of(&server()).await;
    let mut client = quic.joined().await;

    client.write(b"\x0f42[\"echo\",\"hi\"]").await;
    client.expect_bytes(b"\x0f42[\"echo\",\"hi\"]").await;
    client.write(b"\x0c423[\"alive\"]").await;
    client.expect_bytes(b"\x0a433[\"yes\"]").await;
}

#[tokio::test]
async fn a_header_of_each_length_is_read_and_written() {
    let quic = Quic::of(&server()).await;
    let mut client = quic.joined().await;

    for (len, header) in [
        (125, &b"\x7d"[..]),
        (126, b"\x7e\x00\x7e"),
        (65535, b"\x7e\xff\xff"),
        (65536, b"\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        (900_000, b"\x7f\x00\x00\x00\x00\x00\x0d\xbb\xa0"),
    ] {
        let packet = format!(
            r#"42["echo","{}"]"#,
            "x".repeat(len - r#"42["echo",""]"#.len())
        );
        let frame = [header, packet.as_bytes()].concat();

        client.write(&frame).await;
        client.expect_bytes(&frame).await;
    }
}

#[tokio::test]
async fn attachments_are_frames_with_the_first_bit_set() {
    let quic = Quic::of(&server()).await;
    let mut client = quic.joined().await;
    let event = r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let bytes = [&b"\xfe\x01\x2c"[..], &[7; 300]].concat();
    let frames = [&text(event)[..], b"\x83\x00\xff\x01", &bytes].concat();

    client.write(&frames).await;
    client.expect_bytes(&frames).await;
}

#[tokio::test]
async fn an_empty_attachment_is_sent_as_the_letter_b() {
    let io = server();
    io.on("empty", |socket: roomcast::Socket| {
        socket.emit("empty", bytes::Bytes::new());
    });
    let quic = Quic::of(&io).await;
    let mut client = quic.joined().await;

    client.send(r#"42["empty"]"#).await;
    client
        .expect(r#"451-["empty",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_bytes(b"\x01b").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn frames_that_come_in_pieces_are_read() {
    let quic = Quic::of(&server()).await;
    let mut client = quic.joined().await;
    let event = format!(r#"42["echo","{}"]"#, "x".repeat(200));

    for byte in text(&event) {
        client.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    client.expect(&event).await;
}

#[tokio::test]
async fn packets_right_behind_the_first_one_are_read() {
    let quic = Quic::of(&server()).await;

    let mut client = quic.begin(b"\x010\x0240\x0c423[\"alive\"]").await;
    assert!(client.next_text().await.starts_with("0{"));
    assert!(client.next_text().await.starts_with("40{"));
    client.expect(r#"433["yes"]"#).await;
}

#[tokio::test]
async fn a_frame_of_no_length_closes_with_a_parse_error() {
    for frame in [
        &b"\x00"[..],
        b"\x80",
        b"\x7e\x00\x00",
        b"\x7f\x00\x00\x00\x00\x00\x00\x00\x00",
    ] {
        let io = server();
        let mut reasons = reasons(&io);
        let quic = Quic::of(&io).await;
        let mut client = quic.joined().await;

        client.write(frame).await;
        assert_eq!(reasons.next().await, "parse error");
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_before_its_payload_comes() {
    let io = builder().max_http_buffer_size(300).build();
    answering(&io);
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;

    let mut client = quic.joined().await;
    let packet = format!(r#"42["echo","{}"]"#, "x".repeat(287));
    assert_eq!(packet.len(), 300);
    client.send(&packet).await;
    client.expect(&packet).await;
    client.write(b"\x7e\x01\x2d").await;
    assert_eq!(reasons.next().await, "parse error");
    client.expect_closed().await;

    for header in [
        &b"\xfe\x01\x2d"[..],
        b"\x7f\x00\x00\x00\x00\x00\x00\x01\x2d",
        b"\x7f\x00\x20\x00\x00\x00\x00\x00\x00", // 2^53
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut client = quic.joined().await;
        client.write(header).await;
        assert_eq!(reasons.next().await, "parse error", "{header:?}");
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn what_is_no_packet_closes_with_a_parse_error() {
    let io = server();
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;
    let mut client = quic.joined().await;

    client.write(b"\x019").await;
    assert_eq!(reasons.next().await, "parse error");
    client.expect_closed().await;
    quic.expect_alive().await;
}

#[tokio::test]
async fn a_ping_is_answered_and_its_lack_closes() {
    let io = builder()
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_millis(200))
        .build();
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;
    let mut client = quic.joined().await;

    for _ in 0..3 {
        client.expect_bytes(b"\x012").await;
        client.write(b"\x013").await;
    }
    client.expect_bytes(b"\x012").await;
    assert_eq!(reasons.next().await, "ping timeout");
    client.expect_closed().await;
}

#[tokio::test]
async fn everything_that_was_sent_leaves_before_the_server_closes() {
    let io = server();
    io.on("burst", |socket: roomcast::Socket| {
        for number in 0..5000 {
            socket.emit("burst", number);
        }
        socket.disconnect_and_close();
    });
    let quic = Quic::of(&io).await;
    let mut client = quic.joined().await;

    client.send(r#"42["burst"]"#).await;
    for number in 0..5000 {
        client.expect(&format!(r#"42["burst",{number}]"#)).await;
    }
    client.expect("41").await;
    client.expect_closed().await;
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test]
async fn each_way_to_leave_ends_the_session_with_transport_close() {
    let io = server();
    let (teller, mut ends) = channel();
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason.as_str(), cause));
    });
    let left = ("transport close", DisconnectCause::Client);
    let lost = ("transport close", DisconnectCause::ConnectionLost);
    let quic = Quic::of(&io).await;

    let mut client = quic.joined().await;
    client.request.0.finish().expect("it is open");
    assert_eq!(ends.next().await, left);

    let mut client = quic.joined().await;
    let capsule = b"\x00\x0b\x68\x43\x08\x00\x00\x00\x00ciao";
    client
        .request
        .0
        .write_all(capsule)
        .await
        .expect("it is open");
    client.request.0.finish().expect("it is open");
    assert_eq!(ends.next().await, left);

    let mut client = quic.joined().await;
    client.send.finish().expect("it is open");
    assert_eq!(ends.next().await, left);

    let mut client = quic.joined().await;
    client.send.reset(0u32.into()).expect("it is open");
    assert_eq!(ends.next().await, lost);

    quic.joined().await.connection.close(0x100u32.into(), b"");
    assert_eq!(ends.next().await, left);

    quic.joined().await.connection.close(0x10cu32.into(), b"");
    assert_eq!(ends.next().await, lost);
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test]
async fn capsules_that_close_nothing_are_ignored() {
    let quic = Quic::of(&server()).await;
    let mut client = quic.joined().await;

    let drain = b"\x00\x05\x80\x00\x78\xae\x00";
    client.request.0.write_all(drain).await.expect("it is open");
    client.expect_alive().await;
}

#[tokio::test]
async fn closing_the_server_ends_its_sessions_and_frees_its_port() {
    let io = server();
    let mut reasons = reasons(&io);
    let (certificate, known) = certificate();
    let listening = listen(&io, certificate).await;
    let address = listening.local_addr().expect("it is bound");
    let running = tokio::spawn(listening.run());
    let client = Quic::at(address, &known).joined().await;

    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    assert_eq!(reasons.next().await, "server shutting down");
    client.expect_closed().await;
    within("the end of the server", closing)
        .await
        .expect("it does not panic");
    within("the end of the listener", running)
        .await
        .expect("it does not panic")
        .expect("it was not in trouble");
    std::net::UdpSocket::bind(address).expect("the port is free again");
}

#[tokio::test]
async fn a_dropped_listener_leaves_its_sessions_and_its_port_is_free_after_them() {
    let io = server();
    let (certificate, known) = certificate();
    let listening = listen(&io, certificate).await;
    let address = listening.local_addr().expect("it is bound");
    let certificates = listening.certificates();
    let running = tokio::spawn(listening.run());
    let mut client = Quic::at(address, &known).joined().await;

    running.abort();
    assert!(running.await.expect_err("it was dropped").is_cancelled());
    client.expect_alive().await;
    client.connection.close(0x100u32.into(), b"");
    let free = async {
        while std::net::UdpSocket::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    };
    within("the port", free).await;
    let another = crate::support::webtransport::certificate().0;
    certificates.replace(another).expect("it is a certificate");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_at_the_limit_of_its_outbox() {
    let io = builder()
        .max_outbox(1_000_000, OutboxPolicy::Disconnect)
        .build();
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;
    let _silent = quic.joined().await;

    let line = "x".repeat(10_000);
    while reasons.so_far().is_empty() {
        io.emit("line", &line);
        tokio::task::yield_now().await;
    }
    assert_eq!(io.engine().clients_count(), 0);
}

/// Its connection lives: QUIC itself is answered.
#[tokio::test]
async fn a_client_that_reads_nothing_does_not_hold_up_the_end_of_its_connection() {
    let io = builder()
        .max_outbox(1_000_000, OutboxPolicy::Disconnect)
        .build();
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;
    let silent = quic.joined().await;
    let with_it = tasks();

    let line = "x".repeat(10_000);
    while reasons.so_far().is_empty() {
        io.emit("line", &line);
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    expect_closed(&silent.connection, 0x100).await;
    let task_ends = async {
        while tasks() >= with_it {
            tokio::task::yield_now().await;
        }
    };
    within("the end of its task", task_ends).await;
}

#[tokio::test]
async fn a_broadcast_reaches_clients_of_every_transport() {
    let io = server();
    let host = crate::support::Host::tcp(&io).await;
    let quic = Quic::of(&io).await;
    let mut webtransport = quic.joined().await;
    let mut websocket = host.joined().await;
    let mut polling = host.joined_polling().await;

    io.emit("news", 1);
    webtransport.expect(r#"42["news",1]"#).await;
    websocket.expect(r#"42["news",1]"#).await;
    polling.expect(r#"42["news",1]"#).await;
}

/// wtransport 0.7 takes a certificate by its hash as browsers do: of the curve P-256, and for at most
/// 14 days.
#[tokio::test]
async fn a_client_that_knows_the_hash_of_a_self_signed_certificate_connects() {
    let io = server();
    let mut reasons = reasons(&io);
    let certificate = Certificate::self_signed(["localhost"]).expect("it is a host name");
    let hash = Sha256Digest::new(certificate.sha256());
    let listening = listen(&io, certificate).await;
    let port = listening.local_addr().expect("it is bound").port();
    tokio::spawn(listening.run());
    let config = wtransport::ClientConfig::builder()
        .with_bind_address((std::net::Ipv4Addr::LOCALHOST, 0).into())
        .with_server_certificate_hashes([hash])
        .build();
    let client = wtransport::Endpoint::client(config).expect("a port is free");

    let url = format!("https://127.0.0.1:{port}/socket.io/?EIO=4&transport=webtransport");
    let session = within("the session", client.connect(url)).await;
    let session = session.expect("the server takes it");
    let opening = session.open_bi().await.expect("it is open");
    let (mut send, mut recv) = opening.await.expect("it is open");
    send.write_all(b"\x010\x0240\x0c423[\"alive\"]")
        .await
        .expect("it is open");
    let mut received = Vec::new();
    while !received.ends_with(b"\x0a433[\"yes\"]") {
        let mut bytes = [0; 1024];
        let read = within("the answer", recv.read(&mut bytes)).await;
        let read = read.expect("it is open").expect("more comes");
        received.extend_from_slice(&bytes[..read]);
    }
    session.close(0u32.into(), b"");
    assert_eq!(reasons.next().await, "transport close");
}

#[tokio::test]
async fn a_handler_knows_the_transport_the_request_and_the_peer() {
    let io = server();
    let (teller, mut heard) = channel();
    io.on_connect(move |socket: roomcast::Socket| {
        let request = socket.conn().request().clone();
        teller.tell((
            socket.conn().transport().as_str(),
            request.url(),
            request.header("user-agent").map(str::to_owned),
            request.is_secure(),
            request.address().map(|address| address.ip().is_loopback()),
        ));
    });
    let quic = Quic::of(&io).await;

    let request = crate::support::webtransport::connect("/socket.io/?token=4", "\x5f\x50\x04test");
    let mut asked = quic.ask(&request).await;
    asked.expect(crate::support::webtransport::ACCEPTED).await;
    let _client = asked.begin(b"\x010\x0240").await;
    assert_eq!(
        heard.next().await,
        (
            "webtransport",
            "/socket.io/?token=4".to_owned(),
            Some("test".to_owned()),
            true,
            Some(true)
        )
    );
}

/// Spec: features N9.
#[tokio::test]
async fn a_client_is_told_why_it_is_disconnected_where_that_is_wanted() {
    let io = builder()
        .max_http_buffer_size(300)
        .explain_disconnects("why")
        .build();
    let mut reasons = reasons(&io);
    let quic = Quic::of(&io).await;
    let mut client = quic.joined().await;

    client.write(b"\x7e\x01\x2d").await;

    let detail = r#"{"cause":"oversize","message":"a message was larger than 300 bytes"}"#;
    client.expect(&format!(r#"42["why",{detail}]"#)).await;
    client.expect_closed().await;
    assert_eq!(reasons.next().await, "parse error");
}
