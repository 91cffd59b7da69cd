//! The two ends of a connection.

use std::fmt::Debug;

use serde::Serialize;

/// One of the two ends of a connection: what its handlers are called for, and who gets their answers.
pub trait Side: Sized + 'static {
    /// What a call is about, beside the arguments of the event.
    type Context<'a>: Copy + Debug;

    /// Who waits for an answer.
    type Asker<'a>: Copy + Debug;

    /// The same for a handler that answers later, or elsewhere.
    type OwnedAsker: Debug + Send + Sync + 'static;

    /// Keeps who waits for an answer.
    fn own(asker: Self::Asker<'_>) -> Self::OwnedAsker;

    /// The reverse of [`own`](Self::own).
    fn lend(asker: &Self::OwnedAsker) -> Self::Asker<'_>;

    /// Sends an answer. It is called once for each event.
    fn answer<T: Serialize + ?Sized>(asker: Self::Asker<'_>, args: &T);
}
