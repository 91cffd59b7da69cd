//! Where a socket stands between its first packet and its end.

use std::sync::atomic::Ordering;

use super::Socket;

/// Where a socket stands; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The middleware has not decided yet.
    Connecting,
    Connected,
    /// Still connected; its disconnecting handlers are being told.
    Ending,
    /// Disconnected by the server; its handlers are still to be told.
    Leaving,
    Disconnected,
}

impl Socket {
    pub(crate) fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Connecting,
            1 => Phase::Connected,
            2 => Phase::Ending,
            3 => Phase::Leaving,
            _ => Phase::Disconnected,
        }
    }

    /// Moves on if the socket stands at `from`.
    pub(crate) fn advance(&self, from: Phase, to: Phase) -> bool {
        let exchange = self.0.phase.compare_exchange(
            from as u8,
            to as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        exchange.is_ok()
    }

    /// The end: no room can be joined any more and nobody waits for answers.
    pub(crate) fn finish(&self) {
        self.0
            .phase
            .store(Phase::Disconnected as u8, Ordering::Release);
        self.0.acks.clear();
        self.0.engine.recall();
    }

    /// Forgets the socket's own handlers, which may hold the socket itself.
    pub(crate) fn forget_handlers(&self) {
        self.0.listeners.close();
    }

    pub(crate) fn may_join(&self) -> bool {
        self.phase() < Phase::Disconnected
    }
}
