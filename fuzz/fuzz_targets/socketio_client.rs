//! No order of what users, server and clock do breaks the rules of a client's manager.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/roomcast-socketio/tests/client/rules.rs"]
mod rules;

fuzz_target!(|script: &[u8]| rules::run(script));
