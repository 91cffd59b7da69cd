//! Requests that become WebSockets.

use std::sync::Arc;

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use hyper::upgrade::OnUpgrade;
use roomcast_engineio::{BadRequest, Query, Refusal, Revision, Transport};
use roomcast_websocket::deflate::{self, Deflater};
use roomcast_websocket::handshake::{self, AcceptKey};
use roomcast_websocket::{Decoder, Limits, Role};

use super::binary_form::BinaryForm;
use super::draft;
use super::duplex::Duplex;
use super::mailbox::Input;
use super::relay::{Line, Promise};
use super::request::Request;
use super::respond::{self, Answer};
use super::server::{Owner, Shared};
use super::session::SessionTask;
use super::sid::Sid;
use super::socket::Socket;
use super::websocket::WebSocket;
use crate::http::head::{Header, RequestHead};
use crate::http::vary;

/// A WebSocket that was promised to a client; it begins once the answer 101 has left.
pub(crate) struct Switch {
    request: Arc<Request>,
    purpose: Purpose,
    /// What the answer 101 is to say; nothing where another library makes it.
    accept: Option<AcceptKey>,
    agreement: Option<deflate::Agreement>,
    binary_form: Option<BinaryForm>,
    /// What CORS and middlewares add to the answer.
    more: HeaderMap,
}

/// What reads and writes the frames of a WebSocket.
pub(crate) struct Codecs {
    pub(super) decoder: Decoder,
    pub(super) deflater: Option<Deflater>,
    pub(super) binary_form: Option<BinaryForm>,
}

/// What an accepted WebSocket is for.
pub(crate) enum Purpose {
    /// A new session with this id.
    Session(Sid),
    /// The upgrade of a session.
    Probe(Socket),
    /// The upgrade of a session that another server has.
    Relay(Promise),
    /// The request named the polling transport: accepted and closed at once.
    Nothing,
}

impl Switch {
    /// Agrees to the upgrade that `request` asks for.
    pub(super) fn accept(
        engine: &Shared,
        request: &Arc<Request>,
        query: &Query<'_>,
        purpose: Purpose,
    ) -> Result<Self, Refusal> {
        let head = request.head();
        let [connection, upgrade, version, key] = head.joined([
            Header::CONNECTION,
            Header::UPGRADE,
            Header::SEC_WEBSOCKET_VERSION,
            Header::SEC_WEBSOCKET_KEY,
        ]);
        let check = handshake::Request {
            method: request.method().as_str(),
            connection: connection.as_deref(),
            upgrade: upgrade.as_deref(),
            version: version.as_deref(),
            key: key.as_deref(),
        };
        let Ok(accept) = check.check() else {
            return Err(BadRequest::TransportHandshakeError.into());
        };
        let config = engine.config().deflate.as_ref();
        let agreement = config.and_then(|config| {
            let [extensions] = head.joined([Header::SEC_WEBSOCKET_EXTENSIONS]);
            deflate::negotiate(&extensions?, config)
        });
        Ok(Self {
            accept: Some(accept),
            agreement,
            ..Self::foreign(engine, request, query, purpose)
        })
    }

    /// Agrees to a WebSocket that another library opens and carries: what its handshake must be like
    /// is that library's concern.
    pub(super) fn foreign(
        engine: &Shared,
        request: &Arc<Request>,
        query: &Query<'_>,
        purpose: Purpose,
    ) -> Self {
        let revision = match &purpose {
            Purpose::Session(_) if engine.config().allows_eio3 => query.revision(),
            Purpose::Probe(socket) => socket.revision(),
            Purpose::Relay(_) => engine.dialect_of(request).revision(),
            Purpose::Session(_) | Purpose::Nothing => Revision::Four,
        };
        Self {
            request: Arc::clone(request),
            binary_form: BinaryForm::of(revision, query),
            purpose,
            accept: None,
            agreement: None,
            more: HeaderMap::new(),
        }
    }

    /// Adds headers to the answer.
    pub(super) fn add_headers(&mut self, headers: HeaderMap) {
        self.more = headers;
    }

