//! The first packet over WebTransport: a new session, or the upgrade of one.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};

use roomcast_engineio::revision4::{StreamDecoder, StreamFrame, StreamOpen};
use roomcast_engineio::{BadRequest, Refusal, Transport};
use tokio::time::timeout;

use super::WebTransport;
use crate::engine::duplex::Duplex;
use crate::engine::mailbox::Input;
use crate::engine::request::Request;
use crate::engine::server::Shared;
use crate::engine::session::SessionTask;
use crate::webtransport::{Streams, close};

impl Shared {
    /// Decides whether the request for a session of WebTransport is accepted.
    ///
    /// COMPAT: engine.io 6.6.9 refuses everybody if there are middlewares.
    pub(crate) async fn admit_webtransport(&self, request: &Arc<Request>) -> Result<(), Refusal> {
        let verdict = match self.config().middleware.is_empty() {
            true => self.check_origin(request.head()).await,
            false => Err(BadRequest::MiddlewareFailure.into()),
        };
        verdict.inspect_err(|refusal| self.report(request, refusal))
    }

    /// Reads the first packet and does what it wants; a new session is returned.
    ///
    /// A client that sends something else, or nothing in the time for upgrades, is closed.
    pub(crate) async fn begin_webtransport(
        self: &Arc<Self>,
        request: &Arc<Request>,
        mut streams: Streams,
    ) -> Option<SessionTask> {
        let max_bytes = self.config().max_message_bytes;
        let first = first_packet(&mut streams, max_bytes.min(MAX_FIRST_BYTES));
        let first = timeout(self.times().upgrade_timeout, first).await;
        let Ok(Some((wish, unread))) = first else {
            tracing::debug!("a client of WebTransport began with no open packet");
            close(streams, false).await;
            return None;
        };
        let webtransport = Box::new(WebTransport::new(streams, unread, max_bytes));
        match wish {
            StreamOpen::Session => self.open_webtransport(request, webtransport).await,
            StreamOpen::Upgrade(sid) => {
                match self.find(&sid) {
                    Some(socket) => {
                        let duplex = Box::new(Duplex::WebTransport(webtransport));
                        socket.mailbox().tell(Input::Probe(duplex));
                    }
                    None => {
                        self.report(request, &Refusal::UnknownSid);
                        webtransport.close(None).await;
                    }
                }
                None
            }
        }
    }

    async fn open_webtransport(
        self: &Arc<Self>,
        request: &Arc<Request>,
        mut webtransport: Box<WebTransport>,
    ) -> Option<SessionTask> {
        let sid = match self.admit_request(request).await {
            Ok(sid) => sid,
            Err(refusal) => {
                self.report(request, &refusal);
                webtransport.close(None).await;
                return None;
            }
        };
        let socket = self.socket(sid, Arc::clone(request), Transport::WebTransport);
        let Some(application) = self.accept(&socket) else {
            webtransport.close(None).await;
            return None;
        };
        self.greet(socket.sid_bytes(), Transport::WebTransport)
            .for_each(|frame| webtransport.send_control(frame.payload()));
        let duplex = Box::new(Duplex::WebTransport(webtransport));
        let engine = Arc::clone(self);
        Some(SessionTask::new(engine, socket, application, Some(duplex)))
    }
}

/// The wish in the first packet, and what was read behind it; `None` if there is none.
async fn first_packet(
    streams: &mut Streams,
    max_bytes: usize,
) -> Option<(StreamOpen<'static>, Vec<u8>)> {
    let mut decoder = StreamDecoder::new(max_bytes);
    poll_fn(|cx| {
        let mut buf = [0; MAX_FIRST_BYTES];
        loop {
            let read = match ready!(streams.poll_read(cx, &mut buf)) {
                Ok(read @ 1..) => &buf[..read],
                _ => return Poll::Ready(None),
            };
            let Ok(decoded) = decoder.decode(read) else {
                return Poll::Ready(None);
            };
            if let Some(frame) = decoded.frame {
                let unread = read[decoded.consumed..].to_vec();
                return Poll::Ready(wish(&frame).map(|wish| (wish, unread)));
            }
        }
    })
    .await
}

fn wish(frame: &StreamFrame<'_>) -> Option<StreamOpen<'static>> {
    let StreamFrame::Text(text) = frame else {
        return None;
    };
    Some(StreamOpen::decode(text)?.into_owned())
}

/// The most bytes of a first packet: room for a long id.
const MAX_FIRST_BYTES: usize = 4096;
