//! Packets between their forms: a client's, a frame, and what servers tell each other.

use std::borrow::Cow;

use bytes::Bytes;
use roomcast_cluster::engine::{Data, Packet, PacketKind};
use roomcast_engineio as proto;

use crate::engine::application::Message;
use crate::engine::frame::Frame;
use crate::engine::outbox::Entry;

/// What is queued for a client, for the server that serves it.
pub(in crate::engine) fn drained<'q>(queue: impl IntoIterator<Item = &'q Entry>) -> Vec<Packet> {
    // Invariant: packets stand side by side only where a WebSocket of this server carries the
    // session.
    let shared = queue.into_iter().filter_map(|entry| match entry {
        Entry::Shared {
            frame,
            may_compress,
            ..
        } => Some((frame, *may_compress)),
        _ => None,
    });
    let packets = shared.map(|(frame, may_compress)| {
        let packet = packet_of(frame);
        // SPEC: engine.io 6.6.11 forbids it to no packet of its own.
        let may_compress = may_compress || packet.kind != PacketKind::Message;
        packet.with_compress(may_compress)
    });
    packets.collect()
}

/// A frame in the form of revision 4.
pub(in crate::engine) fn packet_of(frame: &Frame) -> Packet {
    let payload = frame.payload();
    if frame.is_binary() {
        return Packet::message(Data::Binary(Bytes::copy_from_slice(payload)));
    }
    let (kind, data) = payload.split_first().unwrap_or((&b'6', &[]));
    let kind = match kind {
        b'0' => PacketKind::Open,
        b'1' => PacketKind::Close,
        b'2' => PacketKind::Ping,
        b'3' => PacketKind::Pong,
        b'4' => PacketKind::Message,
        b'5' => PacketKind::Upgrade,
        _ => PacketKind::Noop,
    };
    if data.is_empty() {
        return Packet::of(kind);
    }
    Packet::text(kind, String::from_utf8_lossy(data))
}

/// The packet of a client, for the owner of its session.
pub(in crate::engine) fn received(packet: &proto::Packet<'_>) -> Packet {
    let with = |kind, text: &str| match text {
        "" => Packet::of(kind),
        text => Packet::text(kind, text),
    };
    match packet {
        proto::Packet::Open(text) => with(PacketKind::Open, text),
        proto::Packet::Close => Packet::of(PacketKind::Close),
        proto::Packet::Ping(text) => with(PacketKind::Ping, text),
        proto::Packet::Pong(text) => with(PacketKind::Pong, text),
        proto::Packet::Text(text) => with(PacketKind::Message, text),
        proto::Packet::Binary(bytes) => {
            Packet::message(Data::Binary(Bytes::copy_from_slice(bytes)))
        }
        proto::Packet::Upgrade => Packet::of(PacketKind::Upgrade),
        proto::Packet::Noop => Packet::of(PacketKind::Noop),
    }
}

/// The packet of a client whose connection is at another server; none if the client sent what is no
/// packet.
pub(in crate::engine) fn packet_from(packet: &Packet) -> Option<proto::Packet<'_>> {
    let text = match &packet.data {
        Some(Data::Text(text)) => text.as_str(),
        Some(Data::Binary(bytes)) if packet.kind == PacketKind::Message => {
            return Some(proto::Packet::Binary(Cow::Borrowed(bytes)));
        }
        _ => "",
    };
    Some(match packet.kind {
        PacketKind::Open => proto::Packet::Open(text),
        PacketKind::Close => proto::Packet::Close,
        PacketKind::Ping => proto::Packet::Ping(text),
        PacketKind::Pong => proto::Packet::Pong(text),
        PacketKind::Message => proto::Packet::Text(text),
        PacketKind::Upgrade => proto::Packet::Upgrade,
        PacketKind::Noop => proto::Packet::Noop,
        _ => return None,
    })
}

/// A message that the application was not told of, as the client sent it.
pub(super) fn packet_of_message(message: Message<'static>) -> Packet {
    Packet::message(match message {
        Message::Text(text) => Data::Text(text.into_owned()),
        Message::Binary(bytes) => Data::Binary(bytes.into_owned().into()),
    })
}

/// What another server's session sends to the client that is here, and whether it may be
/// compressed.
pub(super) fn frames_of<'p>(
    packets: impl IntoIterator<Item = &'p Packet>,
) -> impl Iterator<Item = (Frame, bool)> {
    packets.into_iter().filter_map(|packet| {
        let may_compress = packet.compress.unwrap_or(false);
        Some((frame_of(packet)?, may_compress))
    })
}

fn frame_of(packet: &Packet) -> Option<Frame> {
    let text = match &packet.data {
        Some(Data::Binary(bytes)) => return Some(Frame::binary(bytes)),
        Some(Data::Text(text)) => text.as_str(),
        None => "",
    };
    let kind = match packet.kind {
        PacketKind::Message => return Some(Frame::message(text)),
        PacketKind::Open => '0',
        PacketKind::Close => '1',
        PacketKind::Ping => '2',
        PacketKind::Pong => '3',
        PacketKind::Upgrade => '5',
        PacketKind::Noop => '6',
        // No session sends any other.
        _ => return None,
    };
    Some(Frame::text(format!("{kind}{text}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_the_same_behind_another_server() {
        for text in ["0{}", "1", "2", "2probe", "3", "4", "4hello é", "5", "6"] {
            let packet = packet_of(&Frame::text(text.as_bytes()));
            let frame = frame_of(&packet).unwrap();
            assert_eq!(frame.payload(), text.as_bytes());
            assert!(!frame.is_binary());
            let sent = proto::revision4::decode_text(text).unwrap();
            assert_eq!(packet_from(&received(&sent)), Some(sent));
        }
        let packet = packet_of(&Frame::binary(b"4x"));
        let frame = frame_of(&packet).unwrap();
        assert!(frame.is_binary());
        assert_eq!(frame.payload(), b"4x");
        let sent = proto::Packet::Binary(b"4x".into());
        assert_eq!(packet_from(&received(&sent)), Some(sent));
    }

    #[test]
    fn what_another_server_could_not_read_is_no_packet() {
        assert_eq!(packet_from(&Packet::unreadable()), None);
    }
}
