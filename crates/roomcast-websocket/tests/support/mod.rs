//! Drives a decoder with input cut into pieces.

#![expect(
    dead_code,
    reason = "each test file is a program of its own and uses a part"
)]

use roomcast_websocket::deflate::{Config, Pool, negotiate};
use roomcast_websocket::{DecodeError, Decoder, Event, Limits, Role};

/// An event that borrows nothing.
pub(crate) type Owned = Event<'static>;

pub(crate) fn text(text: &str) -> Owned {
    Event::Text(text.to_owned().into())
}

pub(crate) fn binary(bytes: &[u8]) -> Owned {
    Event::Binary(bytes.to_vec().into())
}

pub(crate) fn ping(bytes: &[u8]) -> Owned {
    Event::Ping(bytes.to_vec().into())
}

pub(crate) fn pong(bytes: &[u8]) -> Owned {
    Event::Pong(bytes.to_vec().into())
}

pub(crate) fn client() -> Decoder {
    Decoder::new(Role::Client, Limits::default())
}

pub(crate) fn server() -> Decoder {
    Decoder::new(Role::Server, Limits::default())
}

/// A decoder that inflates, with context on both sides.
pub(crate) fn inflating(role: Role, limits: Limits) -> Decoder {
    let agreement = negotiate("permessage-deflate", &Config::default()).expect("plain offer");
    Decoder::new(role, limits).with_inflate(&agreement, &Pool::default())
}

/// All events of one piece of input. Panics if bytes are left over without an event.
pub(crate) fn feed(decoder: &mut Decoder, piece: &[u8]) -> Result<Vec<Owned>, DecodeError> {
    let mut input = piece.to_vec();
    let (mut at, mut events) = (0, Vec::new());
    loop {
        let left = input.len() - at;
        let decoded = decoder.decode(&mut input[at..])?;
        at += decoded.consumed;
        let Some(event) = decoded.event else {
            assert_eq!(
                decoded.consumed, left,
                "without an event everything is consumed"
            );
            return Ok(events);
        };
        events.push(to_owned(event));
    }
}

/// All events of input that comes in the given pieces.
pub(crate) fn feed_all<'a>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Owned>, DecodeError> {
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(feed(&mut decoder, piece)?);
    }
    Ok(events)
}

fn to_owned(event: Event<'_>) -> Owned {
    match event {
        Event::Text(text) => Event::Text(text.into_owned().into()),
        Event::Binary(bytes) => Event::Binary(bytes.into_owned().into()),
        Event::Ping(bytes) => Event::Ping(bytes.into_owned().into()),
        Event::Pong(bytes) => Event::Pong(bytes.into_owned().into()),
        Event::Close(frame) => Event::Close(frame),
    }
}

/// A frame of the client role, written by hand: first byte, payload, key.
pub(crate) fn masked(first: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    assert!(payload.len() < 126, "short frames only");
    let mut frame = vec![first, 0x80 | payload.len() as u8];
    frame.extend(key);
    frame.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// Numbers that look random and are the same in each run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
