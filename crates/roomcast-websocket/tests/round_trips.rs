//! What one end encodes the other decodes, however the bytes are cut.

mod support;

use bytes::BytesMut;
use roomcast_websocket::{Header, OpCode, encode, encode_masked};
use support::{Numbers, Owned, binary, client, feed_all, ping, pong, server, text};

const LENGTHS: [usize; 12] = [0, 1, 2, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_001];

#[test]
fn messages_of_every_length_class_come_back_in_both_roles() {
    let mut numbers = Numbers(1);
    for len in LENGTHS {
        let payload = numbers.bytes(len);
        let mut masked = BytesMut::new();
        encode_masked(OpCode::Binary, &payload, [0xA0, 0, 0x0B, 0xFF], &mut masked);

        let down = feed_all(client(), [&encode(OpCode::Binary, &payload)[..]]);
        let up = feed_all(server(), [&masked[..]]);

        assert_eq!(down, Ok(vec![binary(&payload)]), "{len} bytes");
        assert_eq!(up, Ok(vec![binary(&payload)]), "{len} bytes");
    }
}

#[test]
fn header_for_a_payload_made_elsewhere_is_that_of_the_whole_frame() {
    for len in LENGTHS {
        let frame = encode(OpCode::Text, &vec![b'a'; len]);
        let header = Header::new(OpCode::Text, len);

        assert_eq!(frame[..header.len()], header[..], "{len} bytes");
        assert_eq!(frame.len(), header.len() + len);
    }
}

#[test]
fn control_payload_is_cut_to_what_a_frame_carries() {
    let mut masked = BytesMut::new();
    encode_masked(OpCode::Pong, &[7; 200], [1; 4], &mut masked);

    assert_eq!(
        feed_all(client(), [&encode(OpCode::Ping, &[7; 200])[..]]),
        Ok(vec![ping(&[7; 125])])
    );
    assert_eq!(feed_all(server(), [&masked[..]]), Ok(vec![pong(&[7; 125])]));
}

#[test]
fn random_conversations_survive_random_cuts() {
    let mut numbers = Numbers(42);
    for _ in 0..300 {
        let (wire, events) = conversation(&mut numbers);
        let mut pieces = Vec::new();
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let (piece, others) = rest.split_at((1 + numbers.below(40)).min(rest.len()));
            pieces.push(piece);
            rest = others;
        }

        assert_eq!(feed_all(client(), pieces), Ok(events));
    }
}

/// Messages in random fragments with pings between them, and what they mean.
fn conversation(numbers: &mut Numbers) -> (Vec<u8>, Vec<Owned>) {
    let (mut wire, mut events) = (Vec::new(), Vec::new());
    for _ in 0..1 + numbers.below(5) {
        let is_text = numbers.below(2) == 0;
        let payload = match is_text {
            true => "añ€𝄞".repeat(numbers.below(30)).into_bytes(),
            false => {
                let len = numbers.below(300);
                numbers.bytes(len)
            }
        };
        let mut opcode = if is_text {
            OpCode::Text
        } else {
            OpCode::Binary
        };
        let mut rest = &payload[..];
        loop {
            let (part, others) = rest.split_at(numbers.below(rest.len() + 1));
            if numbers.below(3) == 0 {
                wire.extend(Header::new(opcode, rest.len()).iter());
                wire.extend(rest);
                break;
            }
            wire.extend(Header::new(opcode, part.len()).unfinished().iter());
            wire.extend(part);
            wire.extend(&encode(OpCode::Ping, part.get(..3).unwrap_or_default()));
            events.push(ping(part.get(..3).unwrap_or_default()));
            opcode = OpCode::Continuation;
            rest = others;
        }
        events.push(match String::from_utf8(payload) {
            Ok(payload) if is_text => text(&payload),
            Ok(payload) => binary(payload.as_bytes()),
            Err(error) => binary(error.as_bytes()),
        });
    }
    (wire, events)
}
