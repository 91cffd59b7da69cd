//! Listeners: what is called when something happens to a socket.
//!
//! The tables and the dispatch know one form only, [`Listener`]. What users write is turned into it
//! where it is added.

mod call;
mod responder;
mod table;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use call::{Call, Cause};
pub use responder::Responder;
pub use table::ListenerId;
pub(crate) use table::{List, Slot, Table};

/// A listener, as the tables keep it.
pub(crate) type Listener = Arc<dyn Fn(&Call<'_>) -> Outcome + Send + Sync>;

/// Work of a listener that waits.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a called listener goes on.
#[non_exhaustive]
#[derive(Default)]
pub enum Outcome {
    /// It has ended.
    #[default]
    Done,
    /// It waits.
    Waiting(BoxFuture),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::Waiting(_) => "Waiting",
        })
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<BoxFuture> for Outcome {
    fn from(future: BoxFuture) -> Self {
        Self::Waiting(future)
    }
}

pub(crate) fn erase<R: Into<Outcome>>(
    listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
) -> Listener {
    Arc::new(move |call| listener(call).into())
}
