//! The client against the server of this workspace.

mod acknowledgements;
mod attempts;
mod better;
#[cfg(feature = "blocking")]
mod blocking;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod certificates;
mod connecting;
mod events;
mod handlers;
mod heartbeat;
mod namespaces;
mod offline;
mod options;
mod seeing;
mod slow_server;
mod stub;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod typed_events;
mod waiting;
#[cfg(feature = "webtransport")]
mod webtransport;
