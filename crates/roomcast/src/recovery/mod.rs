//! Connection state recovery: clients that lose their connection come back to where they were.
//!
//! [`Recovery`] turns it on. A client that comes back in time has the same id, rooms and named
//! values ([`Socket::is_recovered`](crate::Socket::is_recovered) tells), and gets the events that
//! it has missed, in order, before any other. The official client needs no option for it.
//!
//! What is kept: every event without an acknowledgement that is not volatile. The [guide
//! to recovery] says what clients can rely on, and at what cost.
//!
//! [guide to recovery]: https://github.com/roomcast/roomcast/blob/main/docs/guide/recovery.md

mod awaited;
mod digest;
#[cfg(feature = "redb")]
mod durable;
mod emit;
mod error;
mod history;
mod keeper;
mod known;
mod ledger;
mod log;
mod memory;
mod offset;
mod options;
mod packed;
mod pid;
mod released;
mod retries;
mod ring;
mod session;
mod sessions;
mod stamped;

#[cfg(feature = "redb")]
pub use durable::RedbLog;
pub(crate) use emit::Emitted;
pub use error::LogError;
pub use history::{History, PastEvent};
pub(crate) use keeper::Keeper;
pub(crate) use offset::Position;
pub use options::Recovery;
pub use retries::Retries;
pub(crate) use session::{Reclaimed, Ticket};
