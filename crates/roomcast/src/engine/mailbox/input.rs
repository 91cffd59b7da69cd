//! What a session's task is told, and what it answers to requests.

use roomcast_cluster::NodeId;
use roomcast_cluster::engine::Body;
use roomcast_engineio::{CloseReason, Revision};
use tokio::sync::oneshot;

use crate::engine::dialect::Content;
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
        body: Vec<u8>,
        content: Content,
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
    /// Another server says something of the session.
    Relayed(Box<Relayed>),
    /// The application closes the session; what is queued still leaves.
    Close,
    /// The session ends at once; what is queued is discarded.
    Discard(CloseReason),
}

/// What another server says of a session.
#[derive(Debug)]
pub(crate) struct Relayed {
    pub(crate) from: NodeId,
    pub(crate) body: Body,
}

impl Relayed {
    /// About how much it takes while it waits, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let data = match &self.body {
            Body::Packet { packet, .. } => packet.bytes(),
            _ => 0,
        };
        size_of::<Self>() + data
    }
}

/// The answer to a waiting GET.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    Payload {
        body: Vec<u8>,
        content: Content,
        may_compress: bool,
    },
    Refused,
}

impl PollAnswer {
    /// An answer of the session itself.
    pub(crate) fn control(answer: roomcast_engineio::PollAnswer, revision: Revision) -> Self {
        Self::Payload {
            body: answer.body(revision).into(),
            content: Content::Text,
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
