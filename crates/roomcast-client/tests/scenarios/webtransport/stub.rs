//! Servers that do what ours does not.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, RecvStream, SendStream, VarInt};
use roomcast_client::{
    Builder, CloseReason, Description, ManagerEvent, NotFlushed, Socket, Tls, Transport,
    TransportError,
};
use roomcast_webtransport::{
    CONTROL_STREAM, encode_close, encode_headers, read_headers, read_stream_head,
};
use tokio_rustls::rustls;

use super::flushing::Relay;
use super::refused;
use crate::certificates::self_signed;
use crate::support::{Notes, builder, connections, manager_events, soon};

/// A server of QUIC and nothing above it, and options of a client that takes its certificate.
fn bound() -> (Endpoint, Builder) {
    let issued = self_signed("127.0.0.1", -1..13);
    let chain = vec![issued.certificate.into()];
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(issued.key);
    let provider = rustls::crypto::ring::default_provider();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("it is known")
        .with_no_client_auth()
        .with_single_cert(chain, private.into())
        .expect("they are one");
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicServerConfig::try_from(tls).expect("TLS 1.3");
    let config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    let address = "127.0.0.1:0".parse().expect("an address");
    let endpoint = Endpoint::server(config, address).expect("a free port");
    let address = endpoint.local_addr().expect("it is bound");
    (endpoint, options(address))
}

fn options(server: SocketAddr) -> Builder {
    builder(&format!("http://{server}"))
        .transports([Transport::WebTransport])
        .without_reconnection()
        .tls(Tls::default().danger_without_verification())
}

async fn accepted(endpoint: &Endpoint) -> Connection {
    let incoming = soon(endpoint.accept()).await.expect("a client");
    soon(incoming.into_future())
        .await
        .expect("the client trusts")
}

/// A session at the server.
struct Session {
    connection: Connection,
    control: SendStream,
    answer: SendStream,
    send: SendStream,
    recv: RecvStream,
}

impl Session {
    /// Opens one with a client, whose events it gives.
    async fn open() -> (Self, Socket, Notes<ManagerEvent>) {
        let (endpoint, builder) = bound();
        Self::open_by(endpoint, builder).await
    }

    async fn open_by(endpoint: Endpoint, builder: Builder) -> (Self, Socket, Notes<ManagerEvent>) {
        let socket = builder.build().expect("a plain URL");
        let mut events = manager_events(&socket.manager());
        socket.connect();
        let connection = accepted(&endpoint).await;
        let mut control = connection.open_uni().await.expect("it is taken");
        control.write_all(CONTROL_STREAM).await.expect("it is read");
        let (mut answer, mut request) = soon(connection.accept_bi()).await.expect("a request");
        let fields = soon(read_headers(&mut request)).await.expect("its fields");
        let path = fields.iter().find(|(name, _)| name == ":path");
        let expected = &b"/socket.io/?EIO=4&transport=webtransport"[..];
        assert_eq!(path.map(|(_, value)| &value[..]), Some(expected));
        let ok = encode_headers([(":status", &b"200"[..])]);
        answer.write_all(&ok).await.expect("it is read");
        let (send, mut recv) = soon(connection.accept_bi()).await.expect("a stream");
        read_stream_head(&mut recv, 0).await.expect("its head");
        let mut session = Self {
            connection,
            control,
            answer,
            send,
            recv,
        };
        assert_eq!(session.read(2).await, b"\x010");
        let open = r#"0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200}"#;
        session
            .write(&[&[open.len() as u8], open.as_bytes()].concat())
            .await;
        assert_eq!(session.read(3).await, b"\x0240");
        assert!(matches!(events.next().await, ManagerEvent::Open { .. }));
        (session, socket, events)
    }

    async fn read(&mut self, len: usize) -> Vec<u8> {
        let mut buf = vec![0; len];
        soon(self.recv.read_exact(&mut buf)).await.expect("bytes");
        buf
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.send.write_all(bytes).await.expect("it is read");
    }
}

async fn end(events: &mut Notes<ManagerEvent>) -> (CloseReason, Option<Description>) {
    loop {
        if let ManagerEvent::Close {
            reason,
            description,
            ..
        } = events.next().await
        {
            return (reason, description);
        }
    }
}

#[tokio::test]
async fn the_code_and_text_of_the_servers_end_are_told() {
    let (mut session, _socket, mut events) = Session::open().await;
    let close = encode_close(7, "for repairs");
    session.answer.write_all(&close).await.expect("it is read");

    let ended = Description::Engine(TransportError::Ended {
        code: 7,
        reason: "for repairs".into(),
    });
    assert_eq!(
        end(&mut events).await,
        (CloseReason::TransportClose, Some(ended))
    );
    // The client ends its own side.
    assert_eq!(session.recv.read(&mut [0; 8]).await, Ok(None));
    soon(session.connection.closed()).await;
    drop(session.control);
}

