//! A client of WebTransport that writes HTTP/3 in literal bytes, and a port for it to speak to.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, TransportConfig, VarInt};
use roomcast::Server;
use roomcast::webtransport::{Certificate, Listening};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::{sid_of, within};

/// A port that listens, and an endpoint whose clients trust it.
pub(crate) struct Quic {
    pub(crate) address: SocketAddr,
    pub(crate) client: Endpoint,
}

impl Quic {
    /// Serves `io` on a port of the loopback interface.
    pub(crate) async fn of(io: &Server) -> Self {
        let (certificate, known) = certificate();
        let listening = listen(io, certificate).await;
        let address = listening.local_addr().expect("it is bound");
        tokio::spawn(listening.run());
        Self::at(address, &known)
    }

    /// Clients of a port that listens already.
    pub(crate) fn at(address: SocketAddr, known: &CertificateDer<'static>) -> Self {
        let client = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into());
        let mut client = client.expect("a port is free");
        client.set_default_client_config(trusting(known));
        Self { address, client }
    }

    /// A connection that has sent nothing of HTTP/3.
    pub(crate) async fn connect(&self) -> Connection {
        self.try_connect().await.expect("the server takes it")
    }

    pub(crate) async fn try_connect(&self) -> Result<Connection, quinn::ConnectionError> {
        let connecting = self.client.connect(self.address, "localhost");
        let connecting = connecting.expect("the address is valid");
        within("the handshake of QUIC", connecting).await
    }

    /// A connection that has sent this request.
    pub(crate) async fn ask(&self, request: &[u8]) -> Asked {
        let connection = self.connect().await;
        let mut control = connection.open_uni().await.expect("it is open");
        control.write_all(CONTROL).await.expect("it is open");
        let (mut send, recv) = connection.open_bi().await.expect("it is open");
        send.write_all(request).await.expect("it is open");
        Asked {
            connection,
            request: (send, recv),
            control,
        }
    }

    /// A session of WebTransport whose stream begins with these bytes.
    pub(crate) async fn begin(&self, first: &[u8]) -> WebTransport {
        let mut asked = self.ask(&connect("/socket.io/", "")).await;
        asked.expect(ACCEPTED).await;
        asked.begin(first).await
    }

    /// An Engine.IO session; its open packet has been read.
    pub(crate) async fn session(&self) -> WebTransport {
        let mut client = self.begin(b"\x010").await;
        client.sid = sid_of(&client.next_text().await);
        client
    }

    /// A client of the main namespace.
    pub(crate) async fn joined(&self) -> WebTransport {
        let mut client = self.session().await;
        client.send("40").await;
        let answer = client.next_text().await;
        super::websocket::id_in(&answer, "40");
        client
    }

    /// The begun upgrade of a session.
    pub(crate) async fn probe(&self, sid: &str) -> WebTransport {
        let packet = format!(r#"0{{"sid":"{sid}"}}"#);
        self.begin(&text(&packet)).await
    }

    /// Whether the server takes another client.
    pub(crate) async fn expect_alive(&self) {
        self.joined().await.expect_alive().await;
    }
}

/// A request on its way.
pub(crate) struct Asked {
    pub(crate) connection: Connection,
    request: (SendStream, RecvStream),
    control: SendStream,
}

impl Asked {
    pub(crate) async fn expect(&mut self, answer: &[u8]) {
        let mut received = vec![0; answer.len()];
        let read = within("the answer", self.request.1.read_exact(&mut received)).await;
        read.expect("the server answers");
        assert_eq!(received, answer);
    }

    /// The server refuses the session with this answer.
    pub(crate) async fn expect_refused(mut self, answer: &[u8]) {
        self.expect(answer).await;
        let end = within("the end", self.request.1.read(&mut [0; 1])).await;
        assert_eq!(end, Ok(None));
        self.expect_closed(0x100).await;
    }

    /// The server closes the connection with this code.
    pub(crate) async fn expect_closed(self, code: u32) {
        expect_closed(&self.connection, code).await;
    }

    /// Opens the stream of the session, which begins with these bytes.
    pub(crate) async fn begin(self, first: &[u8]) -> WebTransport {
        let (mut send, recv) = self.connection.open_bi().await.expect("it is open");
        let bytes = [STREAM, first].concat();
        send.write_all(&bytes).await.expect("it is open");
        WebTransport {
            connection: self.connection,
            send,
            recv,
            request: self.request,
            _control: self.control,
            sid: String::new(),
        }
    }
}

/// A session of WebTransport.
pub(crate) struct WebTransport {
    pub(crate) connection: Connection,
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    pub(crate) request: (SendStream, RecvStream),
    _control: SendStream,
    pub(crate) sid: String,
}

