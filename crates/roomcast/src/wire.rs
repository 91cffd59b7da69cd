//! Outgoing Socket.IO packets as frames: encoded once, whoever receives them.

use std::cell::Cell;

use bytes::Bytes;
use roomcast_socketio::{AckId, EncodeError, Header, Value};
use serde::Serialize;

use crate::engine::Frame;

/// One encoded packet: its text frame and a frame for each attachment.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    Text(Frame),
    Binary(Vec<Frame>),
}

impl Outgoing {
    pub(crate) fn frames(&self) -> &[Frame] {
        match self {
            Self::Text(frame) => std::slice::from_ref(frame),
            Self::Binary(frames) => frames,
        }
    }

    /// The Socket.IO packet's text, without the Engine.IO type digit.
    pub(crate) fn packet_text(&self) -> &str {
        let payload = self.frames().first().map_or(&[][..], Frame::payload);
        std::str::from_utf8(payload.get(1..).unwrap_or_default()).expect("the encoder writes UTF-8")
    }

    pub(crate) fn attachments(&self) -> impl Iterator<Item = &[u8]> {
        self.frames().iter().skip(1).map(Frame::payload)
    }
}

pub(crate) fn event<T: Serialize + ?Sized>(
    namespace: &str,
    ack: Option<AckId>,
    event: &str,
    args: &T,
) -> Result<Outgoing, EncodeError> {
    encode(|out| roomcast_socketio::encode_event(out, Header { namespace, ack }, event, args))
}

pub(crate) fn ack<T: Serialize + ?Sized>(
    namespace: &str,
    id: AckId,
    args: &T,
) -> Result<Outgoing, EncodeError> {
    encode(|out| {
        roomcast_socketio::encode_ack(
            out,
            Header {
                namespace,
                ack: Some(id),
            },
            args,
        )
    })
}

pub(crate) fn connect(namespace: &str, sid: &str) -> Outgoing {
    plain(|out| roomcast_socketio::encode_connected(out, namespace, sid, None))
}

pub(crate) fn connect_error(namespace: &str, message: &str, data: Option<&Value>) -> Outgoing {
    plain(|out| {
        // A value always has a JSON form.
        let _ = roomcast_socketio::encode_connect_error(out, namespace, message, data);
    })
}

pub(crate) fn disconnect(namespace: &str) -> Outgoing {
    plain(|out| roomcast_socketio::encode_disconnect(out, namespace))
}

fn plain(write: impl FnOnce(&mut Vec<u8>)) -> Outgoing {
    with_scratch(|out| {
        write(out);
        Outgoing::Text(Frame::text(out))
    })
}

fn encode(
    write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EncodeError>,
) -> Result<Outgoing, EncodeError> {
    with_scratch(|out| {
        let attachments = write(out)?;
        let text = Frame::text(out);
        if attachments.is_empty() {
            return Ok(Outgoing::Text(text));
        }
        let binary = attachments
            .iter()
            .map(|attachment| Frame::binary(attachment));
        Ok(Outgoing::Binary(
            std::iter::once(text).chain(binary).collect(),
        ))
    })
}

/// Lends this thread's buffer, holding the Engine.IO digit of a message.
///
/// Cost: one exact allocation for the finished frame instead of a growing buffer for each packet.
/// A serialiser that emits while it runs finds an empty buffer of its own.
fn with_scratch<R>(write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut scratch = SCRATCH.take();
    scratch.clear();
    scratch.push(b'4');
    let result = write(&mut scratch);
    if scratch.capacity() <= MAX_KEPT_BYTES {
        SCRATCH.set(scratch);
    }
    result
}

/// A larger buffer is given back to the allocator after use.
const MAX_KEPT_BYTES: usize = 64 * 1024;
