//! Fixture programs and suites.

pub mod arguments;
pub mod faults;
pub mod http_head;
pub mod log;
pub mod program;
pub mod routes;
