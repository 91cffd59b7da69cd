//! Whole sessions in virtual time, through the public interface.

mod close;
mod driver;
mod heartbeat;
mod interleavings;
mod network;
mod official_client;
mod polling;
mod revision3;
mod rules;
mod upgrade;
mod webtransport;
