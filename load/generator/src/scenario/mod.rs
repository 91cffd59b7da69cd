//! What the generator can do, a file each.
pub mod broadcast;
pub mod churn;
pub mod connect;
pub mod echo;
pub mod idle;
pub mod join_leave;
pub mod order;
mod outstanding;
pub mod polling;
pub mod private;
pub mod rooms;
pub mod slow_readers;
pub mod soak;
