//! The text form of packets: `2["event",…]`, with binary parts as messages that follow.
//!
//! Spec: Socket.IO protocol 5, "Packet encoding".

mod argument;
mod containers;
mod data;
mod decoder;
mod encode;
mod header;
mod placeholder;
mod plain;
mod reader;
mod rules;
mod scan;
mod writer;

pub(crate) use data::Data;
pub use decoder::Decoder;
pub(crate) use encode::encode_event_packet;
pub use encode::{
    encode_ack, encode_connect, encode_connect_error, encode_connected, encode_disconnect,
    encode_error, encode_event,
};
pub(crate) use placeholder::renumbered;
pub(crate) use writer::{FIRST_PLACEHOLDER, VERBATIM, write_json};
