//! How long a connection may take to ask for something.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::alarm;

/// Fires when a request's head is late.
///
/// Cost: a timer that fires too early is cheaper than one that is moved for each request.
pub(super) struct HeadTimer<'t> {
    sleep: Pin<&'t mut Sleep>,
    late_at: Instant,
    /// The timer has the waker of the connection's task.
    is_armed: bool,
}

impl<'t> HeadTimer<'t> {
    /// `sleep` ends at `late_at`.
    pub(super) fn new(late_at: Instant, sleep: Pin<&'t mut Sleep>) -> Self {
        Self {
            sleep,
            late_at,
            is_armed: false,
        }
    }

    /// Waits for the head that follows an answer, which was given at this time.
    pub(super) fn restart(&mut self, answered_at: Instant) {
        self.late_at = answered_at + HEAD_TIMEOUT;
    }

    pub(super) fn late_at(&self) -> Instant {
        self.late_at
    }

    /// Ends when the head is late. Always polled by the same task.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.is_armed || self.sleep.is_elapsed() {
            self.is_armed = alarm::poll(self.sleep.as_mut(), cx).is_pending();
            if self.is_armed {
                break;
            }
            if Instant::now() >= self.late_at {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.late_at);
        }
        Poll::Pending
    }
}

/// From the acceptance of a connection to its first request, and from an answer to the next one.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
