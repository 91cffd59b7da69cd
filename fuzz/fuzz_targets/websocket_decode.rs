//! Any bytes decode to the same events whole and in pieces, and to those of tungstenite.
//!
//! First byte of the input: bit 0 the role, the others the size of the pieces.

#![no_main]

use std::io::{self, Read, Write};

use libfuzzer_sys::fuzz_target;
use roomcast_websocket::{CloseCode, DecodeError, Decoder, Event, Limits, Role};
use tungstenite::protocol::{self, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

fuzz_target!(|data: &[u8]| {
    let Some((&first, wire)) = data.split_first() else {
        return;
    };
    let role = if first & 1 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let whole = ours(role, wire, usize::MAX);
    assert_eq!(
        ours(role, wire, usize::from(first >> 1) + 1),
        whole,
        "cut into pieces"
    );
    compare(&whole, &theirs(role, wire));
});

const MAX_BYTES: usize = 2000;

/// The events of `wire`, and the error that ends it.
type Outcome = (Vec<Event<'static>>, Option<DecodeError>);

fn ours(role: Role, wire: &[u8], size: usize) -> Outcome {
    let limits = Limits::default()
        .with_max_frame_bytes(MAX_BYTES)
        .with_max_message_bytes(MAX_BYTES)
        .with_max_fragments(usize::MAX);
    let mut decoder = Decoder::new(role, limits);
    let mut input = wire.to_vec();
    let mut events = Vec::new();
    for piece in input.chunks_mut(size) {
        let mut at = 0;
        loop {
            let decoded = match decoder.decode(&mut piece[at..]) {
                Ok(decoded) => decoded,
                Err(error) => return (events, Some(error)),
            };
            at += decoded.consumed;
            match decoded.event {
                Some(event) => events.push(to_owned(event)),
                None => break,
            }
        }
        assert_eq!(at, piece.len(), "without an event everything is consumed");
        assert!(decoder.buffered_bytes() <= MAX_BYTES + 125);
    }
    (events, None)
}

fn to_owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Text(text) => Event::Text(text.into_owned().into()),
        Event::Binary(bytes) => Event::Binary(bytes.into_owned().into()),
        Event::Ping(bytes) => Event::Ping(bytes.into_owned().into()),
        Event::Pong(bytes) => Event::Pong(bytes.into_owned().into()),
        Event::Close(frame) => Event::Close(frame),
    }
}

/// The messages of `wire`, and whether an error ends it.
fn theirs(role: Role, wire: &[u8]) -> (Vec<Message>, bool) {
    // Cost: its usual read buffer of 128 KiB would be filled anew for each input.
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .max_frame_size(Some(MAX_BYTES))
        .max_message_size(Some(MAX_BYTES));
    let role = match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let mut socket = WebSocket::from_raw_socket(Wire(wire), role, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (messages, false);
            }
            Err(Error::ConnectionClosed) => return (messages, false),
            Err(_) => return (messages, true),
        }
        if matches!(messages.last(), Some(Message::Close(_))) {
            return (messages, false);
        }
    }
}

fn compare((events, error): &Outcome, (messages, failed): &(Vec<Message>, bool)) {
    assert!(
        messages.len() >= events.len(),
        "{events:?} {error:?}, {messages:?}"
    );
    for (event, message) in events.iter().zip(messages) {
        assert!(is_same(event, message), "{event:?} is not {message:?}");
    }
    let more = messages.get(events.len());
    match error {
        None => assert!(
            more.is_none() && !failed,
            "no error, but {more:?}, {failed}"
        ),
        // Tungstenite takes padded lengths, those of control frames too.
        Some(DecodeError::LengthNotShortest { .. } | DecodeError::ControlTooLong { .. }) => {}
        // It reports a close code that must not be sent as 1002.
        Some(DecodeError::InvalidCloseCode { .. }) => {
            assert!(
                *failed || matches!(more, Some(Message::Close(Some(_)))),
                "{more:?}"
            );
        }
        // It may not have failed yet: it waits for whole frames.
        Some(error) => assert!(more.is_none(), "{error}, but {more:?}"),
    }
}

fn is_same(event: &Event<'_>, message: &Message) -> bool {
    match (event, message) {
        (Event::Text(a), Message::Text(b)) => **a == **b,
        (Event::Binary(a), Message::Binary(b)) => **a == **b,
        (Event::Ping(a), Message::Ping(b)) | (Event::Pong(a), Message::Pong(b)) => **a == **b,
        (Event::Close(None), Message::Close(None)) => true,
        (Event::Close(Some(a)), Message::Close(Some(b))) => {
            // Tungstenite does not know 1014.
            let is_unknown = Some(a.code) == CloseCode::new(1014);
            is_unknown || (a.code.get() == u16::from(b.code) && a.reason == b.reason.as_str())
        }
        _ => false,
    }
}

/// Gives what came over the wire, then blocks; swallows what is written.
struct Wire<'a>(&'a [u8]);

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
