//! The heartbeat. In revision 4 the server pings and the client answers; in revision 3 it is the
//! other way round.

use std::time::Instant;

use super::Config;
use crate::Revision;

/// Where the heartbeat stands. Nothing but pings and pongs moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heartbeat {
    Idle {
        ping_at: Option<Instant>,
    },
    AwaitingPong {
        until: Option<Instant>,
    },
    /// Revision 3, all the time.
    AwaitingPing {
        until: Option<Instant>,
    },
}

/// What a heartbeat asks for when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Wait,
    Ping,
    TimedOut,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, config: &Config, revision: Revision) -> Self {
        match revision {
            Revision::Three => Self::listening(now, config),
            Revision::Four => Self::quiet(now, config),
        }
    }

    /// The client has an interval and a timeout for its first ping, and for the next one after each.
    // SPEC: engine.io 6.6.9; the upgrade, which takes the deadline away there, does not here.
    pub(super) fn listening(now: Instant, config: &Config) -> Self {
        let patience = config.ping_interval.saturating_add(config.ping_timeout);
        Self::AwaitingPing {
            until: now.checked_add(patience),
        }
    }

    pub(super) fn revision(&self) -> Revision {
        match self {
            Self::AwaitingPing { .. } => Revision::Three,
            Self::Idle { .. } | Self::AwaitingPong { .. } => Revision::Four,
        }
    }

    /// The first ping comes an interval after the opening; so does the next one after each pong,
    /// asked for or not.
    pub(super) fn quiet(now: Instant, config: &Config) -> Self {
        Self::Idle {
            ping_at: now.checked_add(config.ping_interval),
        }
    }

    pub(super) fn poll(&mut self, now: Instant, config: &Config) -> Beat {
        if self.due().is_none_or(|due| now < due) {
            return Beat::Wait;
        }
        match self {
            Self::Idle { .. } => {
                self.ping_sent(now, config);
                Beat::Ping
            }
            Self::AwaitingPong { .. } | Self::AwaitingPing { .. } => Beat::TimedOut,
        }
    }

    /// The ping has left, or leaves now.
    pub(super) fn ping_sent(&mut self, now: Instant, config: &Config) {
        if let Self::Idle { .. } = self {
            *self = Self::AwaitingPong {
                until: now.checked_add(config.ping_timeout),
            };
        }
    }

    pub(super) fn ping_at(&self) -> Option<Instant> {
        match *self {
            Self::Idle { ping_at } => ping_at,
            Self::AwaitingPong { .. } | Self::AwaitingPing { .. } => None,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        match *self {
            Self::Idle { ping_at } => ping_at,
            Self::AwaitingPong { until } | Self::AwaitingPing { until } => until,
        }
    }
}
