//! The deadlines of the sessions of one runtime, in its time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::runtime::{Handle, Id};

use super::schedule::{Came, Key, NEVER, Schedule, Tick, Wait};
use crate::engine::flusher;
use crate::engine::mailbox::Sent;
use crate::engine::runtimes::Driven;
use crate::engine::socket::Socket;

/// The deadlines of one server's sessions on one runtime.
#[derive(Debug)]
pub(super) struct Clock {
    runtime: Id,
    epoch: Instant,
    /// From a ping to the latest time of its answer.
    patience: Tick,
    // Lock order: before the mailboxes.
    state: Mutex<State>,
    pub(super) driver: AtomicWaker,
    /// The driver lives, and with it the runtime.
    is_driven: AtomicBool,
    /// Until the runtime ends, much of which would stay with it.
    // Lock order: a leaf.
    handle: Mutex<Option<Handle>>,
}

#[derive(Debug, Default)]
struct State {
    schedule: Schedule<Socket>,
    /// When the driver looks here without being woken.
    asleep_until: Tick,
}

impl Clock {
    pub(super) fn new(runtime: &Handle, ping_timeout: Duration) -> Self {
        Self {
            runtime: runtime.id(),
            epoch: now(),
            patience: ticks(ping_timeout),
            state: Mutex::default(),
            driver: AtomicWaker::new(),
            is_driven: AtomicBool::new(true),
            handle: Mutex::new(Some(runtime.clone())),
        }
    }

    /// The runtime ends.
    pub(super) fn stop(&self) {
        self.is_driven.store(false, Ordering::Release);
        let handle = self.handle.lock().take();
        drop(handle);
    }

    /// The runtime, unless it has ended.
    pub(super) fn handle(&self) -> Option<Handle> {
        self.handle.lock().clone()
    }

    pub(super) fn insert(&self, socket: Socket) -> Key {
        self.state.lock().schedule.insert(socket)
    }

    pub(super) fn set(&self, key: Key, at: Instant, wait: Wait) {
        let at = self.tick_after(at);
        let mut state = self.state.lock();
        state.schedule.set(key, at, wait);
        let is_earlier = at < state.asleep_until;
        drop(state);
        if is_earlier {
            self.driver.wake();
        }
    }

    pub(super) fn take_ping(&self, key: Key) -> Option<Instant> {
        let mut state = self.state.lock();
        let (at, wait) = state.schedule.wait(key);
        state.schedule.set_wait(key, Wait::Task);
        (wait == Wait::Pong).then(|| self.instant(at - self.patience))
    }

    pub(super) fn remove(&self, key: Key) {
        let mut state = self.state.lock();
        let socket = state.schedule.remove(key);
        let is_last = state.schedule.is_empty();
        // Invariant: dropped without the lock.
        drop(state);
        drop(socket);
        if is_last {
            // It waits for a time at which nothing is due any more.
            self.driver.wake();
        }
    }

    /// When the first deadline comes, none being due; until then the driver is woken for earlier ones.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state.lock();
        state.asleep_until = 0;
        match state.schedule.next() {
            Some(next) if next <= self.tick_at(now()) => Next::Due,
            Some(next) => {
                state.asleep_until = next;
                Next::At(self.instant(next))
            }
            None => {
                state.asleep_until = NEVER;
                Next::Never
            }
        }
    }

    /// Serves the next sessions whose deadlines have come; tells whether there may be more.
    ///
    /// Cost: what is known of a session lies far from that of the others in memory. The processor
    /// fetches that of all sessions of one step side by side.
    pub(super) fn step(&self) -> bool {
        let mut pings = SmallVec::<[Socket; STEP]>::new();
        let mut tasks = SmallVec::<[Socket; STEP]>::new();
        let mut state = self.state.lock();
        let now = now();
        let past = self.tick_at(now);
        let patient_until = self.tick_after(now) + self.patience;
        let schedule = &mut state.schedule;
        let came = (0..STEP).map_while(|_| schedule.pop(past));
        let came: SmallVec<[Came; STEP]> = came.collect();
        let due = || came.iter().filter_map(|came| came.due());
        for key in due() {
            schedule.session(key).look_at();
        }
        for key in due() {
            let socket = schedule.session(key);
            let (_, wait) = schedule.wait(key);
            let sent = (wait == Wait::Ping).then(|| socket.ping_beside_task());
            match sent.flatten() {
                Some(Sent::MustFlush) => pings.push(socket.clone()),
                Some(_) => {}
                None => {
                    tasks.push(socket.clone());
                    continue;
                }
            }
            schedule.set(key, patient_until, Wait::Pong);
        }
        // Invariant: nothing is locked where something is written or woken.
        drop(state);
        flusher::write_to(pings.into_iter());
        tasks.iter().for_each(Socket::notify);
        came.len() == STEP
    }

    /// The first tick at which `at` has come.
    fn tick_after(&self, at: Instant) -> Tick {
        ticks(at.saturating_duration_since(self.epoch))
    }

    /// The last tick that has come at `now`.
    fn tick_at(&self, now: Instant) -> Tick {
        limited(now.saturating_duration_since(self.epoch).as_millis())
    }

    fn instant(&self, tick: Tick) -> Instant {
        self.epoch + Duration::from_millis(tick)
    }
}

impl Driven for Clock {
    fn is_driven_on(&self, runtime: Id) -> bool {
        self.runtime == runtime && self.is_driven()
    }

    fn is_driven(&self) -> bool {
        self.is_driven.load(Ordering::Acquire)
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // The driver's task sees that the server is gone.
        self.driver.wake();
    }
}

/// When the driver has to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A deadline has come.
    Due,
    At(Instant),
    /// There is no deadline: it is woken for the next.
    Never,
}

/// The time that timers go by.
pub(in crate::engine) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Whole ticks, at least as long as `time`.
fn ticks(time: Duration) -> Tick {
    limited(time.as_nanos().div_ceil(1_000_000))
}

fn limited(millis: u128) -> Tick {
    Tick::try_from(millis).map_or(MAX_TICKS, |ticks| ticks.min(MAX_TICKS))
}

/// A hundred years: who waits longer is asked again.
const MAX_TICKS: Tick = 100 * 365 * 24 * 60 * 60 * 1000;
/// Entries of the schedule that are looked at side by side.
const STEP: usize = 16;
