//! Keys of objects: texts, whatever type the Rust side has for them.

mod read;
mod write;

pub(crate) use read::Key as ReadKey;
pub(crate) use write::Key as WriteKey;
