//! The long-polling transport.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use roomcast_engineio::revision4::{PayloadEncoder, decode_payload};
use roomcast_engineio::{Handshake, Packet, Transport};

use super::Options;
use super::http::HttpClient;
use super::outgoing::Outgoing;
use super::target::target;
use crate::error::TransportError;

type Answer = Pin<Box<dyn Future<Output = Result<Bytes, TransportError>> + Send>>;

/// One `GET` that waits and at most one `POST`.
pub(crate) struct Polling {
    http: HttpClient,
    options: Arc<Options>,
    sid: Option<String>,
    get: Option<Answer>,
    post: Option<Answer>,
    pace: Pace,
}

/// Whether another `GET` follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Runs,
    /// No: the session changes over.
    Pauses,
}

/// What has happened to a request.
pub(crate) enum Finished {
    /// The body of a `GET`.
    Got(Bytes),
    Posted,
}

impl Polling {
    /// Starts the request that opens a session.
    pub(crate) fn open(http: HttpClient, options: &Arc<Options>) -> Self {
        let mut polling = Self {
            http,
            options: Arc::clone(options),
            sid: None,
            get: None,
            post: None,
            pace: Pace::Runs,
        };
        polling.start_get();
        polling
    }

    pub(crate) fn set_sid(&mut self, sid: &str) {
        self.sid = Some(sid.to_owned());
    }

    /// Asks for more, unless it is asking or pauses.
    pub(crate) fn start_get(&mut self) {
        if self.get.is_none() && self.pace == Pace::Runs {
            let target = target(&self.options, Transport::Polling, self.sid.as_deref());
            self.get = Some(Box::pin(self.http.clone().get(target)));
        }
    }

    pub(crate) fn is_posting(&self) -> bool {
        self.post.is_some()
    }

    /// Sends packets in one body.
    pub(crate) fn start_post<'p>(&mut self, packets: impl Iterator<Item = &'p Outgoing>) {
        let target = target(&self.options, Transport::Polling, self.sid.as_deref());
        let body = payload(packets);
        self.post = Some(Box::pin(self.http.clone().post(target, body)));
    }

    /// Starts no other `GET`.
    pub(crate) fn pause(&mut self) {
        self.pace = Pace::Pauses;
    }

    /// Whether nothing is under way after [`Self::pause`].
    pub(crate) fn is_paused(&self) -> bool {
        self.pace == Pace::Pauses && self.get.is_none() && self.post.is_none()
    }

    pub(crate) fn resume(&mut self) {
        self.pace = Pace::Runs;
        self.start_get();
    }

    /// The next request that has ended; of a `GET` only if `is_reading`.
    pub(crate) fn poll_finished(
        &mut self,
        cx: &mut Context<'_>,
        is_reading: bool,
    ) -> Poll<Result<Finished, TransportError>> {
        // An answer to a `POST` first: it may free the queue before more comes in.
        if let Some(post) = &mut self.post
            && let Poll::Ready(answer) = post.as_mut().poll(cx)
        {
            self.post = None;
            return Poll::Ready(answer.map(|_| Finished::Posted));
        }
        if is_reading
            && let Some(get) = &mut self.get
            && let Poll::Ready(answer) = get.as_mut().poll(cx)
        {
            self.get = None;
            return Poll::Ready(answer.map(Finished::Got));
        }
        Poll::Pending
    }

    /// Says goodbye by a close packet. A session that is being opened is closed when it is open.
    pub(crate) async fn close(mut self) {
        let closing = async {
            if let Some(post) = self.post.take() {
                // What was sent before comes before.
                let _ = post.await;
            }
            if self.sid.is_none()
                && let Some(get) = self.get.take()
            {
                self.sid = get.await.ok().and_then(|body| sid_in(&body));
            }
            if self.sid.is_some() {
                let target = target(&self.options, Transport::Polling, self.sid.as_deref());
                let goodbye = self.http.clone().post(target, Bytes::from_static(b"1"));
                // Invariant: the waiting GET lives until the server knows: its end would be a fault.
                let _ = goodbye.await;
                if let Some(get) = self.get.take() {
                    let _ = get.await;
                }
            }
        };
        // A server that does not answer is left alone.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// How many packets of a queue fit into one body: at least one.
pub(crate) fn fitting<'p>(packets: impl Iterator<Item = &'p Outgoing>, max_payload: u64) -> usize {
    let max = usize::try_from(max_payload).unwrap_or(usize::MAX);
    let mut len: usize = 0;
    let mut count = 0;
    for packet in packets {
        let separator = usize::from(count > 0);
        len = len.saturating_add(separator + packet.payload_len());
        if count > 0 && len > max {
            break;
        }
        count += 1;
    }
    count
}

fn payload<'p>(packets: impl Iterator<Item = &'p Outgoing>) -> Bytes {
    let mut payload = PayloadEncoder::new();
    for packet in packets {
        match packet {
            Outgoing::Text(text) => payload.push_encoded(text),
            Outgoing::Binary(bytes) => payload.push_binary(bytes),
        }
    }
    payload.into_body().into()
}

fn sid_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let Some(Ok(Packet::Open(json))) = decode_payload(text).next() else {
        return None;
    };
    Handshake::decode(json)
        .ok()
        .map(|handshake| handshake.sid.into_owned())
}

const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
