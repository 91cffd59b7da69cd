//! The encodings of revision 4: one packet to a WebSocket frame, or several to a polling body.
//!
//! A text packet is a digit for its type and then its text. A binary message is a binary frame
//! on a WebSocket, and `b` with base64 wherever only text can go.

mod packet;
mod payload;

pub use packet::{decode_text, encode_text};
pub use payload::{Payload, PayloadEncoder, decode_payload};