    /// The answer 101.
    pub(crate) fn answer(&self, engine: &Shared) -> Answer {
        let mut answer = respond::status(StatusCode::SWITCHING_PROTOCOLS);
        let headers = answer.headers_mut();
        if let Some(accept) = &self.accept {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, value(accept.as_str()));
        }
        if let Some(agreement) = &self.agreement {
            headers.insert(
                header::SEC_WEBSOCKET_EXTENSIONS,
                value(&agreement.response()),
            );
        }
        let is_initial = || self.request.query("sid").is_none_or(str::is_empty);
        respond::call_hooks(headers, &self.request, is_initial, engine.config());
        vary::merge_headers(headers, &self.more);
        answer
    }

    /// The value of `Sec-WebSocket-Accept`, if the answer is the usual one and differs in nothing else.
    pub(crate) fn plain_accept(&self, engine: &Shared) -> Option<AcceptKey> {
        let config = engine.config();
        let has_hooks = config.initial_headers.is_some() || config.headers.is_some();
        let is_plain = !has_hooks && self.agreement.is_none() && self.more.is_empty();
        self.accept.filter(|_| is_plain)
    }

    pub(super) fn binary_form(&self) -> Option<BinaryForm> {
        self.binary_form
    }

    fn codecs(&self, engine: &Shared) -> Codecs {
        let (decoder, deflater) = self.coders(engine);
        Codecs {
            decoder,
            deflater,
            binary_form: self.binary_form,
        }
    }

    fn coders(&self, engine: &Shared) -> (Decoder, Option<Deflater>) {
        let max_bytes = engine.config().max_message_bytes;
        let limits = Limits::default()
            .with_max_frame_bytes(max_bytes)
            .with_max_message_bytes(max_bytes)
            .with_max_fragments(engine.config().max_fragments);
        let decoder = Decoder::new(Role::Server, limits);
        match (&self.agreement, &engine.config().deflate) {
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

    /// Opens the WebSocket by `connect`, which gets the codecs and the first frames, and gives it to
    /// what it is for; a new session is returned.
    pub(crate) fn begin(
        self,
        engine: &Arc<Shared>,
        connect: impl FnOnce(Codecs, &[u8]) -> WebSocket,
    ) -> Option<SessionTask> {
        let codecs = self.codecs(engine);
        self.open(engine, |sid| {
            // Cost: a buffer that this thread has, in the place of one for each session.
            let mut greeting = draft::take_buffer();
            sid.inspect(|sid| engine.put_greeting(sid, &mut greeting));
            let duplex = Duplex::WebSocket(connect(codecs, &greeting));
            draft::give_back(greeting);
            duplex
        })
    }

    /// Gives what `connect` makes to what it is for; a new session is returned. `connect` gets the id
    /// of the session that begins on it.
    pub(super) fn open(
        self,
        engine: &Arc<Shared>,
        connect: impl FnOnce(Option<&[u8]>) -> Duplex,
    ) -> Option<SessionTask> {
        let refused = match self.purpose {
            Purpose::Session(sid) => {
                let socket = engine.socket(sid, self.request, Transport::WebSocket);
                if let Some(application) = engine.accept(&socket) {
                    let duplex = Box::new(connect(Some(socket.sid_bytes())));
                    let engine = Arc::clone(engine);
                    return Some(SessionTask::new(engine, socket, application, Some(duplex)));
                }
                // Another session took the id meanwhile, or the application panicked.
                connect(None)
            }
            Purpose::Probe(socket) => {
                let duplex = Box::new(connect(None));
                socket.mailbox().tell(Input::Probe(duplex));
                return None;
            }
            Purpose::Relay(promise) => {
                let duplex = Box::new(connect(None));
                let line = Line::new(Arc::clone(engine), self.request, promise, duplex);
                engine.tasks().spawn(line.run());
                return None;
            }
            Purpose::Nothing => connect(None),
        };
        engine.close_duplex(Box::new(refused), None, None);
        None
    }

    /// Opens the WebSocket once hyper has sent the answer and lets the connection go.
    pub(super) fn begin_later(self, engine: &Arc<Shared>, on_upgrade: OnUpgrade, owner: Owner) {
        let opening = Arc::clone(engine);
        engine.tasks().spawn(async move {
            let upgraded = match on_upgrade.await {
                Ok(upgraded) => upgraded,
                Err(error) => {
                    return tracing::debug!(%error, "a client left before its WebSocket was open");
                }
            };
            let session = self.begin(&opening, |codecs, greeting| {
                WebSocket::new(upgraded, codecs, greeting)
            });
            drop((opening, owner));
            if let Some(session) = session {
                session.await;
            }
        });
    }
}

/// Whether the request asks for a WebSocket.
pub(super) fn asks_for_upgrade(head: &RequestHead) -> bool {
    let names_upgrade = |value: &[u8]| {
        value
            .split(|&byte| byte == b',')
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    head.has(Header::UPGRADE) && head.all(Header::CONNECTION).any(names_upgrade)
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("the protocol crate writes header text")
}
