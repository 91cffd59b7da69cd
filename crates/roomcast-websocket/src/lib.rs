//! Sans-IO WebSocket protocol: RFC 6455 frames and RFC 7692 deflate, both roles.
//!
//! The crate turns bytes into messages and messages into bytes. It opens no connection, reads no
//! HTTP, spawns nothing, keeps no time and draws no random numbers: masking keys and the nonce of a
//! client's handshake are arguments.
//!
//! # Example
//!
//! A server that echoes. `input` is what was read from the socket; what is left in `out` goes back.
//!
//! ```
//! use bytes::BytesMut;
//! use roomcast_websocket::{Connection, DecodeError, Event, Limits, OpCode, Role};
//!
//! fn echo(
//!     connection: &mut Connection,
//!     input: &mut [u8],
//!     out: &mut BytesMut,
//! ) -> Result<(), DecodeError> {
//!     let mut at = 0;
//!     while at < input.len() {
//!         let decoded = connection.receive(&mut input[at..], [0; 4], out)?;
//!         at += decoded.consumed;
//!         if let Some(Event::Text(text)) = decoded.event {
//!             connection.send(OpCode::Text, text.as_bytes(), [0; 4], out);
//!         }
//!     }
//!     Ok(())
//! }
//!
//! let mut connection = Connection::new(Role::Server, Limits::default());
//! let mut input = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//! let mut out = BytesMut::new();
//! echo(&mut connection, &mut input, &mut out)?;
//! assert_eq!(&out[..], b"\x81\x05Hello");
//! # Ok::<(), DecodeError>(())
//! ```
//!
//! # The contract
//!
//! - **Receive:** hand what was read to [`Decoder::decode`], and the bytes behind
//!   [`Decoded::consumed`] again, until all are consumed. The read buffer is free then: the decoder
//!   itself keeps what is incomplete. So many connections can share one buffer, and an idle one
//!   holds none.
//! - **Send:** [`encode`] gives a server frame as [`Bytes`](bytes::Bytes) that all receivers share;
//!   [`encode_to`] and [`encode_with`] append frames to one buffer.
//!   [`Header`] goes before a payload that is put together elsewhere. With compression the frames of
//!   [`deflate::Deflater`] take their place.
//! - **Close:** [`Decoder`] reports pings and closes and answers nothing; [`Connection`] does both,
//!   for those who want it. On a [`DecodeError`] send a close frame with its
//!   [`close_code`](DecodeError::close_code) and drop the connection.
//! - **Handshake:** [`handshake`] checks and writes header values, [`deflate`] negotiates
//!   compression. Any HTTP library may carry them.
//!
//! Peer input never panics, and every buffer has a limit of [`Limits`]. Only version 13 is spoken;
//! HTTP/2 (RFC 8441) has another handshake and the same frames.

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
pub use encode::{encode, encode_masked, encode_to, encode_with};
pub use error::DecodeError;
pub use handshake::accept_key;
pub use header::Header;
pub use limits::Limits;
pub use opcode::{OpCode, Role};
