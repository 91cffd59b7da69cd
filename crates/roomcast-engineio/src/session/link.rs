//! The transports of a session, and what goes on over them.

use std::time::{Duration, Instant};

use super::Config;
use crate::Transport;

/// How often a poll that waits during an upgrade is ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The transport a session is on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Polling(Polling),
    /// One connection for both directions.
    Duplex(Duplex),
}

/// A transport on which packets may be written at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplex {
    WebSocket,
    WebTransport,
}

impl Duplex {
    /// None for polling.
    pub(super) fn of(transport: Transport) -> Option<Self> {
        match transport {
            Transport::Polling => None,
            Transport::WebSocket => Some(Self::WebSocket),
            Transport::WebTransport => Some(Self::WebTransport),
        }
    }

    pub(super) fn transport(self) -> Transport {
        match self {
            Self::WebSocket => Transport::WebSocket,
            Self::WebTransport => Transport::WebTransport,
        }
    }
}

impl Link {
    pub(super) fn transport(&self) -> Transport {
        match self {
            Self::Polling(_) => Transport::Polling,
            Self::Duplex(duplex) => duplex.transport(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Polling {
    pub(super) poll: Poll,
    pub(super) beside: Beside,
}

/// Whether a `GET` waits for packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Poll {
    #[default]
    Away,
    Waiting,
}

/// What can go on beside the polls of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    pub(super) post: Post,
    pub(super) probe: Probe,
}

/// Whether a `POST` is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Post {
    #[default]
    None,
    Running,
}

/// Whether another transport is about to take over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Probe {
    #[default]
    None,
    /// No packet came over it yet.
    Opened {
        over: Duplex,
        until: Option<Instant>,
    },
    /// Its ping was answered: polls are ended at each check, so that the client can stop polling.
    Answered {
        over: Duplex,
        until: Option<Instant>,
        check_at: Instant,
    },
}

impl Probe {
    pub(super) fn open(now: Instant, over: Duplex, config: &Config) -> Self {
        Self::Opened {
            over,
            until: now.checked_add(config.upgrade_timeout),
        }
    }

    /// The client's ping was answered, perhaps not for the first time.
    pub(super) fn answer(&mut self, now: Instant) {
        let Some(over) = self.over() else { return };
        *self = Self::Answered {
            over,
            until: self.until(),
            check_at: now + CHECK_INTERVAL,
        };
    }

    /// Moves the next check behind `now`, keeping the beat of the checks.
    ///
    /// Returns whether a check was due.
    // Invariant: while no poll waits nobody wakes the session for a check, so many may be due.
    pub(super) fn pass_checks(&mut self, now: Instant) -> bool {
        let Self::Answered { check_at, .. } = self else {
            return false;
        };
        let Some(late) = now.checked_duration_since(*check_at) else {
            return false;
        };
        let into_beat = (late.as_nanos() % CHECK_INTERVAL.as_nanos()) as u64;
        *check_at = now + CHECK_INTERVAL - Duration::from_nanos(into_beat);
        true
    }

    /// The transport that probes.
    pub(super) fn over(&self) -> Option<Duplex> {
        match *self {
            Self::None => None,
            Self::Opened { over, .. } | Self::Answered { over, .. } => Some(over),
        }
    }

    pub(super) fn until(&self) -> Option<Instant> {
        match *self {
            Self::None => None,
            Self::Opened { until, .. } | Self::Answered { until, .. } => until,
        }
    }

    pub(super) fn check_at(&self) -> Option<Instant> {
        match *self {
            Self::Answered { check_at, .. } => Some(check_at),
            _ => None,
        }
    }
}
