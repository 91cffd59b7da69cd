//! What the server counts and measures, for the recorder of the `metrics` crate that the program
//! installs: [`metrics-exporter-prometheus`](https://docs.rs/metrics-exporter-prometheus) or any
//! other.
//!
//! Install the recorder before the first client connects: each series is looked up once and kept.
//! Without a recorder nothing is counted, and nothing is allocated for a message.
//!
//! # Labels
//!
//! No label takes a value that a client chooses. `namespace` is the name that the program gave, for
//! a child namespace that of its parent. `event` is the name of an event that has a handler, or that
//! the program emits; [`UNHANDLED`] stands for all that clients send in vain, and [`OTHER`] for what
//! goes beyond [`MAX_EVENTS`] names of one namespace. All other labels have a handful of values.
//!
//! # Example
//!
//! ```
//! use roomcast::{Server, metrics};
//!
//! // metrics_exporter_prometheus::PrometheusBuilder::new().install()?;
//! metrics::describe();
//! let io = Server::new();
//! ```
//!
//! Spec: features N16.

mod by_label;
mod engine;
mod namespace;

pub(crate) use engine::{
    OutboxMeter, request_refused, session_closed, session_opened, session_upgraded,
};
pub(crate) use namespace::{AckOutcome, Meter};

use metrics::Unit;

/// Whether there is anybody to find labels for.
pub(crate) const IS_ON: bool = true;

/// Gauge: open Engine.IO sessions. Label `transport`.
pub const SESSIONS: &str = "roomcast_sessions";
/// Counter: Engine.IO sessions that were opened. Label `transport`, the first one.
pub const SESSIONS_OPENED: &str = "roomcast_sessions_opened_total";
/// Counter: sessions that have changed over. Label `transport`, the new one.
pub const UPGRADES: &str = "roomcast_upgrades_total";
/// Counter: sessions that are over. Labels `reason`, as
/// [`CloseReason::as_str`](crate::engine::CloseReason::as_str), and `cause`, as
/// [`DisconnectCause::as_str`](crate::DisconnectCause::as_str).
pub const SESSIONS_CLOSED: &str = "roomcast_sessions_closed_total";
/// Counter: events that met a full outbox, or one of their key. Label `outcome`: `dropped`,
/// `coalesced` or `refused`.
pub const OUTBOX: &str = "roomcast_outbox_events_total";
/// Counter: requests that were answered by an error. Label `code`, 0 to 5 as in its body.
pub const REQUESTS_REFUSED: &str = "roomcast_requests_refused_total";

/// Gauge: connected sockets. Label `namespace`.
pub const SOCKETS: &str = "roomcast_sockets";
/// Counter: sockets that have connected. Label `namespace`.
pub const CONNECTS: &str = "roomcast_connects_total";
/// Counter: clients that were not let in. Label `namespace`, [`OTHER`] for one that does not exist.
pub const CONNECT_ERRORS: &str = "roomcast_connect_errors_total";
/// Counter: sockets that are gone. Labels `namespace`, `reason`, as
/// [`DisconnectReason::as_str`](crate::DisconnectReason::as_str), and `cause`, as
/// [`DisconnectCause::as_str`](crate::DisconnectCause::as_str).
pub const DISCONNECTS: &str = "roomcast_disconnects_total";
/// Counter: events that clients have sent. Labels `namespace` and `event`.
pub const EVENTS_RECEIVED: &str = "roomcast_events_received_total";
/// Counter: events that were emitted, once for a broadcast. Labels `namespace` and `event`.
pub const EVENTS_EMITTED: &str = "roomcast_events_emitted_total";
/// Counter: events that were queued for a receiver. Label `namespace`.
pub const EVENTS_DELIVERED: &str = "roomcast_events_delivered_total";
/// Histogram: receivers of a broadcast. Label `namespace`.
pub const BROADCAST_RECEIVERS: &str = "roomcast_broadcast_receivers";
/// Histogram: seconds from the start of a handler to its end, what it waited for included. Labels
/// `namespace` and `event`.
pub const HANDLER_SECONDS: &str = "roomcast_handler_seconds";
/// Counter: what became of questions to clients. Labels `namespace` and `outcome`: `answered`,
/// `timed out` or `disconnected`; a broadcast counts once for each receiver.
pub const ACKS: &str = "roomcast_acks_total";
/// Counter: errors that error handlers are told. Labels `namespace` and `kind`: `packet`,
/// `argument`, `refused` or `panic`.
pub const ERRORS: &str = "roomcast_errors_total";

/// The label `event` of events without a handler.
pub const UNHANDLED: &str = "unhandled";
/// The label of what is beyond the bounds.
pub const OTHER: &str = "other";
/// How many different events of one namespace have a label of their own, in each direction.
pub const MAX_EVENTS: usize = 200;

/// Gives the installed recorder the description and the unit of each metric.
pub fn describe() {
    let counter = |name: &'static str, text: &'static str| {
        metrics::describe_counter!(name, Unit::Count, text);
    };
    metrics::describe_gauge!(SESSIONS, Unit::Count, "open Engine.IO sessions");
    counter(SESSIONS_OPENED, "Engine.IO sessions that were opened");
    counter(UPGRADES, "sessions that have changed their transport");
    counter(SESSIONS_CLOSED, "Engine.IO sessions that are over");
    counter(OUTBOX, "events that met a full outbox, or one of their key");
    counter(REQUESTS_REFUSED, "requests that were answered by an error");
    metrics::describe_gauge!(SOCKETS, Unit::Count, "connected sockets");
    counter(CONNECTS, "sockets that have connected");
    counter(CONNECT_ERRORS, "clients that were not let in");
    counter(DISCONNECTS, "sockets that are gone");
    counter(EVENTS_RECEIVED, "events that clients have sent");
    counter(EVENTS_EMITTED, "events that were emitted");
    counter(EVENTS_DELIVERED, "events that were queued for a receiver");
    metrics::describe_histogram!(BROADCAST_RECEIVERS, Unit::Count, "receivers of a broadcast");
    metrics::describe_histogram!(HANDLER_SECONDS, Unit::Seconds, "run time of handlers");
    counter(ACKS, "what became of questions to clients");
    counter(ERRORS, "errors that error handlers are told");
}
