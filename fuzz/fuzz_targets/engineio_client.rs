//! No order of events breaks the rules of a client's session.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/roomcast-engineio/tests/client/rules.rs"]
mod rules;

fuzz_target!(|script: &[u8]| rules::run(script));
