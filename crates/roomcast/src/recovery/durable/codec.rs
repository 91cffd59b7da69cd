//! Packets and sessions as bytes in the file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use roomcast_socketio::{Parser, Spread, Value};

use super::super::log::{Audience, SessionRecord, Target};
use super::super::offset::Position;
use super::super::packed::Packed;
use super::super::pid::Pid;
use super::super::stamped::Stamped;
use crate::engine::Frame;
use crate::id::SocketId;
use crate::namespace::{RoomName, Selection};

/// A packet as it is read back.
#[derive(Debug)]
pub(super) struct PacketRecord {
    pub(super) emitted_at: SystemTime,
    pub(super) target: Target,
    pub(super) parser: u8,
    pub(super) frames: Vec<Frame>,
}

/// A session as it is read back.
#[derive(Debug)]
pub(super) struct ReadSession {
    pub(super) namespace: u32,
    pub(super) audience: Audience,
    pub(super) data: Value,
    pub(super) has_typed_data: bool,
    pub(super) start: Position,
    /// Of a client that was away: since when, what was last sent to it, and the newest packet then.
    pub(super) end: Option<(SystemTime, Position, Position)>,
}

impl ReadSession {
    pub(super) fn record(&self, pid: Pid) -> SessionRecord<'_> {
        SessionRecord {
            pid,
            audience: &self.audience,
            data: &self.data,
            has_typed_data: self.has_typed_data,
            start: self.start,
            end: self.end.map(|(_, last_sent, head)| (last_sent, head)),
        }
    }
}

pub(super) fn encode_packet(
    parser: u8,
    emitted_at: SystemTime,
    target: &Target,
    packet: &Stamped,
) -> Vec<u8> {
    let mut out = vec![parser];
    put_time(&mut out, emitted_at);
    match target {
        Target::Socket(id) => {
            out.push(TO_SOCKET);
            put_bytes(&mut out, id.as_str().as_bytes());
        }
        Target::Copy(id, original) => {
            out.push(TO_SOCKET_AGAIN);
            put_bytes(&mut out, id.as_str().as_bytes());
            put_u64(&mut out, original.0);
        }
        Target::Selected(Selection { rooms, except }) => {
            out.push(TO_SELECTED);
            put_rooms(&mut out, rooms);
            put_rooms(&mut out, except);
        }
    }
    let frames = packet.packet().frames();
    put_u64(&mut out, frames.len() as u64);
    for frame in frames {
        out.push(u8::from(frame.is_binary()));
        put_bytes(&mut out, frame.payload());
    }
    out
}

pub(super) fn decode_packet(bytes: &[u8]) -> Option<PacketRecord> {
    let mut reader = Reader(bytes);
    let parser = reader.u8()?;
    let emitted_at = reader.time()?;
    let target = match reader.u8()? {
        TO_SOCKET => Target::Socket(reader.id()?),
        TO_SOCKET_AGAIN => Target::Copy(reader.id()?, Position(reader.u64()?)),
        TO_SELECTED => Target::Selected(Selection {
            rooms: reader.rooms()?.into(),
            except: reader.rooms()?.into(),
        }),
        _ => return None,
    };
    let mut frames = Vec::new();
    for _ in 0..reader.u64()? {
        frames.push(match reader.u8()? {
            0 => Frame::text(reader.bytes()?),
            1 => Frame::binary(reader.bytes()?),
            _ => return None,
        });
    }
    let is_whole = !frames.is_empty() && reader.0.is_empty();
    is_whole.then_some(PacketRecord {
        emitted_at,
        target,
        parser,
        frames,
    })
}

/// By which parser a packet was written, as a byte in the file.
pub(super) fn parser_code(parser: &Parser) -> u8 {
    match parser {
        Parser::Text => 0,
        Parser::MessagePack => 1,
        Parser::Custom(_) => 2,
    }
}

/// Encodes a session as it is now; `None` if its values cannot be written.
pub(super) fn encode_session(
    namespace: u32,
    now: SystemTime,
    session: &SessionRecord<'_>,
) -> Option<Vec<u8>> {
    let mut out = namespace.to_le_bytes().to_vec();
    put_bytes(&mut out, session.audience.id.as_str().as_bytes());
    put_u64(&mut out, session.audience.rooms.len() as u64);
    for room in &session.audience.rooms {
        put_bytes(&mut out, room.to_shared().as_bytes());
    }
    let data = Packed::of(&Spread(vec![session.data]))?;
    put_bytes(&mut out, data.text.as_bytes());
    put_u64(&mut out, data.attachments.len() as u64);
    for attachment in &data.attachments {
        put_bytes(&mut out, attachment);
    }
    out.push(u8::from(session.has_typed_data));
    put_u64(&mut out, session.start.0);
    match session.end {
        None => out.push(IS_LIVE),
        Some((last_sent, head)) => {
            out.push(IS_AWAY);
            put_time(&mut out, now);
            put_u64(&mut out, last_sent.0);
            put_u64(&mut out, head.0);
        }
    }
    Some(out)
}

