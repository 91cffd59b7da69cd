//! A server that is another implementation's: wtransport 0.7.

use roomcast_client::{Tls, Transport};
use wtransport::endpoint::IncomingSession;
use wtransport::tls::{Certificate, CertificateChain, PrivateKey};
use wtransport::{Endpoint, Identity, RecvStream, ServerConfig};

use crate::certificates::self_signed;
use crate::support::{builder, soon};

#[tokio::test]
async fn a_server_of_another_implementation_opens_a_session_and_answers() {
    let issued = self_signed("127.0.0.1", -1..13);
    let certificate = Certificate::from_der(issued.certificate).expect("it is one");
    let hash = *certificate.hash().as_ref();
    let chain = CertificateChain::single(certificate);
    let identity = Identity::new(chain, PrivateKey::from_der_pkcs8(issued.key));
    let address = "127.0.0.1:0".parse().expect("an address");
    let config = ServerConfig::builder()
        .with_bind_address(address)
        .with_identity(identity)
        .build();
    let endpoint = Endpoint::server(config).expect("a free port");
    let address = endpoint.local_addr().expect("it is bound");
    let server = tokio::spawn(async move { answer(endpoint.accept().await).await });

    let tls = Tls::default().with_server_certificate_hashes([hash]);
    let builder = builder(&format!("https://{address}")).tls(tls);
    let socket = builder.transports([Transport::WebTransport]).connect();
    let socket = socket.expect("a plain URL");
    let answer: String = soon(socket.emit_with_ack("hello", "you"))
        .await
        .expect("an answer");
    assert_eq!(answer, "hi");
    socket.disconnect();
    soon(server).await.expect("no panic");
}

/// Opens an Engine.IO session, joins the namespace, answers one event, and waits for the end.
async fn answer(incoming: IncomingSession) {
    let request = incoming.await.expect("a request");
    assert_eq!(request.path(), "/socket.io/?EIO=4&transport=webtransport");
    let connection = request.accept().await.expect("a session");
    let (mut send, mut recv) = connection.accept_bi().await.expect("a stream");
    assert_eq!(packet(&mut recv).await, "0");
    for (hears, says) in [
        (
            "40",
            r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#,
        ),
        (r#"420["hello","you"]"#, r#"40{"sid":"s"}"#),
        ("41", r#"430["hi"]"#),
    ] {
        let says = [&[says.len() as u8], says.as_bytes()].concat();
        send.write_all(&says).await.expect("it is read");
        assert_eq!(packet(&mut recv).await, hears);
    }
    assert_eq!(recv.read(&mut [0; 8]).await.expect("no fault"), None);
}

async fn packet(recv: &mut RecvStream) -> String {
    let mut len = [0];
    recv.read_exact(&mut len).await.expect("a header");
    let mut text = vec![0; usize::from(len[0])];
    recv.read_exact(&mut text).await.expect("a packet");
    String::from_utf8(text).expect("it is text")
}
