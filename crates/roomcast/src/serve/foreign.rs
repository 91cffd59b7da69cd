//! What the front does not serve: other paths, HTTP/2, HTTP/1.0, encoded bodies. hyper does.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
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
    let max_head_bytes = layer.engine().config().max_head_bytes;
    let until = Until {
        layer,
        address,
        requested: &requested,
        first_by,
    };
    // With a timer, hyper lets go a client of HTTP/1 that does not finish a head in 30 s, its default.
    if io.is_http2() {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_header_list_size(u32::try_from(max_head_bytes).unwrap_or(u32::MAX));
        let connection = builder.serve_connection(TokioIo::new(io), service);
        until
            .run(connection, http2::Connection::graceful_shutdown)
            .await;
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .max_header_size(max_head_bytes);
        let connection = builder.serve_connection(TokioIo::new(io), service);
        let shut_down = http1::UpgradeableConnection::graceful_shutdown;
        until.run(connection.with_upgrades(), shut_down).await;
    }
}

/// A client of HTTP/2 that has been silent for so long is asked whether it is there,
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// and has so long to answer: one that has vanished without a word is let go.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What a connection lives until, if it does not end before.
struct Until<'c> {
    layer: &'c Layer,
    address: SocketAddr,
    requested: &'c Notify,
    first_by: Instant,
}

impl Until<'_> {
    async fn run<C>(self, connection: C, shut_down: fn(Pin<&mut C>))
    where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = &mut connection => result,
            // hyper has no timer for how HTTP/2 begins, and begins that of a head anew.
            () = silence(self.requested, self.first_by) => {
                return tracing::debug!(address = %self.address, "a connection asked for nothing");
            }
            () = self.layer.engine().closing() => {
                shut_down(connection.as_mut());
                tokio::time::timeout(LAST_ANSWERS, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "an HTTP connection ended");
        }
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
