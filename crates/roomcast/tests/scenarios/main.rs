//! The server as its clients see it: one file for each group of scenarios, in literal bytes.

#[path = "../support/mod.rs"]
mod support;

mod attachments;
mod backpressure;
mod broadcasting;
mod closing;
mod cross_origin;
mod disconnecting;
mod emitting;
mod handlers;
mod heartbeat;
mod malformed_packets;
mod message_limits;
mod middleware;
mod namespaces;
mod options;
mod polling_rules;
mod refused_requests;
mod upgrade;
