//! Compression of messages, permessage-deflate.
//!
//! A server answers the client's offer with [`negotiate`], a client reads that answer with
//! [`accept`]. What both agreed on makes a [`Deflater`] for the messages sent and
//! [`Decoder::with_inflate`](crate::Decoder::with_inflate) for the messages received.
//!
//! # Example
//!
//! ```
//! use roomcast_websocket::deflate::{Config, Deflater, Pool, negotiate};
//! use roomcast_websocket::{Decoder, Limits, OpCode, Role};
//!
//! let config = Config::default();
//! let pool = Pool::default();
//! let agreement = negotiate("permessage-deflate; client_max_window_bits", &config).unwrap();
//! assert_eq!(agreement.response(), "permessage-deflate");
//!
//! let decoder = Decoder::new(Role::Server, Limits::default()).with_inflate(&agreement, &pool);
//! let mut deflater = Deflater::new(Role::Server, &agreement, &config, &pool);
//! let frame = deflater.encode(OpCode::Text, "tick ".repeat(400).as_bytes());
//! assert!(frame.len() < 100);
//! # let _ = decoder;
//! ```
//!
//! Spec: RFC 7692.

mod config;
mod deflater;
mod inflater;
mod negotiate;
mod pool;

pub use config::{ClientContext, Config, WindowBits};
pub use deflater::Deflater;
pub(crate) use inflater::Inflater;
pub use negotiate::{AcceptError, Agreement, accept, negotiate, offer};
pub use pool::Pool;

/// The name of the extension in `Sec-WebSocket-Extensions`.
const NAME: &str = "permessage-deflate";

/// What every flush ends with; the sender leaves it out and the receiver puts it back.
///
/// Spec: RFC 7692, section 7.2.1.
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
