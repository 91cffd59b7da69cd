//! What happens to a session, apart from packets.

use super::CloseReason;
use crate::Transport;

/// What happened to a session. Packets are handed in by
/// [`Session::handle_packet`](super::Session::handle_packet).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A `GET` of the client waits for packets.
    Poll,
    /// The waiting `GET` was answered with packets of the caller's queue.
    PollAnswered,
    /// The client hung up on the waiting `GET`.
    PollAborted,
    /// A `POST` of the client begins.
    PostBegun,
    /// A `POST` with the content type `application/octet-stream` arrived, which revision 4 does
    /// not have. Reported instead of [`PostBegun`](Self::PostBegun).
    BinaryPost,
    /// The body of the `POST` is whole and will be answered 200 `ok`, even if one of its packets
    /// ends the session; or the `POST` was refused for its size (413), which the session survives.
    /// The first packet over polling, or its decoding error, says the same.
    PostEnded,
    /// The client hung up in the middle of the `POST`.
    PostAborted,
    /// A WebSocket, or a stream of WebTransport, with the id of this session was accepted.
    TransportOpened(Transport),
    /// The peer closed the connection that carries or probes for this session.
    TransportClosed(Transport),
    /// The connection broke: a reset, a frame against its protocol, a message over the limit.
    TransportFailed(Transport),
    /// What this transport delivered is no packet ([`DecodeError`](crate::DecodeError),
    /// [`FrameError`](crate::FrameError)).
    DecodeFailed(Transport),
    /// The application closes the session, after everything queued has been written. From here on
    /// the caller queues nothing more and reports [`Drained`](Self::Drained), at once if its
    /// queue is empty.
    Close,
    /// All queued packets were handed to the transport. Means something only after
    /// [`Close`](Self::Close).
    Drained,
    /// The session ends now, whatever is queued. The official server gives
    /// [`CloseReason::ForcedClose`].
    Discard(CloseReason),
    /// The time of [`Session::next_timeout`](super::Session::next_timeout) has come. Harmless if
    /// it has not.
    Timeout,
    /// The ping of [`Session::ping_at`](super::Session::ping_at) has left already: it is due, and
    /// was not asked for by an output. Reported with the time from which its answer is awaited.
    PingSent,
}
