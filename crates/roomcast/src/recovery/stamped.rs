//! Events with the offset that tells a client where it stands.

use roomcast_socketio::{EncodeError, EventPacket, Header, Parser, Spread, Value};
use serde::Serialize;

use super::offset::{OFFSET_LEN, OffsetText};
use crate::engine::Frame;
use crate::wire::{self, Outgoing};

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

/// An event whose offset is written when the event gets its place among others.
#[derive(Clone, Debug)]
pub(crate) struct Stamped {
    packet: Outgoing,
    place: Place,
}

/// Where the offset is in an encoded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It has none.
    Nowhere,
    /// In the first frame, so far before its end.
    BeforeEnd(usize),
    /// Wherever a parser of the user's has put this one.
    Fixed(OffsetText),
}

/// Says that an event with another offset was to be encoded: somebody else was faster.
#[derive(Debug)]
pub(crate) struct Overtaken;

impl Stamped {
    /// Encodes an event; `offset` is the one that it will probably have.
    pub(crate) fn event<T: Serialize + ?Sized>(
        parser: &Parser,
        (header, event, args): (Header<'_>, &str, &T),
        tail: Tail,
        offset: OffsetText,
    ) -> Result<Self, EncodeError> {
        let content = || EventPacket::new(header, event, args);
        if tail != Tail::Offset {
            let packet = wire::event(parser, &content())?;
            if tail == Tail::None || !ends_in_text(parser, &packet) {
                return Ok(Self::plain(packet));
            }
        }
        let text = std::str::from_utf8(&offset).expect("offsets are ASCII");
        let packet = wire::event(parser, &content().with_offset(text))?;
        let place = match parser {
            Parser::Custom(_) => Place::Fixed(offset),
            _ => Place::BeforeEnd(OFFSET_LEN + len_behind_offset(parser, header.namespace)),
        };
        Ok(Self { packet, place })
    }

    /// A packet that nobody gets.
    pub(crate) fn placeholder() -> Self {
        Self::plain(Outgoing::One(Frame::message("")))
    }

    /// Whether the event carries an offset.
    pub(crate) fn has_offset(&self) -> bool {
        self.place != Place::Nowhere
    }

    fn plain(packet: Outgoing) -> Self {
        Self {
            packet,
            place: Place::Nowhere,
        }
    }

    /// An event as it was read from a file.
    #[cfg(feature = "redb")]
    pub(crate) fn read(
        parser: &Parser,
        namespace: &str,
        packet: Outgoing,
        offset: OffsetText,
    ) -> Self {
        let place = match parser {
            Parser::Custom(_) => Place::Fixed(offset),
            _ => Place::BeforeEnd(OFFSET_LEN + len_behind_offset(parser, namespace)),
        };
        Self { packet, place }
    }

    /// Writes the offset, if the event carries one; others who share the packet keep theirs.
    ///
    /// # Errors
    ///
    /// [`Overtaken`] if it carries another one that cannot be changed.
    pub(crate) fn stamp(&mut self, offset: OffsetText) -> Result<(), Overtaken> {
        match self.place {
            Place::Nowhere => {}
            Place::Fixed(fixed) if fixed == offset => {}
            Place::Fixed(_) => return Err(Overtaken),
            Place::BeforeEnd(before_end) => {
                let first = match &mut self.packet {
                    Outgoing::One(frame) => Some(frame),
                    Outgoing::Several(frames) | Outgoing::Custom(frames, _) => frames.first_mut(),
                };
                if let Some(frame) = first {
                    frame.overwrite(before_end, &offset);
                }
            }
        }
        Ok(())
    }

    /// Whether the offset can be written at any time.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.place, Place::Fixed(_))
    }

    /// The same event with another offset, encoded anew.
    pub(crate) fn encoded_anew(
        &self,
        parser: &Parser,
        namespace: &str,
        offset: OffsetText,
    ) -> Option<Self> {
        let (event, args) = self.content(parser)?;
        let header = Header {
            namespace,
            ack: None,
        };
        let content = (header, event.as_str(), &Spread(args));
        Self::event(parser, content, Tail::Offset, offset).ok()
    }

    pub(crate) fn packet(&self) -> &Outgoing {
        &self.packet
    }

