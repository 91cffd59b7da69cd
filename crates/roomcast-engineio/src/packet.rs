//! Packets, as all revisions of the protocol have them.

use std::borrow::Cow;

/// One packet, borrowing from the frame or payload it was read from.
///
/// Spec: Engine.IO protocol 4, "Protocol".
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol closes the list of packet types"
)]
pub enum Packet<'a> {
    /// The first packet of a server: the JSON of a [`Handshake`](crate::Handshake).
    Open(&'a str),
    /// The peer ends the session.
    Close,
    /// A heartbeat of the server, or `probe` as the first packet on a new transport.
    Ping(&'a str),
    /// The answer to a ping, with the ping's text.
    Pong(&'a str),
    /// A message of the application.
    Text(&'a str),
    /// A message of the application in bytes; borrowed unless it came as base64.
    Binary(Cow<'a, [u8]>),
    /// The client moves to the transport that carries this packet.
    Upgrade,
    /// Nothing: it only ends a waiting poll.
    Noop,
}

/// What the application receives: a packet that is no business of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol knows text and bytes only"
)]
pub enum Message<'a> {
    /// UTF-8 text, without the packet type.
    Text(&'a str),
    /// Bytes; borrowed unless they came as base64.
    Binary(Cow<'a, [u8]>),
}
