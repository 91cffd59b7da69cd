//! Writing for many sessions at once, instead of waking the task of each.
//!
//! Who sends to sessions whose tasks sleep lists them here. A few tasks, the *lanes*, write what
//! has gathered once the other tasks of the round have run, so messages that come close together
//! leave together. A session whose connection takes no more goes on in its own task.
//! `docs/decisions/0009-fan-out.md` has the figures.

mod gathering;
mod lent;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::runtime::{Handle, Id};

pub(crate) use gathering::Round;
pub(super) use gathering::{gather, list};
use lent::Lent;

use super::runtimes::Driven;
use super::socket::Socket;
use super::totals::Totals;

/// The lanes of one server's sessions on one runtime.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    runtime: Option<Id>,
    /// Cost: they are here since each session knows its flusher anyway.
    totals: Arc<Totals>,
    lanes: Box<[Lane]>,
    /// A task drives each lane, and the runtime lives.
    is_driven: AtomicBool,
    /// The runtime has ended, and all know.
    has_ended: AtomicBool,
}

/// Sessions to be written to, in the order in which they were listed.
#[derive(Debug, Default)]
struct Lane {
    // Lock order: a leaf.
    listed: Mutex<Listed>,
    task: AtomicWaker,
}

#[derive(Debug, Default)]
struct Listed {
    sockets: VecDeque<Socket>,
    /// The lane's task lives.
    is_driven: bool,
}

impl Flusher {
    pub(super) fn new(runtime: &Handle, totals: Arc<Totals>) -> Self {
        let count = runtime.metrics().num_workers().clamp(1, MAX_LANES);
        Self {
            runtime: Some(runtime.id()),
            totals,
            lanes: (0..count).map(|_| Lane::default()).collect(),
            is_driven: AtomicBool::new(true),
            has_ended: AtomicBool::new(false),
        }
    }

    /// Starts the tasks of the lanes.
    pub(super) fn start(self: &Arc<Self>, runtime: &Handle) {
        for index in 0..self.lanes.len() {
            let driver = Driver {
                flusher: Arc::downgrade(self),
                index,
                sockets: VecDeque::new(),
            };
            self.lanes[index].listed.lock().is_driven = true;
            // Invariant: the lane is not locked; a runtime that ends drops the driver here.
            runtime.spawn(driver.run());
        }
    }

    /// Notes that the runtime has ended; whether it was not known.
    pub(super) fn end(&self) -> bool {
        !self.has_ended.swap(true, Ordering::Relaxed)
    }

    /// Counts what became of an event, whatever is locked: a lane tells the recorder of it.
    #[cold]
    pub(crate) fn count(&self, count: impl FnOnce(&Totals)) {
        count(&self.totals);
        if self.totals.fall_behind() && !self.lanes.is_empty() {
            self.lanes[lane_of_thread() % self.lanes.len()].task.wake();
        }
    }

    /// Sees to it that what the sessions have queued is written. All lanes share it.
    fn list(&self, sockets: &mut Vec<Socket>) {
        let lanes = &self.lanes;
        if lanes.is_empty() {
            return sockets
                .drain(..)
                .for_each(|socket| socket.mailbox().flush_by_task());
        }
        let mut lane = lane_of_thread();
        if sockets.len() == 1 {
            return lanes[lane % lanes.len()].list(sockets.pop());
        }
        let share = sockets.len().div_ceil(lanes.len()).max(MIN_SHARE);
        while !sockets.is_empty() {
            let rest = sockets.len().saturating_sub(share);
            lanes[lane % lanes.len()].list(sockets.drain(rest..));
            lane += 1;
        }
    }
}

impl Driven for Flusher {
    fn is_driven_on(&self, runtime: Id) -> bool {
        self.runtime == Some(runtime) && self.is_driven()
    }

