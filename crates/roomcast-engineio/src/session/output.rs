//! What a session asks of its caller.

use smallvec::SmallVec;

use crate::{Packet, Revision, Transport};

/// What the caller has not taken yet.
// Cost: most inputs ask for nothing, and none for more than these, so a session keeps no list.
#[derive(Clone, Debug, Default)]
pub(super) struct Outputs(SmallVec<[Output; 8]>);

impl Outputs {
    pub(super) fn push_back(&mut self, output: Output) {
        self.0.push(output);
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Output> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

/// What the caller has to do next, in the order in which it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller that overlooked an output would leave a client waiting"
)]
pub enum Output {
    /// Put a ping packet, `2`, behind the queued packets.
    QueuePing,
    /// Put a pong packet, `3`, behind the queued packets. Only revision 3 asks for it.
    QueuePong,
    /// Answer the waiting `GET` with this body. It waits no longer.
    AnswerPoll(PollAnswer),
    /// Refuse the `GET` that was reported last; an earlier one is not meant.
    RefusePoll(RequestFault),
    /// Refuse the `POST` that was reported last; an earlier one is not meant.
    RefusePost(RequestFault),
    /// Give up the `POST` whose body is still being read: drop its connection, or answer it with
    /// an error.
    AbortPost,
    /// Send the pong packet `3probe` over the probing transport, which is not yet the session's.
    AnswerProbe(Transport),
    /// Close the transport reported last as opened, which is one too many; an earlier one is not
    /// meant.
    RefuseTransport(Transport),
    /// Close this transport, behind what was already written to it, and forget it: nothing of it
    /// is handed to the session any more. A WebSocket is closed by a close frame without a code, a
    /// session of WebTransport with code 0.
    CloseTransport(Transport),
    /// The session is now on this transport: everything queued goes there, and nothing to the
    /// old one.
    Upgraded(Transport),
    /// The session is over. Always the last output, and given once.
    Closed(CloseReason),
}

/// The body that ends a waiting poll when nothing of the application is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the caller only asks for its text")]
pub enum PollAnswer {
    /// Ends the poll so that the client can upgrade, or because the client closed.
    Noop,
    /// The session is over.
    Close,
    /// The session is over, told to a poll that came after the close.
    NoopAndClose,
}

impl PollAnswer {
    /// Whether the session is over with it; [`Output::Closed`] comes with it then.
    pub fn is_last(self) -> bool {
        self != Self::Noop
    }

    /// The packets, for who has more to put into the body.
    pub fn packets(self) -> &'static [Packet<'static>] {
        match self {
            Self::Noop => &[Packet::Noop],
            Self::Close => &[Packet::Close],
            Self::NoopAndClose => &[Packet::Noop, Packet::Close],
        }
    }

    /// The body, of type `text/plain; charset=UTF-8`.
    pub fn body(self, revision: Revision) -> &'static str {
        match (self, revision) {
            (Self::Noop, Revision::Four) => "6",
            (Self::Close, Revision::Four) => "1",
            (Self::NoopAndClose, Revision::Four) => "6\u{1e}1",
            (Self::Noop, Revision::Three) => "1:6",
            (Self::Close, Revision::Three) => "1:1",
            (Self::NoopAndClose, Revision::Three) => "1:61:1",
        }
    }
}

/// What is wrong with a request that reached its session. All are answered with 400.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestFault {
    /// One of this kind is still waiting. Answered without a body; the session ends.
    Overlap,
    /// The body is `application/octet-stream`. Answered without a body; the session ends.
    BinaryContent,
    /// The session is no longer on polling. Answered as
    /// [`BadRequest::TransportMismatch`](crate::BadRequest::TransportMismatch); the session goes on.
    TransportMismatch,
}

/// Why a session is over.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{CloseReason, TransportError};
///
/// let reason = CloseReason::TransportError(TransportError::PollOverlap);
/// assert_eq!(reason.as_str(), "transport error");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client or its connection broke the rules.
    TransportError(TransportError),
    /// The client closed, or its connection ended.
    TransportClose,
    /// The application closed.
    ForcedClose,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client sent what is no packet.
    ParseError,
    /// The server stops.
    ServerShuttingDown,
    /// The server ended the session for what the client did above Engine.IO.
    ForcedServerClose,
    /// The client read too slowly: more waited for it than the server keeps. Not known to the
    /// official server.
    OutboxFull,
}

impl CloseReason {
    /// The official text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportError(_) => "transport error",
            Self::TransportClose => "transport close",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ServerShuttingDown => "server shutting down",
            Self::ForcedServerClose => "forced server close",
            Self::OutboxFull => "outbox full",
        }
    }
}

impl std::fmt::Display for CloseReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The cause of a transport error. Each has the official description as its text.
///
/// # Example
///
/// ```
/// use roomcast_engineio::TransportError;
///
/// assert_eq!(TransportError::PollOverlap.to_string(), "overlap from client");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TransportError {
    /// A second `GET` came while one was waiting.
    #[error("overlap from client")]
    PollOverlap,
    /// The client hung up on a waiting `GET`.
    #[error("poll connection closed prematurely")]
    PollAborted,
    /// A second `POST` came while one was being read.
    #[error("data request overlap from client")]
    PostOverlap,
    /// The client hung up in the middle of a `POST`.
    #[error("data request connection closed prematurely")]
    PostAborted,
    /// A `POST` came with the content type `application/octet-stream`.
    #[error("invalid content")]
    BinaryPost,
    /// A ping came from a client of revision 4, which only answers them, or a pong from one of
    /// revision 3, which only sends pings.
    #[error("invalid heartbeat direction")]
    HeartbeatDirection,
    /// The connection broke; the caller reported it and knows more.
    #[error("connection failed")]
    Connection,
}
