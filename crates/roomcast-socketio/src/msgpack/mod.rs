//! The MessagePack form of packets, that of `socket.io-msgpack-parser` 3: each packet is one binary
//! message, the map `{type, data, id, nsp}`, with binary values where they belong.
//!
//! Extension types are those of `notepack.io`: an `ArrayBuffer` is `ext 8`, `16` or `32` of type 0
//! whatever its length ([`ArrayBuffer`](crate::ArrayBuffer)), `undefined` is `fixext 1` of type 0 and
//! read as `null`, a `Date` is `fixext 8` of type 0, milliseconds in 64 bits
//! ([`Date`](crate::Date)). An extension of another type is read as an array of the type and its
//! bytes.
//!
//! # Example
//!
//! ```
//! use roomcast_socketio::{Header, msgpack};
//!
//! let mut out = Vec::new();
//! msgpack::encode_event(&mut out, Header { namespace: "/", ack: None }, "ev", &(1, "a"))?;
//! assert_eq!(out, b"\x83\xa4type\x02\xa4data\x93\xa2ev\x01\xa1a\xa3nsp\xa1/");
//!
//! let packet = msgpack::Decoder::default().binary(&out)?;
//! assert_eq!(packet.event().expect("an event has a name"), "ev");
//! assert_eq!(packet.args().rest::<roomcast_socketio::Value>()?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: features 5.5.

mod data;
mod decoder;
mod encode;
mod extension;
mod header;
mod put;
mod reader;
mod scan;
mod token;
mod value;
mod writer;

pub(crate) use data::{Buffer, Data};
pub use decoder::Decoder;
pub use encode::{
    encode_ack, encode_connect, encode_connect_error, encode_connected, encode_data,
    encode_disconnect, encode_error, encode_event,
};
pub(crate) use encode::{encode_ack_data, encode_event_packet, encode_written};
pub(crate) use header::parse_data;
pub use value::{from_slice, to_vec};
