//! Requests of the polling transport, handed to their session.

use std::sync::Arc;

use bytes::Buf;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use roomcast_engineio::{Refusal, Revision};
use tokio::sync::oneshot;

use super::dialect::Content;
use super::handle::Reply;
use super::mailbox::{Input, PollAnswer, PostAnswer};
use super::request::Request;
use super::respond::{self, Answer, Usual};
use super::server::Shared;
use super::socket::Socket;
use crate::http::compression::{self, Encoding};
use crate::http::head::RequestHead;

impl Shared {
    /// Answers a request of a session: a poll or a POST.
    pub(super) async fn polling<B>(
        &self,
        request: &Arc<Request>,
        body: B,
        socket: &Socket,
    ) -> Result<Reply, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let head = request.head();
        let polled = match *head.method() {
            Method::GET => self.poll(socket).await?,
            Method::POST => self.post(head, body, socket).await,
            _ => Polled::Status(StatusCode::INTERNAL_SERVER_ERROR),
        };
        Ok(self.finish_polled(request, polled))
    }

    pub(super) fn finish_polled(&self, request: &Request, polled: Polled) -> Reply {
        let (usual, may_compress) = match polled {
            Polled::Status(status) => return Reply::Answer(respond::status(status)),
            Polled::Taken => (Usual::taken(), false),
            Polled::Packets(usual, may_compress) => (usual, may_compress),
        };
        let encoding = match may_compress {
            true => {
                let accepted = request.head().header_text(ACCEPT_ENCODING.as_str());
                self.encoding_for(accepted, usual.body.len())
            }
            false => None,
        };
        if encoding.is_none() && respond::is_usual(request, self.config()) {
            return Reply::Usual(usual);
        }
        let answer = match encoding {
            Some(encoding) => compressed(usual, encoding),
            None => usual.into(),
        };
        let answer = respond::finish_polling(answer, request, None, self.config());
        Reply::Answer(answer)
    }

    pub(super) fn encoding_for(&self, accepted: Option<&str>, len: usize) -> Option<Encoding> {
        self.config().http_compression.encoding_for(accepted, len)
    }

    /// Waits for the packets of the session.
    pub(super) async fn poll(&self, socket: &Socket) -> Result<Polled, Refusal> {
        let (sender, answer) = oneshot::channel();
        socket.mailbox().tell_poll(sender);
        let guard = Abort::new(socket, || Input::PollAborted);
        let answer = answer.await;
        guard.disarm();
        match answer {
            Ok(PollAnswer::Payload {
                body,
                content,
                may_compress,
            }) => {
                let usual = socket.dialect().answer(socket.request(), body, content);
                Ok(Polled::Packets(usual, may_compress))
            }
            Ok(PollAnswer::Refused) => Ok(Polled::REFUSED),
            // The session ended before it could take the request.
            Err(_) => Err(Refusal::UnknownSid),
        }
    }

    async fn post<B>(&self, head: &RequestHead, body: B, socket: &Socket) -> Polled
    where
        B: Body,
        B::Data: Buf,
    {
        let mailbox = socket.mailbox();
        let Some(session_end) = mailbox.begin_post() else {
            mailbox.tell(Input::PostOverlapped);
            return Polled::REFUSED;
        };
        let content = match head.header(CONTENT_TYPE.as_str()) {
            Some(b"application/octet-stream") => Content::Binary,
            _ => Content::Text,
        };
        if (socket.revision(), content) == (Revision::Four, Content::Binary) {
            mailbox.tell(Input::PostRefused);
            return Polled::REFUSED;
        }
        let guard = Abort::new(socket, || Input::PostAborted);
        let read = async {
            tokio::select! {
                biased;
                read = self.read_post(head, body) => read,
                _ = session_end => Err(ReadError::Broken),
            }
        };
        // Cost: in a box of its own it is no part of the requests without a body.
        let body = match Box::pin(read).await {
            Ok(body) => body,
            Err(ReadError::TooLarge) => {
                guard.disarm();
                mailbox.end_post();
                return Polled::TOO_LARGE;
            }
            Err(ReadError::Broken) => return Polled::REFUSED,
        };
        guard.disarm();
        let (sender, done) = oneshot::channel();
        mailbox.tell(Input::Post {
            body,
            content,
            done: sender,
        });
        match done.await {
            Ok(PostAnswer::Accepted) => Polled::Taken,
            Ok(PostAnswer::Refused) | Err(_) => Polled::REFUSED,
        }
    }

    /// Reads the body of a POST. One that never ends is given up when its client would be given up,
    /// too.
    pub(super) async fn read_post<B>(
        &self,
        head: &RequestHead,
        body: B,
    ) -> Result<Vec<u8>, ReadError>
    where
        B: Body,
        B::Data: Buf,
    {
        let times = self.times();
        let limit = times.ping_interval.saturating_add(times.ping_timeout);
        let read = read_body(head, body, self.config().max_message_bytes);
        let read = tokio::time::timeout(limit, read).await;
        read.unwrap_or(Err(ReadError::Broken))
    }
}

/// What a session answers to a request.
pub(super) enum Polled {
    Status(StatusCode),
    /// The packets of a POST were taken.
    Taken,
    /// Packets for a GET, and whether they may be compressed.
    Packets(Usual, bool),
}

impl Polled {
    pub(super) const REFUSED: Self = Self::Status(StatusCode::BAD_REQUEST);
    pub(super) const TOO_LARGE: Self = Self::Status(StatusCode::PAYLOAD_TOO_LARGE);
}

pub(super) fn compressed(usual: Usual, encoding: Encoding) -> Answer {
    let body = compression::compress(encoding, &usual.body);
    let mut answer = Answer::from(usual);
    *answer.body_mut() = body;
    answer
        .headers_mut()
        .insert(CONTENT_ENCODING, encoding.header_value());
    answer
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

pub(super) enum ReadError {
    TooLarge,
    Broken,
}

async fn read_body<B>(head: &RequestHead, body: B, max_bytes: usize) -> Result<Vec<u8>, ReadError>
where
    B: Body,
    B::Data: Buf,
{
    let length = head
        .header_text(CONTENT_LENGTH.as_str())
        .and_then(|value| value.parse::<usize>().ok());
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
    Ok(read)
}
