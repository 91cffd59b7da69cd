//! Sans-IO WebSocket protocol: RFC 6455 frames and RFC 7692 deflate, both roles.

mod assembly;
mod close;
mod connection;
mod decode;
pub mod deflate;
mod encode;
mod error;
pub mod handshake;
mod header;
mod limits;
mod mask;
mod opcode;
mod tokens;

pub use close::{CloseCode, CloseFrame, encode_close};
pub use connection::Connection;
pub use decode::{Decoded, Decoder, Event};
pub use encode::{encode, encode_masked, header};
pub use error::DecodeError;
pub use handshake::accept_key;
pub use header::Header;
pub use limits::Limits;
pub use opcode::{OpCode, Role};
