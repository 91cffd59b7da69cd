//! The encodings of revision 3: one packet to a WebSocket frame, or several to a polling body.
//!
//! A text packet is that of [`revision4`](crate::revision4). A binary message carries its type,
//! too: a byte 4 before it in a binary frame, `b4` before its base64 in text. A polling body has
//! one of three forms:
//! - text, with a length before each packet ([`decode_payload`]);
//! - bytes, if there is a binary message in it and the client did not ask for base64
//!   ([`decode_binary_payload`]);
//! - a call of a function, or a field of a form, for clients that can only load scripts ([`Jsonp`]).

mod binary_payload;
mod jsonp;
mod packet;
mod payload;
mod payload_encoder;

pub use binary_payload::{BinaryPayload, decode_binary_payload};
pub use jsonp::{Jsonp, decode_form};
pub use packet::{decode_binary, decode_text, encode_binary_message, encode_text};
pub use payload::{Payload, decode_payload};
pub use payload_encoder::PayloadEncoder;
