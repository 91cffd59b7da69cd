//! Requests of sessions that other servers have.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::Method;
use http::header::CONTENT_TYPE;
use http_body::Body;
use roomcast_cluster::NodeId;
use roomcast_cluster::engine::{Input, Packet};
use roomcast_engineio::{self as proto, Query, Refusal, RequestKind, Revision, Transport};

use super::exchange::Exchange;
use super::packets::{frames_of, received};
use crate::engine::dialect::{Content, Dialect};
use crate::engine::handle::{Carrier, Reply};
use crate::engine::mailbox::PollAnswer;
use crate::engine::outbox::{Entry, Queue, Role};
use crate::engine::polling::{Polled, ReadError};
use crate::engine::request::Request;
use crate::engine::server::Shared;
use crate::engine::session::body;
use crate::engine::upgrade::Purpose;

impl Shared {
    /// Answers a request whose session is not here.
    pub(in crate::engine) async fn relay<B>(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        request: &Arc<Request>,
        body: B,
        kind: RequestKind,
        carrier: Carrier,
    ) -> Result<Reply, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let query = Query::parse(request.head().query());
        let sid = query.sid().filter(|sid| is_shared(sid));
        let (Some(sid), Some(transport)) = (sid, query.transport()) else {
            return Err(Refusal::UnknownSid);
        };
        let sid: Arc<str> = sid.into();
        let polled = match (kind, transport, request.method()) {
            (RequestKind::Upgrade, Transport::WebSocket, _) => {
                self.check_origin(request.head()).await?;
                if !carrier.takes(kind) {
                    return Err(proto::BadRequest::TransportHandshakeError.into());
                }
                let promise = exchange.probe(&sid).await.ok_or(Refusal::UnknownSid)?;
                let purpose = Purpose::Relay(promise);
                return self.switch(request, &query, carrier, purpose);
            }
            (RequestKind::Plain, Transport::Polling, &Method::GET) => {
                self.relay_poll(exchange, request, &sid).await?
            }
            (RequestKind::Plain, Transport::Polling, &Method::POST) => {
                self.relay_post(exchange, request, body, &sid).await?
            }
            _ => return Err(Refusal::UnknownSid),
        };
        Ok(self.finish_polled(request, polled))
    }

    async fn relay_poll(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        request: &Request,
        sid: &Arc<str>,
    ) -> Result<Polled, Refusal> {
        let packets = tokio::select! {
            packets = tokio::time::timeout(self.silence(), exchange.poll(sid)) => packets,
            () = self.closing() => return Err(Refusal::UnknownSid),
        };
        let Ok(Some(packets)) = packets else {
            return Err(Refusal::UnknownSid);
        };
        let dialect = self.dialect_of(request);
        Ok(match payload(&packets, dialect) {
            PollAnswer::Payload {
                body,
                content,
                may_compress,
            } => Polled::Packets(dialect.answer(request, body, content), may_compress),
            PollAnswer::Refused => unreachable!("packets are a payload"),
        })
    }

    /// How long an owner may say nothing: by then it has asked for a heartbeat.
    pub(super) fn silence(&self) -> Duration {
        let times = self.times();
        times.ping_interval.saturating_add(times.ping_timeout)
    }

    async fn relay_post<B>(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        request: &Request,
        body: B,
        sid: &Arc<str>,
    ) -> Result<Polled, Refusal>
    where
        B: Body,
        B::Data: Buf,
    {
        let owner = exchange.post(sid).await.ok_or(Refusal::UnknownSid)?;
        let mut post = RelayedPost {
            exchange,
            sid,
            owner: &owner,
            patience: self.silence(),
            ending: Some(TRANSPORT_ERROR),
        };
        let head = request.head();
        let dialect = self.dialect_of(request);
        let content = match head.header(CONTENT_TYPE.as_str()) {
            Some(b"application/octet-stream") => Content::Binary,
            _ => Content::Text,
        };
        if (dialect.revision(), content) == (Revision::Four, Content::Binary) {
            return Ok(Polled::REFUSED);
        }
        let read = tokio::select! {
            read = self.read_post(head, body) => read,
            () = self.closing() => Err(ReadError::Broken),
        };
        let body = match read {
            Ok(body) => body::Body::new(dialect, content, body),
            Err(ReadError::TooLarge) => {
                post.ending = None;
                return Ok(Polled::TOO_LARGE);
            }
            Err(ReadError::Broken) => return Ok(Polled::REFUSED),
        };
        Ok(match post.forward(&body).await {
            true => Polled::Taken,
            false => Polled::REFUSED,
        })
    }
}

