//! In place of the metrics when the feature `metrics` is off: nothing is counted.

use std::sync::Arc;

use roomcast_engineio::{CloseReason, Transport};

use crate::engine::DisconnectCause;
use crate::error::SocketError;

/// Whether there is anybody to find labels for.
pub(crate) const IS_ON: bool = false;

pub(crate) fn session_opened(_transport: Transport) {}

pub(crate) fn session_upgraded(_from: Transport, _to: Transport) {}

pub(crate) fn session_closed(
    _transport: Transport,
    _reason: CloseReason,
    _cause: &DisconnectCause,
) {
}

#[derive(Debug, Default)]
pub(crate) struct OutboxMeter;

impl OutboxMeter {
    pub(crate) fn dropped(&self, _events: u64) {}

    pub(crate) fn coalesced(&self, _events: u64) {}

    pub(crate) fn refused(&self, _events: u64) {}
}

pub(crate) fn request_refused(_code: u8) {}

pub(crate) struct Meter;

#[derive(Clone, Copy)]
pub(crate) enum AckOutcome {
    Answered,
    TimedOut,
    Disconnected,
}

pub(crate) struct Watch;

impl Meter {
    pub(crate) fn new(_namespace: &Arc<str>) -> Self {
        Self
    }

    pub(crate) fn connected(&self) {}

    pub(crate) fn disconnected(&self, _reason: &'static str, _cause: &'static str) {}

    pub(crate) fn refused(&self) {}

    pub(crate) fn refused_unknown() {}

    pub(crate) fn received(&self, _event: Option<&str>) {}

    pub(crate) fn emitted(&self, _event: &str, _receivers: usize) {}

    pub(crate) fn broadcast(&self, _event: &str, _receivers: usize) {}

    pub(crate) fn acks(&self, _outcome: AckOutcome, _count: usize) {}

    pub(crate) fn error(&self, _error: &SocketError) {}

    pub(crate) fn watch(&self, _event: &str) -> Watch {
        Watch
    }
}

impl Watch {
    pub(crate) fn end(self) {}
}
