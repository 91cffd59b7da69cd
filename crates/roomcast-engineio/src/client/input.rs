//! What happens to a client's session, apart from packets.

use super::CloseReason;
use crate::Transport;

/// What happens to a client's session, apart from packets.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A transport that [`Output::Probe`](super::Output::Probe) asked for is open. The first
    /// transport's opening is told by its open packet.
    TransportOpened(Transport),
    /// The server ended the transport in order.
    TransportClosed(Transport),
    /// The transport could not be opened, was refused, or broke.
    TransportFailed(Transport),
    /// What came over the transport is no packet.
    DecodeFailed(Transport),
    /// After [`Output::PausePolling`](super::Output::PausePolling): no request is under way.
    Paused,
    /// The application closes: what is queued is still sent.
    Close,
    /// In a session that flushes: nothing is queued and nothing is being written.
    Drained,
    /// The session is given up at once.
    Discard(CloseReason),
    /// The time of [`Session::next_timeout`](super::Session::next_timeout) has come.
    Timeout,
}
