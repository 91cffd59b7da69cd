//! Ways to serve: axum, hyper, HTTP/2, TLS. Spec: features 1.55.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use roomcast::{Handshake, Peer, Server};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::support::{Host, Request, Stream, channel, echo_server, idle, sid_of};

async fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

fn connecting(address: std::net::SocketAddr) -> Host {
    Host::connecting("/socket.io/", move || async move {
        Stream::new(
            TcpStream::connect(address)
                .await
                .expect("the server listens"),
        )
    })
}

#[tokio::test]
async fn axum_serves_it_beside_other_routes() {
    let io = echo_server();
    let app = Router::new()
        .route("/", get(|| async { "Server is live" }))
        .layer(io.layer());
    let (listener, address) = listener().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    let host = connecting(address);

    assert_eq!(
        host.request(Request::get("/")).await.summary(),
        (200, "Server is live")
    );
    assert_eq!(host.request(Request::get("/nowhere")).await.status, 404);
    host.joined().await.expect_alive().await;
    host.joined_polling().await.expect_alive().await;
}

/// With it a message waits for the client's acknowledgement of the one before, up to 40 ms.
#[tokio::test]
async fn a_websocket_behind_another_http_server_does_not_wait_for_more_to_send() {
    let io = echo_server();
    let (listener, address) = listener().await;
    let (teller, mut accepted) = channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("it listens");
        let stream = stream.into_std().expect("it is registered");
        teller.tell(stream.try_clone().expect("a descriptor is left"));
        let stream = TcpStream::from_std(stream).expect("it is a socket");
        let service = TowerToHyperService::new(Router::new().layer(io.layer()));
        let builder = auto::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        connection.await
    });

    let mut client = connecting(address).joined().await;
    client.expect_alive().await;
    let stream = accepted.next().await;
    assert!(stream.nodelay().expect("it is open"));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_address_that_axum_records_is_known() {
    let io = echo_server();
    let (teller, mut addresses) = channel();
    io.on_connect(move |handshake: Handshake| teller.tell(handshake.address()));
    let app = Router::new().layer(io.layer());
    let (listener, address) = listener().await;
    let app = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let _client = connecting(address).joined().await;
    assert!(
        addresses
            .next()
            .await
            .is_some_and(|address| address.ip().is_loopback())
    );
}

#[tokio::test]
async fn two_servers_share_one_router() {
    let (one, two) = (
        Server::builder().path("/one").build(),
        Server::builder().path("/two").build(),
    );
    one.on("who", || "one");
    two.on("who", || "two");
    let app = Router::new().layer(one.layer()).layer(two.layer());
    let (listener, address) = listener().await;
    tokio::spawn(async move { axum::serve(listener, app).await });

    for name in ["one", "two"] {
        let mut host = connecting(address);
        host.path = format!("/{name}/");
        let mut client = host.joined().await;
        client.send(r#"421["who"]"#).await;
        client.expect(&format!(r#"431["{name}"]"#)).await;
    }
}

#[tokio::test]
async fn a_layer_and_a_listener_serve_on_when_the_last_handle_is_dropped() {
    let io = echo_server();
    let (mounted, listening) = (Host::memory(&io), Host::tcp(&io).await);
    drop(io);

    mounted.joined().await.expect_alive().await;
    listening.joined_polling().await.expect_alive().await;
}

/// An inner service that answers everything itself.
async fn inner(_: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    Ok(hyper::Response::new(Full::from("inner")))
}

#[tokio::test]
async fn plain_hyper_serves_it_over_http_1() {
    let service = echo_server().layer().layer(tower_fn(inner));
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(
                builder
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades(),
            );
        }
    });
    let host = connecting(address);

    host.joined().await.expect_alive().await;
    host.joined_polling().await.expect_alive().await;
    assert_eq!(
        host.request(Request::get("/")).await.summary(),
        (200, "inner")
    );
}

/// A function as a tower service.
fn tower_fn<F>(function: F) -> TowerFn<F> {
    TowerFn(function)
}

#[derive(Clone)]
struct TowerFn<F>(F);

impl<F, Fut, Request> tower_service::Service<Request> for TowerFn<F>
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Result<hyper::Response<Full<Bytes>>, Infallible>>,
{
    type Response = hyper::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Fut;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Fut {
        (self.0)(request)
    }
}

/// A client of HTTP/2 with prior knowledge: no upgrade, no TLS.
struct Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>);

impl Http2 {
    async fn connect(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("the server speaks HTTP/2");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&mut self, method: &str, query: &str, body: &str) -> (u16, String) {
        let request = hyper::Request::builder()
            .method(method)
            .uri(format!("http://localhost/socket.io/?{query}"))
            .body(Full::from(body.to_owned()))
            .expect("the request is valid");
        let answer = crate::support::within("an answer", self.0.send_request(request))
            .await
            .expect("the server answers");
        let status = answer.status().as_u16();
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("the body is whole")
            .to_bytes();
        (
            status,
            String::from_utf8(body.to_vec()).expect("the body is text"),
        )
    }
}

