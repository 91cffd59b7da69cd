//! Requests that become WebSockets.

use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use roomcast_engineio::{BadRequest, Refusal, Transport};
use roomcast_websocket::deflate::{self, Deflater};
use roomcast_websocket::{Decoder, Limits, Role, handshake};

use super::handle::{Purpose, asks_for_upgrade};
use super::mailbox::Input;
use super::request::Request;
use super::respond::{self, Answer};
use super::server::{Owner, Shared};
use super::websocket::WebSocket;

/// A request that asks for a WebSocket, with the means to give it one.
pub(crate) struct Upgrade {
    method: Method,
    headers: HeaderMap,
    /// Missing where the HTTP server cannot upgrade, as on HTTP/2.
    on_upgrade: Option<OnUpgrade>,
}

impl Upgrade {
    /// Takes the upgrade out of the request, if it asks for one.
    pub(crate) fn take(parts: &mut Parts) -> Option<Self> {
        asks_for_upgrade(&parts.headers).then(|| Self {
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            on_upgrade: parts.extensions.remove::<OnUpgrade>(),
        })
    }

    /// Answers 101, and opens the WebSocket once the answer has left.
    pub(crate) fn accept(
        self,
        engine: &Arc<Shared>,
        purpose: Purpose,
        request: Arc<Request>,
        owner: Owner,
    ) -> Result<Answer, Refusal> {
        let text = |name: HeaderName| joined(&self.headers, &name);
        let (connection, upgrade) = (text(header::CONNECTION), text(header::UPGRADE));
        let (version, key) = (
            text(header::SEC_WEBSOCKET_VERSION),
            text(header::SEC_WEBSOCKET_KEY),
        );
        let check = handshake::Request {
            method: self.method.as_str(),
            connection: connection.as_deref(),
            upgrade: upgrade.as_deref(),
            version: version.as_deref(),
            key: key.as_deref(),
        };
        let (Ok(accept), Some(on_upgrade)) = (check.check(), self.on_upgrade) else {
            return Err(BadRequest::TransportHandshakeError.into());
        };
        let offers = joined(&self.headers, &header::SEC_WEBSOCKET_EXTENSIONS);
        let config = engine.config().deflate.as_ref();
        let agreement = config.and_then(|config| deflate::negotiate(offers.as_deref()?, config));

        let mut answer = Response::new(bytes::Bytes::new());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, value(accept.as_str()));
        if let Some(agreement) = &agreement {
            headers.insert(
                header::SEC_WEBSOCKET_EXTENSIONS,
                value(&agreement.response()),
            );
        }
        let is_initial = request.query("sid").is_none_or(str::is_empty);
        respond::call_hooks(headers, &request, is_initial, engine.config());

        let opening = Arc::clone(engine);
        engine.tasks().spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => {
                    let (decoder, deflater) = codecs(&opening, agreement.as_ref());
                    let websocket = Box::new(WebSocket::new(upgraded, decoder, deflater));
                    start(&opening, websocket, purpose, request, owner).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "a client left before its WebSocket was open")
                }
            }
        });
        Ok(answer)
    }
}

/// Gives an open WebSocket to what it is for.
async fn start(
    engine: &Arc<Shared>,
    websocket: Box<WebSocket>,
    purpose: Purpose,
    request: Arc<Request>,
    owner: Owner,
) {
    match purpose {
        Purpose::Session(sid) => {
            let socket = engine.socket(sid, request, Transport::WebSocket);
            for frame in engine.greeting(socket.sid()) {
                socket.mailbox().send_control(frame);
            }
            let session = engine.open(socket, Some(websocket));
            drop(owner);
            match session {
                Ok(task) => task.await,
                // Another session took the id meanwhile, or the application panicked.
                Err(Some(websocket)) => websocket.close(None).await,
                Err(None) => {}
            }
        }
        Purpose::Probe(socket) => socket.mailbox().tell(Input::Probe(websocket)),
        Purpose::Nothing => websocket.close(None).await,
    }
}

fn codecs(engine: &Shared, agreement: Option<&deflate::Agreement>) -> (Decoder, Option<Deflater>) {
    let max_bytes = engine.config().max_message_bytes;
    let limits = Limits::default()
        .with_max_frame_bytes(max_bytes)
        .with_max_message_bytes(max_bytes)
        .with_max_fragments(engine.config().max_fragments);
    let decoder = Decoder::new(Role::Server, limits);
    match (agreement, &engine.config().deflate) {
        (Some(agreement), Some(config)) => (
            decoder.with_inflate(agreement, engine.pool()),
            Some(Deflater::new(
                Role::Server,
                agreement,
                config,
                engine.pool(),
            )),
        ),
        _ => (decoder, None),
    }
}

/// All values of a header, joined by commas.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("the protocol crate writes header text")
}