impl WebTransport {
    /// Sends these bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = within("the server to read", self.send.write_all(bytes)).await;
        written.expect("the server holds the stream");
    }

    /// Sends one packet in its text form.
    pub(crate) async fn send(&mut self, packet: &str) {
        self.write(&text(packet)).await;
    }

    /// Reads this many bytes.
    pub(crate) async fn read(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let read = within("the server to write", self.recv.read_exact(&mut bytes)).await;
        read.expect("the server holds the stream");
        bytes
    }

    /// The server sends these bytes.
    pub(crate) async fn expect_bytes(&mut self, bytes: &[u8]) {
        assert_eq!(self.read(bytes.len()).await, bytes);
    }

    /// One packet: the first byte of its header, and the packet.
    pub(crate) async fn next(&mut self) -> (u8, Vec<u8>) {
        let first = self.read(1).await[0];
        let len = match first & 0x7f {
            126 => {
                let len = self.read(2).await;
                usize::from(u16::from_be_bytes([len[0], len[1]]))
            }
            127 => {
                let len = self.read(8).await;
                let len = u64::from_be_bytes(len.try_into().expect("8 bytes were read"));
                usize::try_from(len).expect("it fits into memory")
            }
            short => usize::from(short),
        };
        (first, self.read(len).await)
    }

    pub(crate) async fn next_text(&mut self) -> String {
        let (first, packet) = self.next().await;
        assert_eq!(first & 0x80, 0, "expected text, found {packet:?}");
        String::from_utf8(packet).expect("it is text")
    }

    pub(crate) async fn expect(&mut self, packet: &str) {
        assert_eq!(self.next_text().await, packet);
    }

    /// Whether an event is still answered; for servers with [`answering`](super::answering).
    pub(crate) async fn expect_alive(&mut self) {
        self.send(r#"42987["alive"]"#).await;
        self.expect(r#"43987["yes"]"#).await;
    }

    /// The server ends the stream, then the session with code 0, and then hangs up.
    pub(crate) async fn expect_closed(mut self) {
        let end = within("the end", self.recv.read(&mut [0; 16])).await;
        assert_eq!(end, Ok(None));
        let mut capsule = [0; 9];
        let read = within("the capsule", self.request.1.read_exact(&mut capsule)).await;
        assert_eq!(read, Ok(()));
        assert_eq!(capsule, *b"\x00\x07\x68\x43\x04\x00\x00\x00\x00");
        let end = within("the end", self.request.1.read(&mut [0; 16])).await;
        assert_eq!(end, Ok(None));
        self.request.0.finish().expect("it was not ended before");
        expect_closed(&self.connection, 0x100).await;
    }
}

/// A packet in its text form, behind its header.
pub(crate) fn text(packet: &str) -> Vec<u8> {
    let mut frame = match packet.len() {
        len @ 0..126 => vec![u8::try_from(len).expect("it is below 126")],
        len @ 126..65536 => {
            let len = u16::try_from(len).expect("it is below 65536");
            [&[126][..], &len.to_be_bytes()].concat()
        }
        len => [&[127][..], &(len as u64).to_be_bytes()].concat(),
    };
    frame.extend_from_slice(packet.as_bytes());
    frame
}

/// The server closes `connection` with this code of HTTP/3.
pub(crate) async fn expect_closed(connection: &Connection, code: u32) {
    let end = within("the end of the connection", connection.closed()).await;
    let quinn::ConnectionError::ApplicationClosed(close) = end else {
        panic!("expected a close, found {end}");
    };
    assert_eq!(close.error_code, VarInt::from_u32(code));
}

/// A request for a session, as a frame: the pseudo-headers and, encoded, further fields.
pub(crate) fn connect(path: &str, more: &str) -> Vec<u8> {
    let fields = [
        &b"\x00\x00"[..],
        b"\xcf",                   // :method CONNECT
        b"\xd7",                   // :scheme https
        b"\x50\x0elocalhost:3000", // :authority
        b"\x27\x02:protocol\x0cwebtransport",
        &[0x51, u8::try_from(path.len()).expect("a short path")], // :path
        path.as_bytes(),
        more.as_bytes(),
    ]
    .concat();
    headers(&fields)
}

/// A frame of encoded fields.
pub(crate) fn headers(fields: &[u8]) -> Vec<u8> {
    let len = u16::try_from(fields.len()).expect("short fields") | 0x4000;
    [&[1][..], &len.to_be_bytes(), fields].concat()
}

/// A certificate of the test's own, and what a client must know of it.
pub(crate) fn certificate() -> (Certificate, CertificateDer<'static>) {
    let (chain, key, known) = pem_files();
    let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes());
    (certificate.expect("it was made for this"), known)
}

/// The texts of a chain and of its key, and what a client must know of them.
pub(crate) fn pem_files() -> (String, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let made = made.expect("the name is a host name");
    let chain = pem("CERTIFICATE", made.cert.der());
    let key = pem("PRIVATE KEY", &made.signing_key.serialize_der());
    (chain, key, made.cert.into())
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

pub(crate) async fn listen(io: &Server, certificate: Certificate) -> Listening {
    let listening = io.listen_webtransport("127.0.0.1:0", certificate).await;
    listening.expect("a port is free")
}

fn trusting(known: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(known.clone()).expect("it is a certificate");
    let provider = rustls::crypto::ring::default_provider();
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider knows it")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicClientConfig::try_from(tls).expect("TLS 1.3 is on");
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    // As browsers do, so that only the server decides when a silent client is gone.
    transport.keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    config
}

/// A client's control stream: its type, then settings: datagrams and WebTransport.
const CONTROL: &[u8] = b"\x00\x04\x07\x33\x01\xab\x60\x37\x42\x01";
/// Before the bytes of a stream: its kind, and the id of its session.
const STREAM: &[u8] = b"\x40\x41\x00";
/// `:status` 200.
pub(crate) const ACCEPTED: &[u8] = b"\x01\x03\x00\x00\xd9";
/// `:status` 403.
pub(crate) const FORBIDDEN: &[u8] = b"\x01\x04\x00\x00\xff\x05";
/// `:status` 404.
pub(crate) const NOT_FOUND: &[u8] = b"\x01\x03\x00\x00\xdb";
