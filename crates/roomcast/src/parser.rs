//! What a [`CustomParser`] is made of, and the choice between parsers.
//!
//! [`ServerBuilder::parser`](crate::ServerBuilder::parser) takes the choice; there is a [guide to
//! parsers].
//!
//! [guide to parsers]: https://github.com/roomcast/roomcast/blob/main/docs/guide/parsers.md
//!
//! Spec: features 2.4, 5.4, 5.5, 5.7.

pub use roomcast_socketio::{
    AckId, ArgError, Args, CustomDecoder, CustomParser, DecodeError, EncodeError, EventName,
    Header, Limits, Message, Packet, PacketKind, Parser, msgpack,
};
