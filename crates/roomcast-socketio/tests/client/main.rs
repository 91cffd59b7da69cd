//! The client's side, through the public interface.

mod interleavings;
mod rules;