pub(super) fn decode_session(bytes: &[u8]) -> Option<ReadSession> {
    let mut reader = Reader(bytes);
    let namespace = u32::from_le_bytes(*reader.array()?);
    let id = reader.id()?;
    let rooms = reader.rooms()?.into_iter().collect();
    let text = reader.text()?.to_owned();
    let attachments = (0..reader.u64()?)
        .map(|_| reader.bytes().map(Bytes::copy_from_slice))
        .collect::<Option<_>>()?;
    let values = Packed { text, attachments }.values()?;
    let data = values
        .into_iter()
        .next()
        .filter(|data| data.as_object().is_some())?;
    let has_typed_data = reader.u8()? != 0;
    let start = Position(reader.u64()?);
    let end = match reader.u8()? {
        IS_LIVE => None,
        IS_AWAY => Some((
            reader.time()?,
            Position(reader.u64()?),
            Position(reader.u64()?),
        )),
        _ => return None,
    };
    reader.0.is_empty().then_some(ReadSession {
        namespace,
        audience: Audience { id, rooms },
        data,
        has_typed_data,
        start,
        end,
    })
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_time(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    put_u64(out, u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
}

fn put_rooms(out: &mut Vec<u8>, rooms: &[RoomName]) {
    put_u64(out, rooms.len() as u64);
    for room in rooms {
        put_bytes(out, room.to_shared().as_bytes());
    }
}

/// What is left to read. A file is damaged where it does not hold what is asked for.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const LEN: usize>(&mut self) -> Option<&'a [u8; LEN]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|&[byte]| byte)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.u64()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn time(&mut self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.u64()?))
    }

    fn id(&mut self) -> Option<SocketId> {
        self.text().map(SocketId::of_text)
    }

    fn rooms(&mut self) -> Option<Vec<RoomName>> {
        (0..self.u64()?)
            .map(|_| self.text().map(RoomName::from))
            .collect()
    }
}

const TO_SOCKET: u8 = 0;
const TO_SELECTED: u8 = 1;
const TO_SOCKET_AGAIN: u8 = 2;
const IS_LIVE: u8 = 0;
const IS_AWAY: u8 = 1;

#[cfg(test)]
mod tests {
    use roomcast_socketio::{Header, value};

    use super::*;
    use crate::recovery::stamped::Tail;

    fn packet_for(target: &Target) -> Vec<u8> {
        let header = Header {
            namespace: "/",
            ack: None,
        };
        let args = (1, Bytes::from_static(b"\x01"));
        let content = (header, "event", &args);
        let packet = Stamped::event(&Parser::Text, content, Tail::Offset, [b'-'; 14]).unwrap();
        encode_packet(0, UNIX_EPOCH + Duration::from_millis(7), target, &packet)
    }

    fn packet() -> Vec<u8> {
        packet_for(&Target::Selected(Selection {
            rooms: ["red", "blue"].map(RoomName::from).to_vec().into(),
            except: vec![RoomName::from("wNhZbJYd3vWdGhFZAAAB")].into(),
        }))
    }

    fn copy() -> Vec<u8> {
        packet_for(&Target::Copy(
            "wNhZbJYd3vWdGhFZAAAB".parse().unwrap(),
            Position(4711),
        ))
    }

    fn session() -> Vec<u8> {
        let audience = Audience {
            id: "wNhZbJYd3vWdGhFZAAAB".parse().unwrap(),
            rooms: ["wNhZbJYd3vWdGhFZAAAB", "red"]
                .map(RoomName::from)
                .into_iter()
                .collect(),
        };
        let record = SessionRecord {
            pid: Pid::random(),
            audience: &audience,
            data: &value!({ "name": "Ada" }),
            has_typed_data: true,
            start: Position(3),
            end: Some((Position(5), Position(9))),
        };
        encode_session(2, UNIX_EPOCH + Duration::from_secs(1), &record).unwrap()
    }

    #[test]
    fn a_packet_comes_back_with_its_frames_and_its_receivers() {
        let read = decode_packet(&packet()).unwrap();

        assert_eq!(read.emitted_at, UNIX_EPOCH + Duration::from_millis(7));
        let Target::Selected(selection) = &read.target else {
            panic!("it was selected");
        };
        assert_eq!(selection.rooms.len(), 2);
        assert_eq!(selection.except.len(), 1);
        let frames = read.frames;
        assert_eq!(
            frames[0].payload(),
            br#"451-["event",1,{"_placeholder":true,"num":0},"--------------"]"#
        );
        assert_eq!(frames[1].payload(), b"\x01");
        assert_eq!(read.parser, 0);
    }

    #[test]
    fn a_copy_comes_back_with_the_position_of_its_original() {
        let read = decode_packet(&copy()).unwrap();

        let Target::Copy(id, original) = &read.target else {
            panic!("it is a copy");
        };
        assert_eq!(id.as_str(), "wNhZbJYd3vWdGhFZAAAB");
        assert_eq!(*original, Position(4711));
    }

    #[test]
    fn a_session_comes_back_with_its_rooms_and_values() {
        let read = decode_session(&session()).unwrap();

        assert_eq!(read.namespace, 2);
        assert_eq!(read.audience.id.as_str(), "wNhZbJYd3vWdGhFZAAAB");
        assert_eq!(read.audience.rooms[1], RoomName::from("red"));
        assert_eq!(read.data, value!({ "name": "Ada" }));
        assert!(read.has_typed_data);
        assert_eq!(read.start, Position(3));
        let away_since = UNIX_EPOCH + Duration::from_secs(1);
        assert_eq!(read.end, Some((away_since, Position(5), Position(9))));
    }

    #[test]
    fn a_record_that_ends_early_or_late_is_none() {
        for (record, is_whole) in [
            (
                packet(),
                (|bytes| decode_packet(bytes).is_some()) as fn(&[u8]) -> bool,
            ),
            (copy(), |bytes| decode_packet(bytes).is_some()),
            (session(), |bytes| decode_session(bytes).is_some()),
        ] {
            assert!(is_whole(&record));
            for len in 0..record.len() {
                assert!(!is_whole(&record[..len]), "{len} of {} bytes", record.len());
            }
            assert!(!is_whole(&[&record[..], b"\0"].concat()));
        }
    }
}
