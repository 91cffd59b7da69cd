//! The deadlines of all sessions of a server, and the pings that are sent when one comes.
//!
//! A session waits for the time of its next ping nearly always. One task wakes it then, or sends
//! the ping in its place: the ping leaves as a broadcast would, and the session learns of it when
//! the answer comes. `docs/decisions/0014-deadlines.md` has the figures.

mod driver;
mod schedule;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use driver::Driver;
pub(crate) use schedule::{Key, Wait};
use schedule::{Schedule, Tick};

use super::socket::Socket;

/// The deadlines of the sessions of one server.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// From a ping to the latest time of its answer.
    patience: Tick,
    // Lock order: before the mailboxes.
    state: Mutex<State>,
    driver: AtomicWaker,
}

#[derive(Debug)]
struct State {
    schedule: Schedule<Socket>,
    epoch: Instant,
    /// When the driver looks here without being woken.
    asleep_until: Tick,
    /// The driver lives.
    is_driven: bool,
}

impl Deadlines {
    pub(super) fn new(ping_timeout: Duration) -> Self {
        Self {
            patience: ticks(ping_timeout),
            state: Mutex::new(State {
                schedule: Schedule::default(),
                epoch: now(),
                asleep_until: 0,
                is_driven: false,
            }),
            driver: AtomicWaker::new(),
        }
    }

    /// Sets the one deadline of a session, which gets its key with the first. Within a runtime.
    pub(super) fn set(
        self: &Arc<Self>,
        key: &mut Option<Key>,
        socket: &Socket,
        at: Instant,
        wait: Wait,
    ) {
        let mut state = self.state.lock();
        let at = tick_after(state.epoch, at);
        let schedule = &mut state.schedule;
        let key = *key.get_or_insert_with(|| schedule.insert(socket.clone()));
        schedule.set(key, at, wait);
        let is_earlier = at < state.asleep_until;
        let is_driven = std::mem::replace(&mut state.is_driven, true);
        drop(state);
        if !is_driven {
            // Invariant: nothing is locked; a runtime that ends drops the driver here.
            tokio::spawn(Driver::new(self).run());
        } else if is_earlier {
            self.driver.wake();
        }
    }

    /// Leaves a ping that is due to the session's task, and tells when it has left if it has.
    pub(super) fn take_ping(&self, key: Key) -> Option<Instant> {
        let mut state = self.state.lock();
        let (at, wait) = state.schedule.wait(key);
        state.schedule.set_wait(key, Wait::Task);
        (wait == Wait::Pong).then(|| instant(state.epoch, at - self.patience))
    }

    pub(super) fn remove(&self, key: Key) {
        let socket = self.state.lock().schedule.remove(key);
        // Invariant: dropped without the lock.
        drop(socket);
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        // The driver sees that they are gone.
        self.driver.wake();
    }
}

/// The time that timers go by.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The first tick at which `at` has come.
fn tick_after(epoch: Instant, at: Instant) -> Tick {
    ticks(at.saturating_duration_since(epoch))
}

/// The last tick that has come at `now`.
fn tick_before(epoch: Instant, now: Instant) -> Tick {
    let millis = now.saturating_duration_since(epoch).as_millis();
    Tick::try_from(millis).map_or(MAX_TICKS, |ticks| ticks.min(MAX_TICKS))
}

/// Whole ticks, at least as long as `time`.
fn ticks(time: Duration) -> Tick {
    let millis = time.as_nanos().div_ceil(1_000_000);
    Tick::try_from(millis).map_or(MAX_TICKS, |ticks| ticks.min(MAX_TICKS))
}

fn instant(epoch: Instant, tick: Tick) -> Instant {
    epoch + Duration::from_millis(tick)
}

/// A hundred years: who waits longer is asked again.
const MAX_TICKS: Tick = 100 * 365 * 24 * 60 * 60 * 1000;
