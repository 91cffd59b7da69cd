//! HTTP requests to the engine: checked, refused, or handed to a session.

use std::sync::Arc;

use bytes::Buf;
use http::header::HeaderMap;
use http::request::Parts;
use http_body::Body;
use hyper::upgrade::OnUpgrade;
use roomcast_engineio::{
    self as proto, Admission, BadRequest, Query, Refusal, RequestKind, Transport,
};

use super::application::Application;
use super::config::{ConnectionError, OriginCheck};
use super::dialect::{Content, Dialect};
use super::mailbox::Mailbox;
use super::relay::Delayed;
use super::request::Request;
use super::respond::{self, Answer, Usual};
use super::server::{Owner, Shared};
use super::session::SessionTask;
use super::sid::Sid;
use super::socket::{Opening, Socket};
use super::upgrade::{Purpose, Switch, asks_for_upgrade};
use crate::http::cors::{self, CorsAnswer};
use crate::http::head::{Header, RequestHead};
use crate::http::vary;
use crate::metrics;

/// What a request comes to.
pub(crate) enum Reply {
    Answer(Answer),
    Usual(Usual),
    /// 101: the connection becomes a WebSocket.
    Switch(Switch),
}

/// Whether a request's connection can become a WebSocket; one of HTTP/2 cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Switchable,
    Fixed,
    /// The request asks for a WebSocket, whatever it looks like, and another library opens it.
    Foreign,
}

impl Carrier {
    /// Whether a request of this kind can become a WebSocket.
    pub(super) fn takes(self, kind: RequestKind) -> bool {
        match self {
            Self::Foreign => true,
            Self::Switchable => kind == RequestKind::Upgrade,
            Self::Fixed => false,
        }
    }
}

impl Shared {
    /// Answers a request that came through hyper, and whose path is this server's.
    pub(crate) async fn handle<B>(
        self: &Arc<Self>,
        mut parts: Parts,
        body: B,
        owner: Owner,
    ) -> Answer
    where
        B: Body,
        B::Data: Buf,
    {
        if self.is_too_long(&parts) {
            return respond::head_too_long();
        }
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let request = Arc::new(Request::new(&parts));
        drop(parts);
        let carrier = match on_upgrade {
            Some(_) => Carrier::Switchable,
            None => Carrier::Fixed,
        };
        match (self.reply(&request, body, carrier).await, on_upgrade) {
            (Reply::Switch(switch), Some(on_upgrade)) => {
                let answer = switch.answer(self);
                switch.begin_later(self, on_upgrade, owner);
                answer
            }
            (Reply::Switch(switch), None) => switch.answer(self),
            (Reply::Answer(answer), _) => answer,
            (Reply::Usual(usual), _) => usual.into(),
        }
    }

    /// Whether the head of a request that another HTTP server has read is above the limit.
    pub(super) fn is_too_long(&self, parts: &Parts) -> bool {
        RequestHead::len_of(parts) > self.config().max_head_bytes
    }

    /// Decides about a request whose path is this server's.
    pub(crate) async fn reply<B>(
        self: &Arc<Self>,
        request: &Arc<Request>,
        body: B,
        carrier: Carrier,
    ) -> Reply
    where
        B: Body,
        B::Data: Buf,
    {
        let head = request.head();
        let cors = match &self.config().cors {
            // Cost: what few requests wait for is in boxes; this future is made for each request.
            Some(cors) => Box::pin(cors.answer(head)).await,
            None => CorsAnswer::Continue(HeaderMap::new()),
        };
        let (mut headers, is_refused) = match cors {
            CorsAnswer::Continue(headers) => (headers, false),
            CorsAnswer::Preflight(status, headers) => {
                let mut answer = respond::status(status);
                *answer.headers_mut() = headers;
                return Reply::Answer(answer);
            }
            CorsAnswer::Refused => (HeaderMap::new(), true),
        };
        let bundle = self.config().client_bundle.as_ref();
        let file = bundle.and_then(|bundle| bundle.answer(head, self.rest_of(head)));
        let mut reply = match file {
            Some(file) => Reply::Answer(file),
            None => {
                let kind = match carrier == Carrier::Foreign || asks_for_upgrade(head) {
                    true => RequestKind::Upgrade,
                    false => RequestKind::Plain,
                };
                let result = match is_refused {
                    true => Err(BadRequest::MiddlewareFailure.into()),
                    false if self.config().middleware.is_empty() => Ok(()),
                    false => Box::pin(self.ask_middleware(request, &mut headers)).await,
                };
                let result = match result {
                    Ok(()) => self.admit(request, body, kind, carrier).await,
                    Err(refusal) => Err(refusal),
                };
                result.unwrap_or_else(|refusal| Reply::Answer(self.refuse(request, &refusal, kind)))
            }
        };
        if headers.is_empty() {
            return reply;
        }
        if let Reply::Usual(usual) = reply {
            reply = Reply::Answer(usual.into());
        }
        match &mut reply {
            Reply::Answer(answer) => vary::merge_headers(answer.headers_mut(), &headers),
            Reply::Switch(switch) => switch.add_headers(headers),
            Reply::Usual(_) => unreachable!("it was replaced above"),
        }
        reply
    }

