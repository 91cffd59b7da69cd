//! What the fixture's event `stats` answers.
use crate::wire::{field, find};

/// The acknowledgement id that scenarios ask with.
pub const QUESTION: &[u8] = b"4277[\"stats\"]";
const ANSWER: &[u8] = b"4377[";

/// What a server holds, the asking connection and the room of its own id among it.
#[derive(Clone, Debug, Default)]
pub struct ServerStats {
    pub sessions: usize,
    pub sockets: usize,
    pub rooms: usize,
    /// Sockets whose outbox was full.
    pub overflowed: usize,
}

impl ServerStats {
    /// Reads an answer; `None` for any other packet.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let json = packet.strip_prefix(ANSWER)?;
        find(json, b"\"sessions\"")?;
        Some(ServerStats {
            sessions: field(json, "sessions")?,
            sockets: field(json, "sockets")?,
            rooms: field(json, "rooms")?,
            overflowed: field(json, "outbox full").unwrap_or(0),
        })
    }
}
