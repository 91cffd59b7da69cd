//! A WebSocket on its way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use roomcast_engineio::Transport;

use super::Shared;
use super::target::target;
use super::websocket::WebSocket;
use crate::error::TransportError;

/// A WebSocket that is being opened, or is open and does not carry the session yet.
pub(crate) enum Opening {
    Connecting(Pin<Box<dyn Future<Output = Result<WebSocket, TransportError>> + Send>>),
    Open(Box<WebSocket>),
}

impl Opening {
    /// Opens one: for a new session, or for that of this id.
    pub(crate) fn start(shared: &Shared, sid: Option<&str>) -> Self {
        Self::start_after(shared, sid.map(str::to_owned), Duration::ZERO)
    }

    pub(crate) fn start_after(shared: &Shared, sid: Option<String>, delay: Duration) -> Self {
        let shared = shared.clone();
        Self::Connecting(Box::pin(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let options = Arc::clone(shared.options_of(Transport::WebSocket));
            let target = target(&options, Transport::WebSocket, sid.as_deref());
            let Shared {
                connector, cookies, ..
            } = shared;
            WebSocket::open(connector, options, cookies, target).await
        }))
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Ready once, when it is open or cannot be opened.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<WebSocket, TransportError>> {
        match self {
            Self::Connecting(connecting) => connecting.as_mut().poll(cx),
            Self::Open(_) => Poll::Pending,
        }
    }
}
