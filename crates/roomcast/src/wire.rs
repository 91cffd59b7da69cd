//! Outgoing Socket.IO packets as frames: encoded once, whoever receives them.

use bytes::Bytes;
use roomcast_socketio::{AckId, EncodeError, Header, Value};
use roomcast_websocket::OpCode;
use serde::Serialize;

use crate::engine::{Draft, Frame};

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

/// An acknowledgement, which one client gets: its text and its attachments.
pub(crate) fn ack<T: Serialize + ?Sized>(
    namespace: &str,
    id: AckId,
    args: &T,
) -> Result<(Draft, Vec<Bytes>), EncodeError> {
    let header = Header {
        namespace,
        ack: Some(id),
    };
    let mut draft = Draft::message();
    let attachments = roomcast_socketio::encode_ack(draft.buffer_mut(), header, args)?;
    Ok((draft, attachments))
}

pub(crate) fn connect(namespace: &str, sid: &str) -> Outgoing {
    plain(|out| roomcast_socketio::encode_connected(out, namespace, sid, None))
}

/// The answer to a client of protocol 4 that has joined: it makes the id itself.
pub(crate) fn connect4(namespace: &str) -> Outgoing {
    plain(|out| {
        // Nothing is written that could have no JSON form.
        let _ = roomcast_socketio::encode_connect::<Value>(out, namespace, None);
    })
}

/// The answer to a client of protocol 4 that is refused.
pub(crate) fn error4(namespace: &str, reason: &Value) -> Outgoing {
    plain(|out| {
        // A value always has a JSON form.
        let _ = roomcast_socketio::encode_error(out, namespace, reason);
    })
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
    let mut draft = Draft::message();
    write(draft.buffer_mut());
    Outgoing::Text(text(draft))
}

fn encode(
    write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, EncodeError>,
) -> Result<Outgoing, EncodeError> {
    let mut draft = Draft::message();
    let attachments = write(draft.buffer_mut())?;
    Ok(match attachments.is_empty() {
        true => Outgoing::Text(text(draft)),
        false => Outgoing::Binary(with_attachments(draft, &attachments)),
    })
}

fn text(draft: Draft) -> Frame {
    Frame::of(draft, OpCode::Text)
}

fn with_attachments(draft: Draft, attachments: &[Bytes]) -> Vec<Frame> {
    let binary = attachments
        .iter()
        .map(|attachment| Frame::binary(attachment));
    std::iter::once(text(draft)).chain(binary).collect()
}
