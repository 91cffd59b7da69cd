//! What is on its way to an outbox and held back: who waits for room counts it.

use std::sync::atomic::{AtomicU32, Ordering};

use super::frame::Frame;
use super::mailbox::Coming;

/// The packets of one session that something holds back.
///
/// Both counts wrap around, which comes right again when the packets go on.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    packets: AtomicU32,
    bytes: AtomicU32,
}

impl HeldBack {
    pub(super) fn add(&self, frames: &[Frame]) {
        self.packets.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes(frames), Ordering::AcqRel);
    }

    /// A packet that was [added](Self::add) goes on.
    pub(super) fn remove(&self, frames: &[Frame]) {
        self.bytes.fetch_sub(bytes(frames), Ordering::AcqRel);
        self.packets.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn coming(&self) -> Coming {
        Coming {
            packets: self.packets.load(Ordering::Acquire),
            bytes: self.bytes.load(Ordering::Acquire),
        }
    }
}

fn bytes(frames: &[Frame]) -> u32 {
    frames.iter().map(Frame::len).sum::<usize>() as u32
}
