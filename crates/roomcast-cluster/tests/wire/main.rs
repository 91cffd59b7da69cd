//! The wire formats against what the official packages write and read.

mod classic;
mod codecs;
mod engine;
mod messages;
mod recorded;
