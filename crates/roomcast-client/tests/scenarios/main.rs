//! The client against the server of this workspace.

mod acknowledgements;
#[cfg(feature = "blocking")]
mod blocking;
mod connecting;
mod events;
mod handlers;
mod heartbeat;
mod namespaces;
mod offline;
mod slow_server;
mod stub;
mod support;
mod typed_events;
