//! What sessions count. What happens once or twice in a session's life is looked up each time.

use metrics::{counter, gauge};
use roomcast_engineio::{CloseReason, Transport};

use crate::engine::DisconnectCause;

use super::by_label::ByLabel;
use super::{OUTBOX, REQUESTS_REFUSED, SESSIONS, SESSIONS_CLOSED, SESSIONS_OPENED, UPGRADES};

pub(crate) fn session_opened(transport: Transport) {
    let transport = transport.as_str();
    counter!(SESSIONS_OPENED, "transport" => transport).increment(1);
    gauge!(SESSIONS, "transport" => transport).increment(1);
}

pub(crate) fn session_upgraded(from: Transport, to: Transport) {
    let (from, to) = (from.as_str(), to.as_str());
    counter!(UPGRADES, "transport" => to).increment(1);
    gauge!(SESSIONS, "transport" => from).decrement(1);
    gauge!(SESSIONS, "transport" => to).increment(1);
}

pub(crate) fn session_closed(transport: Transport, reason: CloseReason, cause: &DisconnectCause) {
    let (reason, cause) = (reason.as_str(), cause.as_str());
    counter!(SESSIONS_CLOSED, "reason" => reason, "cause" => cause).increment(1);
    gauge!(SESSIONS, "transport" => transport.as_str()).decrement(1);
}

/// What one server counts of its outboxes, as often as an event meets a full one.
#[derive(Debug)]
pub(crate) struct OutboxMeter(ByLabel<3>);

impl Default for OutboxMeter {
    fn default() -> Self {
        Self(ByLabel::new(["dropped", "coalesced", "refused"]))
    }
}

impl OutboxMeter {
    pub(crate) fn dropped(&self, events: u64) {
        self.count(0, events);
    }

    pub(crate) fn coalesced(&self, events: u64) {
        self.count(1, events);
    }

    pub(crate) fn refused(&self, events: u64) {
        self.count(2, events);
    }

    fn count(&self, outcome: usize, events: u64) {
        if events > 0 {
            let make = |outcome| counter!(OUTBOX, "outcome" => outcome);
            self.0.get(outcome, make).increment(events);
        }
    }
}

/// `code` is that of the answer's body.
pub(crate) fn request_refused(code: u8) {
    counter!(REQUESTS_REFUSED, "code" => code.to_string()).increment(1);
}
