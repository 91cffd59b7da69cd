//! The client against the server of this workspace.

mod acknowledgements;
mod connecting;
mod listeners;
mod namespaces;
mod offline;
mod slow_server;
mod support;
