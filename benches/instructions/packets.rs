//! Instruction counts of a hundred messages, under valgrind: the same on a busy machine.
//!
//! `cargo xtask bench instructions` compares them with `benches/instructions.json`.
#![expect(
    missing_docs,
    unused_qualifications,
    reason = "gungraun's macros write undocumented modules with whole paths"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use gungraun::prelude::*;
use roomcast_benches::{BINARY_EVENT, event, masked_frame, message};
use roomcast_engineio::revision4::decode_text;
use roomcast_engineio::{Config, Message, Session, Transport};
use roomcast_socketio::{AckId, Header, Raw, Value, encode_ack};
use roomcast_websocket::{Event, Limits, OpCode, Role, encode_with};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many messages one count is of.
const MESSAGES: usize = 100;

/// A connection of the server, and what was read from it.
struct Incoming {
    websocket: roomcast_websocket::Decoder,
    session: Session,
    socketio: roomcast_socketio::Decoder,
    now: Instant,
    input: Vec<u8>,
}

impl Incoming {
    /// Reads all messages, and from each the argument of its event.
    fn read<T: DeserializeOwned>(&mut self) -> usize {
        let (mut rest, mut args) = (&mut self.input[..], 0);
        while !rest.is_empty() {
            let decoded = self.websocket.decode(rest).expect("valid frames");
            let consumed = decoded.consumed;
            if let Some(Event::Text(text)) = &decoded.event {
                let packet = decode_text(text).expect("valid packets");
                let message = self
                    .session
                    .handle_packet(self.now, Transport::WebSocket, packet);
                if let Some(Message::Text(text)) = message {
                    let packet = self.socketio.text(text).expect("valid").expect("whole");
                    assert!(packet.event().is_some_and(|name| name == "echo"));
                    black_box(packet.args().read::<T>()).expect("any value");
                    args += 1;
                }
            }
            rest = &mut rest[consumed..];
        }
        args
    }
}

fn incoming(len: usize) -> Incoming {
    let frame = masked_frame(OpCode::Text, message(len).as_bytes());
    let now = Instant::now();
    let mut incoming = Incoming {
        websocket: roomcast_websocket::Decoder::new(Role::Server, Limits::default()),
        session: Session::new(now, Arc::new(Config::default()), Transport::WebSocket),
        socketio: roomcast_socketio::Decoder::default(),
        now,
        input: frame.clone(),
    };
    // What is done once in the life of a process is no part of the count.
    incoming.read::<Raw>();
    incoming.input = frame.repeat(MESSAGES);
    incoming
}

#[library_benchmark]
#[bench::raw_32(incoming(32))]
#[bench::raw_1024(incoming(1024))]
fn packet_in(mut incoming: Incoming) -> usize {
    black_box(incoming.read::<Raw>())
}

#[library_benchmark]
#[bench::value_32(incoming(32))]
fn packet_in_value(mut incoming: Incoming) -> usize {
    black_box(incoming.read::<Value>())
}

/// An answer, and the buffer in which frames are gathered.
struct Outgoing<T> {
    answer: T,
    out: Vec<u8>,
}

fn outgoing<T: DeserializeOwned>(len: usize) -> Outgoing<T> {
    let packet = event(len);
    let mut decoder = roomcast_socketio::Decoder::default();
    let packet = decoder.text(&packet).expect("valid").expect("whole");
    let answer = packet.args().read().expect("any value");
    let out = Vec::with_capacity(MESSAGES * (len + 64));
    Outgoing { answer, out }
}

impl<T: Serialize> Outgoing<T> {
    fn write(&mut self) {
        for id in 0..MESSAGES as u64 {
            let header = Header {
                namespace: "/",
                ack: Some(AckId::from(id)),
            };
            let attachments = encode_with(OpCode::Text, 64, &mut self.out, |out| {
                out.push(b'4');
                encode_ack(out, header, black_box(&self.answer))
            });
            assert!(attachments.is_ok_and(|attachments| attachments.is_empty()));
        }
    }
}

#[library_benchmark]
#[bench::raw_32(outgoing(32))]
#[bench::raw_1024(outgoing(1024))]
fn packet_out(mut outgoing: Outgoing<Raw>) -> Outgoing<Raw> {
    outgoing.write();
    outgoing
}

#[library_benchmark]
#[bench::value_32(outgoing(32))]
fn packet_out_value(mut outgoing: Outgoing<Value>) -> Outgoing<Value> {
    outgoing.write();
    outgoing
}

/// A decoder, an attachment, and the buffer in which answers are gathered.
struct Binary {
    decoder: roomcast_socketio::Decoder,
    attachment: Vec<u8>,
    out: Vec<u8>,
}

impl Binary {
    /// Takes one event with an attachment and answers with its argument.
    fn echo<T: DeserializeOwned + Serialize>(&mut self) {
        let announced = self.decoder.text(black_box(BINARY_EVENT));
        assert!(announced.is_ok_and(|packet| packet.is_none()));
        let packet = self.decoder.binary(&self.attachment);
        let packet = packet.expect("valid").expect("whole");
        let value: T = packet.args().read().expect("any value");
        let header = Header {
            namespace: "/",
            ack: packet.ack(),
        };
        let attachments = encode_ack(&mut self.out, header, &value).expect("any value");
        assert_eq!(black_box(attachments).len(), 1);
    }
}

fn binary() -> Binary {
    let mut binary = Binary {
        decoder: roomcast_socketio::Decoder::default(),
        attachment: vec![7; 1024],
        out: Vec::with_capacity(MESSAGES * 64),
    };
    binary.echo::<Raw>();
    binary
}

#[library_benchmark]
#[bench::raw_1024(binary())]
fn binary_echo(mut binary: Binary) -> Binary {
    (0..MESSAGES).for_each(|_| binary.echo::<Raw>());
    binary
}

#[library_benchmark]
#[bench::value_1024(binary())]
fn binary_echo_value(mut binary: Binary) -> Binary {
    (0..MESSAGES).for_each(|_| binary.echo::<Value>());
    binary
}

library_benchmark_group!(
    name = packets,
    benchmarks = [
        packet_in,
        packet_in_value,
        packet_out,
        packet_out_value,
        binary_echo,
        binary_echo_value
    ]
);

main!(library_benchmark_groups = packets);
