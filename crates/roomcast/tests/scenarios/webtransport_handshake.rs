//! Who gets a session of WebTransport, and what is left of those who do not. Spec: features 1.8, 1.28
//! and 11, 14.

use std::time::Duration;

use roomcast::engine::{BadRequest, Refusal};
use roomcast::webtransport::{Certificate, CertificateError};
use roomcast::{Server, Transport};

use crate::support::webtransport::{
    ACCEPTED, FORBIDDEN, NOT_FOUND, Quic, certificate, connect, expect_closed, headers, listen,
    pem_files, text,
};
use crate::support::{Heard, answering, channel, expect_tasks, tasks};

fn builder() -> roomcast::ServerBuilder {
    Server::builder().transports([Transport::Polling, Transport::WebTransport])
}

/// Handshakes end soon, and refusals are told.
fn hurried() -> (roomcast::ServerBuilder, Heard<Refusal>) {
    let (teller, heard) = channel();
    let builder = builder()
        .upgrade_timeout(Duration::from_millis(50))
        .on_connection_error(move |error| teller.tell(error.refusal.clone()));
    (builder, heard)
}

fn answered(builder: roomcast::ServerBuilder) -> Server {
    let io = builder.build();
    answering(&io);
    io
}

#[tokio::test]
async fn a_first_packet_that_is_no_open_packet_closes() {
    let io = answered(builder());
    let quic = Quic::of(&io).await;
    quic.expect_alive().await;
    let before = tasks();

    for first in [
        &b"\x012"[..],
        b"\x062probe",
        b"\x0240",
        b"\x0b42[\"alive\"]",
        b"\x019",
        b"\x810",
        b"\x00",
        b"\x80",
        b"\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7e\x10\x01", // 4097 bytes
        &text("0{"),
        &text("0{}"),
        &text("0[]"),
        &text(r#"0["abc"]"#),
        &text(r#"0{"sid":1}"#),
        &text(r#"0{"sid":"abc"}"#),
        &text(r#"0{"sid":"__proto__"}"#),
    ] {
        quic.begin(first).await.expect_closed().await;
    }
    assert_eq!(io.engine().clients_count(), 0);
    expect_tasks(before).await;
    quic.expect_alive().await;
}

#[tokio::test]
async fn a_session_without_a_first_packet_is_closed_in_the_time_for_upgrades() {
    let (builder, _) = hurried();
    let io = answered(builder);
    let quic = Quic::of(&io).await;
    let before = tasks();

    quic.begin(b"").await.expect_closed().await;
    quic.begin(b"\x020").await.expect_closed().await;
    quic.begin(&text(r#"0{"sid":"abc"}"#)[..5])
        .await
        .expect_closed()
        .await;
    assert_eq!(io.engine().clients_count(), 0);
    expect_tasks(before).await;
}

/// A client that holds its connection open by half a stream keeps nothing of the server.
#[tokio::test]
async fn a_connection_that_becomes_no_session_is_closed_in_the_time_for_upgrades() {
    let (builder, _) = hurried();
    let io = answered(builder);
    let quic = Quic::of(&io).await;
    let before = tasks();

    let silent = quic.connect().await;
    expect_closed(&silent, 0x100).await;

    let half = quic.connect().await;
    let mut stream = half.open_uni().await.expect("it is open");
    stream.write_all(b"\x40").await.expect("it is open");
    expect_closed(&half, 0x100).await;

    let asked = quic.ask(&connect("/socket.io/", "")[..9]).await;
    asked.expect_closed(0x100).await;

    let mut asked = quic.ask(&connect("/socket.io/", "")).await;
    asked.expect(ACCEPTED).await;
    asked.expect_closed(0x100).await;
    drop((silent, half, stream));
    expect_tasks(before).await;
}

#[tokio::test]
async fn clients_that_leave_in_the_middle_leave_nothing() {
    let io = answered(builder());
    let quic = Quic::of(&io).await;
    quic.expect_alive().await;
    let before = tasks();

    drop(quic.connect().await);
    drop(quic.ask(b"").await);
    drop(quic.ask(&connect("/socket.io/", "")).await);
    drop(quic.begin(b"").await);
    drop(quic.begin(b"\x06").await);
    assert_eq!(io.engine().clients_count(), 0);
    expect_tasks(before).await;
    quic.expect_alive().await;
}

#[tokio::test]
async fn a_request_for_another_path_is_404() {
    let quic = Quic::of(&answered(builder())).await;

    for path in ["/", "/socket.io", "/socket.ioXYZ/", "/engine.io/"] {
        let asked = quic.ask(&connect(path, "")).await;
        asked.expect_refused(NOT_FOUND).await;
    }
    quic.expect_alive().await;
}

#[tokio::test]
async fn the_path_is_that_of_the_option() {
    let quic = Quic::of(&answered(builder().path("/live"))).await;

    let mut asked = quic.ask(&connect("/live/?EIO=4", "")).await;
    asked.expect(ACCEPTED).await;
    let asked = quic.ask(&connect("/socket.io/", "")).await;
    asked.expect_refused(NOT_FOUND).await;
}

#[tokio::test]
async fn with_a_request_middleware_everybody_is_refused() {
    let (builder, mut refusals) = hurried();
    let io = answered(builder.request_middleware(async |_| Ok(http::HeaderMap::new())));
    let quic = Quic::of(&io).await;

    let asked = quic.ask(&connect("/socket.io/", "")).await;
    asked.expect_refused(FORBIDDEN).await;
    assert_eq!(
        refusals.next().await,
        Refusal::BadRequest(BadRequest::MiddlewareFailure)
    );
}

#[tokio::test]
async fn a_new_session_asks_allow_request_and_an_upgrade_does_not() {
    let (builder, mut refusals) = hurried();
    let io = answered(
        builder.allow_request(async |request| match request.query("transport") {
            Some("polling") => Ok(()),
            _ => Err(Some(format!("not by {}", request.method()))),
        }),
    );
    let quic = Quic::of(&io).await;
    let host = crate::support::Host::tcp(&io).await;
    let polling = host.joined_polling().await;

    quic.begin(b"\x010").await.expect_closed().await;
    let refusal = Refusal::Forbidden(Some("not by CONNECT".to_owned()));
    assert_eq!(refusals.next().await, refusal);
    assert_eq!(io.engine().clients_count(), 1);
    let mut probe = quic.probe(&polling.sid).await;
    probe.send("2probe").await;
    probe.expect_bytes(b"\x063probe").await;
}

#[tokio::test]
async fn an_unknown_sid_is_told_to_the_hook_for_refusals() {
    let (builder, mut refusals) = hurried();
    let quic = Quic::of(&answered(builder)).await;

    quic.probe("abc").await.expect_closed().await;
    assert_eq!(refusals.next().await, Refusal::UnknownSid);
}

#[tokio::test]
async fn the_origin_is_checked_where_that_of_websockets_is() {
    const OWN: &str = "\x5f\x4b\x16https://localhost:3000";
    const ALLOWED: &str = "\x5f\x4b\x13https://app.example";
    const FOREIGN: &str = "\x5f\x4b\x14https://evil.example";
    let checked = builder()
        .cors("https://app.example")
        .check_websocket_origin();
    let checked = Quic::of(&answered(checked)).await;
    let open = Quic::of(&answered(builder().cors("https://app.example"))).await;

    for origin in [OWN, ALLOWED, ""] {
        let mut asked = checked.ask(&connect("/socket.io/", origin)).await;
        asked.expect(ACCEPTED).await;
    }
    let asked = checked.ask(&connect("/socket.io/", FOREIGN)).await;
    asked.expect_refused(FORBIDDEN).await;
    let mut asked = open.ask(&connect("/socket.io/", FOREIGN)).await;
    asked.expect(ACCEPTED).await;
}

#[tokio::test]
async fn requests_against_the_rules_close_the_connection_with_their_code() {
    let quic = Quic::of(&answered(builder())).await;
    let pseudo = |fields: &[&[u8]]| headers(&[&[0, 0], &fields.concat()[..]].concat());
    let (connect, get) = (&b"\xcf"[..], &b"\xd1"[..]);
    let (https, http) = (&b"\xd7"[..], &b"\xd6"[..]);
    let authority = &b"\x50\x01a"[..];
    let path = &b"\x51\x0b/socket.io/"[..];
    let protocol = &b"\x27\x02:protocol\x0cwebtransport"[..];
    let websocket = &b"\x27\x02:protocol\x09websocket"[..];

    for (request, code) in [
        (pseudo(&[get, https, authority, path]), 0x10b),
        (pseudo(&[connect, https, authority, path]), 0x10b),
        (pseudo(&[connect, https, authority, path, websocket]), 0x10b),
        (pseudo(&[connect, http, authority, path, protocol]), 0x10b),
        (pseudo(&[b"\x10"]), 0x200), // of a dynamic table
        (pseudo(&[b"\xff\xff\xff\xff"]), 0x200),
        (headers(b""), 0x200),
        (b"\x00\x00".to_vec(), 0x105),     // DATA
        (b"\x04\x00".to_vec(), 0x105),     // SETTINGS
        (b"\x40\x41\x00".to_vec(), 0x105), // a stream of no session
        (b"\x01\x80\x00\x40\x01".to_vec(), 0x107),
        (b"\x21\x80\x00\x40\x01".to_vec(), 0x107),
        (b"\x01\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), 0x107),
    ] {
        quic.ask(&request).await.expect_closed(code).await;
    }
    quic.expect_alive().await;
}

#[tokio::test]
async fn frames_of_unknown_kinds_before_the_request_are_skipped() {
    let quic = Quic::of(&answered(builder())).await;
    let request = [&b"\x21\x03abc\x40\x5f\x00"[..], &connect("/socket.io/", "")].concat();

    let mut asked = quic.ask(&request).await;
    asked.expect(ACCEPTED).await;
}

#[tokio::test]
async fn a_stream_of_another_session_closes_the_connection() {
    let quic = Quic::of(&answered(builder())).await;
    let mut asked = quic.ask(&connect("/socket.io/", "")).await;
    asked.expect(ACCEPTED).await;

    let (mut send, _recv) = asked.connection.open_bi().await.expect("it is open");
    send.write_all(b"\x40\x41\x04\x010")
        .await
        .expect("it is open");
    asked.expect_closed(0x108).await;
}

#[tokio::test]
async fn one_more_handshake_than_allowed_is_refused() {
    let io = answered(builder());
    let (certificate, known) = certificate();
    let listening = listen(&io, certificate).await.max_handshakes(1);
    let quic = Quic::at(listening.local_addr().expect("it is bound"), &known);
    tokio::spawn(listening.run());

    let first = quic.connect().await;
    let refused = quic.try_connect().await.err();
    assert!(
        matches!(&refused, Some(quinn::ConnectionError::ConnectionClosed(_))),
        "{refused:?}"
    );
    first.close(0u32.into(), b"");
    // The place is free once the server has seen the end of the first.
    let mut second = quic.try_connect().await;
    while second.is_err() {
        second = quic.try_connect().await;
    }
}

#[tokio::test]
async fn many_handshakes_at_once_must_prove_their_addresses_and_succeed() {
    let io = answered(builder());
    let (certificate, known) = certificate();
    let listening = listen(&io, certificate).await.max_handshakes(8);
    let quic = Quic::at(listening.local_addr().expect("it is bound"), &known);
    tokio::spawn(listening.run());

    let mut waiting = Vec::new();
    for _ in 0..7 {
        waiting.push(quic.connect().await);
    }
    quic.expect_alive().await;
}

#[tokio::test]
async fn a_certificate_is_replaced_for_those_who_come_later() {
    let io = answered(builder());
    let (old, old_known) = certificate();
    let (new, new_known) = certificate();
    let listening = listen(&io, old).await;
    let address = listening.local_addr().expect("it is bound");
    let certificates = listening.certificates();
    tokio::spawn(listening.run());
    let before = Quic::at(address, &old_known);
    let mut client = before.joined().await;

    certificates.replace(new).expect("it is a certificate");
    assert!(before.try_connect().await.is_err());
    Quic::at(address, &new_known).expect_alive().await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_known_by_its_hash_and_serves() {
    let certificate = Certificate::self_signed(["localhost", "127.0.0.1"]).expect("two names");
    let other = Certificate::self_signed(["localhost"]).expect("a name");
    assert_ne!(certificate.sha256(), other.sha256());

    let listening = listen(&answered(builder()), certificate).await;
    assert_ne!(listening.local_addr().expect("it is bound").port(), 0);
}

#[tokio::test]
async fn listening_without_the_transport_is_an_error() {
    let (certificate, _) = certificate();
    let error = Server::new()
        .listen_webtransport("127.0.0.1:0", certificate)
        .await;
    let error = error.expect_err("it is not among the transports");
    assert_eq!(
        error.to_string(),
        "webtransport is not among the transports of the server"
    );
}

#[tokio::test]
async fn keys_of_other_certificates_are_refused() {
    let ((chain, ..), (_, key, _)) = (pem_files(), pem_files());
    let mixed = Certificate::from_pem(chain.as_bytes(), key.as_bytes());
    let error = answered(builder())
        .listen_webtransport("127.0.0.1:0", mixed.expect("both are readable"))
        .await;
    let error = error.expect_err("they do not belong together");
    assert!(
        error
            .to_string()
            .starts_with("certificate cannot be used: ")
    );
}

#[tokio::test]
async fn a_certificate_is_read_from_its_files() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (chain, key, known) = pem_files();
    let paths = [
        folder.path().join("chain.pem"),
        folder.path().join("key.pem"),
    ];
    let [chain_path, key_path] = &paths;
    std::fs::write(chain_path, &chain).expect("the folder is there");

    let missing = Certificate::from_pem_files(chain_path, key_path).expect_err("no key yet");
    assert!(matches!(missing, CertificateError::Unreadable { path, .. } if path == *key_path));
    std::fs::write(key_path, &key).expect("the folder is there");
    let swapped = Certificate::from_pem_files(key_path, chain_path);
    assert_eq!(
        swapped.expect_err("they are swapped"),
        CertificateError::NoCertificate(String::new())
    );
    let without_key = Certificate::from_pem(chain.as_bytes(), chain.as_bytes());
    assert!(matches!(without_key, Err(CertificateError::NoKey(_))));

    let certificate = Certificate::from_pem_files(chain_path, key_path).expect("both are there");
    let listening = listen(&answered(builder()), certificate).await;
    let address = listening.local_addr().expect("it is bound");
    tokio::spawn(listening.run());
    Quic::at(address, &known).expect_alive().await;
}

#[test]
fn a_self_signed_certificate_for_no_host_name_is_refused() {
    let refused = Certificate::self_signed(["caf\u{e9}"]);
    assert!(matches!(refused, Err(CertificateError::Name(_))));
}
