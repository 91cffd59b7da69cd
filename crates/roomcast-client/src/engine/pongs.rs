//! Answers to the pings of a WebSocket, which its peer may not take.

use super::duplex::Flow;

/// Pongs that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Pongs {
    bytes: usize,
    /// Where the last one ends in what is to be written.
    end: usize,
}

impl Pongs {
    /// Whether nothing more is to be read before the peer has taken the last one.
    pub(crate) fn are_many(&self) -> bool {
        self.bytes >= MAX_BYTES
    }

    /// What is to be written has grown by a pong from the one length to the other.
    pub(crate) fn on_queued(&mut self, from: usize, to: usize) -> Flow {
        self.bytes += to - from;
        self.end = to;
        match self.are_many() {
            true => Flow::Stops,
            false => Flow::Goes,
        }
    }

    pub(crate) fn on_written(&mut self, written: usize) {
        self.end = self.end.saturating_sub(written);
        if self.end == 0 {
            self.bytes = 0;
        }
    }
}

/// Pongs that wait to be written before nothing more is read.
const MAX_BYTES: usize = 4096;
