//! HTTP requests to the engine: checked, refused, or handed to a session.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{Method, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use roomcast_engineio::revision4::PayloadEncoder;
use roomcast_engineio::{
    self as proto, Admission, BadRequest, Query, Refusal, RequestKind, Transport,
};
use tokio::sync::oneshot;

use super::config::{ConnectionError, OriginCheck};
use super::frame::Frame;
use super::mailbox::{Input, Mailbox, PollAnswer, PostAnswer};
use super::request::Request;
use super::respond::{self, Answer};
use super::server::{Owner, Shared};
use super::socket::Socket;
use super::upgrade::Upgrade;
use crate::http::cors::{self, CorsAnswer};
use crate::http::{compression, vary};

impl Shared {
    /// Answers a request whose path is this server's; `rest` is the path behind the server's own.
    pub(crate) async fn handle<B>(
        self: &Arc<Self>,
        mut parts: Parts,
        body: B,
        rest: &str,
        owner: Owner,
    ) -> Answer
    where
        B: Body,
        B::Data: Buf,
    {
        let cors = match &self.config().cors {
            Some(cors) => cors.answer(&parts).await,
            None => CorsAnswer::Continue(HeaderMap::new()),
        };
        let (mut headers, is_refused) = match cors {
            CorsAnswer::Continue(headers) => (headers, false),
            CorsAnswer::Preflight(status, headers) => {
                let mut answer = respond::status(status);
                *answer.headers_mut() = headers;
                return answer;
            }
            CorsAnswer::Refused => (HeaderMap::new(), true),
        };
        let bundle = self.config().client_bundle.as_ref();
        let file = bundle.and_then(|bundle| bundle.answer(&parts.method, rest, &parts.headers));
        let mut answer = match file {
            Some(file) => file,
            None => {
                let upgrade = Upgrade::take(&mut parts);
                let is_upgrade = upgrade.is_some();
                let request = Arc::new(Request::new(&parts));
                let result = match is_refused {
                    true => Err(BadRequest::MiddlewareFailure.into()),
                    false => self.ask_middleware(&request, &mut headers).await,
                };
                let result = match result {
                    Ok(()) => self.answer(&parts, &request, body, upgrade, owner).await,
                    Err(refusal) => Err(refusal),
                };
                result.unwrap_or_else(|refusal| self.refuse(&request, refusal, is_upgrade))
            }
        };
        vary::merge_headers(answer.headers_mut(), &headers);
        answer
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

    async fn answer<B>(
        self: &Arc<Self>,
        parts: &Parts,
        request: &Arc<Request>,
        body: B,
        upgrade: Option<Upgrade>,
        owner: Owner,
    ) -> Result<Answer, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        match (
            self.admit(parts, request, body, upgrade.as_ref()).await?,
            upgrade,
        ) {
            (Admitted::Answer(answer), _) => Ok(answer),
            (Admitted::WebSocket(purpose), Some(upgrade)) => {
                upgrade.accept(self, purpose, Arc::clone(request), owner)
            }
            (Admitted::WebSocket(_), None) => Err(BadRequest::TransportHandshakeError.into()),
        }
    }

    fn refuse(&self, request: &Arc<Request>, refusal: Refusal, is_upgrade: bool) -> Answer {
        tracing::debug!(%refusal, "request refused");
        let answer = match is_upgrade {
            true => respond::refuse_upgrade(&refusal),
            false => respond::refuse(&refusal),
        };
        if let Some(hook) = &self.config().connection_error {
            hook(&ConnectionError {
                request: Arc::clone(request),
                refusal,
            });
        }
        answer
    }

