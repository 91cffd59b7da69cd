//! The server as a tower service and layer.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::engine::{Owner, Shared};

/// Adds a server to another HTTP service: requests below the server's path are answered here, all
/// others go on to the inner service.
///
/// Made by [`Server::layer`](crate::Server::layer) and
/// [`Engine::layer`](crate::engine::Engine::layer). TLS, and whatever stands in front, is the
/// outer server's. WebSockets need its connection to support hyper's upgrades, as `axum::serve` and
/// `serve_connection_with_upgrades` do. Over plain TCP they get `TCP_NODELAY`; over TLS the acceptor has
/// to set it, or small messages wait for the client up to 40 ms.
///
/// # Example
///
/// ```
/// use roomcast::Server;
///
/// let (chat, metrics) = (Server::new(), Server::builder().path("/metrics.io").build());
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get("Server is live"))
///     .layer(chat.layer())
///     .layer(metrics.layer());
/// ```
///
/// Spec: features 1.55.
#[derive(Clone)]
pub struct Layer {
    engine: Arc<Shared>,
    owner: Owner,
}

impl Layer {
    pub(crate) fn new(engine: &Arc<Shared>, owner: Owner) -> Self {
        Self {
            engine: Arc::clone(engine),
            owner,
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Shared> {
        &self.engine
    }
}

/// A server in front of the HTTP service `S`; made by [`Layer`].
///
/// # Example
///
/// One connection of any kind, such as a TLS stream, served by hyper:
///
/// ```
/// use hyper_util::rt::{TokioExecutor, TokioIo};
/// use hyper_util::{server::conn::auto::Builder, service::TowerToHyperService};
/// use tower_layer::Layer as _;
///
/// # type Failure = Box<dyn std::error::Error + Send + Sync>;
/// # async fn example(stream: tokio::net::TcpStream, io: roomcast::Server) -> Result<(), Failure> {
/// let service: roomcast::Service<axum::Router> = io.layer().layer(axum::Router::new());
/// Builder::new(TokioExecutor::new())
///     .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
///     .await
/// # }
/// ```
#[derive(Clone)]
pub struct Service<S> {
    engine: Arc<Shared>,
    owner: Owner,
    inner: S,
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Service<S>;

    fn layer(&self, inner: S) -> Service<S> {
        Service {
            engine: Arc::clone(&self.engine),
            owner: self.owner.clone(),
            inner,
        }
    }
}

impl<S, ReqBody, ResBody> tower_service::Service<Request<ReqBody>> for Service<S>
where
    S: tower_service::Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Buf + Send,
    ReqBody::Error: Send,
    ResBody: 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if !self.engine.config().serves(request.uri().path()) {
            let answer = self.inner.call(request);
            return Box::pin(async move { Ok(answer.await?.map(ResponseBody::inner)) });
        }
        let (engine, owner) = (Arc::clone(&self.engine), self.owner.clone());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let answer = engine.handle(parts, body, owner).await;
            Ok(ResponseBody::answer(answer))
        })
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layer")
            .field(&self.engine.config().path)
            .finish()
    }
}

impl<S> fmt::Debug for Service<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("path", &self.engine.config().path)
            .finish_non_exhaustive()
    }
}

/// What requests outside of the server's path get where nothing else is served.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NotFound;

impl<ReqBody> tower_service::Service<Request<ReqBody>> for NotFound {
    type Response = Response<ResponseBody<Empty>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<ReqBody>) -> Self::Future {
        let mut answer = Response::new(ResponseBody::own(Bytes::new()));
        *answer.status_mut() = StatusCode::NOT_FOUND;
        std::future::ready(Ok(answer))
    }
}

/// The body of a response: the server's own bytes, or the inner service's body.
///
/// # Example
///
/// ```
/// use axum::body::Body;
/// use http_body_util::BodyExt as _;
/// use roomcast::{ResponseBody, Server};
/// use tower_layer::Layer as _;
/// use tower_service::Service as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut service = Server::new().layer().layer(axum::Router::new());
/// let request = http::Request::get("/socket.io/?EIO=4&transport=pigeon").body(Body::empty())?;
///
/// let body: ResponseBody<Body> = service.call(request).await?.into_body();
/// let text = body.collect().await?.to_bytes();
/// assert_eq!(text, r#"{"code":0,"message":"Transport unknown"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ResponseBody<B>(Source<B>);

#[derive(Debug)]
enum Source<B> {
    Own(Option<Bytes>),
    // Boxed, so that a body that is not `Unpin` needs no unsafe projection.
    Inner(Pin<Box<B>>),
}

impl<B> ResponseBody<B> {
    /// COMPAT: an answer of the server's own may announce a length of 0, as that to a preflight
    /// does. hyper drops the announcement of a body that says at once that it has ended.
    fn answer(answer: Response<Bytes>) -> Response<Self> {
        let announces_len = answer.headers().contains_key(CONTENT_LENGTH);
        answer.map(|bytes| match announces_len {
            true => Self(Source::Own(Some(bytes))),
            false => Self::own(bytes),
        })
    }

    fn own(bytes: Bytes) -> Self {
        Self(Source::Own((!bytes.is_empty()).then_some(bytes)))
    }

    fn inner(body: B) -> Self {
        Self(Source::Inner(Box::pin(body)))
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.0 {
            Source::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Inner(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Own(bytes) => bytes.is_none(),
            Source::Inner(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Own(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Source::Inner(body) => body.size_hint(),
        }
    }
}

/// The body of [`NotFound`], never made.
pub(crate) type Empty = http_body_util::Empty<Bytes>;
