//! The wire formats against what the official packages write and read.

mod classic;
mod codecs;
mod messages;
mod recorded;
