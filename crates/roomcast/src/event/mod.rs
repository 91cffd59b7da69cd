//! Typed events: handlers and emits that take the name, the arguments and the reply from one type.

mod emit;
mod handler;

pub use handler::{EventHandler, IntoReplyTo};
