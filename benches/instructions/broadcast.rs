//! Instruction counts of broadcasts, under valgrind.
//!
//! A program of its own: what the compiler inlines where would else move the counts of the codecs
//! with each change of the server.
#![expect(
    missing_docs,
    unused_qualifications,
    reason = "gungraun's macros write undocumented modules with whole paths"
)]

mod audience;
mod websockets;

use std::hint::black_box;

use gungraun::prelude::*;
use roomcast::Server;
use roomcast_benches::text;

use self::audience::Audience;
use self::websockets::WebSockets;

fn audience(count: usize) -> Audience {
    // What is done once in the life of a process is no part of the count.
    Audience::of(count).emitting(push)
}

fn push(io: &Server) {
    io.emit("b", black_box(text(32)));
}

fn websockets(count: usize) -> WebSockets {
    let mut websockets = WebSockets::of(count).sending(push);
    websockets.expect(&text(32));
    websockets
}

// One message to a thousand receivers, up to where their transports take over.
#[library_benchmark]
#[bench::polling_1000(audience(1000))]
fn broadcast_push(audience: Audience) -> Audience {
    audience.emitting(push)
}

// One message to receivers whose tasks sleep, up to the system calls that write it. As many as fit
// into the files that a process may open by default.
#[library_benchmark]
#[bench::websocket_200(websockets(200))]
fn broadcast_write(websockets: WebSockets) -> WebSockets {
    websockets.sending(push)
}

library_benchmark_group!(
    name = broadcasts,
    benchmarks = [broadcast_push, broadcast_write]
);

main!(library_benchmark_groups = broadcasts);