#[tokio::test]
async fn polling_works_over_http_2() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let mut client = Http2::connect(listening.local_addr().expect("it is bound")).await;
    tokio::spawn(listening.run());

    let (status, open) = client.send("GET", "EIO=4&transport=polling", "").await;
    assert_eq!(status, 200);
    let session = format!("EIO=4&transport=polling&sid={}", sid_of(&open));
    assert_eq!(
        client.send("POST", &session, "40").await,
        (200, "ok".to_owned())
    );
    assert!(
        client
            .send("GET", &session, "")
            .await
            .1
            .starts_with(r#"40{"sid":""#)
    );
    assert_eq!(
        client.send("POST", &session, r#"421["alive"]"#).await,
        (200, "ok".to_owned())
    );
    assert_eq!(
        client.send("GET", &session, "").await,
        (200, r#"431["yes"]"#.to_owned())
    );
}

#[tokio::test]
async fn over_http_2_heads_have_their_limit_too() {
    let query = format!("EIO=4&transport=polling&t={}", "x".repeat(20_000));
    for (builder, status) in [
        (Server::builder(), 431),
        (Server::builder().max_head_bytes(32 * 1024), 200),
    ] {
        let listening = builder.build().listen("127.0.0.1:0").await;
        let listening = listening.expect("a port is free");
        let mut client = Http2::connect(listening.local_addr().expect("it is bound")).await;
        tokio::spawn(listening.run());

        assert_eq!(client.send("GET", &query, "").await.0, status);
    }
}

#[tokio::test]
async fn over_http_2_polls_and_posts_share_a_connection() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let client = Http2::connect(listening.local_addr().expect("it is bound")).await;
    tokio::spawn(listening.run());
    let (mut polls, mut posts) = (Http2(client.0.clone()), Http2(client.0));

    let (_, open) = posts.send("GET", "EIO=4&transport=polling", "").await;
    let session = format!("EIO=4&transport=polling&sid={}", sid_of(&open));
    let (poll, post) = tokio::join!(
        polls.send("GET", &session, ""),
        posts.send("POST", &session, "40")
    );
    assert_eq!(post, (200, "ok".to_owned()));
    assert!(poll.1.starts_with(r#"40{"sid":""#));
}

#[tokio::test]
async fn a_websocket_over_http_2_is_refused() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let mut client = Http2::connect(listening.local_addr().expect("it is bound")).await;
    tokio::spawn(listening.run());

    let (status, body) = client.send("GET", "EIO=4&transport=websocket", "").await;
    assert_eq!(
        (status, &*body),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
}

/// A TLS acceptor of the application, and a client that trusts it.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("the name is valid");
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots
        .add(certificate.clone())
        .expect("the certificate is valid");
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (
        TlsAcceptor::from(Arc::new(server.expect("key and certificate match"))),
        TlsConnector::from(Arc::new(client)),
    )
}

async fn tls_host(io: &Server) -> Host {
    let (acceptor, connector) = tls();
    let service = io.layer().layer(tower_fn(inner));
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), service.clone());
            tokio::spawn(async move {
                let stream = acceptor
                    .accept(stream)
                    .await
                    .expect("the client speaks TLS");
                let service =
                    hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
                        request.extensions_mut().insert(Peer::secure(peer));
                        service.clone().call(request)
                    });
                let builder = auto::Builder::new(TokioExecutor::new());
                // A client that hangs up is no fault of the server.
                let _ = builder
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Host::connecting("/socket.io/", move || {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address)
                .await
                .expect("the server listens");
            let name = ServerName::try_from("localhost").expect("the name is valid");
            Stream::new(
                connector
                    .connect(name, stream)
                    .await
                    .expect("the certificate is trusted"),
            )
        }
    })
}

#[tokio::test]
async fn websockets_and_polling_work_over_tls() {
    let io = echo_server();
    let (teller, mut handshakes) = channel();
    io.on_connect(move |handshake: Handshake| {
        teller.tell((handshake.is_secure(), handshake.address().is_some()))
    });
    let host = tls_host(&io).await;

    host.joined().await.expect_alive().await;
    host.joined_polling().await.expect_alive().await;
    assert_eq!(
        [handshakes.next().await, handshakes.next().await],
        [(true, true); 2]
    );
}

#[tokio::test]
async fn large_and_many_messages_pass_a_websocket_over_tls() {
    let io = echo_server();
    let host = tls_host(&io).await;
    let mut client = host.joined().await;
    let large = format!(r#"42["echo","{}"]"#, "x".repeat(300_000));

    client.send(&large).await;
    client.expect(&large).await;
    for number in 0..300 {
        io.emit("count", number);
    }
    for number in 0..300 {
        client.expect(&format!(r#"42["count",{number}]"#)).await;
    }
}

/// TLS over pipes that hold 16 kB: what the server writes beyond stays in the buffer of its TLS.
fn narrow_tls_host(io: &Server) -> Host {
    let (acceptor, connector) = tls();
    let service = io.layer().layer(tower_fn(inner));
    Host::connecting("/socket.io/", move || {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let (acceptor, connector) = (acceptor.clone(), connector.clone());
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let stream = acceptor.accept(far).await.expect("the client speaks TLS");
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that hangs up is no fault of the server.
            let _ = builder
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
        });
        async move {
            let name = ServerName::try_from("localhost").expect("the name is valid");
            let stream = connector.connect(name, near).await;
            Stream::new(stream.expect("the certificate is trusted"))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_client_that_begins_to_read_late_gets_the_end_of_each_message_over_tls() {
    let io = echo_server();
    let mut client = narrow_tls_host(&io).joined().await;
    let socket = io.sockets().remove(0);

    for len in [10_000, 40_000, 70_000, 8_000_000] {
        let text = "x".repeat(len);
        socket.emit("large", &text);
        idle().await;
        assert_eq!(socket.conn().is_writable(), len < 16 * 1024);
        client.expect(&format!(r#"42["large","{text}"]"#)).await;
        idle().await;
        assert_eq!(socket.conn().pending_bytes(), 0);
    }
}

#[tokio::test]
async fn the_end_of_a_tls_connection_is_a_transport_close() {
    let io = echo_server();
    let mut reasons = crate::support::reasons(&io);
    let host = tls_host(&io).await;

    drop(host.joined().await);
    assert_eq!(reasons.next().await, "transport close");
}
