//! The program as a client in the terminal: the real binary against real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod examined;
mod program;
mod refusing;
mod serving;
mod stub;
mod talking;
