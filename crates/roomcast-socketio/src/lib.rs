//! Sans-IO Socket.IO protocol 5: packets, attachments, arguments, acknowledgements and the
//! namespaces of one connection.
//!
//! The crate does no I/O, reads no clock, draws no random numbers and never builds a tree of the
//! received data: a packet is checked in one pass over its bytes, and each argument is read from
//! them straight into the type that the caller asks for. It does not know Engine.IO: what it
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
//! In text form: one [`Decoder`] per connection. Each Engine.IO text message goes into [`Decoder::text`], each
//! binary message into [`Decoder::binary`]; `Ok(None)` means that attachments are still missing.
//! After an error the connection is closed: the protocol has no way to carry on.
//! [`Namespaces`] then says what a packet means in the state of the connection, on the server; on
//! the client [`client::Manager`] does all of that.
//!
//! [`Parser`] chooses between the text form, the [MessagePack form](msgpack) and a [`CustomParser`],
//! for both sides of a connection; a [`Packet`] and a [`Raw`] read the same whichever form they came
//! in.
//!
//! # Features
//!
//! - `typescript`: the types of this crate have a type in TypeScript (`ts_rs::TS`). Off by default.
//!
//! Revision: Socket.IO protocol 5: the text form is the format of `socket.io-parser` 4.2.6, the
//! MessagePack form that of `socket.io-msgpack-parser` 3.0.2. Clients of protocol 4 differ in
//! what an answer to their CONNECT holds ([`encode_error`]).
//!
//! `Spec: features …` in these pages numbers a behaviour of the official server and client; the
//! [list of compatibility] has each number with the tests that prove it.
//!
//! [list of compatibility]: https://github.com/roomcast/roomcast/blob/main/docs/guide/compatibility.md

mod ack_id;
mod args;
mod array_buffer;
pub mod client;
mod data;
mod date;
mod error;
mod event;
mod event_name;
mod keys;
mod limits;
pub mod msgpack;
mod namespaces;
mod outgoing;
mod packet;
mod parser;
mod raw;
mod raw_text;
mod shared_bytes;
mod span;
mod spread;
mod text;
mod transcode;
#[cfg(feature = "typescript")]
mod typescript;
mod value;

pub use ack_id::AckId;
pub use args::Args;
pub use array_buffer::ArrayBuffer;
pub use date::{Date, InvalidDate};
pub use error::{ArgError, DecodeError, EncodeError, StateError, ValueError};
#[doc(hidden)]
pub use event::__derive;
pub use event::{Event, NoReply, ReadArguments};
pub use event_name::{EventName, RESERVED_EVENTS};
pub use limits::Limits;
pub use namespaces::{Namespaces, Step};
pub(crate) use outgoing::Refusal;
pub use outgoing::{EventPacket, Header};
pub use packet::{Packet, PacketKind};
pub use parser::{
    CustomDecoder, CustomEncoded, CustomParser, Encoded, Message, Parser, ParserDecoder,
};
pub use raw::Raw;
pub use spread::Spread;
pub use text::{
    Decoder, encode_ack, encode_connect, encode_connect_error, encode_connected, encode_disconnect,
    encode_error, encode_event,
};
pub use value::{Map, MapIntoIter, Number, Value};
