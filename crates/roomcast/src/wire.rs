//! Outgoing Socket.IO packets as frames: encoded once by the server's parser, whoever receives them.

use bytes::Bytes;
use roomcast_socketio::{
    AckId, CustomEncoded, DecodeError, EncodeError, Encoded, EventPacket, Header, Limits, Message,
    Packet, Parser, Raw, Spread, Value,
};
use roomcast_websocket::OpCode;
use serde::Serialize;

use crate::engine::{self, Draft, Frame, Round, SendOptions};

/// One encoded packet: the frames of its messages.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    One(Frame),
    /// A text frame and a frame for each attachment.
    Several(Vec<Frame>),
    /// What a parser of the user's has made of the packet.
    Custom(Vec<Frame>, Box<Packet<'static>>),
}

impl Outgoing {
    pub(crate) fn frames(&self) -> &[Frame] {
        match self {
            Self::One(frame) => std::slice::from_ref(frame),
            Self::Several(frames) | Self::Custom(frames, _) => frames,
        }
    }

    /// The packet, for who wants to see what is sent.
    pub(crate) fn packet(&self, parser: &Parser) -> Result<Option<Packet<'_>>, DecodeError> {
        if let Self::Custom(_, packet) = self {
            return Ok(Some((**packet).clone()));
        }
        let mut decoder = parser.decoder(Limits::NONE);
        let mut packet = None;
        for frame in self.frames() {
            let payload = frame.payload();
            packet = match (frame.is_binary(), payload.get(1..)) {
                (false, Some(text)) => {
                    let text = std::str::from_utf8(text).expect("the encoder writes UTF-8");
                    decoder.text(text)?
                }
                _ => decoder.binary(payload)?,
            };
        }
        Ok(packet)
    }
}

pub(crate) fn event<T: Serialize + ?Sized>(
    parser: &Parser,
    event: &EventPacket<'_, T>,
) -> Result<Outgoing, EncodeError> {
    encode(parser, |out| parser.encode_event(out, event))
}

/// An event that asks for no acknowledgement.
pub(crate) fn plain_event<T: Serialize + ?Sized>(
    parser: &Parser,
    namespace: &str,
    name: &str,
    args: &T,
) -> Result<Outgoing, EncodeError> {
    let header = Header {
        namespace,
        ack: None,
    };
    event(parser, &EventPacket::new(header, name, args))
}

/// The arguments of an event that was encoded, for another one.
pub(crate) fn args_of(parser: &Parser, event: &Outgoing) -> Spread<Raw> {
    let packet = event.packet(parser).ok().flatten();
    let args = packet.and_then(|packet| packet.args().rest().ok());
    Spread(args.unwrap_or_default())
}

/// An acknowledgement, which one client gets.
pub(crate) enum Ack {
    /// One message, and its attachments.
    Draft(Draft, OpCode, Vec<Bytes>),
    Frames(Vec<Frame>),
}

impl Ack {
    pub(crate) fn send(self, to: &engine::Socket, options: SendOptions) {
        match self {
            Self::Draft(packet, opcode, attachments) => {
                to.send_own(packet, opcode, &attachments, options);
            }
            Self::Frames(frames) => {
                to.send_frames(&frames, options);
            }
        }
    }

    /// Sends it together with what else is in `round`.
    pub(crate) fn send_in(self, round: &mut Round, to: &engine::Socket, options: SendOptions) {
        match self {
            Self::Draft(packet, opcode, attachments) => {
                to.send_own_in(round, (packet, opcode, &attachments), options);
            }
            Self::Frames(frames) => {
                to.send_in(round, &frames, None, options);
            }
        }
    }
}

pub(crate) fn ack<T: Serialize + ?Sized>(
    parser: &Parser,
    namespace: &str,
    id: AckId,
    args: &T,
) -> Result<Ack, EncodeError> {
    let header = Header {
        namespace,
        ack: Some(id),
    };
    let mut draft = draft(parser);
    Ok(match parser.encode_ack(draft.buffer_mut(), header, args)? {
        Encoded::Text(attachments) => Ack::Draft(draft, OpCode::Text, attachments),
        Encoded::Binary => Ack::Draft(draft, OpCode::Binary, Vec::new()),
        Encoded::Custom(custom) => Ack::Frames(frames(&custom.messages)),
    })
}

pub(crate) fn connect(parser: &Parser, namespace: &str, sid: &str, pid: Option<&str>) -> Outgoing {
    certain(encode(parser, |out| {
        parser.encode_connected(out, namespace, sid, pid)
    }))
}

/// The answer to a client of protocol 4 that has joined: it makes the id itself.
pub(crate) fn connect4(parser: &Parser, namespace: &str) -> Outgoing {
    certain(encode(parser, |out| {
        parser.encode_connect::<Value>(out, namespace, None)
    }))
}

/// The answer to a client of protocol 4 that is refused.
pub(crate) fn error4(parser: &Parser, namespace: &str, reason: &Value) -> Outgoing {
    certain(encode(parser, |out| {
        parser.encode_error(out, namespace, reason)
    }))
}

pub(crate) fn connect_error(
    parser: &Parser,
    namespace: &str,
    message: &str,
    data: Option<&Value>,
) -> Outgoing {
    certain(encode(parser, |out| {
        parser.encode_connect_error(out, namespace, message, data)
    }))
}

pub(crate) fn disconnect(parser: &Parser, namespace: &str) -> Outgoing {
    certain(encode(parser, |out| {
        parser.encode_disconnect(out, namespace)
    }))
}

/// A packet that only a parser of the user's can refuse. Nothing is sent then.
fn certain(packet: Result<Outgoing, EncodeError>) -> Outgoing {
    packet.unwrap_or_else(|error| {
        tracing::error!(%error, "the parser cannot encode a packet of the protocol");
        Outgoing::Several(Vec::new())
    })
}

fn encode(
    parser: &Parser,
    write: impl FnOnce(&mut Vec<u8>) -> Result<Encoded, EncodeError>,
) -> Result<Outgoing, EncodeError> {
    let mut draft = draft(parser);
    Ok(match write(draft.buffer_mut())? {
        Encoded::Text(attachments) if attachments.is_empty() => {
            Outgoing::One(Frame::of(draft, OpCode::Text))
        }
        Encoded::Text(attachments) => Outgoing::Several(with_attachments(draft, &attachments)),
        Encoded::Binary => Outgoing::One(Frame::of(draft, OpCode::Binary)),
        Encoded::Custom(custom) => {
            let CustomEncoded {
                packet, messages, ..
            } = *custom;
            Outgoing::Custom(frames(&messages), Box::new(packet))
        }
    })
}

/// Where the parser writes: Engine.IO puts a digit in front of text, and none in front of bytes.
#[inline]
fn draft(parser: &Parser) -> Draft {
    match parser {
        Parser::MessagePack => Draft::new(),
        Parser::Text | Parser::Custom(_) => Draft::message(),
    }
}

fn with_attachments(draft: Draft, attachments: &[Bytes]) -> Vec<Frame> {
    let binary = attachments
        .iter()
        .map(|attachment| Frame::binary(attachment));
    std::iter::once(Frame::of(draft, OpCode::Text))
        .chain(binary)
        .collect()
}

fn frames(messages: &[Message]) -> Vec<Frame> {
    let frame = |message: &Message| match message {
        Message::Text(text) => Frame::message(text),
        Message::Binary(bytes) => Frame::binary(bytes),
    };
    messages.iter().map(frame).collect()
}
