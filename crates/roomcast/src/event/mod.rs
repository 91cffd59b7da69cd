//! Typed events: handlers and emits that take the name, the arguments and the reply from one type.

mod emit;
mod handler;
mod reply;

pub use emit::ExpectsReply;
pub use handler::{EventContext, EventFunction, EventHandler, EventParameters};
pub use reply::{AnswersWith, IntoReplyTo};