/// A POST whose session is elsewhere. If it is dropped before its packets are on their way, that is
/// the end of the session, as it is at its owner.
struct RelayedPost<'p> {
    exchange: &'p Exchange,
    sid: &'p Arc<str>,
    owner: &'p NodeId,
    /// How long the bus may take for some packets.
    patience: Duration,
    ending: Option<&'static str>,
}

impl RelayedPost<'_> {
    /// Hands the packets to the bus, some at a time, and waits until it has them.
    async fn forward(&mut self, body: &body::Body) -> bool {
        let mut packets = body.packets(0);
        loop {
            let (some, end) = next_packets(&mut packets);
            let sent = self.exchange.forward(self.sid, self.owner, some);
            // All packets are on their way, whether or not the client waits for the answer.
            match end {
                Some(End::Over) => self.ending = None,
                Some(End::Closed) => self.ending = Some(TRANSPORT_CLOSE),
                None => {}
            }
            let sent = tokio::time::timeout(self.patience, sent).await;
            if !matches!(sent, Ok(Ok(()))) {
                self.ending = Some(TRANSPORT_ERROR);
                return false;
            }
            if end.is_some() {
                return true;
            }
        }
    }
}

impl Drop for RelayedPost<'_> {
    fn drop(&mut self) {
        if let Some(reason) = self.ending {
            let (sid, owner) = (Arc::clone(self.sid), self.owner.clone());
            self.exchange.input(Input::End { sid, owner, reason });
        }
    }
}

/// Why no more packets of a body are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There are none.
    Over,
    /// The client closes its session.
    Closed,
}

fn next_packets(packets: &mut body::Packets<'_>) -> (Vec<Packet>, Option<End>) {
    let mut some = Vec::new();
    while some.len() < MAX_FORWARDED {
        match packets.next() {
            Some(Ok(proto::Packet::Close)) => return (some, Some(End::Closed)),
            Some(Ok(packet)) => some.push(received(&packet)),
            Some(Err(error)) => {
                tracing::debug!(%error, "a client posted what is no packet");
                some.push(Packet::unreadable());
                return (some, Some(End::Over));
            }
            None => return (some, Some(End::Over)),
        }
    }
    (some, None)
}

/// The answer to a poll, of these packets.
fn payload(packets: &[Packet], dialect: Dialect) -> PollAnswer {
    let entries = frames_of(packets).map(|(frame, may_compress)| Entry::Shared {
        frame,
        may_compress,
        role: Role::EVENT,
    });
    let queue: Queue = entries.collect();
    let bytes = queue.iter().map(|entry| entry.bytes().len()).sum();
    let (body, content) = body::encode(&queue, bytes, dialect);
    PollAnswer::Payload {
        body,
        content,
        may_compress: packets.iter().any(|packet| packet.compress == Some(true)),
    }
}

/// Whether a session with this id can be another server's.
///
/// SPEC: cluster-engine 0.1.0 asks for ids of 20 characters only.
fn is_shared(sid: &str) -> bool {
    sid.len() <= 3 * SID_LEN && sid.encode_utf16().count() == SID_LEN
}

const SID_LEN: usize = 20;
/// Packets of one body that are handed to the bus at a time.
const MAX_FORWARDED: usize = 256;
const TRANSPORT_ERROR: &str = "transport error";
const TRANSPORT_CLOSE: &str = "transport close";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_twenty_characters_are_asked_for() {
        assert!(is_shared("09pZYmR_bs9tdKzqAAAA"));
        assert!(is_shared(&"é".repeat(20)));
        assert!(!is_shared(&"a".repeat(19)));
        assert!(!is_shared(&"a".repeat(21)));
    }
}
