//! Scripts: what a manager does when users, server and clock do their part, in virtual time.

mod acks;
mod buffers;
mod connecting;
mod leaving;
mod malformed;
mod outbox;
mod parsers;
mod reconnecting;
mod recovery;
mod retries;
mod world;
