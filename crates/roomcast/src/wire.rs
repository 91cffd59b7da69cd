//! Outgoing Socket.IO packets as frames: encoded once, whoever receives them.

use std::borrow::Cow;

use bytes::Bytes;
use roomcast_socketio::{AckId, EncodeError, Header, Value};
use roomcast_websocket::OpCode;
use serde::Serialize;

use crate::engine::{Draft, Frame};
use crate::recovery::{OFFSET_LEN, OffsetText};

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

/// What an event carries behind its arguments, for clients that may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing.
    None,
    /// An offset.
    Offset,
    /// An offset if the event would end in a text otherwise: the client takes a text at the end for
    /// an offset.
    OffsetBehindText,
}

/// An event with room for an offset, which is known when the event gets its place among others.
#[derive(Clone, Debug)]
pub(crate) struct Stamped {
    packet: Outgoing,
    /// Where the offset begins, counted from the end of the first frame.
    offset_before_end: Option<usize>,
}

impl Stamped {
    #[cfg(feature = "redb")]
    pub(crate) fn new(packet: Outgoing, offset_before_end: Option<usize>) -> Self {
        Self {
            packet,
            offset_before_end,
        }
    }

    #[cfg(feature = "redb")]
    pub(crate) fn offset_before_end(&self) -> Option<usize> {
        self.offset_before_end
    }

    /// Writes the offset, if the event has room for one; others who share the packet keep theirs.
    pub(crate) fn stamp(&mut self, offset: OffsetText) {
        let Some(before_end) = self.offset_before_end else {
            return;
        };
        let first = match &mut self.packet {
            Outgoing::Text(frame) => Some(frame),
            Outgoing::Binary(frames) => frames.first_mut(),
        };
        if let Some(frame) = first {
            frame.overwrite(before_end, &offset);
        }
    }

    pub(crate) fn packet(&self) -> &Outgoing {
        &self.packet
    }

    /// The Socket.IO packet's text without the offset.
    pub(crate) fn text_as_emitted(&self) -> Cow<'_, str> {
        let text = self.packet.packet_text();
        match self.offset_before_end {
            // In front of the offset stand a comma and a quotation mark.
            Some(before_end) => format!("{}]", &text[..text.len() - before_end - 2]).into(),
            None => text.into(),
        }
    }
}

pub(crate) fn stamped_event<T: Serialize + ?Sized>(
    header: Header<'_>,
    event: &str,
    args: &T,
    tail: Tail,
) -> Result<Stamped, EncodeError> {
    let mut offset_before_end = None;
    let packet = encode(|out| {
        let attachments = roomcast_socketio::encode_event(out, header, event, args)?;
        offset_before_end = append_tail(out, tail);
        Ok(attachments)
    })?;
    Ok(Stamped {
        packet,
        offset_before_end,
    })
}

/// Appends room for an offset to the array of an event, and tells where it begins.
fn append_tail(out: &mut Vec<u8>, tail: Tail) -> Option<usize> {
    let end = out.len() - 1;
    // Invariant: an event is an array, and only a text ends in a quotation mark.
    let ends_in_text = || out[..end].trim_ascii_end().ends_with(b"\"");
    let is_wanted = match tail {
        Tail::None => false,
        Tail::Offset => true,
        Tail::OffsetBehindText => ends_in_text(),
    };
    is_wanted.then(|| {
        out.truncate(end);
        out.extend_from_slice(b",\"");
        out.extend_from_slice(&[b'-'; OFFSET_LEN]);
        out.extend_from_slice(b"\"]");
        OFFSET_LEN + 2
    })
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

pub(crate) fn connect(namespace: &str, sid: &str, pid: Option<&str>) -> Outgoing {
    plain(|out| roomcast_socketio::encode_connected(out, namespace, sid, pid))
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
