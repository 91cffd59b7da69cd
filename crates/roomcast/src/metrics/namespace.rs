//! What a namespace counts: its series are looked up once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, Histogram, SharedString, counter, gauge, histogram};

use super::by_label::ByLabel;
use super::{
    ACKS, BROADCAST_RECEIVERS, CONNECT_ERRORS, CONNECTS, DISCONNECTS, ERRORS, EVENTS_DELIVERED,
    EVENTS_EMITTED, EVENTS_RECEIVED, HANDLER_SECONDS, MAX_EVENTS, OTHER, SOCKETS, UNHANDLED,
};
use crate::error::SocketError;

/// The counters of one namespace.
pub(crate) struct Meter {
    label: SharedString,
    // Looked up when the first client comes: the program has its recorder by then.
    series: OnceLock<Series>,
}

struct Series {
    sockets: Gauge,
    connects: Counter,
    delivered: Counter,
    receivers: Histogram,
    acks: ByLabel<3>,
    errors: ByLabel<4>,
    received: ByEvent<Counter>,
    emitted: ByEvent<Counter>,
    seconds: ByEvent<Histogram>,
}

/// One series for each event, up to a bound.
///
/// Invariant: no lock is held while the recorder is called, which may emit.
struct ByEvent<T> {
    known: ArcSwap<Known<T>>,
    make: fn(namespace: &SharedString, event: &str) -> T,
}

/// What became of a question, in the order of the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckOutcome {
    Answered,
    TimedOut,
    Disconnected,
}

impl Meter {
    pub(crate) fn new(namespace: &Arc<str>) -> Self {
        Self {
            label: SharedString::from(Arc::clone(namespace)),
            series: OnceLock::new(),
        }
    }

    pub(crate) fn connected(&self) {
        let series = self.series();
        series.connects.increment(1);
        series.sockets.increment(1);
    }

    pub(crate) fn disconnected(&self, reason: &'static str, cause: &'static str) {
        self.series().sockets.decrement(1);
        let namespace = self.label.clone();
        counter!(DISCONNECTS, "namespace" => namespace, "reason" => reason, "cause" => cause)
            .increment(1);
    }

    pub(crate) fn refused(&self) {
        counter!(CONNECT_ERRORS, "namespace" => self.label.clone()).increment(1);
    }

    /// A client was refused since its namespace does not exist.
    pub(crate) fn refused_unknown() {
        counter!(CONNECT_ERRORS, "namespace" => OTHER).increment(1);
    }

    /// An event came; `event` names it if it has a handler.
    pub(crate) fn received(&self, event: Option<&str>) {
        let series = self.series();
        let event = event.unwrap_or(UNHANDLED);
        series
            .received
            .with(&self.label, event, |count| count.increment(1));
    }

    /// An event was queued for so many receivers.
    pub(crate) fn emitted(&self, event: &str, receivers: usize) {
        let series = self.series();
        series
            .emitted
            .with(&self.label, event, |count| count.increment(1));
        series.delivered.increment(receivers as u64);
    }

    pub(crate) fn broadcast(&self, event: &str, receivers: usize) {
        self.emitted(event, receivers);
        self.series().receivers.record(receivers as f64);
    }

    pub(crate) fn acks(&self, outcome: AckOutcome, count: usize) {
        if count > 0 {
            let make =
                |outcome| counter!(ACKS, "namespace" => self.label.clone(), "outcome" => outcome);
            let acks = self.series().acks.get(outcome as usize, make);
            acks.increment(count as u64);
        }
    }

    pub(crate) fn error(&self, error: &SocketError) {
        let kind = match error {
            SocketError::Packet(_) => 0,
            SocketError::Argument { .. } => 1,
            SocketError::Refused(_) => 2,
            SocketError::Panic { .. } => 3,
        };
        let make = |kind| counter!(ERRORS, "namespace" => self.label.clone(), "kind" => kind);
        self.series().errors.get(kind, make).increment(1);
    }

    /// Starts to measure a handler; the measure ends when the watch is dropped.
    pub(crate) fn watch(&self, event: &str) -> Watch {
        let mut seconds = None;
        let series = self.series();
        series.seconds.with(&self.label, event, |histogram| {
            seconds = Some(histogram.clone())
        });
        Watch {
            seconds: seconds.unwrap_or_else(Histogram::noop),
            since: Instant::now(),
        }
    }

