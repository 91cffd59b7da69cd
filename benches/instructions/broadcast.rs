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

use std::hint::black_box;

use gungraun::prelude::*;
use roomcast::Server;
use roomcast_benches::text;

use self::audience::Audience;

fn audience(count: usize) -> Audience {
    // What is done once in the life of a process is no part of the count.
    Audience::of(count).emitting(push)
}

fn push(io: &Server) {
    io.emit("b", black_box(text(32)));
}

// One message to a thousand receivers, up to where their transports take over.
#[library_benchmark]
#[bench::polling_1000(audience(1000))]
fn broadcast_push(audience: Audience) -> Audience {
    audience.emitting(push)
}

library_benchmark_group!(name = broadcasts, benchmarks = [broadcast_push]);

main!(library_benchmark_groups = broadcasts);
