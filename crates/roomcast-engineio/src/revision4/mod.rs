//! The encodings of revision 4: one packet to a WebSocket frame, or several to a polling body or a stream.
//!
//! A text packet is a digit for its type and then its text. A binary message is a binary frame
//! on a WebSocket, and `b` with base64 wherever only text can go. On a stream of WebTransport a header
//! with the length stands before each packet.

mod packet;
mod payload;
mod stream;
mod stream_open;

pub use packet::{decode_text, encode_text};
pub use payload::{Payload, PayloadEncoder, decode_payload};
pub use stream::{Decoded, StreamDecoder, StreamFrame, write_stream_header};
pub use stream_open::StreamOpen;
