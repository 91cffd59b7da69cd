//! The task of a runtime that looks at the clock for all of its sessions.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::clock::{Clock, Next};
use crate::alarm;

/// Drives one clock.
pub(super) struct Driver {
    clock: Weak<Clock>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    pub(super) fn new(clock: &Arc<Clock>) -> Self {
        Self {
            clock: Arc::downgrade(clock),
            timer: None,
        }
    }

    pub(super) async fn run(mut self) {
        while poll_fn(|cx| self.poll_next(cx)).await {
            while self.act() {
                // Others get their turn between many sessions.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits until a deadline comes; false if the server is gone.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(clock) = self.clock.upgrade() else {
            return Poll::Ready(false);
        };
        clock.driver.register(cx.waker());
        let next = match clock.next() {
            Next::Due => return Poll::Ready(true),
            Next::At(next) => next,
            Next::Never => {
                self.timer = None;
                return Poll::Pending;
            }
        };
        let timer = match &mut self.timer {
            Some(timer) => {
                timer.as_mut().reset(next.into());
                timer
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(next.into()))),
        };
        alarm::poll(timer.as_mut(), cx).map(|()| true)
    }

    /// Does what is due; tells whether there is more.
    fn act(&self) -> bool {
        let Some(clock) = self.clock.upgrade() else {
            return false;
        };
        (0..MAX_STEPS).all(|_| clock.step())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(clock) = self.clock.upgrade() {
            clock.stop();
        }
    }
}

/// Steps before other tasks get their turn.
const MAX_STEPS: usize = 4;
