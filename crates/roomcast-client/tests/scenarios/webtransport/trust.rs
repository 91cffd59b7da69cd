//! Whom the client takes for the server.

use roomcast::webtransport::Certificate;
use roomcast_client::{Tls, Transport, TransportError};

use super::{Served, refused, server};
use crate::certificates::{Issued, self_signed};
use crate::support::{builder, connections};

async fn serve(issued: &Issued) -> Served {
    let (certificate, key) = (issued.certificate_pem(), issued.key_pem());
    let certificate = Certificate::from_pem(certificate.as_bytes(), key.as_bytes());
    Served::with(&server(), certificate.expect("they are one")).await
}

fn own_root(issued: &Issued) -> Tls {
    let root = issued.certificate_pem();
    Tls::default().with_roots(root.as_bytes()).expect("PEM")
}

async fn refusal(served: &Served, tls: Tls) -> String {
    let builder = builder(&served.url()).transports([Transport::WebTransport]);
    match refused(builder.tls(tls)).await {
        TransportError::Connection(text) => text,
        error => panic!("{error:?}"),
    }
}

async fn is_taken(served: &Served, tls: Tls) {
    let builder = builder(&served.url()).transports([Transport::WebTransport]);
    let socket = builder.tls(tls).build().expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();
    connected.next().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_knows_is_refused() {
    let issued = self_signed("127.0.0.1", -1..300);
    let served = serve(&issued).await;

    let text = refusal(&served, Tls::default()).await;
    assert!(text.contains("UnknownIssuer"), "{text}");
    is_taken(&served, own_root(&issued)).await;
    is_taken(&served, Tls::default().danger_without_verification()).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let issued = self_signed("example.org", -1..300);
    let text = refusal(&serve(&issued).await, own_root(&issued)).await;
    assert!(text.contains("not valid for name"), "{text}");
}

#[tokio::test]
async fn a_certificate_is_taken_by_its_hash_and_no_other() {
    let served = serve(&self_signed("127.0.0.1", -1..13)).await;

    let pinned = |hashes: Vec<[u8; 32]>| Tls::default().with_server_certificate_hashes(hashes);
    is_taken(&served, pinned(vec![[7; 32], served.hash])).await;
    let mut other = served.hash;
    other[31] ^= 1;
    let text = refusal(&served, pinned(vec![other])).await;
    assert!(text.contains("ApplicationVerificationFailure"), "{text}");
}

#[tokio::test]
async fn a_hash_holds_for_certificates_of_14_days_that_are_valid_now() {
    for (days, fault) in [
        (-1..14, "14 days"),
        (-10..-1, "Expired"),
        (1..9, "NotValidYet"),
    ] {
        let served = serve(&self_signed("127.0.0.1", days)).await;
        let pinned = Tls::default().with_server_certificate_hashes([served.hash]);
        let text = refusal(&served, pinned).await;
        assert!(text.contains(fault), "{text}");
    }
}