    /// The event and its arguments, without the offset.
    pub(crate) fn content(&self, parser: &Parser) -> Option<(String, Vec<Value>)> {
        let packet = self.packet.packet(parser).ok()??;
        let mut args: Vec<Value> = packet.args().rest().ok()?;
        if self.place != Place::Nowhere {
            args.pop();
        }
        Some((packet.event()?.to_text().into_owned(), args))
    }
}

/// Whether the client would take what stands at the end for an offset: a text, be it the name.
fn ends_in_text(parser: &Parser, packet: &Outgoing) -> bool {
    if let (Parser::Text, Some(frame)) = (parser, packet.frames().first()) {
        // Invariant: an event is an array, and only a text ends in a quotation mark.
        let array = frame.payload().strip_suffix(b"]").unwrap_or_default();
        return array.trim_ascii_end().ends_with(b"\"");
    }
    let Ok(Some(packet)) = packet.packet(parser) else {
        return false;
    };
    let args = packet.args();
    match args.len().checked_sub(1) {
        Some(last) => matches!(args.get::<Value>(last), Some(Ok(Value::String(_)))),
        None => true,
    }
}

/// Bytes of an event behind the last character of its offset.
fn len_behind_offset(parser: &Parser, namespace: &str) -> usize {
    match parser {
        // The key `nsp` and the namespace, each with the header of a string, follow the array.
        Parser::MessagePack => {
            let header = match namespace.len() {
                ..32 => 1,
                32..256 => 2,
                256..65536 => 3,
                _ => 5,
            };
            "_nsp".len() + header + namespace.len()
        }
        Parser::Text | Parser::Custom(_) => "\"]".len(),
    }
}

/// The frames of a packet, as they were before they were written to a file.
#[cfg(feature = "redb")]
pub(crate) fn outgoing(mut frames: Vec<Frame>) -> Outgoing {
    match frames.len() {
        1 => Outgoing::One(frames.remove(0)),
        _ => Outgoing::Several(frames),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: &OffsetText = b"epoch1-------0";

    fn stamped(parser: &Parser, namespace: &str, tail: Tail, args: &impl Serialize) -> Stamped {
        let header = Header {
            namespace,
            ack: None,
        };
        Stamped::event(parser, (header, "event", args), tail, [b'-'; OFFSET_LEN]).unwrap()
    }

    #[test]
    fn the_offset_is_written_where_room_was_left_whatever_the_namespace() {
        let bytes = Value::Binary(bytes::Bytes::from_static(b"\x01"));
        for parser in [Parser::Text, Parser::MessagePack] {
            for len in [0, 1, 30, 31, 32, 254, 255, 256, 65534, 65535, 65536] {
                // A name that looks like an offset is none.
                let namespace = format!("/{}", "-".repeat(len));
                let mut packet = stamped(&parser, &namespace, Tail::Offset, &bytes);

                packet.stamp(*OFFSET).unwrap();

                let read = packet.packet.packet(&parser).unwrap().unwrap();
                assert_eq!(read.namespace(), namespace);
                let args: Vec<Value> = read.args().rest().unwrap();
                assert_eq!(args, [bytes.clone(), "epoch1-------0".into()]);
            }
        }
    }

    #[test]
    fn an_event_that_ends_in_a_text_is_told_from_one_that_does_not() {
        let object = roomcast_socketio::value!({ "a": "b" });
        for parser in [Parser::Text, Parser::MessagePack] {
            let has_offset = |args: &Value| {
                let packet = stamped(&parser, "/", Tail::OffsetBehindText, &Spread(vec![args]));
                packet.place != Place::Nowhere
            };
            assert!(has_offset(&"text".into()));
            assert!(!has_offset(&1.into()));
            assert!(!has_offset(&object));
            assert!(!has_offset(&Value::Binary(bytes::Bytes::from_static(b"a"))));
            let nothing = stamped(&parser, "/", Tail::OffsetBehindText, &());
            assert_ne!(nothing.place, Place::Nowhere);
        }
    }

    #[test]
    fn a_copy_that_is_stamped_leaves_the_other_as_it_is() {
        let mut first = stamped(&Parser::Text, "/", Tail::Offset, &1);
        first.stamp(*OFFSET).unwrap();
        let mut second = first.clone();
        second.stamp(*b"epoch1-------9").unwrap();

        let text = |packet: &Stamped| packet.packet.frames()[0].payload().to_vec();
        assert_eq!(text(&first), br#"42["event",1,"epoch1-------0"]"#);
        assert_eq!(text(&second), br#"42["event",1,"epoch1-------9"]"#);
    }
}
