//! No order of events breaks the rules of a session.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/roomcast-engineio/tests/session/rules.rs"]
mod rules;

fuzz_target!(|script: &[u8]| rules::run(script));
