//! TLS, by each library that the client was built with.

use std::net::SocketAddr;
use std::sync::Arc;

use roomcast::Server;
use roomcast_client::{
    Builder, ConnectError, OpenError, Tls, TlsError, TlsLibrary, Transport, TransportError,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::certificates::{Authority, Issued};
use crate::support::{builder, connections, notes, serve_on};

const LIBRARIES: &[TlsLibrary] = &[
    #[cfg(feature = "rustls")]
    TlsLibrary::Rustls,
    #[cfg(feature = "native-tls")]
    TlsLibrary::Native,
];

const TRANSPORTS: [Transport; 2] = [Transport::Polling, Transport::WebSocket];

/// Whom the server lets in.
#[derive(Clone, Copy)]
enum Guests<'a> {
    All,
    /// Those with a certificate that this root has signed.
    Of(&'a [u8]),
}

/// A server behind TLS with this certificate; its port.
async fn serve(own: &Issued, guests: Guests<'_>) -> u16 {
    let io = Server::new();
    let inner = serve_on(&io, "127.0.0.1:0").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(accept(
        listener,
        TlsAcceptor::from(config(own, guests)),
        inner,
    ));
    port
}

fn config(own: &Issued, guests: Guests<'_>) -> Arc<ServerConfig> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("they are known");
    let builder = match guests {
        Guests::All => builder.with_no_client_auth(),
        Guests::Of(root) => {
            let mut roots = RootCertStore::empty();
            roots.add(root.to_vec().into()).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().expect("there is a root"))
        }
    };
    let key = PrivatePkcs8KeyDer::from(own.key.clone());
    let chain = vec![own.certificate.clone().into()];
    let config = builder.with_single_cert(chain, key.into());
    config.expect("they belong together").into()
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, inner: SocketAddr) {
    loop {
        let (stream, _) = listener.accept().await.expect("a client");
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the server leaves.
            if let Ok(mut outer) = acceptor.accept(stream).await {
                let mut inner = TcpStream::connect(inner).await.expect("the server");
                // Who is gone needs nothing copied.
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            }
        });
    }
}

fn client(port: u16, tls: Tls, transport: Transport) -> Builder {
    let builder = builder(&format!("https://localhost:{port}")).tls(tls);
    builder.transports([transport])
}

async fn is_taken(port: u16, tls: &Tls) {
    for transport in TRANSPORTS {
        let socket = client(port, tls.clone(), transport).build();
        let socket = socket.expect("a plain URL");
        let mut connected = connections(&socket);
        socket.connect();
        connected.next().await;
        assert_eq!(socket.transport(), Some(transport));
    }
}

async fn is_refused(port: u16, tls: &Tls) {
    for transport in TRANSPORTS {
        let builder = client(port, tls.clone(), transport).without_reconnection();
        let socket = builder.build().expect("a plain URL");
        let (note, mut errors) = notes::<ConnectError>();
        socket.on_connect_error(note);
        socket.connect();
        let error = errors.next().await;
        assert!(
            matches!(
                error,
                ConnectError::Open(OpenError::Engine(TransportError::Connection(_)))
            ),
            "{error:?}"
        );
    }
}

fn own_root(library: TlsLibrary, authority: &Authority) -> Tls {
    let tls = Tls::default().by(library);
    tls.with_roots(authority.pem.as_bytes()).expect("PEM")
}

#[tokio::test]
async fn a_server_is_known_by_an_own_root_and_by_no_other() {
    let authority = Authority::new();
    let port = serve(&authority.issue("localhost"), Guests::All).await;
    for &library in LIBRARIES {
        is_taken(port, &own_root(library, &authority)).await;
        is_refused(port, &Tls::default().by(library)).await;
        is_refused(port, &own_root(library, &Authority::new())).await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_unless_nothing_is_verified() {
    let authority = Authority::new();
    let port = serve(&authority.issue("example.org"), Guests::All).await;
    for &library in LIBRARIES {
        is_refused(port, &own_root(library, &authority)).await;
        let blind = Tls::default().by(library).danger_without_verification();
        is_taken(port, &blind).await;
    }
}

#[tokio::test]
async fn a_server_that_asks_who_the_client_is_gets_its_certificate() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let port = serve(&servers.issue("localhost"), Guests::Of(&clients.der)).await;
    let own = clients.issue("bot");
    let stranger = servers.issue("bot");
    for &library in LIBRARIES {
        let tls = own_root(library, &servers);
        is_refused(port, &tls).await;
        for (identity, is_known) in [(&own, true), (&stranger, false)] {
            let (certificate, key) = (identity.certificate_pem(), identity.key_pem());
            let tls = tls
                .clone()
                .with_identity(certificate.as_bytes(), key.as_bytes());
            let tls = tls.expect("PEM");
            match is_known {
                true => is_taken(port, &tls).await,
                false => is_refused(port, &tls).await,
            }
        }
    }
}

/// Made by OpenSSL 3.0: `openssl pkcs12 -export`, password `secret`, valid until 2126.
#[cfg(feature = "native-tls")]
#[tokio::test]
async fn an_identity_may_come_from_a_pkcs_12_archive() {
    let archive = include_bytes!("tls/identity.p12");
    let root = include_bytes!("tls/root.der");
    let servers = Authority::new();
    let port = serve(&servers.issue("localhost"), Guests::Of(root)).await;

    let tls = own_root(TlsLibrary::Native, &servers);
    is_taken(port, &tls.clone().with_pkcs12(archive, "secret")).await;
    is_refused(port, &tls.with_pkcs12(archive, "wrong")).await;
    #[cfg(feature = "rustls")]
    {
        let tls = own_root(TlsLibrary::Rustls, &servers);
        is_refused(port, &tls.with_pkcs12(archive, "secret")).await;
    }
}

#[test]
fn texts_that_hold_nothing_of_use_are_refused() {
    let refused = |tls: Result<Tls, TlsError>| tls.expect_err("there is nothing in it");
    assert_eq!(
        refused(Tls::default().with_roots(b"nothing")),
        TlsError::Empty
    );
    let pem = Authority::new().pem;
    let keyless = Tls::default().with_identity(pem.as_bytes(), pem.as_bytes());
    assert!(matches!(refused(keyless), TlsError::Pem(_)));
}