    async fn admit<B>(
        self: &Arc<Self>,
        parts: &Parts,
        request: &Arc<Request>,
        body: B,
        upgrade: Option<&Upgrade>,
    ) -> Result<Admitted, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let kind = if upgrade.is_some() {
            RequestKind::Upgrade
        } else {
            RequestKind::Plain
        };
        let facts = proto::Request {
            query: &query,
            method: parts.method.as_str(),
            origin: parts.headers.get(ORIGIN).map(http::HeaderValue::as_bytes),
            kind,
        };
        let mut found = None;
        let admission = proto::verify(&facts, &self.config().transports, |sid| {
            found = self.find(sid);
            found.as_ref().map(Socket::transport)
        })?;
        if kind == RequestKind::Upgrade {
            self.check_origin(parts).await?;
        }
        match (admission, found) {
            (Admission::Handshake(transport), _) => {
                self.handshake(request, &query, transport).await
            }
            (Admission::Polling(_), Some(socket)) => Ok(Admitted::Answer(
                self.polling(parts, request, body, &socket).await?,
            )),
            (Admission::Upgrade(_), Some(socket)) => {
                Ok(Admitted::WebSocket(Purpose::Probe(socket)))
            }
            (Admission::Pointless, _) => Ok(Admitted::WebSocket(Purpose::Nothing)),
            (Admission::Polling(_) | Admission::Upgrade(_), None) => Err(Refusal::UnknownSid),
        }
    }

    async fn check_origin(&self, parts: &Parts) -> Result<(), Refusal> {
        if self.config().origin_check == OriginCheck::None || cors::is_same_origin(parts) {
            return Ok(());
        }
        let is_allowed = match &self.config().cors {
            Some(cors) => cors.allows_origin(parts).await,
            None => !parts.headers.contains_key(ORIGIN),
        };
        if is_allowed {
            Ok(())
        } else {
            Err(Refusal::Forbidden(Some("origin is not allowed".into())))
        }
    }

    async fn handshake(
        self: &Arc<Self>,
        request: &Arc<Request>,
        query: &Query<'_>,
        transport: Transport,
    ) -> Result<Admitted, Refusal> {
        if let Some(allow) = &self.config().allow_request {
            allow(Arc::clone(request))
                .await
                .map_err(Refusal::Forbidden)?;
        }
        query.revision()?;
        let sid = self.new_sid(request).await?;
        if self.is_closing() {
            return Err(Refusal::Forbidden(Some("server is shutting down".into())));
        }
        if transport == Transport::WebSocket {
            return Ok(Admitted::WebSocket(Purpose::Session(sid)));
        }
        // The answer to the handshake needs no session yet: its packets are known.
        let mut payload = PayloadEncoder::new();
        payload.push(&proto::Packet::Open(&self.open_packet(&sid, transport)));
        if let Some(text) = &self.config().initial_packet {
            payload.push_text(text);
        }
        let answer = respond::payload(payload.into_body().into());
        let answer = respond::finish_polling(answer, request, Some(&sid), self.config());
        let socket = self.socket(sid, Arc::clone(request), transport);
        let task = self.open(socket, None);
        self.tasks()
            .spawn(task.map_err(|_| BadRequest::TransportHandshakeError)?);
        Ok(Admitted::Answer(answer))
    }

    async fn new_sid(&self, request: &Arc<Request>) -> Result<String, Refusal> {
        let Some(generate) = &self.config().generate_id else {
            return Ok(crate::id::random_text());
        };
        match generate(Arc::clone(request)).await {
            Ok(sid) if self.find(&sid).is_none() => return Ok(sid),
            Ok(_) => tracing::warn!("a session id was made twice"),
            Err(error) => tracing::warn!(%error, "no session id could be made"),
        }
        Err(BadRequest::IdGenerationError.into())
    }

    /// A session's handle with an empty mailbox.
    pub(crate) fn socket(
        &self,
        sid: String,
        request: Arc<Request>,
        transport: Transport,
    ) -> Socket {
        let mailbox = Mailbox::new(self.config().max_outbox_bytes, self.config().outbox_policy);
        Socket::new(
            sid.into(),
            request,
            mailbox,
            Arc::clone(self.flusher()),
            transport,
        )
    }

    /// The JSON of the open packet.
    pub(crate) fn open_packet(&self, sid: &str, transport: Transport) -> String {
        let times = self.times();
        let max_payload = u64::try_from(self.config().max_message_bytes).unwrap_or(u64::MAX);
        proto::Handshake::new(sid, self.config().upgrades(transport))
            .with_heartbeat(times.ping_interval, times.ping_timeout)
            .with_max_payload(max_payload)
            .to_json()
    }

    /// The frames that every WebSocket session begins with.
    pub(crate) fn greeting(&self, sid: &str) -> impl Iterator<Item = Frame> {
        let open = format!("0{}", self.open_packet(sid, Transport::WebSocket));
        let initial =
            self.config().initial_packet.as_ref().map(|text| {
                Frame::message(std::str::from_utf8(text).expect("the option takes text"))
            });
        std::iter::once(Frame::text(open.as_bytes())).chain(initial)
    }

    async fn polling<B>(
        &self,
        parts: &Parts,
        request: &Arc<Request>,
        body: B,
        socket: &Socket,
    ) -> Result<Answer, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let answer = match parts.method {
            Method::GET => self.poll(parts, socket).await?,
            Method::POST => self.post(parts, body, socket).await,
            _ => return Ok(respond::status(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        if answer.status() != StatusCode::OK {
            return Ok(answer);
        }
        Ok(respond::finish_polling(
            answer,
            request,
            None,
            self.config(),
        ))
    }

    async fn poll(&self, parts: &Parts, socket: &Socket) -> Result<Answer, Refusal> {
        let (sender, answer) = oneshot::channel();
        socket.mailbox().tell(Input::Poll(sender));
        let guard = Abort::new(socket, || Input::PollAborted);
        let answer = answer.await;
        guard.disarm();
        match answer {
            Ok(PollAnswer::Payload { body, may_compress }) => {
                Ok(self.compressed(parts, body.into(), may_compress))
            }
            Ok(PollAnswer::Refused) => Ok(respond::status(StatusCode::BAD_REQUEST)),
            // The session ended before it could take the request.
            Err(_) => Err(Refusal::UnknownSid),
        }
    }

    fn compressed(&self, parts: &Parts, body: Bytes, may_compress: bool) -> Answer {
        let accepted = parts.headers.get(http::header::ACCEPT_ENCODING);
        let encoding = self
            .config()
            .http_compression
            .encoding_for(accepted, body.len());
        let Some(encoding) = encoding.filter(|_| may_compress) else {
            return respond::payload(body);
        };
        let mut answer = respond::payload(compression::compress(encoding, &body));
        answer
            .headers_mut()
            .insert(http::header::CONTENT_ENCODING, encoding.header_value());
        answer
    }

    async fn post<B>(&self, parts: &Parts, body: B, socket: &Socket) -> Answer
    where
        B: Body,
        B::Data: Buf,
    {
        let mailbox = socket.mailbox();
        let Some(session_end) = mailbox.begin_post() else {
            mailbox.tell(Input::PostOverlapped);
            return respond::status(StatusCode::BAD_REQUEST);
        };
        let content_type = parts.headers.get(CONTENT_TYPE);
        if content_type.is_some_and(|value| value == "application/octet-stream") {
            mailbox.tell(Input::PostRefused);
            return respond::status(StatusCode::BAD_REQUEST);
        }
        let guard = Abort::new(socket, || Input::PostAborted);
        let read = async {
            let max_bytes = self.config().max_message_bytes;
            tokio::select! {
                read = read_body(&parts.headers, body, max_bytes) => read,
                _ = session_end => Err(ReadError::Broken),
            }
        };
        // A body that never ends is given up when the client would be given up, too.
        let times = self.times();
        let limit = times.ping_interval.saturating_add(times.ping_timeout);
        let body = match tokio::time::timeout(limit, read).await {
            Ok(Ok(body)) => body,
            Ok(Err(ReadError::TooLarge)) => {
                guard.disarm();
                mailbox.end_post();
                return respond::status(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Ok(Err(ReadError::Broken)) | Err(_) => return respond::status(StatusCode::BAD_REQUEST),
        };
        guard.disarm();
        let (sender, done) = oneshot::channel();
        mailbox.tell(Input::Post { body, done: sender });
        match done.await {
            Ok(PostAnswer::Accepted) => respond::ok(),
            Ok(PostAnswer::Refused) | Err(_) => respond::status(StatusCode::BAD_REQUEST),
        }
    }
}

/// Where an admitted request goes.
enum Admitted {
    Answer(Answer),
    WebSocket(Purpose),
}

/// What an accepted WebSocket is for.
pub(crate) enum Purpose {
    /// A new session with this id.
    Session(String),
    /// The upgrade of a session.
    Probe(Socket),
    /// The request named the polling transport: accepted and closed at once.
    Nothing,
}

/// Tells the session when its request is dropped because the client hung up.
struct Abort<'s> {
    socket: Option<&'s Socket>,
    input: fn() -> Input,
}

impl<'s> Abort<'s> {
    fn new(socket: &'s Socket, input: fn() -> Input) -> Self {
        Self {
            socket: Some(socket),
            input,
        }
    }

    fn disarm(mut self) {
        self.socket = None;
    }
}

impl Drop for Abort<'_> {
    fn drop(&mut self) {
        if let Some(socket) = self.socket {
            socket.mailbox().tell((self.input)());
        }
    }
}

enum ReadError {
    TooLarge,
    Broken,
}

async fn read_body<B>(headers: &HeaderMap, body: B, max_bytes: usize) -> Result<Bytes, ReadError>
where
    B: Body,
    B::Data: Buf,
{
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > max_bytes) {
        return Err(ReadError::TooLarge);
    }
    let mut body = std::pin::pin!(body);
    let mut read = Vec::with_capacity(length.unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| ReadError::Broken)?.into_data() else {
            continue;
        };
        if read.len() + data.remaining() > max_bytes {
            return Err(ReadError::TooLarge);
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            read.extend_from_slice(chunk);
            let len = chunk.len();
            data.advance(len);
        }
    }
    Ok(read.into())
}

/// Whether the request asks for a WebSocket.
pub(crate) fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let connection = headers.get_all(http::header::CONNECTION).iter();
    let names_upgrade = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|option| option.trim().eq_ignore_ascii_case("upgrade"))
        })
    };
    headers.contains_key(UPGRADE) && connection.into_iter().any(names_upgrade)
}
