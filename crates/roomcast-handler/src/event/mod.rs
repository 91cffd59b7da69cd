//! Handlers of typed events.

mod handler;
mod reply;

pub use handler::{Adapted, EventContext, EventFunction, EventHandler, EventParameters, adapt};
pub use reply::{AnswersWith, ExpectsReply, IntoReplyTo};