#[tokio::test]
async fn what_the_server_did_not_acknowledge_before_it_left_has_not_left() {
    let (endpoint, _) = bound();
    let relay = Relay::to(endpoint.local_addr().expect("it is bound")).await;
    let (mut session, socket, _events) = Session::open_by(endpoint, options(relay.address)).await;
    let mut connected = connections(&socket);
    session.write(b"\x0d40{\"sid\":\"s\"}").await;
    connected.next().await;

    relay.block(true);
    socket.emit("last", "words");
    socket.disconnect();
    let flushed = tokio::spawn(async move { socket.flushed().await });
    tokio::task::yield_now().await;
    session.connection.close(VarInt::from_u32(0x100), b"");
    let flushed = soon(flushed).await.expect("no panic");
    assert_eq!(flushed, Err(NotFlushed));
}

#[tokio::test]
async fn an_end_of_the_stream_or_with_no_error_of_the_connection_is_one_in_order() {
    let (mut session, _socket, mut events) = Session::open().await;
    session.send.finish().expect("it is open");
    assert_eq!(end(&mut events).await, (CloseReason::TransportClose, None));

    let (session, _socket, mut events) = Session::open().await;
    session.connection.close(VarInt::from_u32(0x100), b"");
    assert_eq!(end(&mut events).await, (CloseReason::TransportClose, None));
}

#[tokio::test]
async fn any_other_end_is_a_transport_error() {
    let (session, _socket, mut events) = Session::open().await;
    session.connection.close(VarInt::from_u32(7), b"bug");
    let (reason, description) = end(&mut events).await;
    assert_eq!(reason, CloseReason::TransportError);
    assert!(matches!(
        description,
        Some(Description::Engine(TransportError::Connection(_)))
    ));

    let (mut session, _socket, mut events) = Session::open().await;
    session.send.reset(VarInt::from_u32(7)).expect("it is open");
    assert_eq!(end(&mut events).await.0, CloseReason::TransportError);
}

#[tokio::test]
async fn a_packet_of_no_bytes_breaks_the_session() {
    let (mut session, _socket, mut events) = Session::open().await;
    session.write(b"\x00").await;
    let (reason, description) = end(&mut events).await;
    assert_eq!(reason, CloseReason::TransportError);
    assert!(matches!(
        description,
        Some(Description::Engine(TransportError::Packet(_)))
    ));
}

#[tokio::test]
async fn packets_may_come_in_any_pieces() {
    let (mut session, _socket, mut events) = Session::open().await;
    for byte in b"\x012" {
        session.write(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(events.next().await, ManagerEvent::Ping);
    assert_eq!(session.read(2).await, b"\x013");
}

#[tokio::test]
async fn a_silent_server_is_taken_for_dead() {
    let (session, _socket, mut events) = Session::open().await;
    assert_eq!(end(&mut events).await, (CloseReason::PingTimeout, None));
    drop(session);
}

#[tokio::test]
async fn a_server_of_http_3_without_webtransport_is_told_as_such() {
    let (endpoint, builder) = bound();
    let server = tokio::spawn(async move {
        let connection = accepted(&endpoint).await;
        let mut control = connection.open_uni().await.expect("it is taken");
        control
            .write_all(b"\x00\x04\x00")
            .await
            .expect("it is read");
        soon(connection.closed()).await
    });

    let what = "the server takes no sessions of WebTransport";
    assert_eq!(
        refused(builder).await,
        TransportError::Session(what.to_owned())
    );
    let quinn::ConnectionError::ApplicationClosed(close) = server.await.expect("no panic") else {
        panic!("the client closes");
    };
    // H3_SETTINGS_ERROR.
    assert_eq!(close.error_code, VarInt::from_u32(0x109));
}

#[tokio::test]
async fn answers_against_the_rules_close_the_connection_with_their_code() {
    for (answer, code) in [
        (&b"\x00\x01x"[..], 0x105),
        (b"\x01\xff\xff\xff\xff\xff\xff\xff\xff", 0x107),
        (b"\x01\x03\x02\x00\x80", 0x200),
        (&b"\x01\x04\0\0\xff\x00".repeat(9)[..], 0x107),
    ] {
        let (endpoint, builder) = bound();
        let answer = answer.to_vec();
        let server = tokio::spawn(async move {
            let connection = accepted(&endpoint).await;
            let mut control = connection.open_uni().await.expect("it is taken");
            control.write_all(CONTROL_STREAM).await.expect("it is read");
            let (mut send, _recv) = soon(connection.accept_bi()).await.expect("a request");
            send.write_all(&answer).await.expect("it is read");
            soon(connection.closed()).await
        });
        let error = refused(builder).await;
        assert!(matches!(error, TransportError::Session(_)), "{error:?}");
        let quinn::ConnectionError::ApplicationClosed(close) = server.await.expect("no panic")
        else {
            panic!("the client closes");
        };
        assert_eq!(close.error_code, VarInt::from_u32(code));
    }
}