    fn series(&self) -> &Series {
        self.series.get().unwrap_or_else(|| {
            // Invariant: the recorder is called outside of the initialisation: it may count here, too.
            let made = Series::of(&self.label);
            self.series.get_or_init(|| made)
        })
    }
}

impl Series {
    fn of(label: &SharedString) -> Self {
        let namespace = || label.clone();
        Self {
            sockets: gauge!(SOCKETS, "namespace" => namespace()),
            connects: counter!(CONNECTS, "namespace" => namespace()),
            delivered: counter!(EVENTS_DELIVERED, "namespace" => namespace()),
            receivers: histogram!(BROADCAST_RECEIVERS, "namespace" => namespace()),
            acks: ByLabel::new(["answered", "timed out", "disconnected"]),
            errors: ByLabel::new(["packet", "argument", "refused", "panic"]),
            received: ByEvent::new(|namespace, event| {
                let (namespace, event) = (namespace.clone(), event.to_owned());
                counter!(EVENTS_RECEIVED, "namespace" => namespace, "event" => event)
            }),
            emitted: ByEvent::new(|namespace, event| {
                let (namespace, event) = (namespace.clone(), event.to_owned());
                counter!(EVENTS_EMITTED, "namespace" => namespace, "event" => event)
            }),
            seconds: ByEvent::new(|namespace, event| {
                let (namespace, event) = (namespace.clone(), event.to_owned());
                histogram!(HANDLER_SECONDS, "namespace" => namespace, "event" => event)
            }),
        }
    }
}

impl<T: Clone> ByEvent<T> {
    fn new(make: fn(&SharedString, &str) -> T) -> Self {
        Self {
            known: ArcSwap::default(),
            make,
        }
    }

    /// Hands the series of `event` to `act`.
    fn with(&self, namespace: &SharedString, event: &str, act: impl FnOnce(&T)) {
        // Cost: nothing is allocated where the series is known, that of all others included.
        loop {
            let known = self.known.load();
            if let Some(series) = find(&known, event) {
                return act(series);
            }
            let name = match known.len() < MAX_EVENTS {
                true => event,
                false => OTHER,
            };
            let mut more = Known::clone(&known);
            more.insert(name.into(), (self.make)(namespace, name));
            // Where another thread was faster, its series are looked at.
            self.known.compare_and_swap(&known, Arc::new(more));
        }
    }
}

type Known<T> = HashMap<Box<str>, T, foldhash::fast::RandomState>;

fn find<'k, T>(known: &'k Known<T>, event: &str) -> Option<&'k T> {
    let others = || (known.len() >= MAX_EVENTS).then(|| known.get(OTHER));
    known.get(event).or_else(|| others().flatten())
}

/// A handler that is being measured.
pub(crate) struct Watch {
    seconds: Histogram,
    since: Instant,
}

impl Watch {
    /// The handler has ended.
    pub(crate) fn end(self) {}
}

impl Drop for Watch {
    fn drop(&mut self) {
        let elapsed: Duration = self.since.elapsed();
        self.seconds.record(elapsed);
    }
}

#[cfg(test)]
mod tests {
    use roomcast_socketio::DecodeError;

    use super::*;
    use crate::metrics::OutboxMeter;

    #[test]
    fn what_is_counted_for_a_message_allocates_nothing_after_the_first() {
        let (meter, outbox) = (Meter::new(&"/".into()), OutboxMeter::default());
        let error = SocketError::Packet(DecodeError::UnexpectedText);
        let names: Vec<_> = (0..2 * MAX_EVENTS)
            .map(|number| number.to_string())
            .collect();
        let count = || {
            for name in &names {
                meter.received(Some(name));
                meter.emitted(name, 1);
                meter.broadcast(name, 2);
                meter.watch(name).end();
            }
            meter.received(None);
            for outcome in [
                AckOutcome::Answered,
                AckOutcome::TimedOut,
                AckOutcome::Disconnected,
            ] {
                meter.acks(outcome, 1);
            }
            meter.error(&error);
            outbox.dropped(1);
            outbox.coalesced(1);
            outbox.refused(1);
        };
        count();

        let counted = allocation_counter::measure(count);
        assert_eq!(counted.count_total, 0);
    }
}
