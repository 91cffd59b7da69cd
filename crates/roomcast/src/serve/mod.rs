//! Ways to serve: a listener of its own, or a tower service and layer for any HTTP server.

mod layer;
mod listen;

pub use layer::{Layer, ResponseBody, Service};
pub use listen::Listening;
