//! Ways to serve: a listener of its own, or a tower service and layer for any HTTP server.

mod foreign;
mod front;
mod layer;
mod listen;
mod rewound;

pub use layer::{Layer, ResponseBody, Service};
pub use listen::Listening;
