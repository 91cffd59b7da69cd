//! Fixture programs and suites.

pub mod http_head;
