//! A server whose clients are polling sessions in memory: no socket, no request that waits.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use roomcast::Server;
use tokio::runtime::Runtime;
use tower_layer::Layer as _;
use tower_service::Service as _;

type Body = Full<&'static [u8]>;
type Service = roomcast::Service<Elsewhere>;

/// A server and the runtime on which its sessions live.
pub(crate) struct Audience {
    pub(crate) io: Server,
    runtime: Runtime,
}

impl Audience {
    /// A server with `count` clients in its main namespace.
    pub(crate) fn of(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("no thread is needed");
        let io = Server::new();
        let mut service = io.layer().layer(Elsewhere);
        runtime.block_on(async {
            for _ in 0..count {
                join(&mut service).await;
            }
        });
        Self { io, runtime }
    }

    /// Calls `emit` where the server's handlers would.
    pub(crate) fn emitting(self, emit: impl FnOnce(&Server)) -> Self {
        let guard = self.runtime.enter();
        emit(&self.io);
        drop(guard);
        self
    }
}

/// Opens a session and joins the main namespace.
async fn join(service: &mut Service) {
    const TARGET: &str = "/socket.io/?EIO=4&transport=polling";
    let open = answer(service, Request::get(TARGET), b"").await;
    let (_, rest) = open.split_once(r#""sid":""#).expect("an open packet");
    let (sid, _) = rest.split_once('"').expect("a whole open packet");
    let target = format!("{TARGET}&sid={sid}");
    let accepted = answer(service, Request::post(&target), b"40").await;
    assert_eq!(accepted, "ok");
    let connected = answer(service, Request::get(&target), b"").await;
    assert!(connected.starts_with("40{"), "{connected}");
}

async fn answer(
    service: &mut Service,
    request: http::request::Builder,
    body: &'static [u8],
) -> String {
    let request = request
        .header("host", "localhost")
        .header("content-length", body.len())
        .header("content-type", "text/plain;charset=UTF-8")
        .body(Body::new(body))
        .expect("a valid request");
    let response = service.call(request).await.expect("never an error");
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.expect("a whole body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// Answers what is no request of a session; there is none.
#[derive(Clone)]
pub(crate) struct Elsewhere;

impl tower_service::Service<Request<Body>> for Elsewhere {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}
