//! Upgrades to WebSocket that are meant for somebody else. Spec: features 1.44.

use axum::Router;
use axum::extract::Request as HttpRequest;
use axum::response::{IntoResponse as _, Response as HttpResponse};
use axum::routing::get;
use http::{HeaderValue, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Host, Request, Response, Stream, echo_server};

/// An endpoint of the application: takes the connection over and sends four bytes back.
async fn own_protocol(mut request: HttpRequest) -> HttpResponse {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = TokioIo::new(upgrade.await.expect("the client waits for it"));
        let mut bytes = [0; 4];
        io.read_exact(&mut bytes).await.expect("the client sends");
        io.write_all(&bytes).await.expect("the client reads");
    });
    let mut answer = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = answer.headers_mut();
    headers.insert("connection", HeaderValue::from_static("Upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("websocket"));
    answer
}

#[tokio::test]
async fn beside_other_routes_an_upgrade_of_another_path_is_left_to_the_application() {
    let io = echo_server();
    let app = Router::new()
        .route("/own", get(own_protocol))
        .layer(io.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let host = Host::connecting("/socket.io/", move || async move {
        let stream = tokio::net::TcpStream::connect(address).await;
        Stream::new(stream.expect("the server listens"))
    });

    let mut own = host.stream().await;
    own.write(&Request::get("/own").upgrade().to_bytes()).await;
    let answer = Response::read_head(&mut own).await;
    assert_eq!(answer.expect("the server answers").status, 101);
    host.joined().await.expect_alive().await;
    own.write(b"ping").await;
    let echoed = own.read_exact(4).await.expect("the connection is open");
    assert_eq!(&echoed[..], b"ping");
}

/// Nobody else is there to take it: it is refused at once, and its connection is not kept.
#[tokio::test(start_paused = true)]
async fn on_the_servers_own_listener_an_upgrade_of_another_path_is_404_and_holds_nothing() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let mut stream = host.stream().await;
    let start = tokio::time::Instant::now();

    stream
        .write(&Request::get("/other").upgrade().to_bytes())
        .await;
    assert_eq!(Response::read(&mut stream).await.status, 404);
    assert_eq!(start.elapsed().as_secs(), 0);
    stream.read_to_end().await;
    assert!(start.elapsed().as_secs() <= 30, "{:?}", start.elapsed());
    assert_eq!(io.engine().clients_count(), 0);
}
