//! The wire formats of the official adapters.

pub mod classic;
mod family;
mod fields;

pub use family::Extras;
pub(crate) use fields::{Fields, texts};