    fn is_driven(&self) -> bool {
        self.is_driven.load(Ordering::Acquire)
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        // The lanes' tasks see that the flusher is gone.
        for lane in &self.lanes {
            lane.task.wake();
        }
    }
}

impl Lane {
    fn list(&self, sockets: impl IntoIterator<Item = Socket>) {
        let mut listed = self.listed.lock();
        if !listed.is_driven {
            drop(listed);
            return sockets
                .into_iter()
                .for_each(|socket| socket.mailbox().flush_by_task());
        }
        let was_empty = listed.sockets.is_empty();
        listed.sockets.extend(sockets);
        drop(listed);
        if was_empty {
            self.task.wake();
        }
    }
}

/// Drives one lane.
struct Driver {
    flusher: Weak<Flusher>,
    index: usize,
    /// What is being written to; the rest is still in the lane.
    sockets: VecDeque<Socket>,
}

impl Driver {
    async fn run(mut self) {
        while self.next().await {
            // The others of this round may have more for the same sessions.
            tokio::task::yield_now().await;
            while self.refill() {
                for _ in 0..MAX_STEPS {
                    self.write_step();
                }
                // Others get their turn between many writes.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Writes to the next sessions.
    ///
    /// Cost: what is known of a connection lies in several places in memory. The processor fetches
    /// those of all sessions of one step side by side, where the locks and calls between would make
    /// it fetch one after the other.
    fn write_step(&mut self) {
        let count = self.sockets.len().min(STEP);
        self.sockets.range(..count).for_each(Socket::look_at);
        write_to(self.sockets.drain(..count));
    }

    /// Waits until something is listed; false if the server is gone.
    async fn next(&self) -> bool {
        std::future::poll_fn(|cx| {
            let Some(flusher) = self.flusher.upgrade() else {
                return Poll::Ready(false);
            };
            let lane = &flusher.lanes[self.index];
            lane.task.register(cx.waker());
            flusher.totals.catch_up();
            match lane.listed.lock().sockets.is_empty() {
                true => Poll::Pending,
                false => Poll::Ready(true),
            }
        })
        .await
    }

    /// Takes what was listed since, once the rest is done; false if there is nothing.
    fn refill(&mut self) -> bool {
        if let (true, Some(flusher)) = (self.sockets.is_empty(), self.flusher.upgrade()) {
            flusher.totals.catch_up();
            let mut listed = flusher.lanes[self.index].listed.lock();
            std::mem::swap(&mut listed.sockets, &mut self.sockets);
        }
        !self.sockets.is_empty()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for socket in self.sockets.drain(..) {
            socket.mailbox().flush_by_task();
        }
        let Some(flusher) = self.flusher.upgrade() else {
            return;
        };
        let left = {
            let mut listed = flusher.lanes[self.index].listed.lock();
            listed.is_driven = false;
            std::mem::take(&mut listed.sockets)
        };
        flusher.is_driven.store(false, Ordering::Release);
        for socket in left {
            socket.mailbox().flush_by_task();
        }
    }
}

/// Writes what waits for a few sessions, here and now.
pub(in crate::engine) fn write_to(sockets: impl Iterator<Item = Socket>) {
    let mut lent = SmallVec::<[Lent; STEP]>::new();
    for socket in sockets {
        if let Some(line) = Lent::new(socket) {
            lent.push(line);
        }
    }
    lent.iter().for_each(Lent::look_at);
    lent.iter_mut().for_each(Lent::write);
}

/// A number for each thread: what it lists goes to a lane that it has woken before.
fn lane_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static LANE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    LANE.with(|lane| *lane)
}

/// More lanes than this would wait for each other's memory rather than for the kernel.
const MAX_LANES: usize = 16;
/// Receivers that are worth a lane of their own.
const MIN_SHARE: usize = 64;
/// Sessions whose connections the processor fetches at a time.
const STEP: usize = 16;
/// Steps before other tasks get their turn.
const MAX_STEPS: usize = 4;
