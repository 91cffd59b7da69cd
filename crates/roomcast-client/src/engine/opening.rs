//! A transport on its way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use roomcast_engineio::Transport;

use super::Shared;
use super::duplex::Duplex;
use super::target::target;
use super::websocket::WebSocket;
use crate::error::TransportError;

/// A transport that is being opened, or is open and does not carry the session yet.
pub(crate) struct Opening {
    pub(crate) transport: Transport,
    pub(crate) progress: Progress,
}

pub(crate) enum Progress {
    Connecting(Pin<Box<dyn Future<Output = Result<Duplex, TransportError>> + Send>>),
    Open(Box<Duplex>),
}

impl Opening {
    /// Opens one after this delay: for a new session, or for that of this id.
    pub(crate) fn start(
        shared: &Shared,
        transport: Transport,
        sid: Option<String>,
        delay: Duration,
    ) -> Self {
        let shared = shared.clone();
        let connecting = async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            connect(shared, transport, sid).await
        };
        Self {
            transport,
            progress: Progress::Connecting(Box::pin(connecting)),
        }
    }

    /// Ready once, when it is open or cannot be opened.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Duplex, TransportError>> {
        match &mut self.progress {
            Progress::Connecting(connecting) => connecting.as_mut().poll(cx),
            Progress::Open(_) => Poll::Pending,
        }
    }

    pub(crate) fn open(&mut self) -> Option<&mut Duplex> {
        match &mut self.progress {
            Progress::Connecting(_) => None,
            Progress::Open(duplex) => Some(duplex),
        }
    }
}

async fn connect(
    shared: Shared,
    transport: Transport,
    sid: Option<String>,
) -> Result<Duplex, TransportError> {
    let options = Arc::clone(shared.options_of(transport));
    let target = target(&options, transport, sid.as_deref());
    let Shared {
        connector, cookies, ..
    } = shared;
    #[cfg(feature = "webtransport")]
    if transport == Transport::WebTransport {
        use super::webtransport::{Question, WebTransport};

        let question = Question {
            connector,
            options,
            cookies,
            target,
        };
        return WebTransport::open(question, sid)
            .await
            .map(Duplex::WebTransport);
    }
    let websocket = WebSocket::open(connector, options, cookies, target).await;
    websocket.map(Duplex::WebSocket)
}
