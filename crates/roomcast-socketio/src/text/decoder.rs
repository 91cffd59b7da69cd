//! The incoming half of one connection.

use std::borrow::Cow;

use bytes::Bytes;

use super::data::Data;
use super::header::{self, WireHeader};
use crate::data::Data as AnyData;
use crate::{DecodeError, Limits, Packet};

/// Turns the messages of one connection into packets.
///
/// A packet without attachments is returned at once and borrows the message; a packet with
/// attachments is copied and kept until the last of them is in.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Decoder, Limits};
///
/// let mut decoder = Decoder::new(Limits::default());
/// assert!(decoder.text(r#"51-["file",{"_placeholder":true,"num":0}]"#)?.is_none());
/// let packet = decoder.binary(b"\x01\x02")?.expect("the only attachment is in");
/// let file: bytes::Bytes = packet.args().read()?;
/// assert_eq!(file, &b"\x01\x02"[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Spec: Socket.IO protocol 5, "Packet encoding".
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    pending: Option<Box<Pending>>,
}

/// A packet whose attachments are not all in.
#[derive(Debug)]
struct Pending {
    packet: Packet<'static>,
    missing: usize,
    bytes: usize,
}

impl Decoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            pending: None,
        }
    }

    /// Takes the content of a text message. `None` if attachments must follow.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] but [`UnexpectedBinary`](DecodeError::UnexpectedBinary) and
    /// [`AttachmentsTooLarge`](DecodeError::AttachmentsTooLarge). The connection must be closed.
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Option<Packet<'a>>, DecodeError> {
        if self.pending.take().is_some() {
            return Err(DecodeError::TextWhileReconstructing);
        }
        let WireHeader {
            kind,
            attachments,
            namespace,
            ack,
            data,
        } = header::parse(text, &self.limits)?;
        let mut packet = Packet {
            kind,
            namespace: Cow::Borrowed(namespace),
            ack,
            data: AnyData::Text(Data::unchecked(data)),
        };
        let max_depth = self.limits.max_depth;
        if let AnyData::Text(data) = &mut packet.data {
            data.check(kind, max_depth, attachments)?;
        }
        match attachments {
            // COMPAT: socket.io-parser 4.2.6 waits for nothing after `50-` and refuses the next
            // text; a packet of a binary type without attachments is complete here.
            None | Some(0) => Ok(Some(packet)),
            Some(missing) => {
                let packet = packet.into_owned();
                self.pending = Some(Box::new(Pending {
                    packet,
                    missing,
                    bytes: 0,
                }));
                Ok(None)
            }
        }
    }

    /// Takes the content of a binary message, which is copied once. `None` if more attachments
    /// must follow.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedBinary`] if no attachment is missing,
    /// [`DecodeError::AttachmentsTooLarge`] above the limit, before anything is copied. The
    /// connection must be closed.
    pub fn binary(&mut self, data: &[u8]) -> Result<Option<Packet<'static>>, DecodeError> {
        self.expect_attachment(data.len())?;
        self.attach(Bytes::copy_from_slice(data))
    }

    /// Takes the content of a binary message without copying it. `None` if more attachments must
    /// follow.
    ///
    /// # Errors
    ///
    /// As [`binary`](Self::binary).
    pub fn binary_owned(&mut self, data: Bytes) -> Result<Option<Packet<'static>>, DecodeError> {
        self.expect_attachment(data.len())?;
        self.attach(data)
    }

    /// Whether attachments are missing, so that only a binary message may follow.
    pub fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Counts the bytes of an attachment that has come.
    fn expect_attachment(&mut self, len: usize) -> Result<(), DecodeError> {
        let limit = self.limits.max_attachment_bytes;
        let pending = self.pending.as_mut().ok_or(DecodeError::UnexpectedBinary)?;
        pending.bytes = pending.bytes.saturating_add(len);
        if pending.bytes > limit {
            self.pending = None;
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        Ok(())
    }

    fn attach(&mut self, data: Bytes) -> Result<Option<Packet<'static>>, DecodeError> {
        let Some(mut pending) = self.pending.take() else {
            return Err(DecodeError::UnexpectedBinary);
        };
        let AnyData::Text(packet) = &mut pending.packet.data else {
            return Err(DecodeError::UnexpectedBinary);
        };
        packet.push_attachment(data);
        pending.missing -= 1;
        if pending.missing > 0 {
            self.pending = Some(pending);
            return Ok(None);
        }
        // Each placeholder makes one copy when the arguments are read, and several may stand for
        // one attachment.
        let limit = self.limits.max_attachment_bytes;
        if packet.placed_bytes() > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        Ok(Some(pending.packet))
    }
}
