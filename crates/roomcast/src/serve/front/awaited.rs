//! Waiting for a connection's next bytes, begun once.

use std::task::Poll;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop;

/// Whether the connection's task is woken when there is something to read.
///
/// Cost: the task is woken for its answers, too. To see that nothing has come takes a fifth of what
/// it takes to begin to wait.
///
/// Invariant: the task is always the same, and whoever reads without a note here forgets the last one.
#[derive(Debug, Default)]
pub(super) struct Awaited(bool);

impl Awaited {
    /// Whether the task waits and nothing has come.
    pub(super) fn goes_on(&self, stream: &TcpStream) -> bool {
        self.0 && stream.try_io(Interest::READABLE, || Ok(())).is_err()
    }

    /// Somebody else reads from now on.
    pub(super) fn forget(&mut self) {
        self.0 = false;
    }

    /// Notes what the connection said when it was asked.
    pub(super) fn note<R>(&mut self, polled: &Poll<R>) {
        // A task without any budget left is not made to wait: it is run again.
        self.0 = polled.is_pending() && coop::has_budget_remaining();
    }
}
