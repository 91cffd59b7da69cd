//! What the front does not serve: other paths, HTTP/2, HTTP/1.0, encoded bodies. hyper does.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::Notify;
use tokio::time::Instant;
use tower_layer::Layer as _;
use tower_service::Service as _;

use super::front::LAST_ANSWERS;
use super::layer::{Layer, NotFound};
use super::rewound::Rewound;
use crate::engine::Peer;

/// Serves a connection whose first request must be read until `first_by`.
pub(super) async fn serve(layer: &Layer, io: Rewound, address: SocketAddr, first_by: Instant) {
    let requested = Arc::new(Notify::new());
    let service = {
        let (requested, service) = (Arc::clone(&requested), layer.layer(NotFound));
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            requested.notify_one();
            request.extensions_mut().insert(Peer::new(address));
            service.clone().call(request)
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A client that does not finish its request head is let go after 30 s, the default of both.
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        // hyper has no timer while it tells HTTP/1 from HTTP/2.
        () = silence(&requested, first_by) => {
            return tracing::debug!(%address, "a connection asked for nothing");
        }
        () = layer.engine().closing() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_ANSWERS, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "an HTTP connection ended");
    }
}

/// Ends if no request comes in time.
async fn silence(requested: &Notify, first_by: Instant) {
    if tokio::time::timeout_at(first_by, requested.notified())
        .await
        .is_ok()
    {
        std::future::pending().await
    }
}
