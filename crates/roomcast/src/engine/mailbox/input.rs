//! What a session's task is told, and what it answers to requests.

use bytes::Bytes;
use roomcast_engineio::CloseReason;
use roomcast_engineio::revision4::PayloadEncoder;
use tokio::sync::oneshot;

use crate::engine::cause::Farewell;
use crate::engine::duplex::Duplex;

/// What the HTTP side or the application tells the session's task.
#[derive(Debug)]
pub(crate) enum Input {
    /// A GET waits for packets.
    Poll(oneshot::Sender<PollAnswer>),
    /// The GET's connection went away.
    PollAborted,
    /// A POST was read to its end.
    Post {
        body: Bytes,
        done: oneshot::Sender<PostAnswer>,
    },
    /// The POST's connection went away before its end.
    PostAborted,
    /// A second POST came before the first was answered.
    PostOverlapped,
    /// A POST had a content type that this revision does not know.
    PostRefused,
    /// A connection was opened with this session's id.
    Probe(Box<Duplex>),
    /// The application closes the session; what is queued still leaves.
    Close,
    /// The session ends at once; what is queued is discarded.
    Discard(CloseReason),
}

/// The answer to a waiting GET.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    Payload { body: Vec<u8>, may_compress: bool },
    Refused,
}

impl PollAnswer {
    /// An answer of the session itself.
    pub(crate) fn control(answer: roomcast_engineio::PollAnswer) -> Self {
        Self::Payload {
            body: answer.as_str().into(),
            may_compress: false,
        }
    }

    /// The session's last answer, behind what it says to its client at the end.
    pub(crate) fn last(answer: roomcast_engineio::PollAnswer, farewell: &Farewell) -> Self {
        let mut payload = PayloadEncoder::with_capacity(0);
        for packet in &farewell.packets {
            match packet.is_binary() {
                true => payload.push_binary(packet.payload()),
                false => payload.push_encoded(packet.payload()),
            }
        }
        payload.push_encoded(answer.as_str().as_bytes());
        Self::Payload {
            body: payload.into_body(),
            may_compress: false,
        }
    }
}

/// The answer to a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostAnswer {
    Accepted,
    Refused,
}
