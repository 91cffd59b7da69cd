//! The task that looks at the clock for all sessions.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Sleep;

use super::schedule::{Key, NEVER, Wait};
use super::{Deadlines, instant, now, tick_after, tick_before};
use crate::alarm;
use crate::engine::flusher::Round;
use crate::engine::mailbox::Input;
use crate::engine::socket::Socket;

/// Drives the deadlines of one server.
pub(super) struct Driver {
    deadlines: Weak<Deadlines>,
    timer: Pin<Box<Sleep>>,
}

impl Driver {
    pub(super) fn new(deadlines: &Arc<Deadlines>) -> Self {
        Self {
            deadlines: Arc::downgrade(deadlines),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
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
        let Some(deadlines) = self.deadlines.upgrade() else {
            return Poll::Ready(false);
        };
        deadlines.driver.register(cx.waker());
        let mut state = deadlines.state.lock();
        state.asleep_until = 0;
        let next = state.schedule.next();
        if next.is_some_and(|next| next <= tick_before(state.epoch, now())) {
            return Poll::Ready(true);
        }
        state.asleep_until = next.unwrap_or(NEVER);
        let Some(next) = next.map(|next| instant(state.epoch, next)) else {
            return Poll::Pending;
        };
        drop(state);
        self.timer.as_mut().reset(next.into());
        alarm::poll(self.timer.as_mut(), cx).map(|()| true)
    }

    /// Does what is due; tells whether there is more.
    fn act(&self) -> bool {
        let Some(deadlines) = self.deadlines.upgrade() else {
            return false;
        };
        (0..MAX_STEPS).all(|_| deadlines.step())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let Some(deadlines) = self.deadlines.upgrade() else {
            return;
        };
        let left: Vec<Socket> = {
            let mut state = deadlines.state.lock();
            state.is_driven = false;
            state.schedule.sessions().cloned().collect()
        };
        // Sessions of another runtime start the next driver.
        for socket in left {
            socket.mailbox().tell(Input::DeadlineLost);
        }
    }
}

impl Deadlines {
    /// Serves the next sessions whose deadlines have come; tells whether there may be more.
    ///
    /// Cost: what is known of a session lies far from that of the others in memory. The processor
    /// fetches that of all sessions of one step side by side.
    fn step(&self) -> bool {
        let mut pings = Round::default();
        let mut tasks = SmallVec::<[Socket; STEP]>::new();
        let mut state = self.state.lock();
        let now = now();
        let past = tick_before(state.epoch, now);
        let patient_until = tick_after(state.epoch, now) + self.patience;
        let schedule = &mut state.schedule;
        let due = std::iter::from_fn(|| schedule.pop(past)).take(STEP);
        let due: SmallVec<[Key; STEP]> = due.collect();
        for key in &due {
            schedule.session(*key).look_at();
        }
        for key in &due {
            let socket = schedule.session(*key);
            let (_, wait) = schedule.wait(*key);
            if wait == Wait::Ping && socket.send_ping_in(&mut pings) {
                schedule.set(*key, patient_until, Wait::Pong);
            } else {
                tasks.push(socket.clone());
            }
        }
        // Invariant: whoever is woken, or written to, finds nothing locked.
        drop(state);
        drop(pings);
        tasks.iter().for_each(Socket::notify);
        due.len() == STEP
    }
}

/// Sessions that the processor fetches at a time.
const STEP: usize = 16;
/// Steps before other tasks get their turn.
const MAX_STEPS: usize = 4;