    /// The path behind the server's own.
    fn rest_of<'h>(&self, head: &'h RequestHead) -> &'h str {
        self.config().strip_path(head.path()).unwrap_or_default()
    }

    /// Asks the application's middlewares, which may add headers to the answer.
    async fn ask_middleware(
        &self,
        request: &Arc<Request>,
        headers: &mut HeaderMap,
    ) -> Result<(), Refusal> {
        for middleware in &self.config().middleware {
            let added = middleware(Arc::clone(request)).await.map_err(|error| {
                tracing::debug!(%error, "a middleware refused a request");
                Refusal::from(BadRequest::MiddlewareFailure)
            })?;
            vary::merge_headers(headers, &added);
        }
        Ok(())
    }

    fn refuse(&self, request: &Arc<Request>, refusal: &Refusal, kind: RequestKind) -> Answer {
        self.report(request, refusal);
        match kind {
            RequestKind::Upgrade => respond::refuse_upgrade(refusal),
            RequestKind::Plain => respond::refuse(refusal),
        }
    }

    /// Tells the application of a request that was refused.
    pub(super) fn report(&self, request: &Arc<Request>, refusal: &Refusal) {
        note(refusal);
        if let Some(hook) = &self.config().connection_error {
            hook(&ConnectionError {
                request: Arc::clone(request),
                refusal: refusal.clone(),
            });
        }
    }

    async fn admit<B>(
        self: &Arc<Self>,
        request: &Arc<Request>,
        body: B,
        kind: RequestKind,
        carrier: Carrier,
    ) -> Result<Reply, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let head = request.head();
        let query = Query::parse(head.query());
        let facts = proto::Request {
            query: &query,
            method: head.method().as_str(),
            origin: head.all(Header::ORIGIN).next(),
            kind,
        };
        let mut found = None;
        let admission = proto::verify(&facts, &self.config().transports, |sid| {
            found = self.find(sid);
            found.as_ref().map(Socket::transport)
        });
        let admission = match (admission, self.exchange()) {
            (Err(Refusal::UnknownSid), Some(exchange)) => {
                return Box::pin(self.relay(exchange, request, body, kind, carrier)).await;
            }
            (admission, _) => admission?,
        };
        if kind == RequestKind::Upgrade {
            Box::pin(self.check_origin(head)).await?;
        }
        let purpose = match (admission, found) {
            (Admission::Handshake(transport), _) => {
                if let Some(exchange) = self.exchange() {
                    // Others must be able to ask for it.
                    Box::pin(exchange.start()).await;
                }
                let sid = Box::pin(self.admit_session(request, &query)).await?;
                match transport {
                    Transport::WebSocket => Purpose::Session(sid),
                    _ => return self.open_polling(request, sid).map(Reply::Answer),
                }
            }
            (Admission::Polling(_), Some(socket)) => {
                return self.polling(request, body, &socket).await;
            }
            (Admission::Upgrade(_), Some(socket)) => Purpose::Probe(socket),
            (Admission::Pointless, _) => Purpose::Nothing,
            (Admission::Polling(_) | Admission::Upgrade(_), None) => {
                return Err(Refusal::UnknownSid);
            }
        };
        if !carrier.takes(kind) {
            return Err(BadRequest::TransportHandshakeError.into());
        }
        self.switch(request, &query, carrier, purpose)
    }

    /// Agrees to a WebSocket for a new session, where nobody is asked about it and nothing is wrong;
    /// any other request is for [`reply`](Self::reply), which refuses it or not.
    ///
    /// Cost: most handshakes are like this, and need no future that could wait.
    pub(crate) fn switch_at_once(&self, request: &Arc<Request>) -> Option<Switch> {
        let (config, head) = (self.config(), request.head());
        let is_asked_about = config.asks_about_handshakes() || self.exchange().is_some();
        // No file of the client bundle has such a name.
        let is_file = || !matches!(self.rest_of(head), "" | "/");
        if is_asked_about || (config.client_bundle.is_some() && is_file()) {
            return None;
        }
        let query = Query::parse(head.query());
        let facts = proto::Request {
            query: &query,
            method: head.method().as_str(),
            origin: head.all(Header::ORIGIN).next(),
            kind: RequestKind::Upgrade,
        };
        let admission = proto::verify(&facts, &config.transports, |_| None);
        let is_new = matches!(admission, Ok(Admission::Handshake(Transport::WebSocket)));
        if !is_new
            || !config.allows(query.revision())
            || !self.allows_origin_of(head)
            || self.is_closing()
        {
            return None;
        }
        let purpose = Purpose::Session(Sid::random());
        Switch::accept(self, request, &query, purpose).ok()
    }

    /// Agrees to a WebSocket for this purpose; the carrier takes it.
    pub(super) fn switch(
        &self,
        request: &Arc<Request>,
        query: &Query<'_>,
        carrier: Carrier,
        purpose: Purpose,
    ) -> Result<Reply, Refusal> {
        let switch = match carrier {
            Carrier::Foreign => Switch::foreign(self, request, query, purpose),
            _ => Switch::accept(self, request, query, purpose)?,
        };
        Ok(Reply::Switch(switch))
    }

    pub(super) async fn check_origin(&self, head: &RequestHead) -> Result<(), Refusal> {
        let is_allowed = match &self.config().cors {
            _ if self.allows_origin_of(head) => true,
            Some(cors) => cors.allows_origin(head).await,
            None => false,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(Refusal::Forbidden(Some("origin is not allowed".into())))
        }
    }

    /// Whether the origin of a WebSocket's handshake is allowed whatever CORS says.
    fn allows_origin_of(&self, head: &RequestHead) -> bool {
        !head.has(Header::ORIGIN)
            || self.config().origin_check == OriginCheck::None
            || cors::is_same_origin(head)
    }

    /// Asks the application whether a session may begin, and makes its id.
    async fn admit_session(
        &self,
        request: &Arc<Request>,
        query: &Query<'_>,
    ) -> Result<Sid, Refusal> {
        self.ask_application(request).await?;
        if !self.config().allows(query.revision()) {
            return Err(Refusal::UnsupportedProtocolVersion);
        }
        self.open_sid(request).await
    }

    async fn ask_application(&self, request: &Arc<Request>) -> Result<(), Refusal> {
        match &self.config().allow_request {
            Some(allow) => allow(Arc::clone(request)).await.map_err(Refusal::Forbidden),
            None => Ok(()),
        }
    }

    /// As [`admit_session`](Self::admit_session) for a transport that only revision 4 has.
    #[cfg(feature = "webtransport")]
    pub(super) async fn admit_request(&self, request: &Arc<Request>) -> Result<Sid, Refusal> {
        self.ask_application(request).await?;
        self.open_sid(request).await
    }

    /// Makes the id of a session that may begin, unless the server is being closed.
    async fn open_sid(&self, request: &Arc<Request>) -> Result<Sid, Refusal> {
        let sid = self.new_sid(request).await?;
        if self.is_closing() {
            return Err(Refusal::Forbidden(Some("server is shutting down".into())));
        }
        Ok(sid)
    }

    fn open_polling(self: &Arc<Self>, request: &Arc<Request>, sid: Sid) -> Result<Answer, Refusal> {
        // The answer to the handshake needs no session yet: its packets are known.
        let dialect = self.dialect_of(request);
        let body = self.first_payload(&sid, dialect.revision());
        let answer = dialect.answer(request, body, Content::Text).into();
        let answer = respond::finish_polling(answer, request, Some(sid.as_str()), self.config());
        let socket = self.socket(sid, Arc::clone(request), Transport::Polling);
        let Some(application) = self.accept_polling(&socket) else {
            return Err(BadRequest::TransportHandshakeError.into());
        };
        let session = SessionTask::new(Arc::clone(self), socket, application, None);
        self.tasks().spawn(session);
        Ok(answer)
    }

    /// As [`accept`](Self::accept); where others may take the session over, the application is made
    /// when they have had the time for it.
    fn accept_polling(self: &Arc<Self>, socket: &Socket) -> Option<Box<dyn Application>> {
        let Some(exchange) = self.exchange() else {
            return self.accept(socket);
        };
        let until = tokio::time::Instant::now().into_std() + exchange.connection_delay();
        self.register(socket).then(|| {
            metrics::session_opened(socket.transport());
            let delayed = Delayed::new(Arc::clone(self), socket.clone(), until);
            Box::new(delayed) as Box<dyn Application>
        })
    }

    pub(super) fn dialect_of(&self, handshake: &Request) -> Dialect {
        match self.config().allows_eio3 {
            true => Dialect::of(handshake),
            false => Dialect::Four,
        }
    }

    async fn new_sid(&self, request: &Arc<Request>) -> Result<Sid, Refusal> {
        let Some(generate) = &self.config().generate_id else {
            return Ok(Sid::random());
        };
        match generate(Arc::clone(request)).await {
            Ok(sid) if self.find(&sid).is_none() => return Ok(sid.into()),
            Ok(_) => tracing::warn!("a session id was made twice"),
            Err(error) => tracing::warn!(%error, "no session id could be made"),
        }
        Err(BadRequest::IdGenerationError.into())
    }

    /// A session's handle with an empty mailbox.
    pub(crate) fn socket(&self, sid: Sid, request: Arc<Request>, transport: Transport) -> Socket {
        let mailbox = Mailbox::new(self.config().outbox, self.flusher());
        let opening = Opening {
            sid,
            dialect: self.dialect_of(&request),
            request,
            transport,
        };
        Socket::new(opening, mailbox)
    }
}

/// Notes that a request was refused.
pub(super) fn note(refusal: &Refusal) {
    tracing::debug!(%refusal, "request refused");
    metrics::request_refused(refusal.code().code());
}
