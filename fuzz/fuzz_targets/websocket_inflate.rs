//! Any bytes as a compressed message end the same whole and in pieces, within the limit; and any
//! message comes back from its own compressed form.
//!
//! First byte of the input: bit 0 whether context is kept, bits 1 to 3 the window, bit 4 whether
//! the bytes are frames or messages; second byte: the size of the pieces.

#![no_main]

use std::borrow::Cow;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use roomcast_websocket::deflate::{ClientContext, Config, Deflater, Pool, WindowBits, negotiate};
use roomcast_websocket::{DecodeError, Decoder, Event, Header, Limits, OpCode, Role};

fuzz_target!(|data: &[u8]| {
    let [flags, size, data @ ..] = data else {
        return;
    };
    let window = WindowBits::new(9 + (flags >> 1 & 7) % 7).expect("9 to 15");
    let config = Config::default()
        .with_threshold_bytes(0)
        .with_server_max_window_bits(window)
        .with_server_no_context_takeover(flags & 1 == 0)
        .with_client_context(ClientContext::Kept);
    let size = usize::from(*size) + 1;
    if flags & 16 == 0 {
        garbage(&config, data, size);
    } else {
        round_trip(&config, data, size);
    }
});

const MAX_BYTES: usize = 20_000;

/// Shared by all runs: what comes back to it must be as good as new.
static POOL: LazyLock<Pool> = LazyLock::new(Pool::default);

/// Each line of `data` is a message that claims to be compressed.
fn garbage(config: &Config, data: &[u8], size: usize) {
    let mut wire = Vec::new();
    for message in data.split(|&byte| byte == b'\n') {
        wire.extend(Header::new(OpCode::Text, message.len()).compressed().iter());
        wire.extend(message);
    }
    let (whole, whole_error) = decode(config, &wire, usize::MAX);
    let (pieces, pieces_error) = decode(config, &wire, size);
    assert_eq!(whole, pieces);
    // Which of several errors is met first depends on how much is inflated at a time.
    assert_eq!(whole_error.is_some(), pieces_error.is_some());
}

/// Each line of `data` is a message to compress.
fn round_trip(config: &Config, data: &[u8], size: usize) {
    let agreement = negotiate("permessage-deflate", config).expect("plain offer");
    let mut deflater = Deflater::new(Role::Server, &agreement, config, &POOL);
    let messages: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let mut wire = Vec::new();
    for message in &messages {
        wire.extend(deflater.encode(OpCode::Binary, message));
    }
    let (events, error) = decode(config, &wire, size);
    assert_eq!(error, None);
    assert!(events.iter().map(|bytes| &bytes[..]).eq(messages));
}

/// The messages in `wire`, and the error that ends it.
fn decode(config: &Config, wire: &[u8], size: usize) -> (Vec<Vec<u8>>, Option<DecodeError>) {
    let agreement = negotiate("permessage-deflate", config).expect("plain offer");
    let limits = Limits::default().with_max_message_bytes(MAX_BYTES);
    let mut decoder = Decoder::new(Role::Client, limits).with_inflate(&agreement, &POOL);
    let mut input = wire.to_vec();
    let mut messages = Vec::new();
    for piece in input.chunks_mut(size) {
        let mut at = 0;
        while at < piece.len() {
            let decoded = match decoder.decode(&mut piece[at..]) {
                Ok(decoded) => decoded,
                Err(error) => return (messages, Some(error)),
            };
            at += decoded.consumed;
            messages.extend(decoded.event.map(contents));
            assert!(decoder.buffered_bytes() <= MAX_BYTES);
        }
    }
    (messages, None)
}

fn contents(event: Event<'_>) -> Vec<u8> {
    match event {
        Event::Text(text) => text.into_owned().into_bytes(),
        Event::Binary(Cow::Owned(bytes)) => bytes,
        event => panic!("{event:?} is no inflated message"),
    }
}
