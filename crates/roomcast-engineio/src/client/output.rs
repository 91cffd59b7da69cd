//! What a client's session asks of its caller.

use std::fmt;
use std::time::Duration;

use crate::{Handshake, Transport};

/// What a client's session asks of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller that overlooked an output would leave a server waiting"
)]
pub enum Output {
    /// The session is open.
    Opened(Handshake<'static>),
    /// Queue a pong; the server has pinged.
    QueuePong,
    /// Open this transport beside polling, with the session's id, after this delay.
    Probe {
        /// The transport to try.
        transport: Transport,
        /// How long to wait, so that a better one may be faster.
        delay: Duration,
    },
    /// Write `2probe` to this transport.
    SendProbe(Transport),
    /// Let the requests under way finish, start none, and report
    /// [`Input::Paused`](super::Input::Paused).
    PausePolling,
    /// Write `5` to this transport, which carries the session from now on, and forget polling.
    Upgrade(Transport),
    /// This probe has failed: drop its transport. The session goes on without.
    DropProbe {
        /// The transport that was tried.
        transport: Transport,
        /// Why it is given up.
        failure: ProbeFailure,
    },
    /// Close the transport that carries the session: polling by a close packet.
    CloseTransport(Transport),
    /// The session is over.
    Closed(CloseReason),
}

/// Why a transport that was tried is not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeFailure {
    /// It could not be opened, or broke.
    Failed,
    /// The server closed it.
    Closed,
    /// The server answered something else than the probe.
    Answer,
    /// Another transport was faster.
    Outrun,
    /// The session ended meanwhile.
    SessionClosed,
}

impl ProbeFailure {
    /// The text of the official client's `upgradeError`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "probe error: transport error",
            Self::Closed => "probe error: transport closed",
            Self::Answer => "probe error",
            Self::Outrun => "probe error: another transport was faster",
            Self::SessionClosed => "probe error: socket closed",
        }
    }
}

impl fmt::Display for ProbeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a client's session is over.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The transport broke, was refused, or brought what is no packet.
    TransportError,
    /// The first packet is no handshake. To the application a transport error.
    BadHandshake,
    /// The server closed, or the connection was lost.
    TransportClose,
    /// The server was silent for too long.
    PingTimeout,
    /// The application closed.
    ForcedClose,
    /// The application could not read what the server sent.
    ParseError,
}

impl CloseReason {
    /// The official text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportError | Self::BadHandshake => "transport error",
            Self::TransportClose => "transport close",
            Self::PingTimeout => "ping timeout",
            Self::ForcedClose => "forced close",
            Self::ParseError => "parse error",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
