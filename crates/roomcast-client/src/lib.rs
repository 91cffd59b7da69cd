//! A Socket.IO client.

mod connect;
mod engine;
mod error;
mod origin;

pub use connect::{Tls, TlsError};
pub use error::TransportError;
