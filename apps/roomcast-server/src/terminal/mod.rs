//! What `connect` and `doctor` share: which server is meant, the first look at it, and how its
//! texts are shown.

pub(crate) mod cookies;
mod explain;
mod finding;
pub(crate) mod http;
mod look;
mod target;
mod text;
mod websocket;

pub(crate) use explain::explain;
pub(crate) use finding::Finding;
pub(crate) use look::{Opened, dismiss, engine_error, look, unasked};
pub(crate) use target::{Mistake, Target, TargetOptions, seconds};
pub(crate) use text::printable;
pub(crate) use websocket::{Silence, WebSocket};
