//! Whatever a server answers, over polling or as a WebSocket, a client's session goes on or ends, and
//! takes no message over its limit.
//!
//! The first byte says what the rest is: `p` bodies of polling, `h` HTTP answers to it, `w` answers to
//! the request for a WebSocket, with frames behind them; anything else: answers for both transports,
//! one after the other. A byte 0xfe stands between answers, 0xff before those of another connection.
//! `{accept}` becomes the key that a WebSocket server must answer with.

#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use roomcast_client::Transport;
use roomcast_client::fuzzing::meet;

const MAX_BYTES: usize = 2000;

fuzz_target!(|input: &[u8]| {
    let Some((&kind, rest)) = input.split_first() else {
        return;
    };
    let transports = match kind {
        b'p' | b'h' => &[Transport::Polling][..],
        b'w' => &[Transport::WebSocket],
        _ => &[Transport::Polling, Transport::WebSocket],
    };
    let connections = rest.split(|byte| *byte == 0xff).take(8);
    let connections = connections.map(|answers| {
        let answers = answers.split(|byte| *byte == 0xfe).take(32);
        answers.map(|answer| wrapped(kind, answer)).collect()
    });
    let connections: Vec<VecDeque<Vec<u8>>> = connections.collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    let seen = runtime.block_on(meet(transports, connections, MAX_BYTES));
    assert!(seen.is_opened || seen.messages.is_empty());
    assert!(seen.messages.iter().all(|len| *len <= MAX_BYTES));
});

/// A body with the head that stands before it.
fn wrapped(kind: u8, answer: &[u8]) -> Vec<u8> {
    match kind {
        b'p' => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            [head.as_bytes(), answer].concat()
        }
        _ => answer.to_vec(),
    }
}
