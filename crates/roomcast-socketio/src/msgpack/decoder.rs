//! The incoming half of one connection.

use bytes::Bytes;

use super::data::Buffer;
use super::header;
use crate::{DecodeError, Limits, Packet};

/// Turns binary messages into packets. Each message is a whole packet, so nothing is kept.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{DecodeError, PacketKind, msgpack};
///
/// let decoder = msgpack::Decoder::default();
/// let packet = decoder.binary(b"\x82\xa4type\x01\xa3nsp\xa6/admin")?;
/// assert_eq!((packet.kind(), packet.namespace()), (PacketKind::Disconnect, "/admin"));
///
/// assert_eq!(decoder.binary(b"\x83\xa4").unwrap_err(), DecodeError::Truncated);
/// # Ok::<(), DecodeError>(())
/// ```
///
/// Spec: features 5.5.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    limits: Limits,
}

impl Decoder {
    /// A decoder with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Takes the content of a binary message. The packet borrows it.
    ///
    /// # Errors
    ///
    /// Of [`DecodeError`]: [`Truncated`](DecodeError::Truncated) and
    /// [`TrailingBytes`](DecodeError::TrailingBytes) if it is not exactly one value,
    /// [`InvalidType`](DecodeError::InvalidType), [`InvalidNamespace`](DecodeError::InvalidNamespace),
    /// [`InvalidPayload`](DecodeError::InvalidPayload) and
    /// [`InvalidAckId`](DecodeError::InvalidAckId) if it is no packet,
    /// [`TooDeep`](DecodeError::TooDeep), [`TooManyElements`](DecodeError::TooManyElements),
    /// [`AttachmentsTooLarge`](DecodeError::AttachmentsTooLarge) and
    /// [`TooLong`](DecodeError::TooLong) beyond a limit. The connection must be closed.
    pub fn binary<'a>(&self, message: &'a [u8]) -> Result<Packet<'a>, DecodeError> {
        header::parse(Buffer::Borrowed(message), &self.limits)
    }

    /// Takes the content of a binary message without copying it: the binary values that are read
    /// from the packet as [`Bytes`] or [`Value`](crate::Value) are slices of it.
    ///
    /// # Errors
    ///
    /// As [`binary`](Self::binary).
    pub fn binary_owned(&self, message: Bytes) -> Result<Packet<'static>, DecodeError> {
        header::parse(Buffer::Shared(message), &self.limits)
    }
}
