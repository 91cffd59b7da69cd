//! Sans-IO Socket.IO protocol 5: packets, attachments, arguments, acknowledgements and the
//! namespaces of one connection.
//!
//! The crate does no I/O, reads no clock, draws no random numbers and never builds a tree of the
//! received JSON: a packet is checked in one pass over its text, and each argument is read from
//! that text straight into the type that the caller asks for. It does not know Engine.IO: what it
//! takes and gives is the content of Engine.IO messages, text or binary.
//!
//! # Example
//!
//! ```
//! use roomcast_socketio::{Decoder, Header, PacketKind, encode_ack};
//!
//! let mut decoder = Decoder::default();
//! let packet = decoder.text(r#"21["greet","Ada",36]"#)?.expect("a text packet is whole at once");
//! assert_eq!(packet.kind(), PacketKind::Event);
//! assert_eq!(packet.event().expect("an event has a name"), "greet");
//!
//! let mut args = packet.args();
//! let name: String = args.read()?;
//! let age: u32 = args.read()?;
//!
//! let mut answer = Vec::new();
//! let header = Header { namespace: packet.namespace(), ack: packet.ack() };
//! encode_ack(&mut answer, header, &(format!("hello {name}"), age + 1))?;
//! assert_eq!(answer, br#"31["hello Ada",37]"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Contract
//!
//! One [`Decoder`] per connection. Each Engine.IO text message goes into [`Decoder::text`], each
//! binary message into [`Decoder::binary`]; `Ok(None)` means that attachments are still missing.
//! After an error the connection is closed: the protocol has no way to carry on.
//! [`Namespaces`] then says what a packet means in the state of the connection.
//!
//! Revision: Socket.IO protocol 5, text form (the format of `socket.io-parser` 4.2.6).

mod ack_id;
mod args;
pub mod client;
mod error;
mod event_name;
mod limits;
mod namespaces;
mod packet;
mod raw;
mod raw_text;
mod shared_bytes;
mod spread;
mod text;
mod value;

pub use ack_id::AckId;
pub use args::Args;
pub use error::{ArgError, DecodeError, EncodeError, StateError, ValueError};
pub use event_name::{EventName, RESERVED_EVENTS};
pub use limits::Limits;
pub use namespaces::{Namespaces, Step};
pub use packet::{Packet, PacketKind};
pub use raw::Raw;
pub use spread::Spread;
pub use text::{
    Decoder, Header, encode_ack, encode_connect, encode_connect_error, encode_connected,
    encode_disconnect, encode_event,
};
pub use value::{Map, MapIntoIter, Number, Value};
