//! The server as its clients see it: one file for each group of scenarios, in literal bytes.

#[path = "../support/mod.rs"]
mod support;

mod attachments;
mod backpressure;
mod broadcasting;
mod catch_all;
mod client_bundle;
mod closing;
mod cluster;
mod cluster_ended_runtimes;
mod cluster_ends;
mod cluster_engine;
mod cluster_engine_ends;
mod cluster_engine_faults;
mod cluster_engine_upgrade;
mod cluster_faults;
mod cluster_foreign;
mod cluster_recovery;
mod cluster_requests;
mod cluster_unopened;
mod compression;
mod cross_origin;
mod custom_parser;
mod deleted_namespaces;
mod disconnecting;
mod emitting;
mod ended_runtimes;
mod engine_alone;
mod engine_events;
mod engine_io_3;
mod explained_disconnects;
mod fan_out;
mod foreign_upgrades;
mod handlers;
mod head_limits;
mod heartbeat;
mod heartbeat_of_many;
mod listener_http;
mod malformed_packets;
mod many_listeners;
mod message_limits;
mod message_pack;
mod middleware;
mod mounting;
mod moving_members;
mod namespaces;
#[cfg(feature = "metrics")]
mod observing;
mod old_clients;
mod options;
mod other_websockets;
mod other_websockets_faults;
mod other_websockets_rules;
mod outbox_policies;
mod panics;
mod parallel_handlers;
mod polling_rules;
mod read_buffer;
mod recovery;
mod recovery_backpressure;
mod recovery_claims;
mod recovery_coalescing;
#[cfg(feature = "redb")]
mod recovery_file;
mod recovery_history;
mod recovery_listeners;
mod recovery_parsers;
mod recovery_positions;
mod recovery_retries;
mod recovery_takeover;
mod refused_requests;
mod request_middleware;
mod socket_details;
mod text_and_json;
mod typed_events;
mod upgrade;
mod waiting_handlers;
mod websocket_frames;
#[cfg(feature = "webtransport")]
mod webtransport;
#[cfg(feature = "webtransport")]
mod webtransport_handshake;
#[cfg(feature = "webtransport")]
mod webtransport_upgrade;
