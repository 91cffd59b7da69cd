//! The heartbeat of revision 4: the server pings, the client answers.

use std::time::Instant;

use super::Config;

/// Where the heartbeat stands. Nothing but pings and pongs moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heartbeat {
    Idle { ping_at: Option<Instant> },
    AwaitingPong { until: Option<Instant> },
}

/// What a heartbeat asks for when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Wait,
    Ping,
    TimedOut,
}

impl Heartbeat {
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
                *self = Self::AwaitingPong {
                    until: now.checked_add(config.ping_timeout),
                };
                Beat::Ping
            }
            Self::AwaitingPong { .. } => Beat::TimedOut,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        match *self {
            Self::Idle { ping_at } => ping_at,
            Self::AwaitingPong { until } => until,
        }
    }
}
